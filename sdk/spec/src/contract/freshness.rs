//! `freshness`: how old the newest release or row may be.
use super::Freshness;
use super::columns::Columns;
use super::read::implied;
use crate::document::Value;
use crate::{Check, CheckKind, Diagnostic, Dimension};

pub(super) fn freshness(value: &Value<'_>, columns: &Columns, checks: &mut Vec<Check>) -> Option<Freshness> {
    let (column, max_age) = if value.is_table() {
        let table = value.table("freshness".to_owned())?;
        let column = table.need("column", "column = \"at\"").and_then(|value| temporal(value, columns));
        let max_age = table.need("max_age", "max_age = \"1d\"").and_then(Value::duration);
        table.reject_unknown();
        (Some(column?), max_age?)
    } else {
        (None, value.duration()?)
    };
    let kind = CheckKind::Freshness { column: column.clone(), max_age };
    checks.push(implied("freshness", kind, Dimension::Timeliness, value.whole_line()));
    Some(match column {
        Some(column) => Freshness::Column { column, max_age },
        None => Freshness::Release(max_age),
    })
}

/// A column whose values have an age.
pub(super) fn temporal(value: &Value<'_>, columns: &Columns) -> Option<String> {
    let column = columns.find(value)?;
    if let Some(data_type) = column.data_type.as_ref().filter(|data_type| !data_type.is_temporal()) {
        let report = Diagnostic::error("M0205", format!("values of type {data_type} have no age"));
        let report = report.at(value.span.clone(), "").at(column.span.clone(), format!("{data_type} here"));
        value.document.report(report.help("freshness needs a date or timestamp column"));
        return None;
    }
    Some(column.name.clone())
}
