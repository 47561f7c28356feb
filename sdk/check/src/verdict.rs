//! From what was measured to an outcome: tolerance, severity and the sentence for people.
use std::sync::Arc;

use meshwright_spec::{Bounds, Check, CheckKind, Dimension, FixOwner, Severity, Span, Tolerance};
use serde_json::Value;

use crate::bounds::{Limits, Number};
use crate::evidence::{MASK, masked};
use crate::kinds::Face;
use crate::report::{CheckResult, Duplicates, Outcome, Sample};
use crate::rule::{Measure, Skipped};

/// What a result repeats from the contract.
#[derive(Debug)]
pub(crate) struct About {
    pub(crate) id: String,
    pub(crate) face: Face,
    pub(crate) tolerance: Tolerance,
    pub(crate) severity: Severity,
    pub(crate) dimension: Dimension,
    pub(crate) owner: FixOwner,
    pub(crate) description: Option<String>,
    pub(crate) filter: Option<String>,
    pub(crate) span: Span,
    /// Whether values of its columns must stay secret.
    pub(crate) masked: bool,
    /// The kind of check, if a pass cannot answer it.
    pub(crate) deferred: Option<CheckKind>,
    /// True for what no line of the contract asks for.
    pub(crate) implied: bool,
    /// Whether rows are counted, and not the table judged as a whole.
    pub(crate) of_rows: bool,
}

impl About {
    /// What is to be said of a check.
    pub(crate) fn check(check: &Check, face: Face, masked: bool, deferred: bool) -> Self {
        Self {
            id: check.id.clone(),
            face,
            tolerance: check.tolerance,
            severity: check.severity,
            dimension: check.dimension,
            owner: check.owner,
            description: check.description.clone(),
            filter: check.filter.clone(),
            span: check.span.clone(),
            masked,
            deferred: deferred.then(|| check.kind.clone()),
            implied: false,
            of_rows: check.kind.counts_rows(),
        }
    }

    /// Empty data deserve a warning even where the contract has no check of the number of rows.
    pub(crate) fn not_empty(span: Span) -> Self {
        Self {
            id: "not-empty".into(),
            face: Face { kind: "row_count", columns: Vec::new(), expected: serde_json::json!({ "min": 1 }) },
            tolerance: Tolerance::Rows(0),
            severity: Severity::Warning,
            dimension: Dimension::Coverage,
            owner: FixOwner::Internal,
            description: None,
            filter: None,
            span,
            masked: false,
            deferred: None,
            implied: true,
            of_rows: false,
        }
    }
}

/// Turns a measure into a result.
pub(crate) fn settle(about: &Arc<About>, rows_in_scope: u64, measure: Measure, files: &[String]) -> CheckResult {
    let mut result = CheckResult {
        id: about.id.clone(),
        kind: about.face.kind,
        columns: about.face.columns.clone(),
        outcome: Outcome::Passed,
        message: String::new(),
        measured: Value::Null,
        expected: about.face.expected.clone(),
        violations: 0,
        rows_in_scope,
        nulls: 0,
        nan: 0,
        duplicates: None,
        sample: Vec::new(),
        quarantined: None,
        rows: Vec::new(),
        severity: about.severity,
        dimension: about.dimension,
        owner: about.owner,
        description: about.description.clone(),
        filter: about.filter.clone(),
        span: about.span.clone(),
        implied: about.implied,
        about: about.clone(),
    };
    match measure {
        Measure::Rows { nulls, .. } if rows_in_scope == 0 => {
            result.nulls = nulls;
            result.outcome = Outcome::NotEvaluated;
            result.message = "no rows in scope".into();
        }
        Measure::Rows { violations, nulls, sample, duplicates, rows } => {
            result.rows = rows;
            result.violations = violations;
            result.nulls = nulls;
            result.measured = violations.into();
            result.outcome = outcome(!tolerated(about.tolerance, violations, rows_in_scope), about.severity);
            result.message = rows_sentence(violations, rows_in_scope, about.tolerance, duplicates);
            result.duplicates = duplicates;
            result.sample = sample.into_iter().map(|exhibit| Sample::of(exhibit, files)).collect();
        }
        Measure::Table { measured, violated, skipped: Skipped { nulls, nan } } => {
            result.outcome = outcome(violated, about.severity);
            result.measured = masked(measured, about.masked);
            result.message = table_sentence(&result.measured, &result.expected, nan, about.masked);
            result.nulls = nulls;
            result.nan = nan;
        }
        Measure::Told { measured, violated, skipped: Skipped { nulls, nan }, message } => {
            result.outcome = violated.map_or(Outcome::NotEvaluated, |violated| outcome(violated, about.severity));
            result.measured = measured;
            result.message = message;
            result.nulls = nulls;
            result.nan = nan;
        }
        Measure::Nothing(message) => {
            result.outcome = Outcome::NotEvaluated;
            result.message = message;
        }
        Measure::Failed(message) => {
            result.outcome = Outcome::Error;
            result.message = message;
        }
    }
    result
}

/// Whether a query's number lies within the bounds.
pub(crate) fn within(bounds: &Bounds, value: &Value) -> Result<bool, String> {
    let number = |value: &Value| Number::read(value, 0);
    Ok(Limits::read(bounds, number)?
        .admit(&number(value).map_err(|_| format!("the query returned `{value}`, which is no number"))?))
}

fn tolerated(tolerance: Tolerance, violations: u64, rows: u64) -> bool {
    match tolerance {
        Tolerance::Rows(allowed) => violations <= allowed,
        // dividing gives the double nearest to the true share, which is what a literal such as 0.29 is for 29 of 100
        Tolerance::Share(allowed) => violations as f64 / rows as f64 <= allowed,
    }
}

fn outcome(violated: bool, severity: Severity) -> Outcome {
    match (violated, severity) {
        (false, _) => Outcome::Passed,
        (true, Severity::Error) => Outcome::Failed,
        (true, Severity::Warning | Severity::Info) => Outcome::Warned,
    }
}

fn rows_sentence(violations: u64, rows: u64, tolerance: Tolerance, duplicates: Option<Duplicates>) -> String {
    let (verb, detail) = match duplicates {
        Some(Duplicates { values, rows, .. }) if values > 0 => {
            ("repeat an earlier one", format!(" ({values} values on {rows} rows)"))
        }
        Some(_) => ("repeat an earlier one", String::new()),
        None => ("violate", String::new()),
    };
    let allowed = match tolerance {
        Tolerance::Rows(0) => String::new(),
        Tolerance::Rows(allowed) => format!(", {allowed} allowed"),
        Tolerance::Share(share) => format!(", {} % allowed", share * 100.0),
    };
    match violations {
        0 => format!("none of {rows} rows {verb}{allowed}"),
        _ => format!("{violations} of {rows} rows {verb}{detail}{allowed}"),
    }
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What is asked of an aggregate, in words.
pub(crate) fn of_aggregate(expected: &Value) -> Option<String> {
    let parts = expected.as_object()?;
    let function = shown(parts.get("function")?);
    let end = |name: &str| parts.get(name).map(shown);
    Some(match (end("min"), end("max")) {
        (Some(min), Some(max)) => format!("{function} between {min} and {max}"),
        (Some(min), None) => format!("{function} of at least {min}"),
        (None, Some(max)) => format!("{function} of at most {max}"),
        (None, None) => function,
    })
}

fn table_sentence(measured: &Value, expected: &Value, nan: u64, masked: bool) -> String {
    let expected = match (of_aggregate(expected), expected.as_object()) {
        (Some(text), _) => text,
        (None, Some(parts)) => {
            let parts: Vec<_> = parts.iter().map(|(name, value)| format!("{name} {}", shown(value))).collect();
            parts.join(", ")
        }
        (None, None) => shown(expected),
    };
    let measured = if masked { MASK.to_owned() } else { shown(measured) };
    match nan {
        0 => format!("measured {measured}, expected {expected}"),
        _ => format!("measured {measured}, expected {expected}; {nan} rows are not a number and were left out"),
    }
}
