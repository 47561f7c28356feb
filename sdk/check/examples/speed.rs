//! How fast a suite is: 3 million rows of 5 columns, 9 checks, two passes. Run with `--release`; prints one line per
//! check alone and one for all together, in seconds of wall time, best of five.
use std::sync::Arc;
use std::time::Instant;

use arrow::array::*;
use arrow::datatypes::Int32Type;
use meshwright_check::{Context, NoExpressions, RowOrigin, Suite};
use meshwright_spec::{Contract, Sources};

const ROWS: usize = 3_000_000;
const BATCH: usize = 8192;

const CONTRACT: &str = r#"
[contract]
version = "1.0.0"
status = "active"
description = "Orders, made up."
[columns]
id = { type = "long", required = true, unique = true }
price = { type = "double", min = 0, max = 100000 }
country = { type = "string", values = ["DE", "FR", "IT", "ES", "NL", "BE", "AT", "PL"] }
email = { type = "string", pattern = '^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}$', max_length = 40 }
at = { type = "timestamptz", min = "2024-01-01T00:00:00Z", max = "2027-01-01T00:00:00Z" }
[[checks]]
id = "mean-price"
kind = "aggregate"
column = "price"
function = "avg"
min = 100
max = 1000
[[checks]]
id = "countries"
kind = "aggregate"
column = "country"
function = "count_distinct"
max = 8
"#;

fn main() {
    let mut sources = Sources::default();
    let file = sources.add("contracts/orders.toml", CONTRACT);
    let (contract, mistakes) = Contract::parse(&"orders".parse().expect("a good name"), file, &sources);
    let contract = contract.unwrap_or_else(|| panic!("{mistakes:#?}"));
    let batches: Vec<_> = (0..ROWS).step_by(BATCH).map(|start| orders(start, BATCH.min(ROWS - start))).collect();

    let all: f64 = (0..5).map(|_| time(&contract, &batches)).fold(f64::INFINITY, f64::min);
    say("all together", all);
    for check in &contract.checks {
        let alone = Contract { checks: vec![check.clone()], ..contract.clone() };
        say(&check.id, (0..5).map(|_| time(&alone, &batches)).fold(f64::INFINITY, f64::min));
    }
}

#[expect(clippy::print_stdout, reason = "a program for people at a terminal")]
fn say(what: &str, seconds: f64) {
    let per_row = seconds * 1e9 / ROWS as f64;
    println!("{what:<20} {seconds:.4} s  {per_row:6.2} ns a row");
}

fn time(contract: &Contract, batches: &[RecordBatch]) -> f64 {
    let suite = Suite::plan(contract, &batches[0].schema(), &NoExpressions);
    let start = Instant::now();
    let halves = batches.split_at(batches.len() / 2);
    let run = |half: &[RecordBatch], file| {
        let mut pass = suite.start();
        for (at, batch) in half.iter().enumerate() {
            pass.update(batch, RowOrigin { file, first_row: (at * BATCH) as u64 });
        }
        pass
    };
    let (mut pass, other) = std::thread::scope(|scope| {
        let other = scope.spawn(|| run(halves.1, 1));
        (run(halves.0, 0), other.join().expect("a pass does not panic"))
    });
    pass.merge(other);
    let report = pass.finish(&Context::at(chrono::Utc::now()));
    assert_eq!(report.executed, report.declared, "every check runs");
    start.elapsed().as_secs_f64()
}

/// Orders with ids in no order, a few bad rows, a dictionary of countries and plain text.
fn orders(start: usize, rows: usize) -> RecordBatch {
    let numbers = || start..start + rows;
    let id =
        Int64Array::from_iter_values(numbers().map(|row| (row as i64).wrapping_mul(0x9E37_79B9_7F4A_7C15_u64 as i64)));
    let price = Float64Array::from_iter(numbers().map(|row| match row % 1_000_000 {
        17 => Some(f64::NAN),
        18 => Some(-1.0),
        19 => None,
        _ => Some((row % 99_991) as f64 / 100.0),
    }));
    let countries = StringArray::from(vec!["DE", "FR", "IT", "ES", "NL", "BE", "AT", "PL"]);
    let keys = Int32Array::from_iter_values(numbers().map(|row| (row * 7 % 8) as i32));
    let country = DictionaryArray::<Int32Type>::new(keys, Arc::new(countries));
    let email =
        StringViewArray::from_iter_values(numbers().map(|row| format!("first.last{row}@example{}.org", row % 1000)));
    let at = numbers().map(|row| 1_735_000_000_000_000 + row as i64 * 1_000_000);
    let at = TimestampMicrosecondArray::from_iter_values(at).with_timezone("UTC");
    RecordBatch::try_from_iter([
        ("id", Arc::new(id) as ArrayRef),
        ("price", Arc::new(price)),
        ("country", Arc::new(country)),
        ("email", Arc::new(email)),
        ("at", Arc::new(at)),
    ])
    .expect("columns of one length")
}
