//! Kinds that need more than rows: other ports, releases, percentiles of many values, scores.
use std::sync::Arc;

use arrow::array::*;
use arrow::datatypes::SchemaRef;
use meshwright_check::{Context, Expressions, Known, Outcome, Predicate, RowOrigin, Suite};
use meshwright_spec::PortName;
use serde_json::json;

use crate::support::{Comparisons, batch, contract, judge, now, result};

/// Predicates as in the other tests, and one known port.
struct WithCountries;

impl Expressions for WithCountries {
    fn compile(&self, sql: &str, schema: &SchemaRef) -> Result<Arc<dyn Predicate>, String> {
        Comparisons.compile(sql, schema)
    }

    fn known(&self, port: &PortName, columns: &[String]) -> Option<Result<Known, String>> {
        assert_eq!((port.to_string().as_str(), columns), ("geo.places.countries", &["code".to_owned()][..]));
        let values: ArrayRef = Arc::new(StringArray::from(vec!["DE", "FR", "DE"]));
        Some(Ok(Known { values: vec![vec![values]], state: "1".into() }))
    }
}

#[test]
fn references_are_judged_row_by_row() {
    let contract = contract(
        "key = [\"n\"]",
        "[columns]\nn = { type = \"long\" }\nc = { type = \"string\", references = \"geo.places.countries(code)\" }\n[[checks]]\nid = \"some\"\nkind = \"references\"\ncolumn = \"c\"\nreferences = \"geo.places.countries(code)\"\nwhere = \"n >= 3\"",
    );
    let data = batch(vec![
        ("n", Arc::new(Int64Array::from(vec![1, 2, 3, 4])) as ArrayRef),
        ("c", Arc::new(StringArray::from(vec![Some("DE"), Some("XX"), None, Some("ZZ")]))),
    ]);
    for data in [data.clone(), crate::support::with_dictionaries(&data)] {
        let suite = Suite::plan(&contract, &data.schema(), &WithCountries);
        assert!(suite.deferred().is_empty());
        let mut pass = suite.start();
        pass.update(&data, RowOrigin { file: 0, first_row: 10 });
        let report = pass.finish(&Context { files: vec!["a.parquet".into()], ..Context::at(now()) });
        let all = report.result("c.references").unwrap();
        assert_eq!((all.outcome, all.violations, all.rows_in_scope, all.nulls), (Outcome::Failed, 2, 4, 1));
        let shown: Vec<_> =
            all.sample.iter().map(|s| (s.file.as_str(), s.row, s.key.clone(), s.value.clone())).collect();
        let expected =
            [("a.parquet", 11, json!({ "n": 2 }), json!("XX")), ("a.parquet", 13, json!({ "n": 4 }), json!("ZZ"))];
        assert_eq!(shown, expected);
        let some = report.result("some").unwrap();
        assert_eq!((some.violations, some.rows_in_scope, some.nulls), (1, 2, 1), "`where` selects the rows");
    }
}

#[test]
fn the_number_of_rows_is_compared_with_the_last_release() {
    let contract = contract(
        "",
        "[columns]\nv = { type = \"long\" }\n[[checks]]\nid = \"steady\"\nkind = \"row_count_change\"\nmax_drop = 0.2\nmax_rise = 0.5",
    );
    let outcome = |rows: i64, previous_rows: Option<u64>| {
        let data = batch(vec![("v", Arc::new(Int64Array::from_iter_values(0..rows)) as ArrayRef)]);
        let mut pass = Suite::plan(&contract, &data.schema(), &Comparisons).start();
        pass.update(&data, RowOrigin::default());
        pass.finish(&Context { previous_rows, ..Context::at(now()) }).result("steady").unwrap().outcome
    };
    assert_eq!(outcome(80, Some(100)), Outcome::Passed);
    assert_eq!(outcome(79, Some(100)), Outcome::Failed);
    assert_eq!(outcome(150, Some(100)), Outcome::Passed);
    assert_eq!(outcome(151, Some(100)), Outcome::Failed);
    assert_eq!(outcome(5, None), Outcome::NotEvaluated);
    assert_eq!(outcome(5, Some(0)), Outcome::NotEvaluated);
}

#[test]
fn percentiles_of_many_values_are_judged_exactly() {
    // ten thousand values, far more than are kept one by one
    let data = batch(vec![("v", Arc::new(Int64Array::from_iter_values((1..=10_000).rev())) as ArrayRef)]);
    let check = |bounds: &str| {
        let text = format!(
            "[columns]\nv = {{ type = \"long\" }}\n[[checks]]\nid = \"p\"\nkind = \"aggregate\"\ncolumn = \"v\"\nfunction = \"p95\"\n{bounds}"
        );
        result(&text, "p", &data)
    };
    assert_eq!(check("min = 9500\nmax = 9500").outcome, Outcome::Passed);
    assert_eq!(check("min = 9501").outcome, Outcome::Failed);
    assert_eq!(check("max = 9499").outcome, Outcome::Failed);
    let shown = check("min = 0").measured.as_f64().unwrap();
    assert!((shown / 9500.0 - 1.0).abs() < 0.0101, "{shown}");
}

#[test]
fn rows_that_quarantine_are_all_named() {
    let contract = contract(
        "quarantine = true",
        "[columns]\nv = { type = \"long\", unique = true, min = 0 }\n[[checks]]\nid = \"told\"\nkind = \"range\"\ncolumn = \"v\"\nmax = 1\nseverity = \"warning\"",
    );
    let data = batch(vec![(
        "v",
        Arc::new(Int64Array::from_iter((0..500).map(|n| Some(if n < 300 { -1 } else { n })))) as ArrayRef,
    )]);
    let report = judge(&contract, &data);
    let range = report.result("v.range").unwrap();
    assert_eq!((range.violations, range.rows.len(), range.sample.len()), (300, 300, 100));
    let unique = report.result("v.unique").unwrap();
    assert_eq!((unique.violations, unique.rows.len()), (299, 300), "of a repeated value every row");
    assert!(report.result("told").unwrap().rows.is_empty(), "a warning moves nothing");
}

#[test]
fn scores_are_those_of_the_worst_dimension() {
    let contract = contract(
        "",
        "[columns]\nv = { type = \"long\", required = true, min = 0 }\n[[checks]]\nid = \"told\"\nkind = \"range\"\ncolumn = \"v\"\nmax = 5\nseverity = \"warning\"",
    );
    let report = |values: Vec<Option<i64>>| {
        judge(&contract, &batch(vec![("v", Arc::new(Int64Array::from(values)) as ArrayRef)]))
    };
    let score = report(vec![Some(1), Some(2)]).score;
    assert_eq!((score.port, score.not_evaluated), (Some(1.0), 0.0));
    // accuracy: no row of weight 10, half the rows of weight 3
    let score = report(vec![Some(1), Some(9)]).score;
    assert_eq!(score.dimensions["completeness"], 1.0);
    assert!((score.dimensions["accuracy"] - (1.0 - 1.5 / 13.0)).abs() < 1e-12);
    assert_eq!(score.port, Some(score.dimensions["accuracy"]));
    // one bad row of a thousand fails an error, and so is never rounded to perfect
    let mut many = vec![Some(1); 999];
    many.push(None);
    assert_eq!(report(many).score.port, Some(0.99));
    assert_eq!(report(vec![]).score.not_evaluated, 1.0);
}
