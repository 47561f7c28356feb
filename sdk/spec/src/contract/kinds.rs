//! The kinds of `[[checks]]`: one entry of [`KINDS`] and one function each.
use super::columns::{Columns, Named};
use super::{constraints, freshness, over_time, references};
use crate::document::{Table, Value};
use crate::{Bounds, CheckKind, Diagnostic, Dimension, Operator};

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
pub(super) const ALL_KEYS: [&str; 33] = [
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
    "missing",
    "operator",
    "other",
    "max_drop",
    "max_rise",
    "extra",
    "ordered",
    "by",
    "group",
    "order",
    "strict",
    "bins",
    "shares",
    "threshold",
    "level",
    "baseline",
    "method",
    "metric",
    "window",
    "q",
];

macro_rules! kinds {
    ($($name:literal $(or $alias:literal)?, $rows:ident, $dimension:ident, $keys:expr, $read:path;)*) => {
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
    "row_count_change", table, Coverage, ["max_drop", "max_rise"], row_count_change;
    "columns", table, Conformity, ["columns", "extra", "ordered"], shape;
    "not_missing", rows, Completeness, ["column", "missing"], not_missing;
    "unique", rows, Uniqueness, ["column", "columns"], unique;
    "range" or "in_range", rows, Accuracy, ["column", "min", "max"], range;
    "length", rows, Conformity, ["column", "min", "max"], length;
    "pattern" or "matches", rows, Conformity, ["column", "pattern"], pattern;
    "format", rows, Conformity, ["column", "format"], format;
    "values" or "in_set", rows, Conformity, ["column", "values"], values;
    "not_values" or "not_in_set", rows, Conformity, ["column", "values"], not_values;
    "not_pattern" or "not_matches", rows, Conformity, ["column", "pattern"], not_pattern;
    "finite", rows, Accuracy, ["column"], finite;
    "compare", rows, Consistency, ["column", "operator", "other"], compare;
    "expression", rows, Consistency, ["sql"], expression;
    "query" or "sql_metric", table, Accuracy, ["sql", "min", "max"], query;
    "query_rows" or "sql_rows", rows, Accuracy, ["sql"], query_rows;
    "aggregate", table, Accuracy, ["column", "function", "min", "max"], aggregate;
    "distinct_count", table, Accuracy, ["column", "min", "max"], distinct_count;
    "quantile", table, Accuracy, ["column", "q", "min", "max"], quantile;
    "fingerprint", table, Accuracy, ["column", "value"], fingerprint;
    "freshness", table, Timeliness, ["column", "max_age"], fresh;
    "references" or "foreign_key", rows, Consistency, ["column", "columns", "references"], references::check;
    "monotonic" or "sequential", rows, Consistency, ["column", "by", "group", "order", "strict"], over_time::monotonic;
    "distribution", table, Accuracy, ["column", "values", "bins", "shares", "threshold", "level"], over_time::distribution;
    "drift", table, Consistency, ["column", "baseline", "method", "threshold", "level"], over_time::drift;
    "anomaly", table, Consistency, ["metric", "column", "level", "window"], over_time::anomaly;
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
    let found = columns.one_or_several(table, "columns = [\"country\", \"year\"]")?;
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
    no_filter(table, "query", "put it into the query");
    let sql = sql(table, "sql = \"select count(*) from port\"");
    let bounds = bounded(table, constraints::numbers(table)).map(|(bounds, _)| bounds);
    Some(CheckKind::Query { sql: sql?, bounds: bounds? })
}

fn not_values(table: &Table<'_>, columns: &Columns, _: Option<&str>) -> Option<CheckKind> {
    let column = column(table, columns);
    let value = table.need("values", "values = [\"unknown\", \"test\"]");
    let values = value.and_then(|value| constraints::values(value, column.and_then(|c| c.data_type.as_ref())));
    Some(CheckKind::NotValues { column: column?.name.clone(), values: values? })
}

fn not_pattern(table: &Table<'_>, columns: &Columns, _: Option<&str>) -> Option<CheckKind> {
    let column = column(table, columns);
    let value = table.need("pattern", "pattern = '^(test|demo)'");
    let pattern = value.and_then(|value| constraints::pattern(value, column.and_then(|c| c.data_type.as_ref())));
    Some(CheckKind::NotPattern { column: column?.name.clone(), pattern: pattern? })
}

fn not_missing(table: &Table<'_>, columns: &Columns, _: Option<&str>) -> Option<CheckKind> {
    let column = column(table, columns);
    let missing = match table.get("missing") {
        Some(value) => {
            constraints::of_text(value, column.and_then(|c| c.data_type.as_ref()), "only text has words for nothing");
            value.words()?.iter().filter_map(|word| word.text().map(str::to_owned)).collect()
        }
        None => Vec::new(),
    };
    Some(CheckKind::NotMissing { column: column?.name.clone(), missing })
}

fn finite(table: &Table<'_>, columns: &Columns, _: Option<&str>) -> Option<CheckKind> {
    let column = column(table, columns)?;
    if let Some(other) = column.data_type.as_ref().filter(|data_type| !data_type.is_float()) {
        let report = Diagnostic::error("M0205", format!("`finite` needs floats, and every {other} is finite"));
        table.document.report(report.at(table.span.clone(), "").at(column.span.clone(), format!("{other} here")));
    }
    Some(CheckKind::Finite { column: column.name.clone() })
}

const OPERATORS: [(&str, Operator); 6] = [
    ("<", Operator::Less),
    ("<=", Operator::AtMost),
    ("=", Operator::Equal),
    ("!=", Operator::Different),
    (">=", Operator::AtLeast),
    (">", Operator::Greater),
];

fn compare(table: &Table<'_>, columns: &Columns, _: Option<&str>) -> Option<CheckKind> {
    let (column, other) = (column(table, columns), table.need("other", "other = \"ended_on\""));
    let other = other.and_then(|value| columns.find(value));
    let operator = table.need("operator", "operator = \"<=\"").and_then(|value| value.choice(&OPERATORS));
    let (column, other) = (column?, other?);
    if let (Some(left), Some(right)) = (&column.data_type, &other.data_type)
        && left != right
        && !(left.is_numeric() && right.is_numeric())
    {
        let report = Diagnostic::error("M0205", format!("a {left} does not compare with a {right}"));
        let report = report.at(table.span.clone(), "").at(column.span.clone(), format!("{left} here"));
        table.document.report(report.at(other.span.clone(), format!("{right} here")));
    }
    Some(CheckKind::Compare { column: column.name.clone(), operator: operator?, other: other.name.clone() })
}

fn row_count_change(table: &Table<'_>, _: &Columns, _: Option<&str>) -> Option<CheckKind> {
    no_filter(table, "row_count_change", "the last release's rows are counted without it");
    let share = |key: &'static str| {
        let value = table.get(key)?;
        let share = value.number()?.as_f64()?;
        if share < 0.0 || (key == "max_drop" && share > 1.0) {
            let help = "0.2 is a fifth of the last release's rows".to_owned();
            value.wrong("M0207", format!("`{key}` cannot be {share:?}"), Some(help));
            return None;
        }
        Some(share)
    };
    let (max_drop, max_rise) = (share("max_drop"), share("max_rise"));
    if !table.has("max_drop") && !table.has("max_rise") {
        let report = Diagnostic::error("M0213", format!("{} demands nothing", table.place()));
        table.document.report(report.at(table.span.clone(), "").help("add `max_drop`, `max_rise` or both"));
    }
    Some(CheckKind::RowCountChange { max_drop, max_rise })
}

fn shape(table: &Table<'_>, columns: &Columns, _: Option<&str>) -> Option<CheckKind> {
    no_filter(table, "columns", "all rows have the same columns");
    let named = match table.get("columns") {
        Some(value) => value.words()?.iter().filter_map(|word| columns.find(word)).map(|c| c.name.clone()).collect(),
        None => Vec::new(),
    };
    let extra = table.get("extra").map_or(Some(!named.is_empty()), Value::flag);
    let ordered = table.get("ordered").map_or(Some(false), Value::flag);
    Some(CheckKind::Columns { columns: named, extra: extra?, ordered: ordered? })
}

fn query_rows(table: &Table<'_>, _: &Columns, _: Option<&str>) -> Option<CheckKind> {
    no_filter(table, "query_rows", "put it into the query");
    Some(CheckKind::QueryRows { sql: sql(table, "sql = \"select * from port where x < 0\"")? })
}

/// The aggregates by name; `p1` to `p99.99` are percentiles.
pub const AGGREGATES: [&str; 10] =
    ["min", "max", "sum", "avg", "median", "stddev", "variance", "count", "count_distinct", "distinct_share"];

/// A percentile's rank between 0 and 1: `median` is 0.5, `p95` is 0.95.
pub fn percentile(function: &str) -> Option<f64> {
    if function == "median" {
        return Some(0.5);
    }
    let digits = function.strip_prefix('p')?;
    let plain = digits.starts_with(|c: char| c.is_ascii_digit()) && digits.ends_with(|c: char| c.is_ascii_digit());
    let rank = digits.parse::<f64>().ok().filter(|rank| plain && *rank > 0.0 && *rank < 100.0)?;
    Some(rank / 100.0)
}

fn function<'a>(value: &'a Value<'_>) -> Option<&'a str> {
    let text = value.text()?;
    if AGGREGATES.contains(&text) || percentile(text).is_some() {
        return Some(text);
    }
    let help = match crate::nearest(text, AGGREGATES) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("one of {}, or a percentile such as `p95`", AGGREGATES.join(", ")),
    };
    value.wrong("M0107", format!("`function` cannot be `{text}`"), Some(help));
    None
}

fn aggregate(table: &Table<'_>, columns: &Columns, _: Option<&str>) -> Option<CheckKind> {
    let column = column(table, columns);
    let written = table.need("function", "function = \"avg\"");
    let place = written.map(|value| value.span.clone());
    let function = written.and_then(function);
    let data_type = column.and_then(|column| column.data_type.as_ref());
    let found = match (function, data_type) {
        (Some("min" | "max"), Some(_)) => constraints::range(table, data_type),
        (Some(name), Some(other)) if of_numbers(name) && !other.is_numeric() => {
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

fn distinct_count(table: &Table<'_>, columns: &Columns, _: Option<&str>) -> Option<CheckKind> {
    let column = column(table, columns);
    let bounds = bounded(table, constraints::numbers(table)).map(|(bounds, _)| bounds);
    Some(CheckKind::Aggregate { column: column?.name.clone(), function: "count_distinct".to_owned(), bounds: bounds? })
}

fn quantile(table: &Table<'_>, columns: &Columns, _: Option<&str>) -> Option<CheckKind> {
    let column = column(table, columns);
    let value = table.need("q", "q = 0.95");
    let q = value.and_then(|value| Some((value, value.number()?.as_f64()?)));
    let function = q.and_then(|(value, q)| {
        let function = format!("p{}", (q * 1e6).round() / 1e4);
        if percentile(&function).is_none_or(|rank| (rank - q).abs() > 1e-9) {
            value.wrong(
                "M0207",
                format!("`q` cannot be {q:?}"),
                Some("a share between 0 and 1: `0.5` is the median".to_owned()),
            );
            return None;
        }
        Some(function)
    });
    if let (Some(column), Some(other)) = (column, column.and_then(|c| c.data_type.as_ref()).filter(|t| !t.is_numeric()))
    {
        let report = Diagnostic::error("M0205", format!("`quantile` needs numbers, not {other}"));
        table.document.report(report.at(table.span.clone(), "").at(column.span.clone(), format!("{other} here")));
    }
    let bounds = bounded(table, constraints::numbers(table)).map(|(bounds, _)| bounds);
    Some(CheckKind::Aggregate { column: column?.name.clone(), function: function?, bounds: bounds? })
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

/// Whether an aggregate is computed from numbers.
pub(super) fn of_numbers(function: &str) -> bool {
    !matches!(function, "min" | "max" | "count" | "count_distinct" | "distinct_share")
}

fn fresh(table: &Table<'_>, columns: &Columns, _: Option<&str>) -> Option<CheckKind> {
    let column = table.get("column").map(|value| freshness::temporal(value, columns));
    let max_age = table.need("max_age", "max_age = \"1d\"").and_then(Value::duration);
    Some(CheckKind::Freshness { column: column.flatten(), max_age: max_age? })
}

/// A check of the product's own program; it goes by its id there unless it has a name.
fn program(table: &Table<'_>, _: &Columns, id: Option<&str>) -> Option<CheckKind> {
    let name = table.get("name").map_or(id, Value::some_text);
    Some(CheckKind::Program { name: name?.to_owned() })
}

pub(super) fn column<'a>(table: &Table<'_>, columns: &'a Columns) -> Option<&'a Named> {
    columns.find(table.need("column", "column = \"country\"")?)
}

fn sql(table: &Table<'_>, example: &str) -> Option<String> {
    table.need("sql", example).and_then(Value::some_text).map(str::to_owned)
}

/// Reports a `where` that would select nothing.
fn no_filter(table: &Table<'_>, kind: &str, help: &str) {
    if let Some(value) = table.get("where") {
        let report = Diagnostic::error("M0209", format!("`where` means nothing for a check of kind `{kind}`"));
        table.document.report(report.at(value.key.clone(), "").help(help));
    }
}

/// Reports a check that demands nothing, because neither bound is there.
fn bounded<T>(table: &Table<'_>, found: Option<T>) -> Option<T> {
    if !table.has("min") && !table.has("max") {
        let report = Diagnostic::error("M0213", format!("{} demands nothing", table.place()));
        table.document.report(report.at(table.span.clone(), "").help("add `min`, `max` or both"));
    }
    found
}
