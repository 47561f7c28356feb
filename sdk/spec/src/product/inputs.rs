//! `[inputs.<name>]`: other products' output ports.
use super::Input;
use crate::document::{Table, Value};
use crate::{Diagnostic, PortName, ProductName};

pub(super) fn inputs(section: &Table<'_>, own: Option<&ProductName>) -> Vec<Input> {
    section.entries().iter().filter_map(|entry| input(entry.key, &entry.value, own)).collect()
}

fn input(key: &str, value: &Value<'_>, own: Option<&ProductName>) -> Option<Input> {
    let name = value.key_name(key);
    let table = value.table(format!("[inputs.{key}]"))?;
    let port = table.need("port", "port = \"finance.economy.gdp\"").and_then(|value| other(value, own));
    let version = match table.get("version") {
        Some(value) => value.version_req(),
        None => Some(semver::VersionReq::STAR),
    };
    let columns = table.get("columns").map(columns);
    table.reject_unknown();
    let (port, span) = port?;
    Some(Input { name: name?, port, version: version?, columns: columns.flatten(), span })
}

/// A port of another product.
fn other(value: &Value<'_>, own: Option<&ProductName>) -> Option<(PortName, crate::Span)> {
    let port = value.port()?;
    if own == Some(&port.product) {
        value.document.report(
            Diagnostic::error("M0116", format!("`{port}` is a port of this product itself"))
                .at(value.span.clone(), "")
                .help("in steps, use the name of the step or source that the port offers"),
        );
        return None;
    }
    Some((port, value.span.clone()))
}

fn columns(value: &Value<'_>) -> Option<Vec<String>> {
    let columns = value.texts()?;
    if columns.is_empty() {
        value.empty();
        return None;
    }
    Some(columns)
}
