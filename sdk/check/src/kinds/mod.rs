//! The registry of checks: one file per kind, one line in each of the two tables here.
use meshwright_spec::{Bounds, Check, CheckKind};
use serde_json::{Map, Value, json};

use crate::planner::Planner;
use crate::rule::Rule;

mod aggregate;
mod columns;
mod compare;
mod expression;
mod fingerprint;
mod finite;
mod format;
pub(crate) mod formats;
mod freshness;
mod inverted;
mod length;
mod not_missing;
mod not_null;
mod not_pattern;
mod not_values;
mod pattern;
mod range;
mod references;
mod row_count;
mod row_count_change;
mod unique;
mod values;

/// How a kind of check looks in reports.
#[derive(Debug, Clone)]
pub(crate) struct Face {
    /// Its name in contracts.
    pub(crate) kind: &'static str,
    /// The columns it speaks of.
    pub(crate) columns: Vec<String>,
    /// What it asks for.
    pub(crate) expected: Value,
}

/// What becomes of a check.
pub(crate) enum Planned {
    /// It is answered by the pass.
    Rule(Box<dyn Rule>),
    /// It needs more than the data of one pass: a query, another port, the product's own program.
    Deferred,
}

/// Plans one check; an error is one sentence for people.
pub(crate) fn plan(check: &Check, planner: &mut Planner<'_>) -> Result<Planned, String> {
    let rule = match &check.kind {
        CheckKind::NotNull { column } => not_null::plan(column, planner)?,
        CheckKind::Range { column, bounds } => range::plan(column, bounds, planner)?,
        CheckKind::Length { column, min, max } => length::plan(column, *min, *max, planner)?,
        CheckKind::Pattern { column, pattern } => pattern::plan(column, pattern, planner)?,
        CheckKind::Format { column, format } => format::plan(column, format, planner)?,
        CheckKind::Values { column, values } => values::plan(column, values, planner)?,
        CheckKind::Unique { columns } => unique::plan(columns, planner)?,
        CheckKind::RowCount { min, max } => row_count::plan(*min, *max)?,
        CheckKind::Expression { sql } => expression::plan(sql, planner)?,
        CheckKind::Aggregate { column, function, bounds } => aggregate::plan(column, function, bounds, planner)?,
        CheckKind::Fingerprint { column, value } => fingerprint::plan(column, value, planner)?,
        CheckKind::Freshness { column, max_age } => freshness::plan(column.as_deref(), *max_age, planner)?,
        CheckKind::NotValues { column, values } => not_values::plan(column, values, planner)?,
        CheckKind::NotPattern { column, pattern } => not_pattern::plan(column, pattern, planner)?,
        CheckKind::NotMissing { column, missing } => not_missing::plan(column, missing, planner)?,
        CheckKind::Finite { column } => finite::plan(column, planner)?,
        CheckKind::Compare { column, operator, other } => compare::plan(column, *operator, other, planner)?,
        CheckKind::RowCountChange { max_drop, max_rise } => row_count_change::plan(*max_drop, *max_rise),
        CheckKind::Columns { columns, extra, ordered } => columns::plan(columns, *extra, *ordered, planner),
        CheckKind::References { column, port, target } => match planner.known(port, target) {
            Some(known) => references::plan(column, &known?, planner)?,
            None => return Ok(Planned::Deferred),
        },
        CheckKind::Query { .. } | CheckKind::QueryRows { .. } | CheckKind::Program { .. } => {
            return Ok(Planned::Deferred);
        }
    };
    Ok(Planned::Rule(rule))
}

/// How a check looks in reports.
pub(crate) fn face(kind: &CheckKind) -> Face {
    let of = |kind, column: &String, expected| Face { kind, columns: vec![column.clone()], expected };
    match kind {
        CheckKind::NotNull { column } => of("not_null", column, json!("no nulls")),
        CheckKind::Range { column, bounds } => of("range", column, range(bounds)),
        CheckKind::Length { column, min, max } => of("length", column, ends(*min, *max)),
        CheckKind::Pattern { column, pattern } => of("pattern", column, json!({ "pattern": pattern })),
        CheckKind::Format { column, format } => of("format", column, json!({ "format": format })),
        CheckKind::Values { column, values } => of("values", column, json!({ "values": values })),
        CheckKind::NotValues { column, values } => of("not_values", column, json!({ "none_of": values })),
        CheckKind::NotPattern { column, pattern } => of("not_pattern", column, json!({ "not": pattern })),
        CheckKind::NotMissing { column, missing } => match &missing[..] {
            [] => of("not_missing", column, json!("neither null nor blank")),
            words => of("not_missing", column, json!({ "none_of": words })),
        },
        CheckKind::Finite { column } => of("finite", column, json!("finite")),
        CheckKind::Compare { column, operator, other } => Face {
            kind: "compare",
            columns: vec![column.clone(), other.clone()],
            expected: json!(format!("{column} {} {other}", operator.as_str())),
        },
        CheckKind::RowCountChange { max_drop, max_rise } => Face {
            kind: "row_count_change",
            columns: Vec::new(),
            expected: object([("max_drop", max_drop.map(Value::from)), ("max_rise", max_rise.map(Value::from))]),
        },
        CheckKind::Columns { columns, extra, ordered } => Face {
            kind: "columns",
            columns: columns.clone(),
            expected: object([
                ("columns", Some(if columns.is_empty() { json!("those of the contract") } else { json!(columns) })),
                ("extra", Some(json!(if *extra { "allowed" } else { "none" }))),
                ("order", ordered.then(|| json!("as listed"))),
            ]),
        },
        CheckKind::QueryRows { .. } => Face { kind: "query_rows", columns: Vec::new(), expected: json!("no rows") },
        CheckKind::Unique { columns } => {
            Face { kind: "unique", columns: columns.clone(), expected: json!("no duplicates") }
        }
        CheckKind::RowCount { min, max } => Face { kind: "row_count", columns: Vec::new(), expected: ends(*min, *max) },
        CheckKind::Expression { sql } => {
            Face { kind: "expression", columns: Vec::new(), expected: json!({ "sql": sql }) }
        }
        CheckKind::Query { bounds, .. } => Face { kind: "query", columns: Vec::new(), expected: range(bounds) },
        CheckKind::Aggregate { column, bounds, .. } => of("aggregate", column, range(bounds)),
        CheckKind::Fingerprint { column, value } => of("fingerprint", column, json!({ "fingerprint": value })),
        CheckKind::Freshness { column, max_age } => Face {
            kind: "freshness",
            columns: column.iter().cloned().collect(),
            expected: json!({ "max_age_seconds": max_age.seconds }),
        },
        CheckKind::References { column, port, target } => {
            of("references", column, json!({ "port": port, "column": target }))
        }
        CheckKind::Program { name } => {
            Face { kind: "program", columns: Vec::new(), expected: json!({ "program": name }) }
        }
    }
}

/// Whether what is measured is itself a value of the column, so that a secret column's must not be shown.
pub(crate) fn measures_a_value(kind: &CheckKind) -> Option<&str> {
    match kind {
        CheckKind::Aggregate { column, function, .. }
            if function == "min" || function == "max" || meshwright_spec::percentile(function).is_some() =>
        {
            Some(column)
        }
        CheckKind::Freshness { column: Some(column), .. } => Some(column),
        _ => None,
    }
}

fn range(bounds: &Bounds) -> Value {
    object([("min", bounds.min.clone()), ("max", bounds.max.clone())])
}

fn ends(min: Option<u64>, max: Option<u64>) -> Value {
    object([("min", min.map(Value::from)), ("max", max.map(Value::from))])
}

fn object<const N: usize>(parts: [(&str, Option<Value>); N]) -> Value {
    let known = parts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(known.collect::<Map<_, _>>())
}
