//! `anomaly`: a number lies within what the releases before let expect, by Student's prediction interval. The number that
//! is judged is never part of it. With too short a history nothing is said, and the number is kept for the next release.
use meshwright_spec::{Bounds, Check, CheckKind};
use serde_json::{Value, json};

use super::rejudged::rejudged;
use super::{aggregate, row_count};
use crate::anomaly::{Anomaly, AnomalySettings, Interval, judge};
use crate::planner::Planner;
use crate::rule::{End, Measure, Rule, Skipped};

/// Plans the check.
pub(crate) fn plan(check: &Check, planner: &mut Planner<'_>) -> Result<Box<dyn Rule>, String> {
    let CheckKind::Anomaly { metric, column, level, window } = &check.kind else {
        return Err("it is no check of kind `anomaly`".into());
    };
    let (metric, column) = (metric.clone(), column.clone().unwrap_or_default());
    let measured_by = match metric.as_str() {
        "row_count" => row_count::plan(None, None)?,
        "null_share" => aggregate::plan(&column, "count", &Bounds::default(), planner)?,
        function => aggregate::plan(&column, function, &Bounds::default(), planner)?,
    };
    if super::measures_a_value(&check.kind).is_some_and(|column| planner.is_secret(column)) {
        return Err(format!("`{metric}` shows a value of `{column}`, which is secret, so no history of it is kept"));
    }
    let settings = AnomalySettings {
        level: *level,
        window: usize::try_from(*window).unwrap_or(usize::MAX),
        // counts vary by shares of themselves
        relative: matches!(metric.as_str(), "row_count" | "count" | "count_distinct"),
    };
    let history = planner.history(check);
    Ok(rejudged(measured_by, move |measure: Measure, _: &End<'_>| {
        let Measure::Table { measured, skipped, .. } = measure else { return measure };
        let Some(value) = number(&metric, &measured, skipped) else {
            return Measure::Nothing("no values in scope".into());
        };
        told(&metric, value, skipped, judge(&history, value, &settings))
    }))
}

fn number(metric: &str, measured: &Value, skipped: Skipped) -> Option<f64> {
    let value = measured.as_f64()?;
    match metric {
        "null_share" => {
            let rows = value + skipped.nulls as f64;
            (rows > 0.0).then(|| skipped.nulls as f64 / rows)
        }
        _ => Some(value),
    }
}

fn told(metric: &str, value: f64, skipped: Skipped, found: Anomaly) -> Measure {
    let share = matches!(metric, "null_share" | "distinct_share");
    // a share lies between 0 and 1, whatever an interval says
    let within = |is: &str, i: &Interval| {
        let (low, high) = if share { (i.low.max(0.0), i.high.min(1.0)) } else { (i.low, i.high) };
        let (value, low, high) = (figure(value), figure(low), figure(high));
        format!("{metric} {is} {value}; {} releases before let expect {low} to {high}", i.points)
    };
    let (violated, message, interval) = match found {
        Anomaly::TooShort { have, need } => {
            (None, format!("{metric} is {value}; {have} of the {need} releases before that a verdict needs"), None)
        }
        Anomaly::Usual(i) => (Some(false), within("is", &i), Some(i)),
        Anomaly::Unusual(i) => (Some(true), within("is unusual:", &i), Some(i)),
    };
    let mut measured = json!({ "value": value });
    if let Some(i) = interval {
        measured = json!({
            "value": value, "expected": i.expected, "low": i.low, "high": i.high, "points": i.points, "left_out": i.left_out,
        });
    }
    Measure::Told { measured, violated, skipped, message }
}

fn figure(x: f64) -> String {
    if x.fract() == 0.0 && x.abs() < 1e15 { format!("{x}") } else { format!("{x:.4}") }
}
