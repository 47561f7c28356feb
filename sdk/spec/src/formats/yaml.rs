//! JSON as YAML: two blanks a level, text in quotes wherever something could read it as anything but text.
use serde_json::Value as Json;

/// A document with a line feed at its end.
pub(crate) fn write(json: &Json) -> String {
    let mut out = String::new();
    value(json, 0, &mut out);
    if !out.ends_with('\n') {
        out.push('\n');
    }
    out
}

fn value(json: &Json, level: usize, out: &mut String) {
    match json {
        Json::Object(map) if !map.is_empty() => {
            for (at, (key, item)) in map.iter().enumerate() {
                if at > 0 || !out.ends_with("- ") {
                    indent(level, out);
                }
                out.push_str(&scalar(key));
                out.push(':');
                nested(item, level, out);
            }
        }
        Json::Array(items) if !items.is_empty() => {
            for item in items {
                indent(level, out);
                out.push_str("- ");
                match item {
                    Json::Object(map) if !map.is_empty() => value(item, level + 1, out),
                    Json::Array(inner) if !inner.is_empty() => {
                        // a list in a list stands on one line, as JSON
                        out.push_str(&item.to_string());
                        out.push('\n');
                    }
                    other => {
                        out.push_str(&leaf(other));
                        out.push('\n');
                    }
                }
            }
        }
        other => out.push_str(&leaf(other)),
    }
}

fn nested(item: &Json, level: usize, out: &mut String) {
    match item {
        Json::Object(map) if !map.is_empty() => {
            out.push('\n');
            value(item, level + 1, out);
        }
        Json::Array(items) if !items.is_empty() => {
            out.push('\n');
            value(item, level + 1, out);
        }
        other => {
            out.push(' ');
            out.push_str(&leaf(other));
            out.push('\n');
        }
    }
}

fn indent(level: usize, out: &mut String) {
    out.push_str(&"  ".repeat(level));
}

fn leaf(json: &Json) -> String {
    match json {
        Json::String(text) => scalar(text),
        other => other.to_string(),
    }
}

/// Text without quotes only where nothing in it means anything to any reader of YAML.
fn scalar(text: &str) -> String {
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && !text.ends_with(' ')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-./() ,".contains(c));
    let word = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"].contains(&text.to_lowercase().as_str());
    if plain && !word { text.to_owned() } else { Json::from(text).to_string() }
}
