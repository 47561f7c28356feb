//! Whatever bytes arrive, reading ends with rows or a diagnostic: never with a panic, nor with memory that bytes so few
//! could not fill. Longer runs: `PROPTEST_CASES=20000 cargo test -p meshwright-landing any_bytes`.
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use meshwright_landing::{ReadOptions, infer, reader_with};
use meshwright_spec::{DataType, Format};
use proptest::prelude::*;

use crate::support::{Place, columns, source};

/// What one thread holds, and the most that it held.
struct Counting;

thread_local! {
    static HELD: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

// SAFETY: everything is handed on to the system's allocator; the counters need no memory of their own.
#[expect(unsafe_code, reason = "an allocator cannot be written without")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = HELD.try_with(|held| {
            let (now, most) = held.get();
            let now = now + layout.size();
            held.set((now, most.max(now)));
        });
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        let _ = HELD.try_with(|held| {
            let (now, most) = held.get();
            held.set((now.saturating_sub(layout.size()), most));
        });
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// More than all buffers of a reader together, far less than a bomb.
const MEMORY: usize = 48 << 20;

/// Reads the bytes as far as they go, in small and in large pieces.
fn read(format: &Format, name: &str, bytes: &[u8]) {
    let place = Place::new();
    let source = source(format.clone(), &[name]);
    let resource = [place.land(&source, name, bytes)];
    HELD.with(|held| held.set((0, 0)));
    let guessed = infer(&resource, &source).ok();
    let given = columns(&[("a", DataType::Long), ("b", DataType::String), ("c", DataType::Timestamptz)]);
    for columns in guessed.iter().chain([&given]) {
        let mut counts = vec![];
        for (batch_rows, chunk_bytes, parallelism) in [(1, 16, 5), (8192, 256 << 10, 2)] {
            let options = ReadOptions { batch_rows, chunk_bytes, min_split_bytes: 1, ..ReadOptions::default() };
            let read = || -> Result<usize, String> {
                let mut rows = 0;
                let splits = reader_with(&resource, &source, columns, None, parallelism, &options);
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
    let (_, most) = HELD.with(Cell::get);
    assert!(most < MEMORY, "{most} bytes held for {} bytes of input", bytes.len());
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

fn csv(delimiter: u8, quote: u8, header: bool, encoding: &str) -> Format {
    Format::Csv { delimiter, header, quote, encoding: encoding.to_owned(), null: vec!["NA".to_owned()] }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn any_csv(bytes in nearly(CSV), header in any::<bool>(), delimiter in prop::sample::select(&[b',', b';', b'\t', b'x'][..])) {
        read(&csv(delimiter, b'"', header, "utf-8"), "a.csv", &bytes);
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
    read(&csv(b',', b'"', true, "utf-8"), "a.csv", format!("a\n\"{}", "x".repeat(1 << 20)).as_bytes());
}
