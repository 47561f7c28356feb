//! What a column's line demands of its values, as checks. `[[checks]]` of the same kinds are read here, too.
use std::cmp::Ordering;

use serde_json::Value as Json;

use super::read::implied;
use crate::document::{Table, Value};
use crate::{Bounds, Check, CheckKind, DataType, Diagnostic, Dimension, Span, nearest};

/// Forms of text that `format` knows.
pub const FORMATS: [&str; 22] = [
    "email",
    "uuid",
    "uri",
    "hostname",
    "ipv4",
    "ipv6",
    "date",
    "date-time",
    "time",
    "country",
    "country3",
    "currency",
    "language",
    "iban",
    "lei",
    "luhn",
    "json",
    "integer",
    "number",
    "uppercase",
    "lowercase",
    "trimmed",
];

/// The checks of one column's line, in a fixed order.
pub(super) fn checks(table: &Table<'_>, column: &str, data_type: Option<&DataType>, checks: &mut Vec<Check>) {
    let mut add = |suffix: &str, kind: CheckKind, dimension: Dimension, span: Span| {
        checks.push(implied(format!("{column}.{suffix}"), kind, dimension, span));
    };
    let name = || column.to_owned();
    if let Some(value) = table.get("unique")
        && value.flag() == Some(true)
    {
        add("unique", CheckKind::Unique { columns: vec![name()] }, Dimension::Uniqueness, value.whole_line());
    }
    if let Some((bounds, span)) = range(table, data_type) {
        add("range", CheckKind::Range { column: name(), bounds }, Dimension::Accuracy, span);
    }
    if let Some((min, max, span)) = length(table, ["min_length", "max_length"], data_type) {
        add("length", CheckKind::Length { column: name(), min, max }, Dimension::Conformity, span);
    }
    if let Some(value) = table.get("pattern")
        && let Some(pattern) = pattern(value, data_type)
    {
        add("pattern", CheckKind::Pattern { column: name(), pattern }, Dimension::Conformity, value.whole_line());
    }
    if let Some(value) = table.get("format")
        && let Some(format) = format(value, data_type)
    {
        add("format", CheckKind::Format { column: name(), format }, Dimension::Conformity, value.whole_line());
    }
    if let Some(value) = table.get("values")
        && let Some(values) = values(value, data_type)
    {
        add("values", CheckKind::Values { column: name(), values }, Dimension::Conformity, value.whole_line());
    }
}

/// `min` and `max` of a column's type, if either is there.
pub(super) fn range(table: &Table<'_>, data_type: Option<&DataType>) -> Option<(Bounds, Span)> {
    let (min, max) = (table.get("min"), table.get("max"));
    let span = min.or(max)?.whole_line();
    let data_type = data_type?;
    if !data_type.is_numeric() && !data_type.is_temporal() && *data_type != DataType::Time {
        let help = match data_type {
            DataType::String => {
                "for lengths say `min_length` and `max_length`; for forms `pattern`, `format` or `values`"
            }
            _ => "`min` and `max` are for numbers, dates and times",
        };
        for value in [min, max].into_iter().flatten() {
            unsuited(value, data_type, help);
        }
        return None;
    }
    let bounds = Bounds {
        min: min.and_then(|value| value.of_type(data_type)),
        max: max.and_then(|value| value.of_type(data_type)),
    };
    in_order(table, min, max, &bounds);
    Some((bounds, span))
}

/// Bounds that are plain numbers.
pub(super) fn numbers(table: &Table<'_>) -> Option<(Bounds, Span)> {
    let (min, max) = (table.get("min"), table.get("max"));
    let span = min.or(max)?.whole_line();
    let bounds = Bounds { min: min.and_then(Value::number), max: max.and_then(Value::number) };
    in_order(table, min, max, &bounds);
    Some((bounds, span))
}

/// Bounds that count something.
pub(super) fn counts(table: &Table<'_>, keys: [&'static str; 2]) -> Option<(Option<u64>, Option<u64>, Span)> {
    let [min, max] = keys.map(|key| table.get(key));
    let span = min.or(max)?.whole_line();
    let count = |value: Option<&Value<'_>>| value.and_then(Value::whole);
    let (low, high) = (count(min), count(max));
    in_order(table, min, max, &Bounds { min: low.map(Json::from), max: high.map(Json::from) });
    Some((low, high, span))
}

/// Bounds of the length of texts.
pub(super) fn length(
    table: &Table<'_>,
    keys: [&'static str; 2],
    data_type: Option<&DataType>,
) -> Option<(Option<u64>, Option<u64>, Span)> {
    for value in keys.into_iter().filter_map(|key| table.get(key)) {
        of_text(value, data_type, "lengths are counted in text");
    }
    counts(table, keys)
}

pub(super) fn pattern(value: &Value<'_>, data_type: Option<&DataType>) -> Option<String> {
    let text = value.text()?;
    of_text(value, data_type, "patterns are searched for in text");
    compiles(value, text).then(|| text.to_owned())
}

/// Programs are not compiled against patterns; `mesh check` is.
#[cfg(not(feature = "full"))]
fn compiles(_: &Value<'_>, _: &str) -> bool {
    true
}

/// Whether a pattern is one, which is reported if not.
#[cfg(feature = "full")]
fn compiles(value: &Value<'_>, text: &str) -> bool {
    let error = match regex::Regex::new(text) {
        Ok(_) => return true,
        Err(error) => error.to_string(),
    };
    // the last line says what is wrong, those before repeat the pattern
    let why = error.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
    let raw = value.document.text().get(value.span.start..value.span.end).unwrap_or("");
    let help = if why.contains("look-around") || why.contains("backreference") {
        Some("say it with two checks, or as an `expression` in SQL".to_owned())
    } else if raw.starts_with('"') && text.contains(|c: char| c.is_control()) {
        Some("in single quotes a backslash is a backslash".to_owned())
    } else {
        None
    };
    value.wrong("M0203", format!("this pattern does not compile: {why}"), help);
    false
}

pub(super) fn format(value: &Value<'_>, data_type: Option<&DataType>) -> Option<String> {
    let text = value.text()?;
    of_text(value, data_type, "formats are forms of text");
    if FORMATS.contains(&text) {
        return Some(text.to_owned());
    }
    let help = match nearest(text, FORMATS) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("one of {}; anything else is a `pattern`", FORMATS.join(", ")),
    };
    value.wrong("M0107", format!("`format` cannot be `{text}`"), Some(help));
    None
}

pub(super) fn values(value: &Value<'_>, data_type: Option<&DataType>) -> Option<Vec<Json>> {
    let items = value.list("values")?;
    let data_type = data_type?;
    if items.is_empty() {
        value.empty();
        return None;
    }
    if data_type.is_nested() || matches!(data_type, DataType::Binary | DataType::Fixed(_)) {
        unsuited(value, data_type, "values can be listed for numbers, text, dates, times, uuids and booleans");
        return None;
    }
    let mut values: Vec<Json> = Vec::new();
    for item in &items {
        let Some(found) = item.of_type(data_type) else { continue };
        if let Some(first) = values.iter().position(|value| *value == found) {
            let report = Diagnostic::error("M0105", format!("{found} stands twice in `{}`", value.name));
            let report = report.at(item.span.clone(), "again");
            value.document.report(report.at(items[first].span.clone(), "first"));
        }
        values.push(found);
    }
    Some(values)
}

/// Reports a demand that only text can meet; a type that could not be read is taken to be text.
pub(super) fn of_text(value: &Value<'_>, data_type: Option<&DataType>, why: &str) {
    if let Some(other) = data_type.filter(|data_type| **data_type != DataType::String) {
        unsuited(value, other, why);
    }
}

fn unsuited(value: &Value<'_>, data_type: &DataType, help: &str) {
    let message = format!("`{}` means nothing for a column of type {data_type}", value.name);
    let report = Diagnostic::error("M0205", message).at(value.whole_line(), "");
    value.document.report(report.help(help));
}

fn in_order(table: &Table<'_>, min: Option<&Value<'_>>, max: Option<&Value<'_>>, bounds: &Bounds) {
    let (Some(low), Some(high)) = (&bounds.min, &bounds.max) else { return };
    let (Some(min), Some(max)) = (min, max) else { return };
    if compare(low, high) == Some(Ordering::Greater) {
        let message = format!("`{}` is greater than `{}`: nothing lies between them", min.name, max.name);
        let report = Diagnostic::error("M0202", message).at(min.span.clone(), "").at(max.span.clone(), "");
        table.document.report(report.help("both bounds are inclusive; swap them?"));
    }
}

/// Order of bounds of one type: numbers by value, dates and times as RFC 3339 sorts them.
pub(crate) fn compare(left: &Json, right: &Json) -> Option<Ordering> {
    match (left, right) {
        (Json::Number(left), Json::Number(right)) => match (left.as_i64(), right.as_i64()) {
            (Some(left), Some(right)) => Some(left.cmp(&right)),
            _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
        },
        (Json::String(left), Json::String(right)) => match (left.parse::<f64>(), right.parse::<f64>()) {
            (Ok(left), Ok(right)) => left.partial_cmp(&right),
            // points in time with different offsets are not ordered by their text
            _ if offset(left) == offset(right) => Some(left.cmp(right)),
            _ => None,
        },
        (Json::String(text), number) => text.parse::<f64>().ok()?.partial_cmp(&number.as_f64()?),
        (number, Json::String(text)) => number.as_f64()?.partial_cmp(&text.parse::<f64>().ok()?),
        _ => None,
    }
}

fn offset(text: &str) -> Option<&str> {
    let time = text.get(11..)?;
    time.find(['Z', '+', '-']).and_then(|at| time.get(at..))
}
