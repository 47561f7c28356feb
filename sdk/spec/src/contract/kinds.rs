//! The kinds of `[[checks]]`: one entry of [`KINDS`] and one function each.
use super::columns::{Columns, Named};
use super::{constraints, freshness, references};
use crate::document::{Table, Value};
use crate::{Bounds, CheckKind, Diagnostic, Dimension};

/// One kind of check as it is written.
pub(super) struct Kind {
    pub(super) name: &'static str,
    /// Another name that people know it by.
    pub(super) alias: Option<&'static str>,
    /// The keys that are its own.
    pub(super) keys: &'static [&'static str],
    /// Whether it judges rows one by one, so that some of them may be tolerated.
    pub(super) of_rows: bool,
    /// What it measures unless the file says otherwise.
    pub(super) dimension: Dimension,
    /// Reads its keys; the third argument is the check's id.
    pub(super) read: Read,
}

type Read = fn(&Table<'_>, &Columns, Option<&str>) -> Option<CheckKind>;

/// Every key that some kind of check has.
pub(super) const ALL_KEYS: [&str; 13] = [
    "column",
    "columns",
    "min",
    "max",
    "pattern",
    "format",
    "values",
    "value",
    "sql",
    "function",
    "max_age",
    "references",
    "name",
];

macro_rules! kinds {
    ($($name:literal $(or $alias:literal)?, $rows:ident, $dimension:ident, $keys:expr, $read:ident;)*) => {
        &[$(Kind {
            name: $name,
            alias: kinds!(@alias $($alias)?),
            keys: &$keys,
            of_rows: kinds!(@rows $rows),
            dimension: Dimension::$dimension,
            read: $read,
        }),*]
    };
    (@alias) => { None };
    (@alias $alias:literal) => { Some($alias) };
    (@rows rows) => { true };
    (@rows table) => { false };
}

pub(super) const KINDS: &[Kind] = kinds![
    "row_count", table, Coverage, ["min", "max"], row_count;
    "not_null", rows, Completeness, ["column"], not_null;
    "unique", rows, Uniqueness, ["column", "columns"], unique;
    "range" or "in_range", rows, Accuracy, ["column", "min", "max"], range;
    "length", rows, Conformity, ["column", "min", "max"], length;
    "pattern" or "matches", rows, Conformity, ["column", "pattern"], pattern;
    "format", rows, Conformity, ["column", "format"], format;
    "values" or "in_set", rows, Conformity, ["column", "values"], values;
    "expression", rows, Consistency, ["sql"], expression;
    "query" or "sql_metric", table, Accuracy, ["sql", "min", "max"], query;
    "aggregate", table, Accuracy, ["column", "function", "min", "max"], aggregate;
    "fingerprint", table, Accuracy, ["column", "value"], fingerprint;
    "freshness", table, Timeliness, ["column", "max_age"], fresh;
    "references" or "foreign_key", rows, Consistency, ["column", "references"], refers;
    "program", rows, Accuracy, ["name"], program;
];

fn row_count(table: &Table<'_>, _: &Columns, _: Option<&str>) -> Option<CheckKind> {
    let (min, max, _) = bounded(table, constraints::counts(table, ["min", "max"]))?;
    Some(CheckKind::RowCount { min, max })
}

fn not_null(table: &Table<'_>, columns: &Columns, _: Option<&str>) -> Option<CheckKind> {
    Some(CheckKind::NotNull { column: column(table, columns)?.name.clone() })
}

fn unique(table: &Table<'_>, columns: &Columns, _: Option<&str>) -> Option<CheckKind> {
    let found = match (table.get("column"), table.get("columns")) {
        (Some(one), None) => vec![columns.find(one)?],
        (None, Some(many)) => {
            let items = many.words()?;
            if items.is_empty() {
                many.empty();
            }
            items.iter().filter_map(|item| columns.find(item)).collect()
        }
        (Some(_), Some(many)) => {
            let message = format!("{} says both `column` and `columns`", table.place());
            table.document.report(Diagnostic::error("M0115", message).at(many.whole_line(), "").help("keep one"));
            return None;
        }
        (None, None) => return table.need("columns", "columns = [\"country\", \"year\"]").and(None),
    };
    Some(CheckKind::Unique { columns: found.into_iter().map(|column| column.name.clone()).collect() })
}

fn range(table: &Table<'_>, columns: &Columns, _: Option<&str>) -> Option<CheckKind> {
    let column = column(table, columns);
    let found = constraints::range(table, column.and_then(|column| column.data_type.as_ref()));
    let bounds = bounded(table, found).map(|(bounds, _)| bounds);
    Some(CheckKind::Range { column: column?.name.clone(), bounds: bounds? })
}

fn length(table: &Table<'_>, columns: &Columns, _: Option<&str>) -> Option<CheckKind> {
    let column = column(table, columns);
    let found = constraints::length(table, ["min", "max"], column.and_then(|column| column.data_type.as_ref()));
    let (min, max, _) = bounded(table, found)?;
    Some(CheckKind::Length { column: column?.name.clone(), min, max })
}

fn pattern(table: &Table<'_>, columns: &Columns, _: Option<&str>) -> Option<CheckKind> {
    let column = column(table, columns);
    let value = table.need("pattern", "pattern = '^[A-Z]{3}$'");
    let pattern = value.and_then(|value| constraints::pattern(value, column.and_then(|c| c.data_type.as_ref())));
    Some(CheckKind::Pattern { column: column?.name.clone(), pattern: pattern? })
}

fn format(table: &Table<'_>, columns: &Columns, _: Option<&str>) -> Option<CheckKind> {
    let column = column(table, columns);
    let value = table.need("format", "format = \"email\"");
    let format = value.and_then(|value| constraints::format(value, column.and_then(|c| c.data_type.as_ref())));
    Some(CheckKind::Format { column: column?.name.clone(), format: format? })
}

fn values(table: &Table<'_>, columns: &Columns, _: Option<&str>) -> Option<CheckKind> {
    let column = column(table, columns);
    let value = table.need("values", "values = [\"coal\", \"gas\"]");
    let values = value.and_then(|value| constraints::values(value, column.and_then(|c| c.data_type.as_ref())));
    Some(CheckKind::Values { column: column?.name.clone(), values: values? })
}

fn expression(table: &Table<'_>, _: &Columns, _: Option<&str>) -> Option<CheckKind> {
    Some(CheckKind::Expression { sql: sql(table, "sql = \"co2 is null or co2 >= 0\"")? })
}

fn query(table: &Table<'_>, _: &Columns, _: Option<&str>) -> Option<CheckKind> {
    if let Some(value) = table.get("where") {
        let report = Diagnostic::error("M0209", "`where` means nothing for a check of kind `query`");
        table.document.report(report.at(value.key.clone(), "").help("put it into the query"));
    }
    let sql = sql(table, "sql = \"select count(*) from port\"");
    let bounds = bounded(table, constraints::numbers(table)).map(|(bounds, _)| bounds);
    Some(CheckKind::Query { sql: sql?, bounds: bounds? })
}

const FUNCTIONS: [(&str, &str); 6] = [
    ("min", "min"),
    ("max", "max"),
    ("sum", "sum"),
    ("avg", "avg"),
    ("count_distinct", "count_distinct"),
    ("stddev", "stddev"),
];

fn aggregate(table: &Table<'_>, columns: &Columns, _: Option<&str>) -> Option<CheckKind> {
    let column = column(table, columns);
    let function = table.need("function", "function = \"avg\"");
    let place = function.map(|value| value.span.clone());
    let function = function.and_then(|value| value.choice(&FUNCTIONS));
    let data_type = column.and_then(|column| column.data_type.as_ref());
    let found = match (function, data_type) {
        (Some("min" | "max"), Some(_)) => constraints::range(table, data_type),
        (Some("sum" | "avg" | "stddev"), Some(other)) if !other.is_numeric() => {
            let report = Diagnostic::error("M0205", format!("`{}` needs numbers, not {other}", function.unwrap_or("")));
            table
                .document
                .report(report.at(place.unwrap_or_default(), "").at(column?.span.clone(), format!("{other} here")));
            constraints::numbers(table)
        }
        _ => constraints::numbers(table),
    };
    let bounds: Option<Bounds> = bounded(table, found).map(|(bounds, _)| bounds);
    Some(CheckKind::Aggregate { column: column?.name.clone(), function: function?.to_owned(), bounds: bounds? })
}

fn fingerprint(table: &Table<'_>, columns: &Columns, _: Option<&str>) -> Option<CheckKind> {
    let column = column(table, columns);
    let value = table.need("value", "value = \"0f1e2d3c4b5a69788796a5b4c3d2e1f0\"");
    let text = value.and_then(Value::some_text);
    if let (Some(value), Some(text)) = (value, text)
        && (text.len() != 32 || !text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)))
    {
        let report = Diagnostic::error("M0205", format!("`{text}` is no fingerprint")).at(value.span.clone(), "");
        table.document.report(report.help("32 digits, 0 to 9 and a to f: `mesh contract suggest` writes them"));
        return None;
    }
    Some(CheckKind::Fingerprint { column: column?.name.clone(), value: text?.to_owned() })
}

fn fresh(table: &Table<'_>, columns: &Columns, _: Option<&str>) -> Option<CheckKind> {
    let column = table.get("column").map(|value| freshness::temporal(value, columns));
    let max_age = table.need("max_age", "max_age = \"1d\"").and_then(Value::duration);
    Some(CheckKind::Freshness { column: column.flatten(), max_age: max_age? })
}

fn refers(table: &Table<'_>, columns: &Columns, _: Option<&str>) -> Option<CheckKind> {
    let column = column(table, columns);
    let value = table.need("references", "references = \"geo.places.countries(code)\"");
    let (port, target) = value.and_then(references::reference)?;
    Some(CheckKind::References { column: column?.name.clone(), port, target })
}

/// A check of the product's own program; it goes by its id there unless it has a name.
fn program(table: &Table<'_>, _: &Columns, id: Option<&str>) -> Option<CheckKind> {
    let name = table.get("name").map_or(id, Value::some_text);
    Some(CheckKind::Program { name: name?.to_owned() })
}

fn column<'a>(table: &Table<'_>, columns: &'a Columns) -> Option<&'a Named> {
    columns.find(table.need("column", "column = \"country\"")?)
}

fn sql(table: &Table<'_>, example: &str) -> Option<String> {
    table.need("sql", example).and_then(Value::some_text).map(str::to_owned)
}

/// Reports a check that demands nothing, because neither bound is there.
fn bounded<T>(table: &Table<'_>, found: Option<T>) -> Option<T> {
    if !table.has("min") && !table.has("max") {
        let report = Diagnostic::error("M0213", format!("{} demands nothing", table.place()));
        table.document.report(report.at(table.span.clone(), "").help("add `min`, `max` or both"));
    }
    found
}
