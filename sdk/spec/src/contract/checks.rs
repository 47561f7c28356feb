//! `[[checks]]`: everything that a column line cannot say.
use super::columns::Columns;
use super::elsewhere;
use super::kinds::{self, Kind};
use crate::document::{Document, Table, Value};
use crate::{Check, CheckKind, Diagnostic, Dimension, FixOwner, OnViolation, Severity, Span, Tolerance};

pub(super) const SEVERITIES: [(&str, Severity); 3] =
    [("error", Severity::Error), ("warning", Severity::Warning), ("info", Severity::Info)];

pub(super) const OWNERS: [(&str, FixOwner); 2] = [("internal", FixOwner::Internal), ("external", FixOwner::External)];

pub(super) const ON_VIOLATION: [(&str, OnViolation); 2] =
    [("block", OnViolation::Block), ("quarantine", OnViolation::Quarantine)];

pub(super) const DIMENSIONS: [(&str, Dimension); 7] = [
    ("accuracy", Dimension::Accuracy),
    ("completeness", Dimension::Completeness),
    ("conformity", Dimension::Conformity),
    ("consistency", Dimension::Consistency),
    ("coverage", Dimension::Coverage),
    ("timeliness", Dimension::Timeliness),
    ("uniqueness", Dimension::Uniqueness),
];

/// Ids with their places.
type Ids = Vec<(String, Span)>;

/// The checks without a mistake, and the ids of all.
pub(super) fn checks(value: &Value<'_>, columns: &Columns) -> (Vec<Check>, Ids) {
    let mut ids = Vec::new();
    let items = value.list("tables, each under a header `[[checks]]`").unwrap_or_default();
    (items.iter().filter_map(|item| check(item, columns, &mut ids)).collect(), ids)
}

fn check(value: &Value<'_>, columns: &Columns, ids: &mut Ids) -> Option<Check> {
    let name = match value.raw.get("id").and_then(|id| id.get_ref().as_str()) {
        Some(id) => format!("check `{id}`"),
        None => "[[checks]]".to_owned(),
    };
    let table = value.table(name)?;
    let id = table.need("id", "id = \"enough-rows\"").and_then(id);
    ids.extend(id.clone());
    let kind = table.need("kind", "kind = \"row_count\"").and_then(kind);
    let description = table.get("description").and_then(Value::text).map(str::to_owned);
    let severity = table.get("severity").map_or(Some(Severity::Error), |value| value.choice(&SEVERITIES));
    let owner = table.get("owner").map_or(Some(FixOwner::Internal), |value| value.choice(&OWNERS));
    let dimension = table.get("dimension").map(|value| value.choice(&DIMENSIONS));
    let tolerance = table.get("at_most").map_or(Some(Tolerance::Rows(0)), tolerance);
    let on_violation = table.get("on_violation").map_or(Some(OnViolation::Block), |value| value.choice(&ON_VIOLATION));
    let filter = table.get("where").and_then(Value::some_text).map(str::to_owned);
    let Some(kind) = kind else {
        // without the kind nobody can tell which keys belong
        for key in kinds::ALL_KEYS {
            table.get(key);
        }
        table.reject_unknown();
        return None;
    };
    let body = (kind.read)(&table, columns, id.as_ref().map(|(id, _)| id.as_str()));
    suits(&table, kind);
    let (id, span) = id?;
    let body = body?;
    movable(&table, &body, on_violation?, severity?);
    Some(Check {
        id,
        kind: body,
        filter,
        tolerance: tolerance?,
        severity: severity?,
        on_violation: on_violation?,
        dimension: dimension.unwrap_or(Some(kind.dimension))?,
        owner: owner?,
        description,
        span,
    })
}

fn id(value: &Value<'_>) -> Option<(String, Span)> {
    let text = value.some_text()?;
    if let Some(bad) = text.chars().find(|c| !c.is_ascii_alphanumeric() && !"-_.".contains(*c)) {
        let near: String = text.chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
        let near = near.trim_matches('-').to_lowercase();
        let help = near.is_ascii().then(|| format!("`{near}` would do"));
        value.wrong("M0106", format!("`{bad}` cannot be part of a check's id"), help);
        return None;
    }
    Some((text.to_owned(), value.span.clone()))
}

fn kind(value: &Value<'_>) -> Option<&'static Kind> {
    if let Some((name, help)) = elsewhere::KINDS.iter().find(|(name, _)| value.raw.as_str() == Some(name)) {
        value.wrong("M1322", format!("`{name}` is no kind of check here"), Some((*help).to_owned()));
        return None;
    }
    let words: Vec<(&'static str, &'static Kind)> = kinds::KINDS
        .iter()
        .flat_map(|kind| [Some(kind.name), kind.alias].into_iter().flatten().map(move |word| (word, kind)))
        .collect();
    value.choice(&words)
}

/// Reports a quarantine that could take no row.
fn movable(table: &Table<'_>, body: &CheckKind, on_violation: OnViolation, severity: Severity) {
    let Some(value) = table.get("on_violation").filter(|_| on_violation == OnViolation::Quarantine) else { return };
    let (message, help) = if !body.names_rows() {
        let message = format!("a check of kind `{}` names no rows that could be quarantined", body.as_str());
        (message, "it judges the table as a whole; drop `on_violation`")
    } else if severity != Severity::Error {
        let message = format!("rows are quarantined for errors, and this is of severity {}", severity.as_str());
        (message, "drop `severity`, or `on_violation`")
    } else {
        return;
    };
    table.document.report(Diagnostic::error("M1401", message).at(value.whole_line(), "").help(help));
}

/// Rows if it is a whole number, a share if it has a fraction.
pub(super) fn tolerance(value: &Value<'_>) -> Option<Tolerance> {
    if value.raw.is_integer() {
        return value.whole().map(Tolerance::Rows);
    }
    let share = value.number()?.as_f64()?;
    if !(0.0..=1.0).contains(&share) {
        let near = (1.0..=100.0).contains(&share).then(|| format!("{share} percent are `{}`", share / 100.0));
        let help =
            near.unwrap_or_else(|| "a share lies between 0.0 and 1.0; a number of rows has no fraction".to_owned());
        value.wrong("M0207", format!("`at_most` cannot be {share:?}"), Some(help));
        return None;
    }
    Some(Tolerance::Share(share))
}

/// Reports keys that are unknown, and those that mean nothing for this kind of check.
fn suits(table: &Table<'_>, kind: &Kind) {
    if let Some(value) = table.get("at_most").filter(|_| !kind.of_rows) {
        let message = format!("`at_most` means nothing for a check of kind `{}`", kind.name);
        let report = Diagnostic::error("M0207", message).at(value.whole_line(), "");
        table.document.report(report.help("it judges the table, not its rows one by one; move its bounds instead"));
    }
    for entry in table.unused() {
        if kinds::ALL_KEYS.contains(&entry.key) {
            let message = format!("`{}` means nothing for a check of kind `{}`", entry.key, kind.name);
            let report = Diagnostic::error("M0209", message).at(entry.value.key.clone(), "");
            table.document.report(report.help(format!("its keys: {}", kind.keys.join(", "))));
        } else {
            table.reject(entry);
        }
    }
}

/// Reports ids that stand twice, or that a column line has taken.
pub(super) fn unique_ids(document: &Document<'_>, implied: &[Check], ids: &[(String, Span)]) {
    for (at, (id, span)) in ids.iter().enumerate() {
        let taken = implied.iter().find(|other| other.id == *id).map(|other| &other.span);
        let first = taken.or_else(|| ids[..at].iter().find(|(other, _)| other == id).map(|(_, span)| span));
        if let Some(first) = first {
            let report = Diagnostic::error("M0208", format!("two checks have the id `{id}`"));
            let report = report.at(span.clone(), "again").at(first.clone(), "first");
            document.report(report.help("results are kept by id, so give this one another"));
        }
    }
}
