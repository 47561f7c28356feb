//! Kinds of `[[checks]]` that look beyond single rows and bounds: the order of rows, how values are distributed, and the
//! states and releases before.
use super::columns::{Columns, Named};
use super::constraints;
use super::kinds::{column, of_numbers, percentile};
use crate::document::{Table, Value};
use crate::{AGGREGATES, CheckKind, DataType, Diagnostic, DriftMethod, Shares, nearest};

/// Shares that are written as decimals add up to 1 but for this.
const ROUNDING: f64 = 1e-6;

pub(super) fn monotonic(table: &Table<'_>, columns: &Columns, _: Option<&str>) -> Option<CheckKind> {
    let of = column(table, columns);
    let by = table.need("by", "by = \"read_at\"").and_then(|value| columns.find(value));
    let group = match table.get("group") {
        Some(value) => value.words()?.iter().filter_map(|word| columns.find(word)).map(|c| c.name.clone()).collect(),
        None => vec![],
    };
    let order = table.get("order").map_or(Some(false), |v| v.choice(&[("increasing", false), ("decreasing", true)]));
    let strict = table.get("strict").map_or(Some(false), Value::flag);
    for named in [of, by].into_iter().flatten() {
        let ordered =
            |t: &DataType| t.is_numeric() || t.is_temporal() || matches!(t, DataType::String | DataType::Time);
        unsuited(table, named, "monotonic", "has no order", ordered);
    }
    let (column, by) = (of?.name.clone(), by?.name.clone());
    Some(CheckKind::Monotonic { column, by, group, falling: order?, strict: strict? })
}

pub(super) fn distribution(table: &Table<'_>, columns: &Columns, _: Option<&str>) -> Option<CheckKind> {
    let of = column(table, columns);
    let data_type = of.and_then(|column| column.data_type.as_ref());
    let given = table.need("shares", "shares = [0.7, 0.3]");
    let shares = given.and_then(shares);
    let expected = match (table.get("values"), table.get("bins")) {
        (Some(value), None) => {
            let values = constraints::values(value, data_type);
            let (values, shares, given) = (values?, shares?, given?);
            fits(given, &shares, values.len(), "value", false)?;
            Shares::Values(values.into_iter().zip(shares).collect())
        }
        (None, Some(value)) => {
            let bounds = bins(value, table, of);
            let (bounds, shares, given) = (bounds?, shares?, given?);
            fits(given, &shares, bounds.len() + 1, "bin", true)?;
            Shares::Bins { bounds, shares }
        }
        (Some(_), Some(both)) => {
            let message = format!("{} says both `values` and `bins`", table.place());
            table.document.report(Diagnostic::error("M0115", message).at(both.whole_line(), "").help("keep one"));
            return None;
        }
        (None, None) => return table.need("values", "values = [\"coal\", \"gas\"]").and(None),
    };
    let (threshold, level) = (share(table, "threshold", 0.1), share(table, "level", 0.01));
    Some(CheckKind::Distribution { column: of?.name.clone(), expected, threshold: threshold?, level: level? })
}

pub(super) fn drift(table: &Table<'_>, columns: &Columns, _: Option<&str>) -> Option<CheckKind> {
    let of = column(table, columns);
    let methods =
        [DriftMethod::JensenShannon, DriftMethod::Psi, DriftMethod::KolmogorovSmirnov, DriftMethod::ChiSquared]
            .map(|method| (method.as_str(), method));
    let method = table.get("method").map_or(Some(DriftMethod::JensenShannon), |value| value.choice(&methods));
    let baseline = match table.get("baseline") {
        Some(value) => Some(value.some_text()?.to_owned()).filter(|text| text != "previous"),
        None => None,
    };
    let kept = |t: &DataType| !t.is_nested() && !matches!(t, DataType::Binary | DataType::Fixed(_) | DataType::Uuid);
    let ordered = |t: &DataType| t.is_numeric() || t.is_temporal() || *t == DataType::Time;
    if let Some(named) = of {
        match method {
            Some(DriftMethod::KolmogorovSmirnov) => {
                unsuited(table, named, "kolmogorov_smirnov", "is no number", ordered)
            }
            _ => unsuited(table, named, "drift", "is not counted", kept),
        }
    }
    let method = method?;
    let threshold = match method {
        // the index has no upper end
        DriftMethod::Psi => positive(table, "threshold", method.threshold()),
        _ => share(table, "threshold", method.threshold()),
    };
    let level = share(table, "level", 0.01);
    Some(CheckKind::Drift { column: of?.name.clone(), baseline, method, threshold: threshold?, level: level? })
}

pub(super) fn anomaly(table: &Table<'_>, columns: &Columns, _: Option<&str>) -> Option<CheckKind> {
    let of = table.get("column").map(|value| columns.find(value));
    let metric = match table.get("metric") {
        Some(value) => metric(value),
        None if of.is_some() => table.need("metric", "metric = \"avg\"").and(None),
        None => Some("row_count"),
    };
    let level = share(table, "level", 0.003);
    let window = match table.get("window") {
        Some(value) => value.whole().filter(|window| {
            let enough = *window >= 5;
            if !enough {
                let help = "with fewer than five releases before, nothing is said".to_owned();
                value.wrong("M1321", format!("`window` cannot be {window}"), Some(help));
            }
            enough
        }),
        None => Some(30),
    };
    let metric = metric?;
    match (metric, of) {
        ("row_count", Some(_)) => {
            if let Some(value) = table.get("column") {
                let report = Diagnostic::error("M0209", "`column` means nothing for the metric `row_count`");
                table.document.report(report.at(value.key.clone(), "").help("drop it, or name another metric"));
            }
            return None;
        }
        ("row_count", None) => {}
        (_, None) => return table.need("column", "column = \"co2\"").and(None),
        (metric, Some(Some(named))) => {
            let counted = matches!(metric, "null_share" | "count" | "count_distinct" | "distinct_share");
            let numbers = |t: &DataType| counted || t.is_numeric();
            let message =
                if of_numbers(metric) { "is no number" } else { "is no number whose history could be judged" };
            unsuited(table, named, metric, message, numbers);
        }
        (_, Some(None)) => return None,
    }
    let column = of.flatten().map(|named| named.name.clone());
    Some(CheckKind::Anomaly { metric: metric.to_owned(), column, level: level?, window: window? })
}

fn metric<'a>(value: &'a Value<'_>) -> Option<&'a str> {
    let text = value.text()?;
    let own = ["row_count", "null_share"];
    if own.contains(&text) || AGGREGATES.contains(&text) || percentile(text).is_some() {
        return Some(text);
    }
    let words = own.into_iter().chain(AGGREGATES);
    let help = match nearest(text, words.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("one of {}, or a percentile such as `p95`", words.collect::<Vec<_>>().join(", ")),
    };
    value.wrong("M0107", format!("`metric` cannot be `{text}`"), Some(help));
    None
}

/// Reports a column whose type a check cannot judge.
fn unsuited(table: &Table<'_>, named: &Named, what: &str, why: &str, suits: impl Fn(&DataType) -> bool) {
    if let Some(other) = named.data_type.as_ref().filter(|data_type| !suits(data_type)) {
        let report = Diagnostic::error("M0205", format!("`{what}` cannot judge `{}`: a {other} {why}", named.name));
        table.document.report(report.at(table.span.clone(), "").at(named.span.clone(), format!("{other} here")));
    }
}

/// Bounds in their order, of a column that has an order.
fn bins(value: &Value<'_>, table: &Table<'_>, of: Option<&Named>) -> Option<Vec<serde_json::Value>> {
    let items = value.list("bounds")?;
    let data_type = of?.data_type.as_ref()?;
    if !(data_type.is_numeric() || data_type.is_temporal() || *data_type == DataType::Time) {
        unsuited(table, of?, "bins", "has no bins; list its `values`", |_| false);
        return None;
    }
    if items.is_empty() {
        value.empty();
        return None;
    }
    let bounds: Vec<_> = items.iter().filter_map(|item| item.of_type(data_type)).collect();
    let falls = bounds.windows(2).position(|pair| {
        let order = constraints::compare(&pair[0], &pair[1]);
        order != Some(std::cmp::Ordering::Less)
    });
    if let (Some(at), true) = (falls, bounds.len() == items.len()) {
        let message = format!("{} is not above {}", bounds[at + 1], bounds[at]);
        let report = Diagnostic::error("M1320", message).at(items[at + 1].span.clone(), "");
        table.document.report(report.help("bounds of bins go up"));
        return None;
    }
    (bounds.len() == items.len()).then_some(bounds)
}

fn shares(value: &Value<'_>) -> Option<Vec<f64>> {
    let items = value.list("shares")?;
    let read = |item: &Value<'_>| {
        let share = item.number()?.as_f64()?;
        if !(0.0..=1.0).contains(&share) {
            let help = "a share lies between 0.0 and 1.0".to_owned();
            item.wrong("M1320", format!("`shares` cannot have {share:?}"), Some(help));
            return None;
        }
        Some(share)
    };
    let shares: Vec<f64> = items.iter().filter_map(read).collect();
    (shares.len() == items.len()).then_some(shares)
}

/// Whether there are as many shares as bins, and whether they add up.
fn fits(value: &Value<'_>, shares: &[f64], wanted: usize, what: &str, whole: bool) -> Option<()> {
    let sum: f64 = shares.iter().sum();
    let (message, help) = if shares.len() != wanted {
        let help = if whole { "one share more than there are bounds" } else { "one share for each value" };
        (format!("{} shares stand for {wanted} {what}s", shares.len()), help)
    } else if sum > 1.0 + ROUNDING || (whole && sum < 1.0 - ROUNDING) {
        let help =
            if whole { "the shares of all bins make 1" } else { "what is left to 1 is the share of other values" };
        (format!("the shares make {}", (sum * 1e6).round() / 1e6), help)
    } else {
        return Some(());
    };
    value.document.report(Diagnostic::error("M1320", message).at(value.whole_line(), "").help(help));
    None
}

/// A number above 0 and below 1.
fn share(table: &Table<'_>, key: &'static str, default: f64) -> Option<f64> {
    within(table, key, default, 1.0)
}

fn positive(table: &Table<'_>, key: &'static str, default: f64) -> Option<f64> {
    within(table, key, default, f64::INFINITY)
}

fn within(table: &Table<'_>, key: &'static str, default: f64, below: f64) -> Option<f64> {
    let Some(value) = table.get(key) else { return Some(default) };
    let number = value.number()?.as_f64()?;
    if number <= 0.0 || number >= below {
        let help = match key {
            "level" => "the chance of an alarm when nothing is wrong, such as 0.01",
            _ => "the smallest difference that matters, such as 0.1",
        };
        value.wrong("M1321", format!("`{key}` cannot be {number:?}"), Some(help.to_owned()));
        return None;
    }
    Some(number)
}
