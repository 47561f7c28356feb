//! `slaProperties` that a contract of ours can keep: freshness, retention, and the end of support.
use super::lint::Findings;
use super::read::custom;
use crate::document::tree::{Kind, Node};

pub(super) fn terms(root: &Node, schema: &Node, contract: &mut Node, found: &mut Findings) {
    let object = schema.get("name").and_then(Node::as_text).unwrap_or_default();
    for item in root.get("slaProperties").map(Node::items).unwrap_or_default() {
        let Some((property, value)) = item.get("property").and_then(Node::as_text).zip(item.get("value")) else {
            continue;
        };
        let element = item.get("element").and_then(Node::as_text);
        let (of, column) = element.map_or((None, None), |element| match element.split_once('.') {
            Some((of, column)) => (Some(of), Some(column)),
            None => (None, Some(element)),
        });
        // terms of another table of the same document
        let physical = schema.get("physicalName").and_then(Node::as_text);
        if of.is_some_and(|of| of != object && Some(of) != physical) {
            continue;
        }
        match property {
            "freshness" | "fr" if contract.get("freshness").is_none() => {
                let Some(age) = duration(item, value, found) else { continue };
                let age = Node::text(value.span.clone(), age);
                let freshness = match column.zip(item.get("element")) {
                    Some((column, at)) => {
                        let mut table = Node::map(item.span.clone());
                        table.put("column", at.span.clone(), Node::text(at.span.clone(), column));
                        table.put("max_age", value.span.clone(), age);
                        table
                    }
                    None => age,
                };
                contract.put("freshness", value.span.clone(), freshness);
            }
            "retention" | "re" if contract.get("retention").is_none() => {
                if let Some(kept) = duration(item, value, found) {
                    contract.put("retention", value.span.clone(), Node::text(value.span.clone(), kept));
                }
            }
            "endOfSupport" | "es" if contract.get("sunset").is_none() => {
                if let Some(day) = value.as_text().and_then(|text| text.get(..10)) {
                    contract.put("sunset", value.span.clone(), Node::text(value.span.clone(), day));
                }
            }
            _ => {}
        }
    }
    if let Some(day) = custom(root, "sunset").filter(|_| contract.get("sunset").is_none()) {
        contract.put("sunset", day.span.clone(), day.clone());
    }
}

/// `value` and `unit` as a duration of ours.
fn duration(item: &Node, value: &Node, found: &mut Findings) -> Option<String> {
    let (number, unit) = match (&value.kind, item.get("unit").and_then(Node::as_text)) {
        (Kind::Number(number), Some(unit)) => (number.clone(), unit),
        (Kind::Text(text), Some(unit)) if text.parse::<u64>().is_ok() => (text.clone(), unit),
        // `P1D` and the like are not read; our own spelling is
        (Kind::Text(text), None) if text.parse::<crate::Duration>().is_ok() => return Some(text.clone()),
        _ => {
            found.error(
                "M0109",
                value,
                "this is not a length of time",
                "say a whole number as `value`, and a `unit` such as `h` or `d`",
            );
            return None;
        }
    };
    let whole: Option<u64> = number.trim_end_matches(".0").parse().ok();
    let per_unit = match unit.to_lowercase().as_str() {
        "s" | "second" | "seconds" => Some(1),
        "m" | "min" | "minute" | "minutes" => Some(60),
        "h" | "hr" | "hour" | "hours" => Some(3600),
        "d" | "day" | "days" => Some(86_400),
        "w" | "week" | "weeks" => Some(604_800),
        "mo" | "month" | "months" => Some(30 * 86_400),
        "y" | "yr" | "year" | "years" => Some(365 * 86_400),
        _ => None,
    };
    let Some(seconds) = whole.zip(per_unit).and_then(|(whole, seconds): (u64, u64)| whole.checked_mul(seconds)) else {
        let help = "a whole number of s, m, h, d, w or y";
        found.error("M0109", value, format!("`{number} {unit}` is not a length of time"), help);
        return None;
    };
    Some(crate::Duration { seconds }.to_string())
}
