//! Whatever bytes arrive, reading ends with rows or a diagnostic: never with a panic, nor with memory that bytes so few
//! could not fill. Longer runs: `cargo xtask fuzz`.
use meshwright_landing::{ReadOptions, Resource, infer, reader_with};
use meshwright_spec::{DataType, Format, Source};
use proptest::prelude::*;

use crate::counting::{cases, most};
use crate::support::{Place, columns, source};

/// More than all buffers of a reader together, far less than a bomb.
const MEMORY: usize = 48 << 20;

/// Reads the bytes as far as they go, in small and in large pieces.
fn read(format: &Format, name: &str, bytes: &[u8]) {
    let place = Place::new();
    let source = source(format.clone(), &[name]);
    let resource = [place.land(&source, name, bytes)];
    let most = most(|| in_pieces(&source, &resource));
    assert!(most < MEMORY, "{most} bytes held for {} bytes of input", bytes.len());
}

fn in_pieces(source: &Source, resource: &[Resource]) {
    let guessed = infer(resource, source).ok();
    let given = columns(&[("a", DataType::Long), ("b", DataType::String), ("c", DataType::Timestamptz)]);
    for columns in guessed.iter().chain([&given]) {
        let mut counts = vec![];
        for (batch_rows, chunk_bytes, parallelism) in [(1, 16, 5), (8192, 256 << 10, 2)] {
            let options = ReadOptions { batch_rows, chunk_bytes, min_split_bytes: 1, ..ReadOptions::default() };
            let read = || -> Result<usize, String> {
                let mut rows = 0;
                let splits = reader_with(resource, source, columns, None, parallelism, &options);
                for split in splits.map_err(|e| e.diagnostic.code.to_owned())? {
                    for batch in split {
                        rows += batch.map_err(|e| e.diagnostic.code.to_owned())?.num_rows();
                    }
                }
                Ok(rows)
            };
            counts.push(read());
        }
        assert_eq!(counts[0].is_ok(), counts[1].is_ok(), "the size of pieces decides: {counts:?}");
        if counts[0].is_ok() {
            assert_eq!(counts[0], counts[1], "the size of pieces decides how many rows there are");
        }
    }
}

/// Bytes that are nearly a file: pieces of one, in any order.
fn nearly(pieces: &'static [&'static [u8]]) -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        8 => prop::sample::select(pieces).prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..6),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

const CSV: &[&[u8]] = &[
    b"a,b,c\n",
    b",",
    b"\n",
    b"\r\n",
    b"\r",
    b"\"",
    b"\"\"",
    b"1",
    b"-9223372036854775809",
    b"1e400",
    b"x",
    b" ",
    b"NaN",
    b"2024-02-30T00:00:00Z",
    b"\xef\xbb\xbf",
    b"\xff",
    b"\x00",
    "ä€".as_bytes(),
    b"a,b,c",
    b"1,x,2024-02-29T00:00:00Z\n",
];

const JSON: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b"\n",
    b"\"a\"",
    b"\"b\"",
    b"\"c\"",
    b"{\"a\": 1, \"b\": \"x\"}\n",
    b"null",
    b"true",
    b"1e999",
    b"-0",
    b"0x1",
    b"\"\\ud800\"",
    b"\"\\",
    b"[[[[[[[[",
    b"{\"a\":{\"a\":",
    b"\xff",
    b"\x1f",
    b" ",
    b"123456789012345678901234567890",
];

/// What happens to a file between those who write it and those who read it.
#[derive(Debug, Clone)]
enum Harm {
    /// These bytes come in between.
    Put(prop::sample::Index, &'static [u8]),
    /// So many bytes are lost.
    Lose(prop::sample::Index, usize),
    /// A part stands there many times.
    Repeat(prop::sample::Index, usize, usize),
    /// The rest is missing.
    End(prop::sample::Index),
}

const HARM: &[&[u8]] = &[
    b"\"",
    b"\"\"",
    b"\"x",
    b"x\"",
    b",",
    b";",
    b"\n",
    b"\r",
    b"\r\n",
    b"\n\n",
    b"\n\r",
    b"\x00",
    b"\x00\x00\x00",
    b"\xff",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"1e999",
    b"-",
    b"99999999999999999999999999999999999999",
    b"0x10",
    b"NA",
    b" ",
    b"\t",
    b"'",
    b"#",
    b"\\",
    b"\x1a",
    b"\x85",
    "\u{2028}".as_bytes(),
    "\u{fe0f}".as_bytes(),
];

/// A whole file of three columns, harmed.
fn harmed() -> impl Strategy<Value = Vec<u8>> {
    let at = any::<prop::sample::Index>;
    let harm = prop_oneof![
        4 => (at(), prop::sample::select(HARM)).prop_map(|(at, what)| Harm::Put(at, what)),
        2 => (at(), 1..40_usize).prop_map(|(at, bytes)| Harm::Lose(at, bytes)),
        1 => (at(), 1..64_usize, 2..400_usize).prop_map(|(at, bytes, times)| Harm::Repeat(at, bytes, times)),
        1 => at().prop_map(Harm::End),
    ];
    let line =
        |n: i64| format!("{n},\"text {n}, with \"\"quotes\"\"\nand lines\",2024-02-{:02}T00:00:00Z\n", n % 28 + 1);
    let whole: String = std::iter::once("a,b,c\n".to_owned()).chain((0..20).map(line)).collect();
    prop::collection::vec(harm, 1..8).prop_map(move |harms| harms.iter().fold(whole.clone().into_bytes(), apply))
}

fn apply(mut bytes: Vec<u8>, harm: &Harm) -> Vec<u8> {
    match harm {
        Harm::Put(at, what) => {
            let at = at.index(bytes.len() + 1);
            bytes.splice(at..at, what.iter().copied());
        }
        Harm::Lose(at, count) => {
            let at = at.index(bytes.len() + 1);
            bytes.drain(at..(at + count).min(bytes.len()));
        }
        Harm::Repeat(at, count, times) => {
            let at = at.index(bytes.len() + 1);
            let part = bytes[at..(at + count).min(bytes.len())].repeat(*times);
            bytes.splice(at..at, part);
        }
        Harm::End(at) => bytes.truncate(at.index(bytes.len() + 1)),
    }
    bytes
}

fn csv(delimiter: u8, quote: u8, header: bool, encoding: &str) -> Format {
    Format::Csv { delimiter, header, quote, encoding: encoding.to_owned(), null: vec!["NA".to_owned()] }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: cases(128), ..ProptestConfig::default() })]

    #[test]
    fn any_csv(bytes in nearly(CSV), header in any::<bool>(), delimiter in prop::sample::select(&[b',', b';', b'\t', b'x'][..])) {
        read(&csv(delimiter, b'"', header, "utf-8"), "a.csv", &bytes);
    }

    #[test]
    fn harmed_csv(bytes in harmed(), header in any::<bool>(), name in prop::sample::select(&["a.csv", "b.csv"][..])) {
        read(&csv(b',', b'"', header, "utf-8"), name, &bytes);
    }

    #[test]
    fn any_encoding(bytes in nearly(CSV), encoding in prop::sample::select(&["utf-16le", "windows-1252", "shift_jis"][..])) {
        read(&csv(b',', b'\'', true, encoding), "a.csv", &bytes);
    }

    #[test]
    fn any_json(bytes in nearly(JSON), lines in any::<bool>()) {
        read(&if lines { Format::Ndjson } else { Format::Json }, "a.json", &bytes);
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200), name in prop::sample::select(&["a.csv", "a.csv.gz", "a.csv.zst"][..])) {
        read(&csv(b',', b'"', true, "utf-8"), name, &bytes);
    }
}

/// A megabyte of nothing but openings must neither fill the stack nor the memory.
#[test]
fn depth_is_no_bomb() {
    for open in ["[", "{\"a\":", "[{\"a\":["] {
        read(&Format::Json, "a.json", open.repeat(200_000).as_bytes());
        read(&Format::Ndjson, "a.ndjson", open.repeat(200_000).as_bytes());
    }
    read(&csv(b',', b'"', true, "utf-8"), "a.csv", ",".repeat(200_000).as_bytes());
    let plain = csv(b',', b'"', true, "utf-8");
    read(&plain, "a.csv", format!("a\n\"{}", "x".repeat(1 << 20)).as_bytes());
    // one field of four megabytes, one name of one, nothing but quotes, and every kind of line's end in turn
    read(&plain, "a.csv", format!("a,b,c\n1,\"{}\",2024-02-29T00:00:00Z\n", "x\n".repeat(2 << 20)).as_bytes());
    read(&plain, "a.csv", format!("{},b\n1,2\n", "n".repeat(1 << 20)).as_bytes());
    read(&plain, "a.csv", "\"".repeat(1 << 20).as_bytes());
    read(&plain, "a.csv", format!("a,b,c{}", "\r\n1,x\n\r2\r\x00".repeat(20_000)).as_bytes());
}
