use std::sync::Arc;

use arrow::array::*;
use meshwright_check::Outcome;

use crate::support::{batch, result};

#[test]
fn nulls_pass_every_check_of_values_and_are_counted() {
    let data = batch(vec![("n", Arc::new(Int64Array::from(vec![Some(1), None, Some(3)])))]);
    let text = "[columns]\nn = { type = \"long\", required = true, min = 1, max = 3, values = [1, 3], unique = true }";
    for id in ["n.range", "n.values", "n.unique"] {
        let result = result(text, id, &data);
        assert_eq!((result.outcome, result.violations, result.nulls), (Outcome::Passed, 0, 1), "{id}");
        assert_eq!(result.rows_in_scope, 3, "{id}");
    }
    let required = result(text, "n.required", &data);
    assert_eq!((required.outcome, required.violations, required.sample[0].row), (Outcome::Failed, 1, 1));
}

#[test]
fn not_a_number_violates_ranges_and_lists_and_is_left_out_of_aggregates() {
    let data = batch(vec![("x", Arc::new(Float64Array::from(vec![Some(1.0), Some(f64::NAN), None, Some(3.0)])))]);
    let text = r#"
        [columns]
        x = { type = "double", min = 0, values = [1.0, 3.0] }
        [[checks]]
        id = "mean"
        kind = "aggregate"
        column = "x"
        function = "avg"
        min = 2
        max = 2
        [[checks]]
        id = "top"
        kind = "aggregate"
        column = "x"
        function = "max"
        max = 3
    "#;
    let range = result(text, "x.range", &data);
    assert_eq!((range.violations, range.sample[0].value.as_str()), (1, Some("NaN")));
    assert_eq!(result(text, "x.values", &data).violations, 1);
    let mean = result(text, "mean", &data);
    assert_eq!((mean.outcome, mean.measured.as_f64(), mean.nulls, mean.nan), (Outcome::Passed, Some(2.0), 1, 1));
    assert_eq!(result(text, "top", &data).measured.as_f64(), Some(3.0));
}

#[test]
fn bounds_are_inclusive_for_every_type() {
    let cases: Vec<(&str, &str, &str, ArrayRef)> = vec![
        ("int", "2", "3", Arc::new(Int32Array::from(vec![1, 2, 3, 4]))),
        ("long", "2", "3", Arc::new(Int64Array::from(vec![1, 2, 3, 4]))),
        ("float", "0.1", "0.2", Arc::new(Float32Array::from(vec![0.09, 0.1, 0.2, 0.21]))),
        ("double", "0.1", "0.2", Arc::new(Float64Array::from(vec![0.09, 0.1, 0.2, 0.21]))),
        (
            "decimal(9,2)",
            "0.10",
            "0.20",
            Arc::new(Decimal128Array::from(vec![9, 10, 20, 21]).with_precision_and_scale(9, 2).unwrap()),
        ),
        ("date", "\"1970-01-02\"", "\"1970-01-03\"", Arc::new(Date32Array::from(vec![0, 1, 2, 3]))),
        (
            "time",
            "\"00:00:01\"",
            "\"00:00:02\"",
            Arc::new(Time64MicrosecondArray::from(vec![999_999, 1_000_000, 2_000_000, 2_000_001])),
        ),
        (
            "timestamp",
            "\"1970-01-01T00:00:01\"",
            "\"1970-01-01T00:00:02\"",
            Arc::new(TimestampMicrosecondArray::from(vec![999_999, 1_000_000, 2_000_000, 2_000_001])),
        ),
        (
            "timestamptz",
            "\"1970-01-01T01:00:01+01:00\"",
            "\"1970-01-01T00:00:02Z\"",
            Arc::new(
                TimestampMicrosecondArray::from(vec![999_999, 1_000_000, 2_000_000, 2_000_001]).with_timezone("UTC"),
            ),
        ),
        (
            "timestamptz_ns",
            "\"1970-01-01T00:00:01Z\"",
            "\"1970-01-01T00:00:02Z\"",
            Arc::new(
                TimestampNanosecondArray::from(vec![999_999_999, 1_000_000_000, 2_000_000_000, 2_000_000_001])
                    .with_timezone("UTC"),
            ),
        ),
    ];
    for (data_type, min, max, array) in cases {
        let data = batch(vec![("v", array)]);
        let result =
            result(&format!("[columns]\nv = {{ type = \"{data_type}\", min = {min}, max = {max} }}"), "v.range", &data);
        assert_eq!((result.outcome, result.violations), (Outcome::Failed, 2), "{data_type}: {}", result.message);
        assert_eq!(result.sample.iter().map(|sample| sample.row).collect::<Vec<_>>(), [0, 3], "{data_type}");
    }
}

#[test]
fn negative_zero_is_zero() {
    let data = batch(vec![("x", Arc::new(Float64Array::from(vec![0.0, -0.0])))]);
    let text = "[columns]\nx = { type = \"double\", min = 0, max = 0, values = [0.0], unique = true }";
    assert_eq!(result(text, "x.range", &data).violations, 0);
    assert_eq!(result(text, "x.values", &data).violations, 0);
    assert_eq!(result(text, "x.unique", &data).violations, 1);
}

#[test]
fn values_are_listed_for_every_type() {
    let uuid = FixedSizeBinaryArray::try_from_iter([[1_u8; 16], [2; 16]].iter()).unwrap();
    let cases: Vec<(&str, &str, ArrayRef)> = vec![
        ("boolean", "true", Arc::new(BooleanArray::from(vec![true, false]))),
        ("int", "7", Arc::new(Int32Array::from(vec![7, 8]))),
        ("float", "0.1", Arc::new(Float32Array::from(vec![0.1, 0.2]))),
        ("decimal(9,2)", "0.1", Arc::new(Decimal128Array::from(vec![10, 20]).with_precision_and_scale(9, 2).unwrap())),
        ("date", "\"1970-01-02\"", Arc::new(Date32Array::from(vec![1, 2]))),
        ("string", "\"a\"", Arc::new(StringArray::from(vec!["a", "b"]))),
        ("uuid", "\"01010101-0101-0101-0101-010101010101\"", Arc::new(uuid)),
    ];
    for (data_type, value, array) in cases {
        let data = batch(vec![("v", array)]);
        let result =
            result(&format!("[columns]\nv = {{ type = \"{data_type}\", values = [{value}] }}"), "v.values", &data);
        assert_eq!((result.violations, result.sample.len()), (1, 1), "{data_type}: {}", result.message);
        assert_eq!(result.sample[0].row, 1, "{data_type}");
    }
    // more values than are compared one by one
    let data = batch(vec![("v", Arc::new(Int64Array::from_iter_values(0..100)))]);
    let list: Vec<_> = (0..90).map(|number| number.to_string()).collect();
    let text = format!("[columns]\nv = {{ type = \"long\", values = [{}] }}", list.join(", "));
    assert_eq!(result(&text, "v.values", &data).violations, 10);
}

#[test]
fn nulls_of_nested_columns_are_nulls() {
    let lists = ListArray::from_iter_primitive::<arrow::datatypes::Int64Type, _, _>(vec![
        Some(vec![Some(1)]),
        None,
        Some(vec![]),
        Some(vec![None]),
    ]);
    let data = batch(vec![("v", Arc::new(lists))]);
    assert_eq!(result("[columns]\nv = { type = \"list<long>\", required = true }", "v.required", &data).violations, 1);
}
