//! JSON, right and wrong.
use meshwright_spec::{DataType, Format, StructField};

use crate::support::{inferred, read};

#[test]
fn objects_in_lines_arrays_or_alone() {
    let types = [("a", DataType::Long), ("b", DataType::String)];
    let lines = "\u{feff}{\"b\": \"x\", \"a\": 1}\n\n{\"a\": 2.0, \"more\": [{}]}\r\n{\"a\": null, \"b\": true}";
    assert_eq!(read(Format::Ndjson, "a.ndjson", lines.as_bytes(), &types).unwrap(), ["1|x", "2|∅", "∅|true"]);
    let array = "\u{feff} [ {\"b\": \"}]\\\"\", \"a\": 1} ,\n {\n\"a\":2}]\n";
    assert_eq!(read(Format::Json, "a.json", array.as_bytes(), &types).unwrap(), ["1|}]\"", "2|∅"]);
    assert_eq!(read(Format::Json, "a.json", b"{\"a\": 5}", &types).unwrap(), ["5|∅"]);
    assert!(read(Format::Json, "a.json", b"[]", &types).unwrap().is_empty());
}

#[test]
fn types_nested_ones_too() {
    let text = r#"{"d": 0.1, "m": 12.30, "day": "2024-01-02", "l": [1, null, 3], "s": {"x": 1.5, "y": ["a"]}, "k": {"p": 1, "q": 2}}
{"d": 7, "m": "1.5", "l": [], "s": {"y": null}, "k": {}}
{}"#;
    let field = |name: &str, data_type| StructField { name: name.to_owned(), data_type };
    let strings = DataType::List(Box::new(DataType::String));
    let types = [
        ("d", DataType::Double),
        ("m", DataType::Decimal { precision: 9, scale: 2 }),
        ("day", DataType::Date),
        ("l", DataType::List(Box::new(DataType::Int))),
        ("s", DataType::Struct(vec![field("x", DataType::Double), field("y", strings)])),
        ("k", DataType::Map(Box::new(DataType::String), Box::new(DataType::Long))),
    ];
    assert_eq!(
        read(Format::Ndjson, "a.ndjson", text.as_bytes(), &types).unwrap(),
        [
            "0.1|12.30|2024-01-02|[1, ∅, 3]|{x: 1.5, y: [a]}|{p: 1, q: 2}",
            "7.0|1.50|∅|[]|{x: ∅, y: ∅}|{}",
            "∅|∅|∅|∅|∅|∅"
        ]
    );
    assert_eq!(
        inferred(Format::Ndjson, "a.ndjson", text.as_bytes()),
        [
            "d: double",
            "m: string",
            "day: date",
            "l: list<long>",
            "s: struct<x: double, y: list<string>>",
            "k: struct<p: long, q: long>"
        ]
    );
}

#[test]
fn mistakes_have_their_place() {
    let types = [
        ("a", DataType::Int),
        ("s", DataType::Struct(vec![StructField { name: "x".into(), data_type: DataType::Date }])),
    ];
    let fails = |format: Format, text: &[u8]| {
        let error = read(format, "a.json", text, &types).unwrap_err();
        (error.diagnostic.code, error.line, error.byte_offset, error.column.unwrap_or_default())
    };
    let good = |text: &str| ("M0308", Some(2), Some(9), text.to_owned());
    assert_eq!(fails(Format::Ndjson, b"{\"a\": 1}\n{\"a\": \"2\"}\n"), good("a"));
    assert_eq!(fails(Format::Ndjson, b"{\"a\": 1}\n{\"a\": 2147483648}\n"), good("a"));
    assert_eq!(fails(Format::Ndjson, b"{\"a\": 1}\n{\"a\": 1.5}\n"), good("a"));
    assert_eq!(fails(Format::Ndjson, b"{\"a\": 1}\n{\"s\": {\"x\": 1}}\n"), good("s.x"));
    assert_eq!(fails(Format::Ndjson, b"{\"a\": 1}\n{\"a\": [1]}\n"), good("a"));
    assert_eq!(fails(Format::Ndjson, b"{\"a\": 1}\n{\"a\": 1\n").0, "M0302");
    assert_eq!(fails(Format::Ndjson, b"{\"a\": 1}\n[1]\n").0, "M0302");
    assert_eq!(fails(Format::Ndjson, b"{\"a\": 1}\n{\"a\": 1, \"a\": 2}\n").0, "M0302");
    assert_eq!(fails(Format::Ndjson, b"{\"a\": 1}\n{\"b\": \"\xff\"}\n{\"a\": \"\xff\"}").0, "M0304");
    assert_eq!(fails(Format::Json, b"[{\"a\": 1},\n{\n\"a\": true}]"), ("M0308", Some(3), Some(13), "a".to_owned()));
    for broken in
        [&b"[{\"a\": 1}"[..], b"[{\"a\": 1} {\"a\": 1}]", b"[1]", b"{\"a\": 1", b"[] x", b"[{\"a\": 1},]", b"{}{}"]
    {
        assert_eq!(fails(Format::Json, broken).0, "M0302", "{}", String::from_utf8_lossy(broken));
    }
}
