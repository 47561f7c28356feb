//! `[outputs.<port>]`: what the product offers.
use super::{Flavor, Output, WriteMode, files};
use crate::document::{Table, Value};
use crate::{Diagnostic, Name, Span, nearest};

pub(super) const MODES: [(&str, WriteMode); 4] = [
    ("replace", WriteMode::Replace),
    ("append", WriteMode::Append),
    ("upsert", WriteMode::Upsert),
    ("replace-partitions", WriteMode::ReplacePartitions),
];

/// `tables`: names of inputs, sources and steps with what they name.
pub(super) fn outputs(section: &Table<'_>, flavor: Flavor, tables: &[(&str, &str)]) -> Vec<Output> {
    section.entries().iter().filter_map(|entry| output(entry.key, &entry.value, flavor, tables)).collect()
}

fn output(key: &str, value: &Value<'_>, flavor: Flavor, tables: &[(&str, &str)]) -> Option<Output> {
    let name = value.key_name(key);
    let table = value.table(format!("[outputs.{key}]"))?;
    let from = match table.get("from") {
        Some(value) => value.name().map(|from| (from, value.span.clone())),
        None => name.clone().map(|name| (name, table.span.clone())),
    };
    if let (Flavor::Declarative, Some((from, span))) = (flavor, &from) {
        known(&table, from, span, tables);
    }
    let contract = table.get("contract").map(Value::path);
    let mode = table.get("mode").map_or(Some(WriteMode::Replace), |value| value.choice(&MODES));
    let files = table.table("files").map(|table| files::layout(&table)).unwrap_or_default();
    table.reject_unknown();
    let (from, from_span) = from?;
    let (contract, span) = (contract.flatten(), table.span.clone());
    Some(Output { name: name?, from, contract, mode: mode?, files, span, from_span })
}

/// Reports an output that offers what the product does not have.
fn known(table: &Table<'_>, from: &Name, span: &Span, tables: &[(&str, &str)]) {
    if tables.iter().any(|(name, _)| *name == from.as_str()) {
        return;
    }
    let names = || tables.iter().map(|(name, _)| *name);
    let message = match table.has("from") {
        true => format!("no step or source is called `{from}`"),
        false => format!("{} does not say `from`, and no step or source is called `{from}`", table.place()),
    };
    let help = match (nearest(from.as_str(), names()), tables.is_empty()) {
        (Some(near), _) if table.has("from") => format!("did you mean `{near}`?"),
        (Some(near), _) => format!("did you mean `from = \"{near}\"`?"),
        (None, true) => format!("add `[steps.{from}]` and `sql/{from}.sql`"),
        (None, false) => {
            let known: Vec<String> = tables.iter().map(|(name, noun)| format!("{name} ({noun})")).collect();
            format!("it may be one of {}", known.join(", "))
        }
    };
    table.document.report(Diagnostic::error("M0114", message).at(span.clone(), "").help(help));
}
