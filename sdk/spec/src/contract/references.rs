//! `domain.product.port(column, ...)`: another port's columns.
use super::columns::Columns;
use crate::document::{Table, Value};
use crate::{CheckKind, Diagnostic, PortName};

/// What a column's line refers to.
pub(super) fn one(value: &Value<'_>) -> Option<(PortName, String)> {
    let (port, mut targets) = reference(value)?;
    if targets.len() > 1 {
        let help = "several columns are a `[[checks]]` entry of kind `references` with `columns`";
        value.wrong("M0211", "a column's line refers to one column", Some(help.to_owned()));
        return None;
    }
    Some((port, targets.pop()?))
}

/// A check of kind `references`.
pub(super) fn check(table: &Table<'_>, columns: &Columns, _: Option<&str>) -> Option<CheckKind> {
    let of = columns.one_or_several(table, "column = \"country\"");
    let value = table.need("references", "references = \"geo.places.countries(code)\"");
    let (port, targets) = value.and_then(reference)?;
    let columns: Vec<String> = of?.into_iter().map(|column| column.name.clone()).collect();
    if columns.len() != targets.len() {
        let message = format!("{} columns cannot refer to {} columns of `{port}`", columns.len(), targets.len());
        let report = Diagnostic::error("M1323", message).at(value?.span.clone(), "");
        table.document.report(report.help("name one column there for each of ours, in the same order"));
        return None;
    }
    Some(CheckKind::References { columns, port, targets })
}

fn reference(value: &Value<'_>) -> Option<(PortName, Vec<String>)> {
    let text = value.text()?;
    let found = text.strip_suffix(')').and_then(|text| text.split_once('(')).and_then(|(port, columns)| {
        let columns: Vec<String> = columns.split(',').map(|column| column.trim().to_owned()).collect();
        let plain = columns.iter().all(|column| !column.is_empty() && !column.contains(['(', ')']));
        plain.then_some((port.trim().parse::<PortName>(), columns))
    });
    let help = Some("write `domain.product.port(column)`".to_owned());
    match found {
        Some((Ok(port), columns)) => Some((port, columns)),
        Some((Err(error), _)) => {
            value.wrong("M0211", error.message, error.suggestion.map(|near| format!("`{near}` would do")).or(help));
            None
        }
        None => {
            value.wrong("M0211", format!("`{text}` does not name another port's column"), help);
            None
        }
    }
}
