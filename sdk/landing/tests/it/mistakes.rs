//! Every mistake in data, with its place.
use meshwright_landing::{DataError, ReadOptions, infer, reader};
use meshwright_spec::{DataType, Format};

use crate::support::{Place, columns, csv, read, rows, source};

fn fails(name: &str, bytes: &[u8], wanted: &[(&str, DataType)]) -> Box<DataError> {
    let error = read(csv(), name, bytes, wanted).unwrap_err();
    assert_eq!(error.file, name);
    assert!(error.diagnostic.message.contains(name), "{error}");
    assert_eq!(error.diagnostic.labels[0].span.start, 7);
    error
}

fn place(error: &DataError) -> (&str, Option<u64>, Option<u64>) {
    (error.diagnostic.code, error.line, error.byte_offset)
}

const A_B: [(&str, DataType); 2] = [("a", DataType::String), ("b", DataType::Long)];

#[test]
fn malformed_records() {
    let error = fails("a.csv", b"a,b\nx,1\n\"y\nz\",2,3\n", &A_B);
    assert_eq!(place(&error), ("M0302", Some(3), Some(8)));
    assert!(error.diagnostic.message.ends_with("line 3, byte 8: 3 fields where the first record has 2"), "{error}");
    assert_eq!(error.diagnostic.help, ["the line is: \"y"]);

    let error = fails("a.csv", b"a,b\nx,1\ny,\"2\nz,3\n", &A_B);
    assert_eq!(place(&error), ("M0302", Some(3), Some(8)), "{error}");
    let error = fails("a.csv", b"a,b\n\"x\" y,1\n", &A_B);
    assert_eq!(place(&error), ("M0302", Some(2), Some(4)), "{error}");

    let long = format!("a,b\n{}\n", "x".repeat(500));
    let error = fails("a.csv", long.as_bytes(), &A_B);
    assert!(error.diagnostic.help[0].chars().count() < 140, "{:?}", error.diagnostic.help);
}

#[test]
fn values_that_do_not_fit() {
    let error = fails("a.csv", b"a,b\n\"p\nq\",1\nx,none\n", &A_B);
    assert_eq!(place(&error), ("M0308", Some(4), Some(14)));
    assert_eq!(error.column.as_deref(), Some("b"));
    assert!(error.diagnostic.message.contains("`none` in column `b` is not of type long"), "{error}");
    assert!(error.diagnostic.help[0].contains("null"), "{:?}", error.diagnostic.help);
    let bad = |value: &str, data_type: DataType| {
        let result = read(csv(), "a.csv", format!("v\n{value}\n").as_bytes(), &[("v", data_type)]);
        assert_eq!(result.unwrap_err().diagnostic.code, "M0308", "{value}");
    };
    bad("2147483648", DataType::Int);
    bad("9223372036854775808", DataType::Long);
    bad("1.5", DataType::Long);
    bad("1e999", DataType::Double);
    bad("1.005", DataType::Decimal { precision: 5, scale: 2 });
    bad("1000.00", DataType::Decimal { precision: 5, scale: 2 });
    bad("2023-02-29", DataType::Date);
    bad("01/02/2023", DataType::Date);
    bad("24:00", DataType::Time);
    bad("2023-01-01T00:00:00Z", DataType::Timestamp);
    bad("2023-01-01T00:00:00.0000001", DataType::Timestamp);
    bad("perhaps", DataType::Boolean);
    bad("abc", DataType::Binary);
    bad("a", DataType::List(Box::new(DataType::String)));
}

#[test]
fn the_first_mistake_of_the_file_wins_in_every_split() {
    let place = Place::new();
    let source = source(csv(), &["a.csv"]);
    let good = "1,2\n".repeat(5000);
    let text = format!("a,b\n{good}x,2\n3,y\n{good}");
    let resource = [place.land(&source, "a.csv", text.as_bytes())];
    let wanted = columns(&[("b", DataType::Long), ("a", DataType::Long)]);
    for parallelism in [1, 3, 50] {
        let options = ReadOptions { min_split_bytes: 1, ..ReadOptions::default() };
        let error = rows(&resource, &source, &wanted, None, parallelism, &options).unwrap_err();
        assert_eq!((error.line, error.byte_offset, error.column.as_deref()), (Some(5002), Some(20004), Some("a")));
    }
}

#[test]
fn missing_columns_say_what_is_there() {
    let error = fails("a.csv", b"country,yaer\nx,1\n", &[("year", DataType::Long)]);
    assert_eq!((error.diagnostic.code, error.column.as_deref()), ("M0303", Some("year")));
    assert_eq!(error.diagnostic.help, ["did you mean `yaer`?", "its columns are: country, yaer"]);
    let error = fails("a.csv", b"country;year\nx;1\n", &[("year", DataType::Long)]);
    assert!(error.diagnostic.help[0].contains("delimiter"), "{:?}", error.diagnostic.help);

    let place = Place::new();
    let source = source(csv(), &[]);
    let both = [place.land(&source, "1.csv", b"a,b\n1,2\n"), place.land(&source, "2.csv", b"a,c\n1,2\n")];
    let error = infer(&both, &source).unwrap_err();
    assert_eq!((error.diagnostic.code, error.file.as_str()), ("M0303", "2.csv"));
    let error = reader(&both, &source, &columns(&[("b", DataType::Long)]), Some(&[]), 2).unwrap_err();
    assert_eq!((error.diagnostic.code, error.file.as_str()), ("M0303", "2.csv"), "even if it is not read");
}

#[test]
fn wrong_encodings() {
    let error = fails("a.csv", b"a,b\nx,1\nM\xfcnchen,2\n", &A_B);
    assert_eq!(place(&error), ("M0304", Some(3), Some(9)));
    let error = fails("a.csv", b"\xff\xfea\0,\0b\0\n\0", &A_B);
    assert!(error.diagnostic.code == "M0304" && error.diagnostic.help[0].contains("utf-16"), "{error}");
    let shift_jis =
        Format::Csv { delimiter: b',', header: true, quote: b'"', encoding: "shift_jis".into(), null: vec![] };
    let error = read(shift_jis, "a.csv", b"a,b\n\x83\x41,1\n\x83\xff,2\n", &A_B).unwrap_err();
    assert_eq!((error.diagnostic.code, error.byte_offset), ("M0304", Some(9)), "{error}");
    // offsets are those of the file, not of the text it is decoded to
    let windows =
        Format::Csv { delimiter: b',', header: true, quote: b'"', encoding: "windows-1252".into(), null: vec![] };
    let error = read(windows, "a.csv", b"a,b\n\xfc\xfc,1\nx,y\n", &A_B).unwrap_err();
    assert_eq!(place(&error), ("M0308", Some(3), Some(11)), "{error}");
}

#[test]
fn empty_files() {
    for bytes in [&b""[..], b"\xef\xbb\xbf", b"\r\n\n", b"a,b", b"a,b\r\n\r\n"] {
        assert_eq!(fails("a.csv", bytes, &A_B).diagnostic.code, "M0305");
    }
    let empty = zstd::encode_all(&b""[..], 1).unwrap();
    assert_eq!(fails("a.csv.zst", &empty, &A_B).diagnostic.code, "M0305");
    for (format, name) in [(Format::Json, "a.json"), (Format::Ndjson, "a.ndjson"), (Format::Parquet, "a.parquet")] {
        assert_eq!(read(format, name, b"", &A_B).unwrap_err().diagnostic.code, "M0305");
    }
}

#[test]
fn files_that_are_something_else() {
    for (name, bytes, kind) in [
        ("a.csv", &b"\x1f\x8b\x08\0\0"[..], "gzip"),
        ("a.csv", b"PAR1....", "Parquet"),
        ("a.csv", b"PK\x03\x04", "zip"),
        ("a.csv", b"\n<!DOCTYPE html><html>", "web page"),
        ("a.csv", b"{\"error\": \"quota\"}", "JSON"),
        ("a.csv.gz", b"a,b\n1,2\n", "gzip"),
        ("a.csv.zst", b"a,b\n1,2\n", "zstd"),
    ] {
        let error = fails(name, bytes, &A_B);
        assert_eq!(error.diagnostic.code, "M0306", "{error}");
        assert!(error.diagnostic.message.contains(kind), "{error}");
    }
    let error = read(Format::Parquet, "a.parquet", b"a,b\n1,2\n", &A_B).unwrap_err();
    assert_eq!(error.diagnostic.code, "M0306", "{error}");
    let error = read(Format::Json, "a.json", b"<html>", &A_B).unwrap_err();
    assert_eq!(error.diagnostic.code, "M0306", "{error}");
}

#[test]
fn compressed_data_that_ends_early() {
    let whole = zstd::encode_all(&b"a,b\n".repeat(9000)[..], 1).unwrap();
    let error = fails("a.csv.zst", &whole[..whole.len() - 4], &[("a", DataType::String)]);
    assert_eq!(error.diagnostic.code, "M0302", "{error}");
}
