//! `logicalTypeOptions` and `enum` as constraints of a column; what a column line cannot say becomes a check in SQL.
use super::lint::Findings;
use super::quality::{Rules, expression};
use crate::document::tree::{Kind, Node};
use crate::{Diagnostic, FORMATS, Span};

/// Forms that say how bytes are shown, and demand nothing of them.
const ONLY_WORDS: [&str; 3] = ["password", "byte", "binary"];

pub(super) fn constraints(
    name: &str,
    property: &Node,
    data_type: &str,
    line: &mut Node,
    rules: &mut Rules,
    found: &mut Findings,
) {
    if let Some((key, list)) = property.entry("enum") {
        let values = list.items().iter().filter_map(|item| item.get("value").cloned()).collect();
        line.put("values", key.span.clone(), Node { span: list.span.clone(), kind: Kind::List(values) });
    }
    // how lists of values are written before 3.2, which had no key for them
    for rule in property.get("quality").map(Node::items).unwrap_or_default() {
        if is_values_line(rule, name)
            && let Some(values) = rule.get("arguments").and_then(|arguments| arguments.get("validValues"))
        {
            line.put("values", values.span.clone(), values.clone());
        }
    }
    let logical = property.get("logicalType").and_then(Node::as_text).unwrap_or_default();
    for (key, value) in property.get("logicalTypeOptions").map(Node::entries).unwrap_or_default() {
        let at = key.span.clone();
        let column = format!("\"{name}\"");
        let mut sql = |sql: String| rules.checks.push(expression(&format!("{name}-{}", key.text), &at, value, sql));
        match (key.text.as_str(), &value.kind) {
            (_, Kind::Null) => {}
            ("minLength", _) => line.put("min_length", at, value.clone()),
            ("maxLength", _) => line.put("max_length", at, value.clone()),
            ("pattern", _) => line.put("pattern", at, value.clone()),
            ("minimum" | "maximum", Kind::Text(text)) if found.lenient && !is_bound(text, data_type) => {
                let message = format!("`{text}` is no value of type {data_type}: the bound is kept and not run");
                found.all.push(Diagnostic::warning("M0229", message).at(Span::new(found.file, value.span.clone()), ""));
            }
            ("minimum", _) => line.put("min", at, value.clone()),
            ("maximum", _) => line.put("max", at, value.clone()),
            // booleans until 3.0, where they sharpen the other bound
            ("exclusiveMinimum" | "exclusiveMaximum", Kind::Flag(flag)) => {
                let bound = if key.text == "exclusiveMinimum" { ("minimum", ">") } else { ("maximum", "<") };
                let limit = property.get("logicalTypeOptions").and_then(|options| options.get(bound.0));
                if let Some(limit) = limit.filter(|_| *flag) {
                    sql(format!("{column} is null or {column} {} {}", bound.1, literal(limit)));
                }
            }
            ("exclusiveMinimum", _) => sql(format!("{column} is null or {column} > {}", literal(value))),
            ("exclusiveMaximum", _) => sql(format!("{column} is null or {column} < {}", literal(value))),
            ("multipleOf", _) => sql(format!("{column} is null or {column} % {} = 0", literal(value))),
            ("minItems", _) => sql(format!("{column} is null or array_length({column}) >= {}", literal(value))),
            ("maxItems", _) => {
                sql(format!("{column} is null or coalesce(array_length({column}), 0) <= {}", literal(value)))
            }
            ("uniqueItems", Kind::Flag(true)) => {
                sql(format!("{column} is null or array_length({column}) = array_length(array_distinct({column}))"))
            }
            ("format", Kind::Text(text)) if logical == "string" => {
                if FORMATS.contains(&text.as_str()) && data_type == "string" {
                    line.put("format", at, value.clone());
                } else if data_type == "string" && !ONLY_WORDS.contains(&text.as_str()) {
                    let help = format!("one of {}; anything else is a `pattern`", FORMATS.join(", "));
                    found.error("M0224", value, format!("no text can be tested to be of the form `{text}`"), help);
                }
            }
            _ => {}
        }
    }
}

/// Whether a bound of dates or times is of its column's own kind.
fn is_bound(text: &str, data_type: &str) -> bool {
    match data_type {
        "date" => text.len() == "2026-01-31".len(),
        timestamp if timestamp.starts_with("timestamp") => text.contains('T'),
        _ => true,
    }
}

/// A value as a literal of SQL.
fn literal(value: &Node) -> String {
    match &value.kind {
        Kind::Number(number) => number.clone(),
        Kind::Text(text) => format!("'{}'", text.replace('\'', "''")),
        _ => "null".to_owned(),
    }
}

/// Whether a rule is a column's own list of values.
pub(super) fn is_values_line(rule: &Node, column: &str) -> bool {
    let is = |key: &str, text: &str| rule.get(key).and_then(Node::as_text) == Some(text);
    is("metric", "invalidValues")
        && is("name", &format!("{column}.values"))
        && rule.get("mustBe").and_then(Node::as_number) == Some(0.0)
}
