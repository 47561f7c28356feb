use std::sync::Arc;

use arrow::array::*;
use meshwright_check::{Measured, NoExpressions, Outcome, RowOrigin, Sample, Suite};
use meshwright_spec::{Bounds, CheckKind};
use serde_json::json;

use crate::support::{batch, contract, finish, judge, suite};

const COLUMNS: &str = "[columns]\nn = { type = \"long\" }\nt = { type = \"string\" }\n";

fn data() -> RecordBatch {
    batch(vec![("n", Arc::new(Int64Array::from(vec![1, 2]))), ("t", Arc::new(StringArray::from(vec!["a", "b"])))])
}

#[test]
fn a_check_that_cannot_be_planned_is_an_error_and_the_others_run() {
    let mut contract = contract("", &format!("{COLUMNS}[[checks]]\nid = \"c\"\nkind = \"not_null\"\ncolumn = \"n\""));
    let good = contract.checks[0].clone();
    let column = || "n".to_owned();
    let bounds = |min| Bounds { min: Some(min), max: None };
    let bad = [
        (CheckKind::NotNull { column: "m".into() }, "no column `m`"),
        (CheckKind::Range { column: column(), bounds: bounds(json!("x")) }, "does not fit"),
        (CheckKind::Range { column: column(), bounds: bounds(json!(1.5)) }, "does not fit"),
        (CheckKind::Range { column: column(), bounds: Bounds { min: Some(json!(2)), max: Some(json!(1)) } }, "above"),
        (CheckKind::Length { column: column(), min: None, max: Some(1) }, "characters"),
        (CheckKind::Pattern { column: "t".into(), pattern: "(?=a)".into() }, "look"),
        (CheckKind::Pattern { column: "t".into(), pattern: "(".into() }, "cannot be used"),
        (CheckKind::Format { column: "t".into(), format: "shoe size".into() }, "no known format"),
        (CheckKind::Values { column: column(), values: vec![json!("x")] }, "does not fit"),
        (CheckKind::Expression { sql: "nonsense".into() }, "no comparison"),
        (CheckKind::Aggregate { column: "t".into(), function: "sum".into(), bounds: bounds(json!(1)) }, "added up"),
        (CheckKind::Aggregate { column: column(), function: "mode".into(), bounds: bounds(json!(1)) }, "no aggregate"),
    ];
    for (at, (kind, _)) in bad.iter().enumerate() {
        contract.checks.push(meshwright_spec::Check { id: format!("bad{at}"), kind: kind.clone(), ..good.clone() });
    }
    let filter = Some("nonsense".to_owned());
    contract.checks.push(meshwright_spec::Check { id: "where".into(), filter, ..good });
    let report = judge(&contract, &data());
    assert_eq!((report.declared, report.executed), (bad.len() + 2, 1));
    assert_eq!(report.result("c").unwrap().outcome, Outcome::Passed);
    assert_eq!(report.result("where").unwrap().outcome, Outcome::Error);
    for (at, (_, words)) in bad.iter().enumerate() {
        let result = report.result(&format!("bad{at}")).unwrap();
        assert_eq!(result.outcome, Outcome::Error);
        assert!(result.message.contains(words), "`{words}` in `{}`", result.message);
    }
    assert!(report.rejects());
    assert_eq!(suite(&contract, &data().schema()).unplanned().count(), bad.len() + 1);
}

#[test]
fn what_goes_wrong_while_running_hits_one_check_only() {
    let text = format!(
        "{COLUMNS}[[checks]]\nid = \"e\"\nkind = \"expression\"\nsql = \"n >= 13\"\n[[checks]]\nid = \"n\"\nkind = \"not_null\"\ncolumn = \"n\"\n[[checks]]\nid = \"t\"\nkind = \"not_null\"\ncolumn = \"t\""
    );
    let contract = contract("", &text);
    let mut pass = suite(&contract, &data().schema()).start();
    pass.update(&data(), RowOrigin::default());
    pass.update(&data().project(&[0]).unwrap(), RowOrigin { file: 0, first_row: 2 });
    let report = finish(pass);
    let outcomes: Vec<_> = report.results.iter().map(|result| result.outcome).collect();
    assert_eq!(outcomes, [Outcome::Error, Outcome::Passed, Outcome::Error]);
    assert!(report.results[0].message.contains("thirteen"));
    assert!(report.results[2].message.contains("no column `t`"));
}

#[test]
fn a_batch_of_another_type_is_an_error_not_a_pass() {
    let contract = contract("", "[columns]\nn = { type = \"long\", min = 0 }");
    let planned = batch(vec![("n", Arc::new(Int64Array::from(vec![1])))]);
    let mut pass = suite(&contract, &planned.schema()).start();
    pass.update(&batch(vec![("n", Arc::new(Int32Array::from(vec![-1])))]), RowOrigin::default());
    let report = finish(pass);
    assert_eq!(report.results[0].outcome, Outcome::Error);
}

#[test]
fn deferred_checks_are_errors_until_they_are_answered() {
    let text = format!(
        "{COLUMNS}[[checks]]\nid = \"q\"\nkind = \"query\"\nsql = \"select 1\"\nmin = 1\nmax = 5\n[[checks]]\nid = \"r\"\nkind = \"references\"\ncolumn = \"t\"\nreferences = \"a.b.c(d)\"\nat_most = 1\n[[checks]]\nid = \"p\"\nkind = \"program\"\n"
    );
    let contract = contract("", &text);
    let suite = Suite::plan(&contract, &data().schema(), &NoExpressions);
    let deferred: Vec<_> = suite.deferred().iter().map(|deferred| (deferred.index, deferred.id.as_str())).collect();
    assert_eq!(deferred, [(0, "q"), (1, "r"), (2, "p")]);
    let mut report = finish(suite.start());
    assert!(report.rejects() && report.executed == 0);
    assert_eq!(report.results[0].message, "not run");

    assert!(report.supply("q", Measured::Value(json!(5))));
    assert_eq!(report.result("q").unwrap().outcome, Outcome::Passed);
    report.supply("q", Measured::Value(json!(5.5)));
    assert_eq!(report.result("q").unwrap().outcome, Outcome::Failed);
    report.supply("q", Measured::Value(json!(null)));
    assert_eq!(report.result("q").unwrap().outcome, Outcome::Error);
    let sample = vec![Sample::new("a.parquet", 1, json!(null), json!("b"))];
    report.supply("r", Measured::Rows { violations: 1, rows_in_scope: 2, nulls: 0, sample });
    let references = report.result("r").unwrap();
    assert_eq!((references.outcome, references.violations, references.sample.len()), (Outcome::Passed, 1, 1));
    report.supply("p", Measured::Failed("exit code 1".into()));
    assert_eq!(report.result("p").unwrap().message, "exit code 1");
    assert!(!report.supply("nobody", Measured::Value(json!(1))));
    assert_eq!(report.executed, 1);
}

#[test]
fn only_the_columns_that_are_needed_are_asked_for() {
    let text = format!(
        "{COLUMNS}x = {{ type = \"long\", min = 0 }}\n[[checks]]\nid = \"e\"\nkind = \"row_count\"\nmin = 0\nwhere = \"n >= 0\""
    );
    let contract = contract("", &text);
    let data = batch(vec![
        ("t", Arc::new(StringArray::from(vec!["a"]))),
        ("x", Arc::new(Int64Array::from(vec![1]))),
        ("n", Arc::new(Int64Array::from(vec![1]))),
    ]);
    let suite = suite(&contract, &data.schema());
    assert_eq!(suite.columns(), ["x", "n"]);
    let mut pass = suite.start();
    pass.update(&data.project(&[2, 1]).unwrap(), RowOrigin::default());
    assert!(!finish(pass).rejects());
}
