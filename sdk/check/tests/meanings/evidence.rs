use std::sync::Arc;

use arrow::array::*;
use meshwright_check::{Report, RowOrigin};
use serde_json::json;

use crate::support::{batch, contract, finish, judge, suite};

#[test]
fn secrets_are_never_shown() {
    let text = r#"
        [columns]
        id = { type = "long" }
        email = { type = "string", format = "email", tags = ["pii"], unique = true }
        born = { type = "date", min = "1900-01-01", tags = ["sensitive"] }
        salary = { type = "long", min = 0, unique = true, tags = ["PII"] }
        [[checks]]
        id = "expression"
        kind = "expression"
        sql = "salary >= 0"
        [[checks]]
        id = "oldest"
        kind = "aggregate"
        column = "born"
        function = "min"
        min = "1900-01-01"
    "#;
    let contract = contract("key = [\"id\"]", text);
    let data = batch(vec![
        ("id", Arc::new(Int64Array::from(vec![1, 2, 3]))),
        ("email", Arc::new(StringArray::from(vec!["geheim", "geheim", "geheim@example.org"]))),
        ("born", Arc::new(Date32Array::from(vec![-40_000, 0, 0]))),
        ("salary", Arc::new(Int64Array::from(vec![-4711, -4711, 5]))),
    ]);
    let mut report = judge(&contract, &data);
    suite(&contract, &data.schema()).complete(&mut report, &data, RowOrigin::default());
    let shown = serde_json::to_string(&report).unwrap();
    for secret in ["geheim", "4711", "1860"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    assert_eq!(report.result("email.format").unwrap().sample[0].value, json!("***"));
    assert_eq!(report.result("email.format").unwrap().sample[0].key, json!({ "id": 1 }));
    assert_eq!(report.result("email.unique").unwrap().sample[1].value, json!("***"));
    assert_eq!(report.result("salary.unique").unwrap().sample[0].value, json!("***"));
    assert_eq!(report.result("oldest").unwrap().measured, json!("***"));
}

#[test]
fn evidence_is_the_first_rows_however_they_came() {
    let contract = contract("key = [\"id\"]", "[columns]\nid = { type = \"long\", max = -1 }");
    let data = batch(vec![("id", Arc::new(Int64Array::from_iter_values(0..10)))]);
    let suite = suite(&contract, &data.schema()).with_evidence(4);
    let judge = |order: &[(u32, usize)]| -> Report {
        let mut passes = [suite.start(), suite.start()];
        for (at, (file, first_row)) in order.iter().enumerate() {
            passes[at % 2].update(&data.slice(*first_row, 2), RowOrigin { file: *file, first_row: *first_row as u64 });
        }
        let [mut pass, other] = passes;
        pass.merge(other);
        finish(pass)
    };
    let ordered: Vec<_> = (0..2).flat_map(|file| (0..10).step_by(2).map(move |row| (file, row))).collect();
    let mut reversed = ordered.clone();
    reversed.reverse();
    let (one, other) = (judge(&ordered), judge(&reversed));
    assert_eq!(serde_json::to_value(&one).unwrap(), serde_json::to_value(&other).unwrap());
    let sample = &one.result("id.range").unwrap().sample;
    let places: Vec<_> = sample.iter().map(|sample| (sample.file.as_str(), sample.row)).collect();
    assert_eq!(places, [("a.parquet", 0), ("a.parquet", 1), ("a.parquet", 2), ("a.parquet", 3)]);
    assert_eq!(sample[3].key, json!({ "id": 3 }));
}

#[test]
fn a_result_says_all_that_is_needed() {
    let text = "[columns]\nid = { type = \"long\" }\n[[checks]]\nid = \"small\"\nkind = \"range\"\ncolumn = \"id\"\nmax = 1\nat_most = 0.5\nowner = \"external\"\nseverity = \"warning\"";
    let data = batch(vec![("id", Arc::new(Int64Array::from(vec![1, 2, 3])))]);
    let report = judge(&contract("", text), &data);
    let mut result = serde_json::to_value(report.result("small").unwrap()).unwrap();
    let span = result.as_object_mut().unwrap().remove("span").unwrap();
    assert!(span["end"].as_u64() > span["start"].as_u64());
    assert_eq!(
        result,
        json!({
            "id": "small", "kind": "range", "columns": ["id"], "outcome": "warned",
            "message": "2 of 3 rows violate, 50 % allowed",
            "measured": 2, "expected": { "max": 1 }, "violations": 2, "rows_in_scope": 3, "nulls": 0, "nan": 0,
            "sample": [
                { "file": "a.parquet", "row": 1, "key": null, "value": 2 },
                { "file": "a.parquet", "row": 2, "key": null, "value": 3 },
            ],
            "severity": "warning", "dimension": "accuracy", "owner": "external", "implied": false,
        })
    );
}
