//! However the data are cut into batches, files aside, and shared between passes, the report is the same.
use std::sync::Arc;

use arrow::array::*;
use arrow::datatypes::DataType;
use meshwright_check::{Report, RowOrigin, Suite};
use serde_json::Value;

use crate::support::{batch, cast_texts, contract, finish, suite, with_dictionaries};

/// Numbers that look random and are the same in every run (SplitMix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % sides
    }
}

const CONTRACT: &str = r#"
    [columns]
    n = { type = "long", required = true, min = 3, max = 40, values = [5, 6, 7, 8], unique = true }
    x = { type = "double", min = -0.5, max = 8, unique = true }
    t = { type = "string", required = true, min_length = 2, max_length = 3, pattern = '^\w+$', values = ["née", "ab"], unique = true }
    d = { type = "date", max = "1970-01-20" }
    [[checks]]
    id = "pair"
    kind = "unique"
    columns = ["n", "d"]
    [[checks]]
    id = "mixed"
    kind = "unique"
    columns = ["n", "t"]
    where = "n >= 10"
    [[checks]]
    id = "expression"
    kind = "expression"
    sql = "n >= 10"
    at_most = 0.3
    [[checks]]
    id = "scoped"
    kind = "range"
    column = "x"
    max = 2
    where = "n >= 10"
    [[checks]]
    id = "sum"
    kind = "aggregate"
    column = "x"
    function = "sum"
    max = 10
    [[checks]]
    id = "stddev"
    kind = "aggregate"
    column = "x"
    function = "stddev"
    max = 10
    [[checks]]
    id = "distinct"
    kind = "aggregate"
    column = "t"
    function = "count_distinct"
    max = 2
    [[checks]]
    id = "min"
    kind = "aggregate"
    column = "x"
    function = "min"
    min = 0
    [[checks]]
    id = "fresh"
    kind = "freshness"
    column = "d"
    max_age = "1d"
"#;

pub(crate) fn rows(dice: &mut Dice, count: usize) -> RecordBatch {
    const TEXTS: [&str; 6] = ["ab", "née", "toolong", "", "x", "日本"];
    const FLOATS: [f64; 8] = [0.0, -0.0, f64::NAN, 0.5, -3.25, 8.0, 8.5, 1e6];
    let wide = 1 + dice.roll(200);
    let mut n = Int64Builder::new();
    let mut x = Float64Builder::new();
    let mut t = StringBuilder::new();
    let mut d = Date32Builder::new();
    for _ in 0..count {
        n.append_option((dice.roll(9) > 0).then(|| dice.roll(wide) as i64));
        x.append_option((dice.roll(5) > 0).then(|| FLOATS[dice.roll(8) as usize]));
        t.append_option((dice.roll(7) > 0).then(|| TEXTS[dice.roll(6) as usize]));
        d.append_option((dice.roll(4) > 0).then(|| dice.roll(30) as i32));
    }
    batch(vec![
        ("n", Arc::new(n.finish())),
        ("x", Arc::new(x.finish())),
        ("t", Arc::new(t.finish())),
        ("d", Arc::new(d.finish())),
    ])
}

fn whole(suite: &Suite, files: &[RecordBatch]) -> Report {
    let mut pass = suite.start();
    for (file, batch) in files.iter().enumerate() {
        pass.update(batch, RowOrigin { file: file as u32, first_row: 0 });
    }
    finish(pass)
}

fn split(suite: &Suite, files: &[RecordBatch], dice: &mut Dice) -> Report {
    let mut pieces = Vec::new();
    for (file, batch) in files.iter().enumerate() {
        let mut start = 0;
        while start < batch.num_rows() {
            let length = (1 + dice.roll(70) as usize).min(batch.num_rows() - start);
            let piece = batch.slice(start, length);
            let piece = match dice.roll(4) {
                0 => with_dictionaries(&piece),
                1 => with_dictionaries(batch).slice(start, length),
                2 => cast_texts(&piece, &DataType::Utf8View),
                _ => piece,
            };
            pieces.push((piece, RowOrigin { file: file as u32, first_row: start as u64 }));
            start += length;
        }
    }
    let mut passes: Vec<_> = (0..1 + dice.roll(4)).map(|_| suite.start()).collect();
    while !pieces.is_empty() {
        let (piece, origin) = pieces.swap_remove(dice.roll(pieces.len() as u64) as usize);
        let pass = dice.roll(passes.len() as u64) as usize;
        passes[pass].update(&piece, origin);
    }
    while passes.len() > 1 {
        let other = passes.swap_remove(dice.roll(passes.len() as u64) as usize);
        let into = dice.roll(passes.len() as u64) as usize;
        passes[into].merge(other);
    }
    finish(passes.swap_remove(0))
}

/// The report as JSON, with the one number that may differ in its last digits cut short.
fn shown(report: &Report) -> Value {
    let mut shown = serde_json::to_value(report).unwrap();
    for result in shown["results"].as_array_mut().unwrap() {
        if let ("stddev", Some(number)) = (result["id"].as_str().unwrap(), result["measured"].as_f64()) {
            result["measured"] = format!("{number:.9e}").into();
            result["message"] = Value::Null;
        }
    }
    shown
}

#[test]
fn any_split_gives_the_same_report() {
    let contract = contract("key = [\"n\"]", CONTRACT);
    for seed in 0..150 {
        let mut dice = Dice(seed);
        let files: Vec<_> = (0..2)
            .map(|_| {
                let count = dice.roll(300) as usize;
                rows(&mut dice, count)
            })
            .collect();
        let limit = dice.roll(12) as usize;
        let suite = suite(&contract, &files[0].schema()).with_evidence(limit);
        let expected = shown(&whole(&suite, &files));
        for _ in 0..3 {
            assert_eq!(shown(&split(&suite, &files, &mut dice)), expected, "seed {seed}");
        }
    }
}
