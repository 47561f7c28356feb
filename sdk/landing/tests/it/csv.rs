//! CSV that is right.
use std::io::Write;

use meshwright_landing::{ReadOptions, arrow_schema, infer, reader};
use meshwright_spec::{DataType, Format, Source};

use crate::support::{Place, attempt, block_on, columns, csv, inferred, read, rows, source};

#[test]
fn every_plain_type_is_read() {
    let text = "b,i,l,f,d,m,day,t,ts,tz,s,u,x\n\
        true,-7,9223372036854775807,1.5,1e3,12.30,2024-02-29,12:34:56.5,2024-02-29T12:34:56,2024-02-29 12:00:00+02:00,ä,00112233-4455-6677-8899-AABBCCDDEEFF,0aFF\n\
        N, 7 ,+1,,.5,-0.1,1969-12-31,00:00,1969-12-31 23:59:59.999999,1970-01-01T00:00:00Z,,,\n";
    let types = [
        ("b", DataType::Boolean),
        ("i", DataType::Int),
        ("l", DataType::Long),
        ("f", DataType::Float),
        ("d", DataType::Double),
        ("m", DataType::Decimal { precision: 5, scale: 2 }),
        ("day", DataType::Date),
        ("t", DataType::Time),
        ("ts", DataType::Timestamp),
        ("tz", DataType::Timestamptz),
        ("s", DataType::String),
        ("u", DataType::Uuid),
        ("x", DataType::Binary),
    ];
    assert_eq!(
        read(csv(), "a.csv", text.as_bytes(), &types).unwrap(),
        [
            "true|-7|9223372036854775807|1.5|1000.0|12.30|2024-02-29|12:34:56.500|2024-02-29T12:34:56|\
             2024-02-29T10:00:00Z|ä|00112233445566778899aabbccddeeff|0aff",
            "false|7|1|∅|0.5|-0.10|1969-12-31|00:00:00|1969-12-31T23:59:59.999999|1970-01-01T00:00:00Z|∅|∅|∅",
        ]
    );
}

#[test]
fn types_are_inferred_and_codes_stay_text() {
    let text = "id,zip,phone,n,x,day,at,zoned,yes,mixed,none,,id\n\
        1,01234,+4930,1,1,2024-01-01,2024-01-01,2024-01-01T00:00:00Z,TRUE,1,,a,b\n\
        -2,99999,+4940,,2.5,2024-01-02,2024-01-02 10:00,2024-01-01T00:00:00+01:00,false,x,,,\n";
    assert_eq!(
        inferred(csv(), "a.csv", text.as_bytes()),
        [
            "id: long",
            "zip: string",
            "phone: string",
            "n: long",
            "x: double",
            "day: date",
            "at: timestamp",
            "zoned: timestamptz",
            "yes: boolean",
            "mixed: string",
            "none: string",
            "column_12: string",
            "id_2: string",
        ]
    );
    let rows = read(csv(), "a.csv", text.as_bytes(), &[("id_2", DataType::String), ("column_12", DataType::String)]);
    assert_eq!(rows.unwrap(), ["b|a", "∅|∅"]);
}

#[test]
fn columns_are_found_by_name_and_picked_by_projection() {
    let place = Place::new();
    let source = source(csv(), &["a.csv"]);
    let resource = [place.land(&source, "a.csv", b"c,b,a,more\n3,2,1,x\n")];
    let columns = columns(&[("a", DataType::Long), ("b", DataType::Long), ("c", DataType::String)]);
    let read =
        |projection: Option<&[usize]>| rows(&resource, &source, &columns, projection, 1, &ReadOptions::default());
    assert_eq!(read(None).unwrap(), [["1", "2", "3"]]);
    assert_eq!(read(Some(&[2, 0])).unwrap(), [["3", "1"]]);
    let splits = reader(&resource, &source, &columns, Some(&[]), 1).unwrap();
    let counted: usize = splits.into_iter().flatten().map(|batch| batch.unwrap().num_rows()).sum();
    assert_eq!(counted, 1);
    assert_eq!(arrow_schema(&columns).fields().len(), 3);
}

#[test]
fn dialects_line_ends_marks_and_nulls() {
    let long = [("a", DataType::String), ("b", DataType::Long)];
    let plain = "a,b\r\n\"x, \"\"y\"\"\r\nz\",1\r\n\r\ninch 5\" disk,\"\"\r\n";
    let expected = ["x, \"y\"\r\nz|1", "inch 5\" disk|∅"];
    assert_eq!(read(csv(), "a.csv", plain.as_bytes(), &long).unwrap(), expected);
    assert_eq!(read(csv(), "a.csv", format!("\u{feff}{plain}").as_bytes(), &long).unwrap(), expected);
    assert_eq!(read(csv(), "a.csv", plain.trim_end().as_bytes(), &long).unwrap(), expected, "no line end at the end");
    let other = |header, null: &[&str]| Format::Csv {
        delimiter: b';',
        header,
        quote: b'\'',
        encoding: "utf-8".into(),
        null: null.iter().map(|text| (*text).to_owned()).collect(),
    };
    assert_eq!(read(other(true, &["NA"]), "a.csv", b"a;b\n'NA';NA\n;1\n", &long).unwrap(), ["∅|∅", "|1"]);
    assert_eq!(read(other(false, &[]), "a.csv", b"'it''s';2\n", &long).unwrap(), ["it's|2"]);
    assert_eq!(inferred(other(false, &[]), "a.csv", b"x;2\n"), ["column_1: string", "column_2: long"]);
}

#[test]
fn other_encodings() {
    let names = [("name", DataType::String)];
    let in_encoding = |encoding: &str| match csv() {
        Format::Csv { delimiter, header, quote, null, .. } => {
            Format::Csv { delimiter, header, quote, null, encoding: encoding.to_owned() }
        }
        other => other,
    };
    let windows = b"name\nM\xfcnchen \x80\n";
    assert_eq!(read(in_encoding("windows-1252"), "a.csv", windows, &names).unwrap(), ["München €"]);
    let text = "name\nMünchen\n";
    let little: Vec<u8> = "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect();
    assert_eq!(read(in_encoding("utf-16"), "a.csv", &little, &names).unwrap(), ["München"]);
    assert_eq!(read(in_encoding("utf-16"), "a.csv", &big, &names).unwrap(), ["München"]);
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn compressed_files_even_in_several_members() {
    let types = [("a", DataType::Long)];
    let members = [gzip("a\n1\n2"), gzip("0\n3\n")].concat();
    assert_eq!(read(csv(), "a.csv.gz", &members, &types).unwrap(), ["1", "20", "3"]);
    let frames = [zstd::encode_all(&b"a\n1\n2"[..], 1).unwrap(), zstd::encode_all(&b"0\n3\n"[..], 1).unwrap()].concat();
    assert_eq!(read(csv(), "a.csv.zst", &frames, &types).unwrap(), ["1", "20", "3"]);
}

#[test]
fn files_of_one_source_are_read_in_order() {
    let place = Place::new();
    std::fs::write(place.path().join("2.csv"), "b,a\nx,3\n").unwrap();
    std::fs::write(place.path().join("1.csv.gz"), gzip("a,b\n1,u\n2.5,v\n")).unwrap();
    let source = Source { location: vec!["*.csv*".into()], ..source(csv(), &[]) };
    let resources = block_on(place.landing.collect(&source, place.path(), &attempt())).unwrap().settled().unwrap();
    let columns = infer(&resources, &source).unwrap();
    assert_eq!(columns, crate::support::columns(&[("a", DataType::Double), ("b", DataType::String)]));
    let rows = rows(&resources, &source, &columns, None, 7, &ReadOptions::default()).unwrap();
    assert_eq!(rows, [["1.0", "u"], ["2.5", "v"], ["3.0", "x"]]);
}
