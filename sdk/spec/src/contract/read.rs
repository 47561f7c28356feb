//! `[contract]`, and how the parts of a contract hang together.
use super::columns::Columns;
use super::{Contract, beyond, checks, freshness, partition};
use crate::document::{Document, Table, Value};
use crate::{Check, CheckKind, DataType, Diagnostic, Dimension, Name, Span};

pub(super) const STATUS: [(&str, &str); 4] =
    [("draft", "draft"), ("active", "active"), ("deprecated", "deprecated"), ("retired", "retired")];

pub(crate) fn contract(port: &Name, document: &Document<'_>, root: &Table<'_>) -> Option<Contract> {
    let head = root.need("contract", "[contract]").and_then(|value| value.table("[contract]".to_owned()));
    let columns = root.need("columns", "[columns]").and_then(|value| value.table("[columns]".to_owned()));
    let written = root.get("checks");
    // what another format says beyond this one is kept as it is
    let beyond = root.get("beyond").map(|value| (value.to_json(), beyond::rules(value)));
    root.reject_unknown();

    let mut columns = columns.as_ref().map(|table| Columns::read(table, port)).unwrap_or_default();
    let mut implied = Vec::new();
    let contract = head.as_ref().and_then(|table| terms(document, table, &mut columns, &mut implied));
    let (written, ids) = written.map(|value| checks::checks(value, &columns)).unwrap_or_default();
    let (columns, of_columns) = columns.finish();
    implied.extend(of_columns);
    checks::unique_ids(document, &implied, &ids);

    let mut contract = contract?;
    if contract.quarantine.is_some() {
        // column lines have no place to say it, so the contract says it for all of them
        let row_errors = |check: &&mut Check| check.kind.names_rows() && check.severity == crate::Severity::Error;
        implied.iter_mut().filter(row_errors).for_each(|check| check.on_violation = crate::OnViolation::Quarantine);
    }
    contract.columns = columns;
    (contract.beyond, contract.declared) = beyond.map_or((None, vec![]), |(beyond, rules)| (Some(beyond), rules));
    contract.checks = implied.into_iter().chain(written).collect();
    Some(contract.seal())
}

/// `[contract]` itself; the checks that it implies are added to `checks`, not null of key columns to the columns.
fn terms(
    document: &Document<'_>,
    table: &Table<'_>,
    columns: &mut Columns,
    checks: &mut Vec<Check>,
) -> Option<Contract> {
    let version = table.need("version", "version = \"1.0.0\"").and_then(|value| {
        let version = value.version()?;
        Some((version, value.span.clone()))
    });
    let status = table.get("status").map_or(Some("active"), |value| value.choice(&STATUS));
    let description = table.get("description").and_then(Value::text).unwrap_or_default();
    let key = table.get("key").map(|value| key(value, columns, checks)).unwrap_or_default();
    let partition = table.get("partition").map(|value| partition::fields(value, columns)).unwrap_or_default();
    let sort = table.get("sort").map(|value| sort(value, columns)).unwrap_or_default();
    let freshness = table.get("freshness").and_then(|value| freshness::freshness(value, columns, checks));
    let quarantine = table.get("quarantine").and_then(quarantine);
    let license = table.get("license").and_then(Value::some_text);
    let usage = table.get("usage").and_then(Value::some_text);
    let id = table.get("id").and_then(Value::some_text);
    let retention = table.get("retention").and_then(Value::duration);
    let sunset = table.get("sunset").and_then(|value| value.of_type(&DataType::Date));
    let successor = table.get("successor").and_then(Value::port);
    table.reject_unknown();
    let (version, version_span) = version?;
    Some(Contract {
        version,
        status: status?.to_owned(),
        description: description.to_owned(),
        key,
        partition,
        sort,
        freshness,
        quarantine,
        license: license.map(str::to_owned),
        usage: usage.map(str::to_owned),
        id: id.map(str::to_owned),
        retention,
        sunset: sunset.and_then(|day| day.as_str().map(str::to_owned)),
        successor,
        declared: Vec::new(),
        beyond: None,
        columns: Vec::new(),
        checks: Vec::new(),
        text: document.text().to_owned(),
        checksum: String::new(),
        file: document.file(),
        version_span,
    })
}

/// The columns of the key: unique together, none of them null.
fn key(value: &Value<'_>, columns: &mut Columns, checks: &mut Vec<Check>) -> Vec<String> {
    let Some(items) = value.words() else { return Vec::new() };
    if items.is_empty() {
        value.empty();
    }
    let mut key = Vec::new();
    for item in &items {
        let Some(column) = columns.find(item) else { continue };
        if let Some(data_type) = &column.data_type
            && (data_type.is_nested() || data_type.is_float())
        {
            let message = format!("a column of type {data_type} cannot be part of the key");
            let report = Diagnostic::error("M0205", message).at(item.span.clone(), "");
            let report = report.at(column.span.clone(), format!("{data_type} here"));
            item.document.report(report.help("the key needs values that are equal or not, beyond doubt"));
            continue;
        }
        let name = column.name.clone();
        columns.require(&name, item.span.clone());
        key.push(name);
    }
    checks.push(implied("key", CheckKind::Unique { columns: key.clone() }, Dimension::Uniqueness, value.whole_line()));
    key
}

/// `true`, or `{ at_most = 0.05 }`.
fn quarantine(value: &Value<'_>) -> Option<crate::Tolerance> {
    if value.raw.is_bool() {
        return value.flag()?.then_some(crate::Tolerance::Share(1.0));
    }
    let table = value.table("`quarantine`".to_owned())?;
    let most = table.need("at_most", "at_most = 0.05").and_then(checks::tolerance);
    table.reject_unknown();
    most
}

fn sort(value: &Value<'_>, columns: &Columns) -> Vec<String> {
    let Some(items) = value.words() else { return Vec::new() };
    let mut sort = Vec::new();
    for item in &items {
        let Some(column) = columns.find(item) else { continue };
        if let Some(data_type) = column.data_type.as_ref().filter(|data_type| data_type.is_nested()) {
            let report = Diagnostic::error("M0205", format!("rows cannot be sorted by a column of type {data_type}"));
            let report = report.at(item.span.clone(), "").at(column.span.clone(), format!("{data_type} here"));
            item.document.report(report);
        }
        sort.push(column.name.clone());
    }
    sort
}

/// A check that a line of the contract asks for without saying `[[checks]]`.
pub(super) fn implied(id: impl Into<String>, kind: CheckKind, dimension: Dimension, span: Span) -> Check {
    Check {
        id: id.into(),
        kind,
        filter: None,
        tolerance: crate::Tolerance::Rows(0),
        severity: crate::Severity::Error,
        on_violation: crate::OnViolation::Block,
        dimension,
        owner: crate::FixOwner::Internal,
        description: None,
        span,
    }
}
