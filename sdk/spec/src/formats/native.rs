//! A contract's tree as `contracts/<port>.toml`, laid out as a person would.
use serde_json::{Map, Value as Json};

const ORDER: [&str; 14] = [
    "version",
    "status",
    "description",
    "key",
    "partition",
    "sort",
    "freshness",
    "retention",
    "license",
    "usage",
    "id",
    "sunset",
    "successor",
    "deprecated",
];

/// The file's text. `beyond` is what the format named says beyond it.
pub(crate) fn write(native: &Json, beyond: Option<(&str, &Json)>) -> String {
    let mut out = String::from("[contract]\n");
    let empty = Map::new();
    let part = |key: &str| native.get(key).and_then(Json::as_object).unwrap_or(&empty);
    let mut terms: Vec<(&String, &Json)> = part("contract").iter().collect();
    terms.sort_by_key(|(key, _)| ORDER.iter().position(|known| known == key));
    let width = terms.iter().map(|(key, _)| key.len()).max().unwrap_or(0);
    for (key, value) in terms {
        out.push_str(&format!("{key:width$} = {}\n", inline(value)));
    }
    out.push_str("\n[columns]\n");
    let width = part("columns").keys().map(|name| name.len()).max().unwrap_or(0);
    for (name, line) in part("columns") {
        out.push_str(&format!("{:width$} = {}\n", toml_edit::Key::new(name).to_string(), inline(line)));
    }
    for check in native.get("checks").and_then(Json::as_array).into_iter().flatten() {
        out.push_str("\n[[checks]]\n");
        for (key, value) in check.as_object().unwrap_or(&empty) {
            out.push_str(&format!("{key} = {}\n", inline(value)));
        }
    }
    if let Some((format, rest)) = beyond.filter(|(_, rest)| rest.as_object().is_some_and(|rest| !rest.is_empty())) {
        out.push_str(&format!("\n# what the {format} document says beyond this contract; kept for the way back\n"));
        out.push_str(&format!("[beyond.{format}]\n"));
        for (key, value) in rest.as_object().unwrap_or(&empty) {
            out.push_str(&format!("{} = {}\n", toml_edit::Key::new(key), inline(value)));
        }
    }
    out
}

/// A value on one line; lists of objects on a line each.
pub(super) fn inline(json: &Json) -> String {
    match json {
        Json::String(text) => text_of(text),
        Json::Array(items) => {
            let items: Vec<String> = items.iter().map(inline).collect();
            format!("[{}]", items.join(", "))
        }
        Json::Object(map) if map.is_empty() => "{}".to_owned(),
        Json::Object(map) => {
            let entries: Vec<String> =
                map.iter().map(|(key, value)| format!("{} = {}", toml_edit::Key::new(key), inline(value))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        Json::Null => "\"\"".to_owned(),
        other => other.to_string(),
    }
}

/// Single quotes where that saves backslashes.
fn text_of(text: &str) -> String {
    let plain = text.chars().all(|c| !c.is_control() && c != '\'');
    if plain && text.contains(['\\', '"']) { format!("'{text}'") } else { toml_edit::Value::from(text).to_string() }
}
