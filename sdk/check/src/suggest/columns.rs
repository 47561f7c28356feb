//! Rules for one column, each with its evidence.
use meshwright_spec::DataType;
use serde_json::Value;

use super::text::{number, percent, quoted, thousands};
use super::{LEAST_ROWS, SuggestedCheck};
use crate::profile::{ColumnProfile, Profile, is_whole, shape};

/// Values of a list, at most: longer ones are no reading for a review.
const LISTED: usize = 50;

/// Formats in the order in which the most telling one is taken.
const FORMATS: [&str; 13] = [
    "uuid",
    "email",
    "iban",
    "lei",
    "date-time",
    "date",
    "ipv4",
    "ipv6",
    "uri",
    "country3",
    "country",
    "currency",
    "language",
];

/// How likely a rule is to hold for data to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confidence {
    /// Seen in many rows, and nothing speaks against it.
    High,
    /// The bound itself is a guess.
    Medium,
}

/// A column and what is suggested for it.
#[derive(Debug, Clone)]
pub(crate) struct Suggested {
    pub(crate) name: String,
    pub(crate) data_type: String,
    /// What was measured.
    pub(crate) evidence: String,
    pub(crate) rules: Vec<Rule>,
}

/// One key of a column line.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    /// The check that it asks for, as in its id; empty for what asks for none.
    pub(crate) check: &'static str,
    /// As written: `min = 0`.
    pub(crate) toml: String,
    pub(crate) evidence: String,
    pub(crate) confidence: Confidence,
}

/// Suggests rules for a column.
pub(super) fn suggest(column: &ColumnProfile, data_type: &DataType, rows: u64, in_key: bool) -> Suggested {
    let mut rules = vec![];
    let values = rows - column.nulls.min(rows);
    let many = rows >= LEAST_ROWS && values >= LEAST_ROWS / 2;
    if column.nulls == 0 && (in_key || rows >= LEAST_ROWS) {
        let least = values as f64 / (values as f64 + 2.326 * 2.326);
        let evidence = format!(
            "no null in {} rows; complete in at least {} of rows to come (99 %, Wilson)",
            thousands(rows),
            percent(least)
        );
        rules.push(Rule { check: "required", toml: "required = true".into(), evidence, confidence: Confidence::High });
    }
    if many {
        rules.extend(range(column, data_type, values));
        rules.extend(texts(column, data_type, values));
    }
    if let Some(reason) = &column.sensitive {
        rules.push(Rule {
            check: "",
            toml: "tags = [\"pii\"]".into(),
            evidence: format!("it looks personal: {reason}"),
            confidence: Confidence::Medium,
        });
    }
    Suggested { name: column.name.clone(), data_type: data_type.to_string(), evidence: measured(column, rows), rules }
}

/// What can be said of the table as a whole, and of nulls that are common.
pub(super) fn table_checks(profile: &Profile) -> Vec<SuggestedCheck> {
    let rows = profile.rows;
    if rows < LEAST_ROWS {
        return vec![];
    }
    let mut checks = vec![SuggestedCheck {
        id: "as-many-rows".into(),
        lines: vec![
            "kind = \"row_count\"".into(),
            format!("min = {}", rows / 2),
            format!("max = {}", rows + rows / 2),
            "severity = \"warning\"".into(),
        ],
        evidence: format!("{} rows in one state; half as many and half again are let pass", thousands(rows)),
    }];
    for column in profile.columns.iter().filter(|column| column.nulls > 0 && column.null_share <= 0.5) {
        let most = wilson_upper(column.null_share, rows as f64);
        // rounded up, and a hundredth for what one state does not show
        let most = ((most + 0.01) * 100.0).ceil() / 100.0;
        checks.push(SuggestedCheck {
            id: format!("{}-complete-enough", column.name.replace('_', "-")),
            lines: vec![
                "kind = \"not_null\"".into(),
                format!("column = {}", quoted(&column.name)),
                format!("at_most = {most}"),
                "severity = \"warning\"".into(),
            ],
            evidence: format!(
                "{} of {} rows are null ({})",
                thousands(column.nulls),
                thousands(rows),
                percent(column.null_share)
            ),
        });
    }
    checks
}

fn range(column: &ColumnProfile, data_type: &DataType, values: u64) -> Vec<Rule> {
    // a bound near the richest person's income says what it is
    let Some(summary) = column.summary.as_ref().filter(|_| column.sensitive.is_none()) else { return vec![] };
    let whole = matches!(data_type, DataType::Int | DataType::Long);
    let floating = matches!(data_type, DataType::Float | DataType::Double);
    if summary.nan > 0 || summary.infinite > 0 || !(whole || floating || matches!(data_type, DataType::Decimal { .. }))
    {
        return vec![];
    }
    let quantiles = column.sketches.quantiles.as_ref();
    let Some((low, high)) = quantiles.and_then(|q| Some((q.quantile(0.0)?, q.quantile(1.0)?))) else { return vec![] };
    let margin = ((high - low) * 0.1).max(if whole { 1.0 } else { 0.0 });
    // what was never below zero is a quantity
    let min = if low >= 0.0 { (low - margin).max(0.0) } else { low - margin };
    let max = high + margin;
    let fits = |bound: f64| match data_type {
        DataType::Int => bound.clamp(f64::from(i32::MIN), f64::from(i32::MAX)),
        _ => bound.clamp(-9.0e15, 9.0e15),
    };
    let (min, max) = if whole { (fits(min.floor()), fits(max.ceil())) } else { (round_down(min), -round_down(-max)) };
    if min > low || max < high {
        return vec![];
    }
    let evidence = format!(
        "{} to {} in {} values; a tenth of the range is let pass, and a new value lies beyond what was seen about 2 in {} \
         times",
        number(low),
        number(high),
        thousands(values),
        thousands(values + 1)
    );
    let toml = format!("min = {}, max = {}", literal(min, whole), literal(max, whole));
    vec![Rule { check: "range", toml, evidence, confidence: Confidence::Medium }]
}

fn texts(column: &ColumnProfile, data_type: &DataType, values: u64) -> Vec<Rule> {
    let (Some(lengths), DataType::String) = (column.lengths, data_type) else { return vec![] };
    let different = column.sketches.counts.as_ref().map_or(usize::MAX, Vec::len);
    let rule = |check, toml, evidence, confidence| vec![Rule { check, toml, evidence, confidence }];
    if let Some(format) = FORMATS.iter().find(|format| column.formats.contains(format) && different >= 3) {
        let evidence = format!("all {} values are of this format", thousands(values));
        return rule("format", format!("format = \"{format}\""), evidence, Confidence::High);
    }
    if let Some(counts) = column.sketches.counts.as_ref().filter(|_| column.sensitive.is_none()) {
        let once = counts.iter().filter(|(_, count)| *count == 1).count();
        // Good and Turing: the next row has a new value about as often as values were seen once
        if counts.len() <= LISTED && counts.len() as u64 * 10 <= values && (once as f64) < values as f64 * 1e-5 {
            let mut list: Vec<String> = counts.iter().filter_map(|(v, _)| v.as_str()).map(quoted).collect();
            list.sort_unstable();
            let rare = counts.iter().map(|(_, count)| *count).min().unwrap_or_default();
            let evidence = format!(
                "{} different values in {} rows, the rarest in {}, none only once",
                list.len(),
                thousands(values),
                thousands(rare)
            );
            return rule("values", format!("values = [{}]", list.join(", ")), evidence, Confidence::High);
        }
    }
    let shapes = column.sketches.shapes.as_deref().unwrap_or_default();
    let telling = |shape: &String| is_whole(shape) && !shape.is_empty() && (shape.contains("\\d") || shape.len() <= 12);
    if (1..=3).contains(&shapes.len()) && different > 1 && shapes.iter().all(|(shape, _)| telling(shape)) {
        let shapes: Vec<&str> = shapes.iter().map(|(shape, _)| shape.as_str()).collect();
        let pattern = pattern(&shapes, column);
        let evidence = format!("all {} values have one of {} shapes", thousands(values), shapes.len());
        let toml = format!("pattern = {}", quoted(&pattern));
        return rule("pattern", toml, evidence, Confidence::High);
    }
    let least = if lengths.min > 0 { "min_length = 1, " } else { "" };
    let most = (lengths.max * 2).max(8);
    let evidence = format!("{} to {} characters; twice as many are let pass", lengths.min, lengths.max);
    rule("length", format!("{least}max_length = {most}"), evidence, Confidence::Medium)
}

fn measured(column: &ColumnProfile, rows: u64) -> String {
    let mut parts = vec![];
    if column.nulls > 0 {
        parts.push(format!("{} null", percent(column.nulls as f64 / rows.max(1) as f64)));
    }
    if let Some(distinct) = column.distinct {
        let about = if distinct.method == "exact" { "" } else { "about " };
        parts.push(format!("{about}{} different values", thousands(distinct.count)));
    }
    if let Some((_, untrimmed)) = column.blanks.filter(|(_, untrimmed)| *untrimmed > 0) {
        parts.push(format!("{} with blanks at an end", thousands(untrimmed)));
    }
    if let Some(nan) = column.summary.as_ref().map(|summary| summary.nan).filter(|nan| *nan > 0) {
        parts.push(format!("{} NaN, so that no range is suggested", thousands(nan)));
    }
    if parts.is_empty() { "only nulls are counted for this type".to_owned() } else { parts.join(", ") }
}

/// One pattern for all shapes; what all values begin with stands as it is, up to its last mark: `^SKU-\d{6}$`.
fn pattern(shapes: &[&str], column: &ColumnProfile) -> String {
    let (low, high) =
        (column.sketches.low.as_str().unwrap_or_default(), column.sketches.high.as_str().unwrap_or_default());
    // what the first and the last text in order have in common, all between them have too
    let common =
        low.char_indices().zip(high.chars()).take_while(|((_, a), b)| a == b).map(|((at, a), _)| at + a.len_utf8());
    let common = &low[..common.last().unwrap_or(0)];
    let mark = common.rfind(|c: char| !c.is_alphanumeric()).map(|at| at + 1).filter(|at| common.is_char_boundary(*at));
    let start = mark.map_or("", |at| &common[..at]);
    let general = shape(start);
    let follows = |shape: &&str| shape.strip_prefix(general.as_str()).is_some_and(|rest| !rest.starts_with('{'));
    let begins = !start.is_empty() && column.sensitive.is_none() && shapes.iter().all(follows);
    let head = if begins { escaped(start) } else { String::new() };
    let mut parts: Vec<&str> =
        shapes.iter().map(|shape| if begins { &shape[general.len()..] } else { shape }).collect();
    parts.sort_unstable();
    match parts[..] {
        [one] => format!("^{head}{one}$"),
        _ => format!("^{head}(?:{})$", parts.join("|")),
    }
}

/// A text as a pattern that only it matches.
fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, c| {
        if r"\.+*?()|[]{}^$#&~".contains(c) {
            out.push('\\');
        }
        out.push(c);
        out
    })
}

/// Two digits, towards minus infinity.
fn round_down(x: f64) -> f64 {
    if x == 0.0 || !x.is_finite() {
        return x;
    }
    let unit = 10_f64.powf(x.abs().log10().floor() - 1.0);
    let rounded = (x / unit).floor() * unit;
    // the nearest short decimal, unless that would be on the wrong side
    let short: f64 = format!("{rounded:.12e}").parse().unwrap_or(rounded);
    if short <= x { short } else { rounded }
}

fn literal(bound: f64, whole: bool) -> String {
    if whole { format!("{}", bound as i64) } else { Value::from(bound).to_string() }
}

/// Wilson's upper end of a share, 99 %.
fn wilson_upper(share: f64, n: f64) -> f64 {
    let z = 2.576_f64;
    let middle = share + z * z / (2.0 * n);
    let half = z * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    ((middle + half) / (1.0 + z * z / n)).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_short_and_on_the_right_side() {
        for x in [0.0, 1234.5, -1234.5, 0.00123, 9.99, 100.0, -0.1] {
            let down = round_down(x);
            assert!(down <= x && (x - down).abs() <= x.abs() * 0.1 + 1e-12, "{x}: {down}");
            assert!(Value::from(down).to_string().len() <= 8, "{down}");
        }
    }

    #[test]
    fn wilson_is_the_known_interval() {
        // scipy 1.17.1: binomtest(5, 100).proportion_ci(0.99, "wilson")
        assert!((wilson_upper(0.05, 100.0) - 0.139_15).abs() < 5e-4, "{}", wilson_upper(0.05, 100.0));
    }
}
