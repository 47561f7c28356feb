use std::sync::Arc;

use arrow::array::*;
use meshwright_check::Outcome;

use crate::support::{batch, contract, judge, result};

fn hundred() -> RecordBatch {
    let numbers = Int64Array::from_iter((0..100).map(|row| (row % 10 != 0).then_some(row)));
    let texts = StringArray::from_iter_values((0..100).map(|row| if row < 29 { "bad" } else { "ok" }));
    batch(vec![("n", Arc::new(numbers)), ("t", Arc::new(texts))])
}

fn values(more: &str) -> String {
    format!(
        "[columns]\nn = {{ type = \"long\" }}\nt = {{ type = \"string\" }}\n[[checks]]\nid = \"c\"\nkind = \"values\"\ncolumn = \"t\"\nvalues = [\"ok\"]\n{more}"
    )
}

#[test]
fn tolerances_are_counts_or_shares_of_all_rows_in_scope() {
    let outcome = |more: &str| result(&values(more), "c", &hundred()).outcome;
    assert_eq!(outcome(""), Outcome::Failed);
    assert_eq!(outcome("at_most = 29"), Outcome::Passed);
    assert_eq!(outcome("at_most = 28"), Outcome::Failed);
    assert_eq!(outcome("at_most = 0.29"), Outcome::Passed);
    assert_eq!(outcome("at_most = 0.289"), Outcome::Failed);
    assert_eq!(outcome("at_most = 0.289\nseverity = \"warning\""), Outcome::Warned);
}

#[test]
fn where_selects_the_rows_that_a_check_speaks_of() {
    // rows from 20 on without those that are null: 20, 30, ... 90
    let check = result(&values("where = \"n >= 20\"\nat_most = 0.112"), "c", &hundred());
    assert_eq!((check.rows_in_scope, check.violations, check.outcome), (72, 8, Outcome::Passed));
    assert_eq!(check.sample.iter().map(|sample| sample.row).collect::<Vec<_>>(), [21, 22, 23, 24, 25, 26, 27, 28]);
    let unique = "[columns]\nn = { type = \"long\" }\nt = { type = \"string\" }\n[[checks]]\nid = \"u\"\nkind = \"unique\"\ncolumns = [\"t\"]\nwhere = \"n >= 28\"";
    let unique = result(unique, "u", &hundred());
    assert_eq!((unique.rows_in_scope, unique.violations, unique.sample[0].row), (65, 63, 29));
    let none = result(&values("where = \"n >= 1000\""), "c", &hundred());
    assert_eq!((none.outcome, none.rows_in_scope), (Outcome::NotEvaluated, 0));
}

#[test]
fn aggregates_and_ranges_keep_to_their_scope() {
    let check = |body: &str| {
        let text = format!(
            "[columns]\nn = {{ type = \"long\" }}\nt = {{ type = \"string\" }}\n[[checks]]\nid = \"c\"\nwhere = \"n >= 95\"\n{body}"
        );
        result(&text, "c", &hundred())
    };
    let sum = check("kind = \"aggregate\"\ncolumn = \"n\"\nfunction = \"sum\"\nmin = 485\nmax = 485");
    assert_eq!(sum.outcome, Outcome::Passed, "{}", sum.message);
    let min = check("kind = \"aggregate\"\ncolumn = \"n\"\nfunction = \"min\"\nmin = 95");
    assert_eq!(min.outcome, Outcome::Passed, "{}", min.message);
    let range = check("kind = \"range\"\ncolumn = \"n\"\nmax = 97");
    assert_eq!((range.violations, range.nulls), (2, 0));
}

#[test]
fn an_expression_must_be_true() {
    let text = "[columns]\nn = { type = \"long\" }\nt = { type = \"string\" }\n[[checks]]\nid = \"e\"\nkind = \"expression\"\nsql = \"n >= 5\"";
    let data = hundred();
    let report = judge(&contract("", text), &data);
    let check = report.result("e").unwrap();
    // 1 to 4 are too small, ten rows are null and so unknown
    assert_eq!((check.violations, check.outcome), (14, Outcome::Failed));
    assert_eq!(check.sample[0].value, serde_json::Value::Null);
    assert_eq!(check.sample[1].value, serde_json::json!(1));
}
