//! A fingerprint changes with a value or its key, and with nothing else.
use std::sync::Arc;

use arrow::array::*;
use meshwright_check::{Outcome, RowOrigin};

use crate::support::{batch, cast_texts, contract, finish, judge, suite, with_dictionaries};

fn rows(order: &[usize], restated: Option<usize>) -> RecordBatch {
    let value = |row: usize| if restated == Some(row) { 99.0 } else { row as f64 / 3.0 };
    let name = |row: usize| ["Chad", "Niger", "Mali"][row % 3];
    batch(vec![
        ("country", Arc::new(order.iter().map(|row| Some(name(*row))).collect::<StringArray>()) as ArrayRef),
        ("year", Arc::new(order.iter().map(|row| Some(2000 + (row / 3) as i64)).collect::<Int64Array>())),
        ("co2", Arc::new(order.iter().map(|row| (row % 5 != 4).then(|| value(*row))).collect::<Float64Array>())),
    ])
}

fn measured(batch: &RecordBatch) -> String {
    let contract = contract(
        "key = [\"country\", \"year\"]",
        "[columns]\ncountry = { type = \"string\" }\nyear = { type = \"long\" }\nco2 = { type = \"double\" }\n\
         [[checks]]\nid = \"as-it-was\"\nkind = \"fingerprint\"\ncolumn = \"co2\"\nvalue = \"00000000000000000000000000000000\"\n",
    );
    let result = judge(&contract, batch).result("as-it-was").unwrap().clone();
    assert_eq!(result.outcome, Outcome::Failed);
    result.measured.as_str().unwrap().to_owned()
}

#[test]
fn order_and_layout_do_not_matter_and_values_do() {
    let order: Vec<usize> = (0..30).collect();
    let expected = measured(&rows(&order, None));
    let mut other = order.clone();
    other.reverse();
    assert_eq!(measured(&rows(&other, None)), expected);
    for batch in
        [with_dictionaries(&rows(&order, None)), cast_texts(&rows(&order, None), &arrow::datatypes::DataType::Utf8View)]
    {
        assert_eq!(measured(&batch), expected);
    }
    assert_ne!(measured(&rows(&order, Some(7))), expected, "a restated value");
    assert_eq!(measured(&rows(&order, Some(4))), expected, "a null stays a null");
    assert_ne!(measured(&rows(&order[..29], None)), expected, "a row that is gone");
    // the same values under other keys
    let swapped = rows(&order, None);
    let shifted: ArrayRef = Arc::new(Int64Array::from_iter_values((0..30).map(|row| 2001 + row / 3)));
    let swapped =
        batch(vec![("country", swapped.column(0).clone()), ("year", shifted), ("co2", swapped.column(2).clone())]);
    assert_ne!(measured(&swapped), expected);
}

#[test]
fn it_holds_where_it_was_measured_and_later_rows_are_out_of_scope() {
    let order: Vec<usize> = (0..30).collect();
    let found = measured(&rows(&order, None));
    let text = |scope: &str| {
        format!(
            "[columns]\ncountry = {{ type = \"string\" }}\nyear = {{ type = \"long\" }}\nco2 = {{ type = \"double\" }}\n\
             [[checks]]\nid = \"as-it-was\"\nkind = \"fingerprint\"\ncolumn = \"co2\"\nvalue = \"{found}\"\n{scope}"
        )
    };
    let contract = contract("key = [\"country\", \"year\"]", &text("where = \"year >= 0\"\n"));
    let batch = rows(&order, None);
    let suite = suite(&contract, &batch.schema());
    let (mut a, mut b) = (suite.start(), suite.start());
    for at in 0..3 {
        let part = batch.slice(at * 10, 10);
        let origin = RowOrigin { file: 0, first_row: at as u64 * 10 };
        if at == 1 { a.update(&part, origin) } else { b.update(&part, origin) }
    }
    a.merge(b);
    assert_eq!(finish(a).result("as-it-was").unwrap().outcome, Outcome::Passed);
}
