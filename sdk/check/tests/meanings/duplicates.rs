use std::sync::Arc;

use arrow::array::*;
use meshwright_check::{Duplicates, Outcome, RowOrigin};
use serde_json::json;

use crate::support::{batch, contract, finish, judge, result, suite};

fn unique(data_type: &str) -> String {
    format!("[columns]\nv = {{ type = \"{data_type}\", unique = true }}")
}

#[test]
fn all_three_ways_to_count_are_reported_and_the_excess_is_compared() {
    let data = batch(vec![("v", Arc::new(StringArray::from(vec!["a", "a", "a", "b"])))]);
    let result = result(&unique("string"), "v.unique", &data);
    assert_eq!(result.duplicates, Some(Duplicates { values: 1, excess: 2, rows: 3 }));
    assert_eq!((result.outcome, result.violations), (Outcome::Failed, 2));
    assert_eq!(result.sample.iter().map(|sample| sample.row).collect::<Vec<_>>(), [0, 1, 2]);
}

#[test]
fn every_type_can_be_a_key() {
    let uuids = FixedSizeBinaryArray::try_from_iter([[1_u8; 16], [2; 16], [1; 16]].iter()).unwrap();
    let cases: Vec<(&str, ArrayRef, serde_json::Value)> = vec![
        ("boolean", Arc::new(BooleanArray::from(vec![true, false, true])), json!(true)),
        ("int", Arc::new(Int32Array::from(vec![-5, 0, -5])), json!(-5)),
        ("long", Arc::new(Int64Array::from(vec![i64::MIN, 0, i64::MIN])), json!(i64::MIN)),
        ("double", Arc::new(Float64Array::from(vec![1.5, 0.0, 1.5])), json!(1.5)),
        ("float", Arc::new(Float32Array::from(vec![f32::NAN, 0.0, f32::NAN])), json!("NaN")),
        (
            "decimal(38,2)",
            Arc::new(Decimal128Array::from(vec![-150, 0, -150]).with_precision_and_scale(38, 2).unwrap()),
            json!("-1.50"),
        ),
        ("date", Arc::new(Date32Array::from(vec![-1, 0, -1])), json!("1969-12-31")),
        ("timestamp", Arc::new(TimestampMicrosecondArray::from(vec![1, 0, 1])), json!("1970-01-01T00:00:00.000001")),
        ("uuid", Arc::new(uuids), json!("01010101-0101-0101-0101-010101010101")),
        ("binary", Arc::new(BinaryArray::from(vec![b"x".as_ref(), b"", b"x"])), json!(null)),
    ];
    for (data_type, array, value) in cases {
        let data = batch(vec![("v", array)]);
        let result = result(&unique(data_type), "v.unique", &data);
        assert_eq!(result.duplicates, Some(Duplicates { values: 1, excess: 1, rows: 2 }), "{data_type}");
        assert_eq!(result.sample.iter().map(|sample| sample.row).collect::<Vec<_>>(), [0, 2], "{data_type}");
        assert_eq!(result.sample[0].value, value, "{data_type}");
    }
}

#[test]
fn a_null_in_any_part_of_a_key_leaves_the_row_out() {
    let data = batch(vec![
        ("a", Arc::new(StringArray::from(vec![Some("x"), None, None, Some("x"), Some("x|")]))),
        ("b", Arc::new(Int64Array::from(vec![Some(1), Some(1), Some(1), Some(1), None]))),
        ("c", Arc::new(Int64Array::from(vec![7, 7, 7, 7, 7]))),
    ]);
    let columns = "[columns]\na = { type = \"string\" }\nb = { type = \"long\" }\nc = { type = \"long\" }\n";
    for (list, excess) in [("\"a\", \"b\"", 1), ("\"b\", \"c\"", 3), ("\"a\", \"b\", \"c\"", 1)] {
        let text = format!("{columns}[[checks]]\nid = \"u\"\nkind = \"unique\"\ncolumns = [{list}]");
        let result = result(&text, "u", &data);
        assert_eq!(result.violations, excess, "{list}");
        assert_eq!(result.nulls, if list.contains('a') { 3 } else { 1 }, "{list}");
    }
}

#[test]
fn parts_of_a_key_do_not_run_together() {
    let data = batch(vec![
        ("a", Arc::new(StringArray::from(vec!["a||b", "a", "", "ab"]))),
        ("b", Arc::new(StringArray::from(vec!["c", "b||c", "ab", ""]))),
    ]);
    let text = "[columns]\na = { type = \"string\" }\nb = { type = \"string\" }\n[[checks]]\nid = \"u\"\nkind = \"unique\"\ncolumns = [\"a\", \"b\"]";
    assert_eq!(result(text, "u", &data).violations, 0);
}

#[test]
fn values_of_hashed_keys_are_completed_from_the_rows() {
    let contract = contract(
        "key = [\"a\", \"b\"]",
        "[columns]\na = { type = \"string\" }\nb = { type = \"long\", tags = [\"pii\"] }",
    );
    let data = batch(vec![
        ("a", Arc::new(StringArray::from(vec!["x", "y", "x"]))),
        ("b", Arc::new(Int64Array::from(vec![1, 1, 1]))),
    ]);
    let mut report = judge(&contract, &data);
    assert_eq!(report.incomplete(), [(0, 0), (0, 2)]);
    let suite = suite(&contract, &data.schema());
    suite.complete(&mut report, &data.slice(1, 2), RowOrigin { file: 0, first_row: 1 });
    assert_eq!(report.incomplete(), [(0, 0)]);
    suite.complete(&mut report, &data, RowOrigin { file: 1, first_row: 0 });
    assert_eq!(report.incomplete(), [(0, 0)], "another file's rows are not these");
    suite.complete(&mut report, &data, RowOrigin { file: 0, first_row: 0 });
    assert!(report.incomplete().is_empty());
    let key = report.results.iter().find(|result| result.kind == "unique").unwrap();
    assert_eq!(key.sample[1].key, json!({ "a": "x", "b": "***" }));
    assert_eq!(key.sample[1].value, json!({ "a": "x", "b": "***" }));
}

/// Many batches, sorted and not, with a few duplicates far from each other: more than one thread takes part.
#[test]
fn few_duplicates_are_found_among_many_rows() {
    let contract = contract("", &unique("long"));
    let rows = 300_000_i64;
    for shuffled in [false, true] {
        let value = |row: i64| match row {
            299_999 => 5,
            150_000 => 5,
            200_001 => 200_000,
            row if shuffled => row.wrapping_mul(7919) % 1_000_003 + 1_000_000 * i64::from(row == 5 || row == 200_000),
            row => row,
        };
        let known: Vec<i64> = (0..rows).map(value).collect();
        let mut seen = std::collections::HashMap::<i64, u64>::new();
        known.iter().for_each(|value| *seen.entry(*value).or_default() += 1);
        let repeated = || seen.values().filter(|count| **count > 1);
        let expected = Duplicates {
            values: repeated().count() as u64,
            excess: repeated().map(|count| count - 1).sum(),
            rows: repeated().sum(),
        };
        let schema = batch(vec![("v", Arc::new(Int64Array::from(vec![0])))]).schema();
        let suite = suite(&contract, &schema);
        let mut passes = [suite.start(), suite.start()];
        for (at, chunk) in known.chunks(8192).enumerate() {
            let data = batch(vec![("v", Arc::new(Int64Array::from(chunk.to_vec())))]);
            passes[at % 2].update(&data, RowOrigin { file: 0, first_row: at as u64 * 8192 });
        }
        let [mut pass, other] = passes;
        pass.merge(other);
        let report = finish(pass);
        assert_eq!(report.results[0].duplicates, Some(expected), "shuffled: {shuffled}");
        let first = known.iter().position(|value| seen[value] > 1).unwrap() as u64;
        assert_eq!(report.results[0].sample[0].row, first);
    }
}

/// One value on nearly every row must neither cost memory for each row nor change the counts.
#[test]
fn a_constant_column_is_counted() {
    let contract = contract("", &unique("long"));
    let data = batch(vec![("v", Arc::new(Int64Array::from(vec![0; 50_000])))]);
    let report = judge(&contract, &data);
    assert_eq!(report.results[0].duplicates, Some(Duplicates { values: 1, excess: 49_999, rows: 50_000 }));
    assert_eq!(report.results[0].sample.len(), 100);
}
