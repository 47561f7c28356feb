//! A suggestion as TOML, with its evidence in comments.
use std::fmt::Write;

use super::columns::Confidence;
use super::{LEAST_ROWS, Suggestion};

/// The whole file.
pub(super) fn contract(suggestion: &Suggestion) -> String {
    let mut out = String::new();
    let mut line = |text: &str| {
        let _ = writeln!(out, "{text}");
    };
    line(&format!("# Suggested from {}: {} rows in one state.", suggestion.origin, thousands(suggestion.rows)));
    line("# Every rule says what it was measured on. Read each, drop what is chance, and say what the data mean.");
    if suggestion.rows < LEAST_ROWS {
        line(&format!(
            "# Fewer than {LEAST_ROWS} rows say nothing about rows to come: only what is certain is suggested."
        ));
    }
    line("");
    line("[contract]");
    line("version     = \"0.1.0\"");
    line("status      = \"draft\"");
    match &suggestion.key[..] {
        [] => {
            line("description = \"One row per ...\"");
            line("# no column and no set of up to three columns was different in all rows: there is no key");
        }
        key => {
            line(&format!("description = {}", quoted(&format!("One row per {}.", key.join(" and ")))));
            line(&format!("# different in all {} rows, and never null (checked exactly)", thousands(suggestion.rows)));
            let names: Vec<String> = key.iter().map(|name| quoted(name)).collect();
            line(&format!("key         = [{}]", names.join(", ")));
        }
    }
    line("");
    line("[columns]");
    for column in &suggestion.columns {
        line(&format!("# {}: {}", one_line(&column.name), one_line(&column.evidence)));
        let mut parts = vec![format!("type = {}", quoted(&column.data_type))];
        for rule in &column.rules {
            let what = rule.toml.split(" =").next().unwrap_or_default();
            let confidence = match rule.confidence {
                Confidence::High => "high",
                Confidence::Medium => "medium",
            };
            line(&format!("#   {what}: {} (confidence {confidence})", one_line(&rule.evidence)));
            parts.push(rule.toml.clone());
        }
        line(&format!("{} = {{ {} }}", key_of(&column.name), parts.join(", ")));
    }
    for check in &suggestion.checks {
        line("");
        line(&format!("# {}", one_line(&check.evidence)));
        line("[[checks]]");
        line(&format!("id = {}", quoted(&check.id)));
        check.lines.iter().for_each(|text| line(text));
    }
    out
}

/// A name as a TOML key.
fn key_of(name: &str) -> String {
    let bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if bare { name.to_owned() } else { quoted(name) }
}

/// A text as a TOML basic string, whose escapes are those of JSON.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

/// Comments end where a line does.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// 1234567 as `1,234,567`.
pub(super) fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (at, c) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// A share as per cent, never rounded to 0 or 100.
pub(super) fn percent(share: f64) -> String {
    let percent = (share * 10_000.0).floor() / 100.0;
    if share > 0.0 && percent == 0.0 { "less than 0.01 %".to_owned() } else { format!("{percent} %") }
}

/// A number for people.
pub(super) fn number(x: f64) -> String {
    format!("{x}")
}
