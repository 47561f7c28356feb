//! The registry of checks: one file per kind, one line in each of the two tables here.
use meshwright_spec::{Bounds, Check, CheckKind, Shares};
use serde_json::{Map, Value, json};

use crate::planner::Planner;
use crate::rule::Rule;

mod aggregate;
mod anomaly;
mod columns;
mod compare;
mod distribution;
mod drift;
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
mod rejudged;
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
        CheckKind::RowCountChange { max_drop, max_rise } => row_count_change::plan(*max_drop, *max_rise)?,
        CheckKind::Columns { columns, extra, ordered } => columns::plan(columns, *extra, *ordered, planner),
        CheckKind::References { columns, port, targets } => match planner.known(port, targets) {
            Some(known) => references::plan(columns, &known?, planner)?,
            None => return Ok(Planned::Deferred),
        },
        CheckKind::Distribution { column, expected, threshold, level } => {
            distribution::plan(column, expected, *threshold, *level, planner)?
        }
        CheckKind::Drift { .. } => drift::plan(check, planner)?,
        CheckKind::Anomaly { .. } => anomaly::plan(check, planner)?,
        CheckKind::Monotonic { .. }
        | CheckKind::Query { .. }
        | CheckKind::QueryRows { .. }
        | CheckKind::Program { .. } => return Ok(Planned::Deferred),
    };
    Ok(Planned::Rule(rule))
}

/// How a check looks in reports.
pub(crate) fn face(kind: &CheckKind) -> Face {
    let columns = kind.columns().into_iter().map(str::to_owned).collect();
    Face { kind: kind.as_str(), columns, expected: expected(kind) }
}

/// What a check asks for.
fn expected(kind: &CheckKind) -> Value {
    match kind {
        CheckKind::NotNull { .. } => json!("no nulls"),
        CheckKind::Range { bounds, .. } | CheckKind::Query { bounds, .. } => range(bounds),
        CheckKind::Aggregate { function, bounds, .. } => {
            object([("function", Some(json!(function))), ("min", bounds.min.clone()), ("max", bounds.max.clone())])
        }
        CheckKind::Length { min, max, .. } | CheckKind::RowCount { min, max } => ends(*min, *max),
        CheckKind::Pattern { pattern, .. } => json!({ "pattern": pattern }),
        CheckKind::Format { format, .. } => json!({ "format": format }),
        CheckKind::Values { values, .. } => json!({ "values": values }),
        CheckKind::NotValues { values, .. } => json!({ "none_of": values }),
        CheckKind::NotPattern { pattern, .. } => json!({ "not": pattern }),
        CheckKind::NotMissing { missing, .. } if missing.is_empty() => json!("neither null nor blank"),
        CheckKind::NotMissing { missing, .. } => json!({ "none_of": missing }),
        CheckKind::Finite { .. } => json!("finite"),
        CheckKind::Compare { column, operator, other } => json!(format!("{column} {} {other}", operator.as_str())),
        CheckKind::RowCountChange { max_drop, max_rise } => {
            object([("max_drop", max_drop.map(Value::from)), ("max_rise", max_rise.map(Value::from))])
        }
        CheckKind::Columns { columns, extra, ordered } => object([
            ("columns", Some(if columns.is_empty() { json!("those of the contract") } else { json!(columns) })),
            ("extra", Some(json!(if *extra { "allowed" } else { "none" }))),
            ("order", ordered.then(|| json!("as listed"))),
        ]),
        CheckKind::QueryRows { .. } => json!("no rows"),
        CheckKind::Unique { .. } => json!("no duplicates"),
        CheckKind::Expression { sql } => json!({ "sql": sql }),
        CheckKind::Fingerprint { value, .. } => json!({ "fingerprint": value }),
        CheckKind::Freshness { max_age, .. } => json!({ "max_age_seconds": max_age.seconds }),
        CheckKind::References { port, targets, .. } => match &targets[..] {
            [one] => json!({ "port": port, "column": one }),
            several => json!({ "port": port, "columns": several }),
        },
        CheckKind::Monotonic { by, group, falling, strict, .. } => object([
            ("order", Some(json!(if *falling { "decreasing" } else { "increasing" }))),
            ("by", Some(json!(by))),
            ("group", (!group.is_empty()).then(|| json!(group))),
            ("strict", strict.then_some(Value::Bool(true))),
        ]),
        CheckKind::Distribution { expected, threshold, level, .. } => {
            let (of, what) = match expected {
                Shares::Values(values) => ("values", json!(values)),
                Shares::Bins { bounds, shares } => ("bins", json!({ "bounds": bounds, "shares": shares })),
            };
            json!({ of: what, "threshold": threshold, "level": level })
        }
        CheckKind::Drift { baseline, method, threshold, level, .. } => json!({
            "baseline": baseline.as_deref().unwrap_or("previous"), "method": method.as_str(),
            "threshold": threshold, "level": level,
        }),
        CheckKind::Anomaly { metric, level, window, .. } => {
            json!({ "metric": metric, "level": level, "window": window })
        }
        CheckKind::Program { name } => json!({ "program": name }),
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
        CheckKind::Anomaly { column: Some(column), metric, .. }
            if metric == "min" || metric == "max" || meshwright_spec::percentile(metric).is_some() =>
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
