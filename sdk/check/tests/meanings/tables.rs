use std::sync::Arc;

use arrow::array::*;
use meshwright_check::{CheckResult, Context, NoExpressions, Outcome, Suite};
use serde_json::json;

use crate::support::{batch, contract, judge, now, result};

fn aggregate(data_type: &str, function: &str, bounds: &str, array: ArrayRef) -> CheckResult {
    let data = batch(vec![("v", array)]);
    let text = format!(
        "[columns]\nv = {{ type = \"{data_type}\" }}\n[[checks]]\nid = \"a\"\nkind = \"aggregate\"\ncolumn = \"v\"\nfunction = \"{function}\"\n{bounds}"
    );
    result(&text, "a", &data)
}

#[test]
fn sums_are_exact() {
    let long = |values: Vec<i64>| Arc::new(Int64Array::from(values)) as ArrayRef;
    assert_eq!(
        aggregate("long", "sum", "min = 0", long(vec![i64::MAX, i64::MAX])).measured,
        json!("18446744073709551614")
    );
    let decimals = Decimal128Array::from(vec![10, 20, -5]).with_precision_and_scale(9, 2).unwrap();
    let sum = aggregate("decimal(9,2)", "sum", "min = 0.25\nmax = 0.25", Arc::new(decimals));
    assert_eq!((sum.outcome, sum.measured), (Outcome::Passed, json!("0.25")));
    let tenths = Arc::new(Float64Array::from(vec![0.1; 10]));
    assert_eq!(aggregate("double", "sum", "min = 1\nmax = 1", tenths).outcome, Outcome::Passed);
    let cancelling = Arc::new(Float64Array::from(vec![1e16, 1.0, -1e16]));
    assert_eq!(aggregate("double", "sum", "min = 1\nmax = 1", cancelling).outcome, Outcome::Passed);
    let infinite = aggregate("double", "sum", "max = 1", Arc::new(Float64Array::from(vec![f64::INFINITY, 1.0])));
    assert_eq!((infinite.outcome, infinite.measured), (Outcome::Failed, json!("inf")));
}

#[test]
fn the_other_aggregates() {
    let values = || {
        Arc::new(Float64Array::from(vec![
            Some(2.0),
            Some(4.0),
            None,
            Some(4.0),
            Some(4.0),
            Some(5.0),
            Some(5.0),
            Some(7.0),
            Some(9.0),
        ]))
    };
    let stddev = aggregate("double", "stddev", "min = 2.138\nmax = 2.139", values());
    assert_eq!((stddev.outcome, stddev.nulls), (Outcome::Passed, 1));
    assert_eq!(aggregate("double", "count_distinct", "min = 5\nmax = 5", values()).measured, json!(5));
    assert_eq!(aggregate("double", "min", "min = 3", values()).outcome, Outcome::Failed);
    let mean = aggregate("double", "avg", "min = 6\nmax = 7", values());
    assert_eq!(mean.message, "measured 5.0, expected avg between 6 and 7");
    assert_eq!(mean.expected, json!({ "function": "avg", "min": 6, "max": 7 }));
    assert_eq!(aggregate("double", "p90", "max = 3", values()).message, "measured 9.0, expected p90 of at most 3");
    let dates = Arc::new(Date32Array::from(vec![Some(1), None, Some(0)]));
    let last = aggregate("date", "max", "max = \"1970-01-01\"", dates);
    assert_eq!((last.outcome, last.measured), (Outcome::Failed, json!("1970-01-02")));
    assert_eq!(last.violations, 0, "a check of the table stamps no row");
    let texts = Arc::new(StringArray::from(vec![Some("a"), Some("b"), Some("a"), None]));
    assert_eq!(aggregate("string", "count_distinct", "max = 2", texts).outcome, Outcome::Passed);
    let nothing = aggregate("double", "avg", "min = 0", Arc::new(Float64Array::from(vec![None, Some(f64::NAN)])));
    assert_eq!(nothing.outcome, Outcome::NotEvaluated);
}

#[test]
fn rows_are_counted() {
    let data = batch(vec![("v", Arc::new(Int64Array::from(vec![1, 2, 3])))]);
    let text = |bounds: &str| {
        format!("[columns]\nv = {{ type = \"long\" }}\n[[checks]]\nid = \"n\"\nkind = \"row_count\"\n{bounds}")
    };
    assert_eq!(result(&text("min = 3\nmax = 3"), "n", &data).outcome, Outcome::Passed);
    assert_eq!(result(&text("min = 4"), "n", &data).outcome, Outcome::Failed);
    assert_eq!(result(&text("max = 2\nseverity = \"info\""), "n", &data).outcome, Outcome::Warned);
    let two = result(&text("min = 2\nmax = 2\nwhere = \"v >= 2\""), "n", &data);
    assert_eq!((two.outcome, two.measured), (Outcome::Passed, json!(2)));
}

#[test]
fn freshness_is_the_age_of_the_newest_value() {
    let age = |data_type: &str, max_age: &str, array: ArrayRef| {
        let data = batch(vec![("at", array)]);
        let text = format!(
            "[columns]\nat = {{ type = \"{data_type}\" }}\n[[checks]]\nid = \"f\"\nkind = \"freshness\"\ncolumn = \"at\"\nmax_age = \"{max_age}\""
        );
        result(&text, "f", &data)
    };
    let hour_ago = (now().timestamp() - 3600) * 1_000_000;
    let times = || Arc::new(TimestampMicrosecondArray::from(vec![Some(0), None, Some(hour_ago)]).with_timezone("UTC"));
    let fresh = age("timestamptz", "1h", times());
    assert_eq!((fresh.outcome, &fresh.measured["age_seconds"]), (Outcome::Passed, &json!(3600)));
    assert_eq!(age("timestamptz", "3599s", times()).outcome, Outcome::Failed);
    let today = (now().timestamp() / 86_400) as i32;
    assert_eq!(age("date", "12h", Arc::new(Date32Array::from(vec![today]))).outcome, Outcome::Passed);
    assert_eq!(age("date", "12h", Arc::new(Date32Array::from(vec![today - 1]))).outcome, Outcome::Failed);
    assert_eq!(age("date", "12h", Arc::new(Date32Array::from(vec![None]))).outcome, Outcome::Failed);
}

#[test]
fn freshness_of_the_release_needs_no_data() {
    let contract = contract("freshness = \"1d\"", "[columns]\nv = { type = \"long\" }");
    let data = batch(vec![("v", Arc::new(Int64Array::from(vec![1])))]);
    let outcome = |released_at| {
        let mut pass = Suite::plan(&contract, &data.schema(), &NoExpressions).start();
        pass.update(&data, Default::default());
        let report = pass.finish(&Context { released_at, ..Context::at(now()) });
        report.results.iter().find(|result| result.kind == "freshness").unwrap().outcome
    };
    assert_eq!(outcome(None), Outcome::NotEvaluated);
    assert_eq!(outcome(Some(now())), Outcome::Passed);
    assert_eq!(outcome(Some("2026-01-01T00:00:00Z".parse().unwrap())), Outcome::Failed);
}

#[test]
fn without_rows_nothing_is_judged_and_one_warning_is_given() {
    let data = batch(vec![("v", Arc::new(Int64Array::from(Vec::<i64>::new())))]);
    let text = "[columns]\nv = { type = \"long\", required = true, min = 0, unique = true }";
    let report = judge(&contract("", text), &data);
    let outcomes: Vec<_> = report.results.iter().map(|result| (result.id.as_str(), result.outcome)).collect();
    assert_eq!(outcomes[..3].iter().map(|(_, outcome)| *outcome).collect::<Vec<_>>(), [Outcome::NotEvaluated; 3]);
    assert_eq!(outcomes[3], ("not-empty", Outcome::Warned));
    assert!(!report.rejects());
    assert_eq!((report.declared, report.executed, report.rows), (3, 3, 0));
    let text = "[columns]\nv = { type = \"long\" }\n[[checks]]\nid = \"n\"\nkind = \"row_count\"\nmin = 1";
    let report = judge(&contract("", text), &data);
    assert_eq!((report.results.len(), report.rejects()), (1, true));
}
