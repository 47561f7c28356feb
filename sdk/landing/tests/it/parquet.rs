//! Parquet: names, lossless conversions and row groups.
use std::sync::Arc;

use ::parquet::arrow::ArrowWriter;
use ::parquet::file::properties::WriterProperties;
use arrow::array::{
    ArrayRef, DictionaryArray, Float32Array, Int32Array, LargeStringArray, RecordBatch, TimestampMillisecondArray,
    TimestampNanosecondArray,
};
use arrow::datatypes::Int32Type;
use meshwright_landing::{ReadOptions, reader_with};
use meshwright_spec::{DataType, Format};

use crate::support::{Place, columns, inferred, read, rows, source};

fn file(columns: Vec<(&str, ArrayRef)>, group: usize) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut bytes = Vec::new();
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(group)).build();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

fn sample() -> Vec<u8> {
    let words: DictionaryArray<Int32Type> = vec![Some("u"), None, Some("u")].into_iter().collect();
    file(
        vec![
            ("i", Arc::new(Int32Array::from(vec![1, 2, 3])) as ArrayRef),
            ("f", Arc::new(Float32Array::from(vec![0.5, 1.5, 2.5]))),
            ("t", Arc::new(TimestampMillisecondArray::from(vec![0, 1, 2]).with_timezone("Europe/Berlin"))),
            ("n", Arc::new(TimestampNanosecondArray::from(vec![0, 1000, 2001]))),
            ("w", Arc::new(words)),
            ("s", Arc::new(LargeStringArray::from(vec!["a", "b", "c"]))),
        ],
        2,
    )
}

#[test]
fn columns_are_mapped_by_name_and_widened() {
    let bytes = sample();
    let types = [
        ("s", DataType::String),
        ("w", DataType::String),
        ("i", DataType::Long),
        ("f", DataType::Double),
        ("t", DataType::Timestamptz),
    ];
    assert_eq!(
        read(Format::Parquet, "a.parquet", &bytes, &types).unwrap(),
        ["a|u|1|0.5|1970-01-01T00:00:00Z", "b|∅|2|1.5|1970-01-01T00:00:00.001Z", "c|u|3|2.5|1970-01-01T00:00:00.002Z"]
    );
    assert_eq!(
        inferred(Format::Parquet, "a.parquet", &bytes),
        ["i: int", "f: float", "t: timestamptz", "n: timestamp", "w: string", "s: string"]
    );
}

#[test]
fn row_groups_are_dealt_to_splits_in_order() {
    let place = Place::new();
    let source = source(Format::Parquet, &[]);
    let bytes = file(vec![("n", Arc::new(Int32Array::from_iter_values(0..100)) as ArrayRef)], 7);
    let resource = [place.land(&source, "a.parquet", &bytes)];
    let expected: Vec<Vec<String>> = (0..100).map(|n| vec![n.to_string()]).collect();
    for parallelism in [1, 2, 5, 99] {
        let options = ReadOptions { min_split_bytes: 1, ..ReadOptions::default() };
        let read = rows(&resource, &source, &columns(&[("n", DataType::Int)]), None, parallelism, &options).unwrap();
        assert_eq!(read, expected);
    }
}

#[test]
fn what_would_lose_something_is_refused() {
    let bytes = sample();
    let fails = |name: &str, data_type: DataType| {
        let error = read(Format::Parquet, "a.parquet", &bytes, &[(name, data_type)]).unwrap_err();
        (error.diagnostic.code, error.column.unwrap_or_default())
    };
    assert_eq!(fails("i", DataType::String), ("M0308", "i".to_owned()));
    assert_eq!(fails("f", DataType::Long), ("M0308", "f".to_owned()));
    assert_eq!(fails("t", DataType::Timestamp), ("M0308", "t".to_owned()));
    assert_eq!(fails("n", DataType::Timestamp), ("M0308", "n".to_owned()), "2001 ns are no microseconds");
    assert_eq!(fails("words", DataType::String), ("M0303", "words".to_owned()));
    let cut = &bytes[..bytes.len() - 9];
    assert_eq!(read(Format::Parquet, "a.parquet", cut, &[]).unwrap_err().diagnostic.code, "M0302");
}

#[test]
fn text_can_stay_as_it_is_stored() {
    let place = Place::new();
    let source = source(Format::Parquet, &[]);
    let few: Vec<&str> = (0..3000).map(|n| ["u", "v"][n % 2]).collect();
    let many: Vec<String> = (0..3000).map(|n| format!("{n:0>600}")).collect();
    let bytes = file(
        vec![
            ("few", Arc::new(LargeStringArray::from(few)) as ArrayRef),
            ("many", Arc::new(LargeStringArray::from_iter_values(many))),
            ("n", Arc::new(Int32Array::from_iter_values(0..3000))),
        ],
        3000,
    );
    let resource = [place.land(&source, "a.parquet", &bytes)];
    let types = columns(&[("n", DataType::Long), ("many", DataType::String), ("few", DataType::String)]);
    let stored = ReadOptions { as_stored: true, ..ReadOptions::default() };
    let split = reader_with(&resource, &source, &types, None, 1, &stored).unwrap().remove(0);
    let found: Vec<String> = split.schema().fields().iter().map(|f| f.data_type().to_string()).collect();
    assert_eq!(found, ["Int64", "Utf8View", "Dictionary(Int32, Utf8)"]);
    assert_eq!(split.rows(), Some(3000));
    let plain = rows(&resource, &source, &types, None, 1, &ReadOptions::default()).unwrap();
    assert_eq!(rows(&resource, &source, &types, None, 3, &stored).unwrap(), plain);
}

#[test]
fn a_split_can_be_entered_at_any_row() {
    let place = Place::new();
    let parquet = source(Format::Parquet, &[]);
    let bytes = file(vec![("n", Arc::new(Int32Array::from_iter_values(0..100)) as ArrayRef)], 7);
    let text: String = (0..100).map(|n| format!("{n}\n")).collect();
    let csv = source(crate::support::csv(), &[]);
    let of_parquet = place.land(&parquet, "a.parquet", &bytes);
    let of_csv = place.land(&csv, "a.csv", format!("n\n{text}").as_bytes());
    let options = ReadOptions { min_split_bytes: 1, batch_rows: 5, ..ReadOptions::default() };
    for (source, resource) in [(&parquet, of_parquet), (&csv, of_csv)] {
        for parallelism in [1, 3] {
            let types = columns(&[("n", DataType::Int)]);
            let splits =
                reader_with(std::slice::from_ref(&resource), source, &types, None, parallelism, &options).unwrap();
            for split in splits {
                let all: Vec<Vec<String>> =
                    split.clone().into_iter().flat_map(|batch| crate::support::shown(&batch.unwrap())).collect();
                for skip in 0..=all.len() {
                    let rest = split.clone().open_after(skip as u64);
                    let rest: Vec<Vec<String>> =
                        rest.flat_map(|batch| crate::support::shown(&batch.unwrap())).collect();
                    assert_eq!(rest, all[skip..], "after {skip} of {} rows", all.len());
                }
            }
        }
    }
}
