//! The page of a profile: what the values of every column are like.
use meshwright_check::{ColumnProfile, Profile};
use meshwright_engine::Failure;
use serde_json::{Value, json};

use super::render;
use crate::printer::thousands;
use crate::problem::short;

const TEMPLATE: &str = include_str!("profile.html");

/// The page; values that must stay secret are masked in the profile already.
pub(crate) fn profile(subject: &str, profile: &Profile) -> Result<String, Failure> {
    let columns: Vec<Value> = profile.columns.iter().map(|column| shown(column, profile.rows)).collect();
    let facts = json!({ "title": subject, "rows": thousands(profile.rows as i64), "columns": columns });
    render("profile.html", TEMPLATE, facts)
}

fn shown(column: &ColumnProfile, rows: u64) -> Value {
    let text = |value: &Value| if value.is_null() { String::new() } else { short(value) };
    let number = |count: u64| thousands(count as i64);
    let share = |count: u64| format!("{:.1} %", if rows == 0 { 0.0 } else { count as f64 / rows as f64 * 100.0 });
    let distinct = column.distinct.map_or_else(String::new, |distinct| {
        let about = if distinct.method == "exact" { "" } else { "about " };
        format!("{about}{}", number(distinct.count))
    });
    let mut facts: Vec<Value> = vec![];
    let mut fact = |name: &str, value: String| facts.push(json!({ "name": name, "value": value }));
    if let Some(summary) = &column.summary {
        if let (Some(mean), Some(stddev)) = (summary.mean, summary.stddev) {
            fact("Mean", format!("{mean:.6}, standard deviation {stddev:.6}"));
        }
        let parts = [
            (summary.zeros, "zero"),
            (summary.negatives, "negative"),
            (summary.nan, "NaN"),
            (summary.infinite, "infinite"),
        ];
        let parts: Vec<String> =
            parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{} {what}", number(*n))).collect();
        if !parts.is_empty() {
            fact("Of these", parts.join(", "));
        }
        if !summary.quantiles.is_empty() {
            let parts: Vec<String> =
                summary.quantiles.iter().map(|(at, value)| format!("{} %: {}", at * 100.0, text(value))).collect();
            fact("Quantiles", format!("{} ({})", parts.join(", "), summary.quantile_method));
        }
    }
    if let Some(lengths) = &column.lengths {
        fact("Length", format!("{} to {} characters, mean {:.1}", lengths.min, lengths.max, lengths.mean));
    }
    if let Some((empty, untrimmed)) = column.blanks.filter(|(empty, untrimmed)| empty + untrimmed > 0) {
        fact("Blanks", format!("{} empty, {} with blanks at an end", number(empty), number(untrimmed)));
    }
    if !column.formats.is_empty() {
        fact("Format", column.formats.join(", "));
    }
    if let Some(reason) = &column.sensitive {
        fact("Masked", reason.clone());
    }
    let bins = column.summary.as_ref().map(|summary| &summary.histogram[..]).unwrap_or_default();
    let most = bins.iter().map(|bin| bin.count).max().unwrap_or(0).max(1);
    let bar = |count: u64, of: u64| count.saturating_mul(100).div_ceil(of.max(1));
    let bins: Vec<Value> = bins
        .iter()
        .map(|bin| {
            let range = format!("{} to {}", text(&bin.from), text(&bin.to));
            json!({ "range": range, "count": number(bin.count), "bar": bar(bin.count, most) })
        })
        .collect();
    let error = if column.top_error > 0 { format!(", up to {} more", number(column.top_error)) } else { String::new() };
    let row = |value: String, count: u64| json!({ "value": value, "count": number(count), "share": share(count) });
    json!({
        "name": column.name, "type": column.data_type.to_string(), "nulls": share(column.nulls), "distinct": distinct,
        "min": text(&column.min), "max": text(&column.max), "facts": facts, "bins": bins, "error": error,
        "top": column.top.iter().map(|top| row(text(&top.value), top.count)).collect::<Vec<_>>(),
        "patterns": column.patterns.iter().map(|p| row(p.pattern.clone(), p.count)).collect::<Vec<_>>(),
    })
}
