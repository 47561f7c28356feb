use std::sync::Arc;

use arrow::array::*;
use meshwright_check::Outcome;

use crate::support::{batch, contract, judge, result, with_dictionaries};

#[test]
fn lengths_are_characters() {
    let texts = vec![Some("née"), Some("nee"), Some("née!"), Some("n"), Some(""), None, Some("日本語"), Some("日本")];
    let data = batch(vec![("t", Arc::new(StringArray::from(texts)))]);
    let length = result("[columns]\nt = { type = \"string\", min_length = 3, max_length = 3 }", "t.length", &data);
    assert_eq!(length.sample.iter().map(|sample| sample.row).collect::<Vec<_>>(), [2, 3, 4, 7]);
    assert_eq!((length.violations, length.nulls), (4, 1));
}

#[test]
fn patterns_are_searched_for_with_ascii_classes() {
    let data = batch(vec![("t", Arc::new(StringArray::from(vec!["x42y", "٤٢", "née", "", "nee"])))]);
    let violations = |pattern: &str| {
        let text = format!("[columns]\nt = {{ type = \"string\", pattern = '{pattern}' }}");
        let result = result(&text, "t.pattern", &data);
        result.sample.iter().map(|sample| sample.row).collect::<Vec<_>>()
    };
    assert_eq!(violations(r"\d"), [1, 2, 3, 4]);
    assert_eq!(violations(r"^\w+$"), [1, 2, 3]);
    assert_eq!(violations(r"^.{3,4}$"), [1, 3]);
    assert_eq!(violations("^$"), [0, 1, 2, 4]);
}

#[test]
fn formats_are_known_by_name() {
    let data = batch(vec![("t", Arc::new(StringArray::from(vec![Some("a@b.org"), None, Some("nobody")])))]);
    let format = result("[columns]\nt = { type = \"string\", format = \"email\" }", "t.format", &data);
    assert_eq!((format.outcome, format.violations, format.sample[0].row), (Outcome::Failed, 1, 2));
}

#[test]
fn a_null_within_a_dictionary_is_a_null() {
    let values = Arc::new(StringArray::from(vec![Some("a"), None, Some("zz")]));
    let keys = Int8Array::from(vec![Some(0), Some(1), None, Some(2), Some(2)]);
    let data = batch(vec![("t", Arc::new(DictionaryArray::new(keys, values)))]);
    let text = "[columns]\nt = { type = \"string\", required = true, max_length = 1, values = [\"a\"], unique = true }";
    let report = judge(&contract("", text), &data);
    let numbers = |id: &str| report.result(id).map(|result| (result.violations, result.nulls)).unwrap();
    assert_eq!(numbers("t.required"), (2, 0));
    assert_eq!(numbers("t.length"), (2, 2));
    assert_eq!(numbers("t.values"), (2, 2));
    assert_eq!(numbers("t.unique"), (1, 2));
}

#[test]
fn dictionaries_larger_than_their_batch_are_judged_as_needed() {
    let values: Vec<_> = (0..1000).map(|number| format!("v{number}")).collect();
    let data = with_dictionaries(&batch(vec![("t", Arc::new(StringArray::from(values)))]));
    let contract = contract("", "[columns]\nt = { type = \"string\", max_length = 3 }");
    let suite = crate::support::suite(&contract, &data.schema());
    let mut pass = suite.start();
    for start in (0..1000).step_by(50) {
        let origin = meshwright_check::RowOrigin { file: 0, first_row: start as u64 };
        pass.update(&data.slice(start, 50), origin);
    }
    let report = crate::support::finish(pass);
    assert_eq!(report.results[0].violations, 900);
    assert_eq!(report.results[0].sample[0].row, 100);
}
