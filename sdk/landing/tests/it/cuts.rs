//! Cutting files into splits must not change what is read, wherever the cuts fall.
use meshwright_landing::{ReadOptions, reader_with};
use meshwright_spec::{DataType, Format};

use crate::support::{Place, columns, csv, rows, source};

/// A generator of numbers that look random; the same ones every time, so that a failure can be repeated.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }
}

/// A field as written and as meant.
fn field(dice: &mut Dice) -> (String, String) {
    let parts = ["", "a", ",", "\n", "\r\n", "\"", "ä€", "12345678", "\"\"", ",\n\""];
    let text: String = (0..dice.roll(5)).map(|_| parts[dice.roll(parts.len())]).collect();
    let must = text.contains([',', '\n', '\r']) || text.starts_with('"');
    let written = if must || dice.roll(3) == 0 { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.clone() };
    let meant = if text.is_empty() { "∅".to_owned() } else { text };
    (written, meant)
}

#[test]
fn quoted_line_ends_at_every_border() {
    let types = columns(&[("a", DataType::String), ("b", DataType::String), ("c", DataType::String)]);
    let place = Place::new();
    let source = source(csv(), &["a.csv"]);
    let mut dice = Dice(42);
    for round in 0..100 {
        let line_end = if dice.roll(2) == 0 { "\n" } else { "\r\n" };
        let mut text = format!("a,b,c{line_end}");
        let mut expected = Vec::new();
        for _ in 0..1 + dice.roll(40) {
            let fields: Vec<_> = (0..3).map(|_| field(&mut dice)).collect();
            let written: Vec<_> = fields.iter().map(|(written, _)| written.as_str()).collect();
            text.push_str(&written.join(","));
            text.push_str(line_end);
            expected.push(fields.into_iter().map(|(_, meant)| meant).collect::<Vec<_>>());
        }
        let resource = [place.land(&source, "a.csv", text.as_bytes())];
        for (chunk_bytes, batch_rows) in [(16, 1), (17 + dice.roll(50), 1 + dice.roll(9)), (1 << 20, 8192)] {
            let options = ReadOptions { batch_rows, chunk_bytes, min_split_bytes: 1, ..ReadOptions::default() };
            for parallelism in [1, 2, 3 + dice.roll(30)] {
                let read = rows(&resource, &source, &types, None, parallelism, &options);
                let read = read.unwrap_or_else(|error| panic!("round {round}: {error}\n{text}"));
                assert_eq!(read, expected, "round {round}, chunk {chunk_bytes}, {parallelism} splits:\n{text}");
            }
        }
    }
}

#[test]
fn big_files_are_cut_evenly() {
    let place = Place::new();
    let source = source(csv(), &["a.csv"]);
    let text: String =
        std::iter::once("a,b\n".to_owned()).chain((0..1000).map(|n| format!("{n},\"x\ny\"\n"))).collect();
    let resource = [place.land(&source, "a.csv", text.as_bytes())];
    let options = ReadOptions { min_split_bytes: 100, ..ReadOptions::default() };
    let splits = reader_with(&resource, &source, &columns(&[("a", DataType::Long)]), None, 4, &options).unwrap();
    let counts: Vec<usize> =
        splits.into_iter().map(|split| split.into_iter().map(|batch| batch.unwrap().num_rows()).sum()).collect();
    assert_eq!(counts.iter().sum::<usize>(), 1000);
    assert_eq!(counts.len(), 4);
    assert!(counts.iter().all(|count| (200..=300).contains(count)), "{counts:?}");
}

#[test]
fn lines_of_json_at_every_border() {
    let place = Place::new();
    let source = source(Format::Ndjson, &["a.ndjson"]);
    let text: String = (0..50).map(|n| format!("{{\"n\": {n}, \"s\": \"{}\"}}\n", "x".repeat(n % 7))).collect();
    let resource = [place.land(&source, "a.ndjson", text.as_bytes())];
    for parallelism in 1..60 {
        let options = ReadOptions { batch_rows: 3, chunk_bytes: 20, min_split_bytes: 1, ..ReadOptions::default() };
        let read = rows(&resource, &source, &columns(&[("n", DataType::Int)]), None, parallelism, &options).unwrap();
        assert_eq!(read, (0..50).map(|n| vec![n.to_string()]).collect::<Vec<_>>(), "{parallelism} splits");
    }
}
