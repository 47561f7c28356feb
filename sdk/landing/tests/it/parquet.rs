//! Parquet: names, lossless conversions and row groups.
use std::sync::Arc;

use ::parquet::arrow::ArrowWriter;
use ::parquet::file::properties::WriterProperties;
use arrow::array::{
    ArrayRef, DictionaryArray, Float32Array, Int32Array, LargeStringArray, RecordBatch, TimestampMillisecondArray,
    TimestampNanosecondArray,
};
use arrow::datatypes::Int32Type;
use meshwright_landing::ReadOptions;
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
