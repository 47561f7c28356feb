//! What a profile says, however the data were shared between threads and laid out.
use std::sync::Arc;

use arrow::array::*;
use arrow::datatypes::DataType;
use meshwright_check::{Profile, Profiler};

use crate::support::{batch, with_dictionaries};

fn profile(batches: &[RecordBatch]) -> Profile {
    let mut profiler = Profiler::new(&batches[0].schema());
    batches.iter().for_each(|batch| profiler.update(batch));
    profiler.finish()
}

fn values() -> RecordBatch {
    let price: Vec<Option<f64>> =
        vec![Some(1.0), Some(2.0), Some(3.0), Some(4.0), None, Some(f64::NAN), Some(-0.0), Some(0.0)];
    let code = vec![Some("AB-1"), Some("AB-1"), Some("CD-2"), Some(" x"), Some(""), None, Some("EF-3"), Some("AB-1")];
    batch(vec![
        ("price", Arc::new(Float64Array::from(price)) as ArrayRef),
        ("code", Arc::new(StringArray::from(code))),
        ("day", Arc::new(Date32Array::from(vec![Some(0), Some(1), Some(2), Some(365), None, None, Some(1), Some(2)]))),
        ("done", Arc::new(BooleanArray::from(vec![Some(true), Some(false), None, None, None, None, None, None]))),
    ])
}

#[test]
fn figures_are_those_of_the_data() {
    let found = profile(&[values()]);
    let [price, code, day, done] = &found.columns[..] else { panic!("four columns") };
    assert_eq!((found.rows, price.nulls, code.nulls, day.nulls, done.nulls), (8, 1, 1, 2, 6));
    assert_eq!(price.distinct.map(|d| (d.count, d.method)), Some((6, "exact")), "NaN is a value, the zeros are one");
    let summary = price.summary.as_ref().unwrap();
    assert_eq!((summary.nan, summary.zeros, summary.negatives), (1, 2, 0));
    assert!((summary.mean.unwrap() - 10.0 / 6.0).abs() < 1e-12);
    // numpy: std([1, 2, 3, 4, 0, 0], ddof=1)
    assert!((summary.stddev.unwrap() - 1.632_993_161_855_452).abs() < 1e-12);
    assert_eq!((price.min.as_f64(), price.max.as_f64()), (Some(0.0), Some(4.0)));
    assert_eq!((&day.min, &day.max), (&"1970-01-01".into(), &"1971-01-01".into()));
    assert_eq!(day.summary.as_ref().unwrap().mean, None, "days have no mean");
    assert_eq!(code.top[0].value, "AB-1");
    assert_eq!((code.top[0].count, code.top_error, code.blanks), (3, 0, Some((1, 1))));
    assert_eq!((code.patterns[0].pattern.as_str(), code.patterns[0].count), (r"[A-Z]{2}-\d", 5));
    assert_eq!(code.lengths.map(|l| (l.min, l.max)), Some((0, 4)));
    assert_eq!(done.distinct.map(|d| d.count), Some(2));
    let bars: u64 = summary.histogram.iter().map(|bin| bin.count).sum();
    assert_eq!(bars, 6, "{:?}", summary.histogram);
}

#[test]
fn sharing_and_layout_do_not_matter() {
    let whole = values();
    let expected = serde_json::to_value(profile(std::slice::from_ref(&whole))).unwrap();
    let parts: Vec<RecordBatch> = (0..8).map(|row| whole.slice(row, 1)).collect();
    assert_eq!(serde_json::to_value(profile(&parts)).unwrap(), expected);
    let (mut a, mut b) = (Profiler::new(&whole.schema()), Profiler::new(&whole.schema()));
    parts.iter().enumerate().for_each(|(at, part)| if at % 3 == 0 { a.update(part) } else { b.update(part) });
    a.merge(&b);
    let mut merged = serde_json::to_value(a.finish()).unwrap();
    // sums of floats depend on their order in the last digits
    let near = |value: &mut serde_json::Value| {
        for figure in ["mean", "stddev"] {
            let x = value["columns"][0]["summary"][figure].as_f64().unwrap();
            value["columns"][0]["summary"][figure] = format!("{x:.9}").into();
        }
    };
    let mut plain = expected.clone();
    near(&mut merged);
    near(&mut plain);
    assert_eq!(merged, plain);
    assert_eq!(serde_json::to_value(profile(&[with_dictionaries(&whole)])).unwrap(), expected);
}

#[test]
fn what_looks_personal_is_named_and_masked() {
    let people = batch(vec![
        ("contact", Arc::new(StringArray::from(vec!["a@b.org", "c@d.org"])) as ArrayRef),
        ("birth_date", Arc::new(Date32Array::from(vec![7000, 8000]))),
        ("country", Arc::new(StringArray::from(vec!["DE", "FR"]))),
    ]);
    let found = profile(std::slice::from_ref(&people));
    let text = serde_json::to_string(&found).unwrap();
    for secret in ["a@b.org", "c@d.org", "1989", "1991"] {
        assert!(!text.contains(secret), "{text}");
    }
    let reasons: Vec<bool> = found.columns.iter().map(|column| column.sensitive.is_some()).collect();
    assert_eq!(reasons, [true, true, false]);
    let tagged = Profiler::new(&people.schema()).with_secret(["country".to_owned()]);
    let mut tagged = tagged;
    tagged.update(&people);
    assert!(!serde_json::to_string(&tagged.finish()).unwrap().contains("FR"));
}

#[test]
fn odd_columns_are_profiled_too() {
    let nothing = profile(&[batch(vec![("x", new_null_array(&DataType::Float64, 0))])]);
    assert_eq!((nothing.rows, nothing.columns[0].null_share), (0, 0.0));
    let infinite = Float64Array::from(vec![f64::INFINITY, f64::NEG_INFINITY, 1.0]);
    let found =
        profile(&[batch(vec![("x", Arc::new(infinite) as ArrayRef), ("n", new_null_array(&DataType::Int32, 3))])]);
    let summary = found.columns[0].summary.as_ref().unwrap();
    assert_eq!((summary.infinite, summary.mean), (2, Some(1.0)));
    assert_eq!(found.columns[1].null_share, 1.0);
    let decimal = Decimal128Array::from(vec![150, 250]).with_precision_and_scale(10, 2).unwrap();
    let found = profile(&[batch(vec![("d", Arc::new(decimal) as ArrayRef)])]);
    assert_eq!(found.columns[0].summary.as_ref().unwrap().mean, Some(2.0));
    assert_eq!(found.columns[0].max, "2.50");
}
