//! Rows in, rows out.
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use meshwright::host::Stream;
use meshwright::prelude::*;

use crate::product::{Number, Sum, number};
use crate::{program, talking};

fn first(count: i64) -> Window {
    Window::new(None, Some(Timestamp(count)))
}

fn numbers(count: i64) -> Batches {
    Batches::rows((0..count).map(number))
}

fn records<T: Record>(stream: Stream) -> Vec<T> {
    Batches::from(stream).records().collect::<Result<_>>().unwrap()
}

#[test]
fn a_program_says_what_it_holds() {
    let program = program();
    let found = program.describe();
    assert_eq!(found.description, "Trouble of all kinds.");
    assert_eq!(found.sdk, env!("CARGO_PKG_VERSION"));
    let source = found.source("numbers").unwrap();
    assert_eq!(source.description, "Numbers from 0, as many as the window has microseconds.");
    assert_eq!(source.schema, Number::schema());
    let step = found.step("crosswise").unwrap();
    assert_eq!(step.schema, Sum::schema());
    let inputs: Vec<_> = step.inputs.iter().map(|input| (input.name.as_str(), input.schema.clone())).collect();
    assert_eq!(inputs, [("left", Some(Number::schema())), ("right", None), ("unread", None)]);
    let checks: Vec<_> = found.checks_of("numbers").map(|check| (check.name.as_str(), check.severity)).collect();
    assert_eq!(checks, [("positive", Severity::Warning), ("first-only", Severity::Error)]);
}

#[test]
fn a_source_is_read_and_what_it_prints_is_talk() {
    let (program, lines) = talking();
    let rows: Vec<Number> = records(program.ingest("numbers", &first(20_000)).unwrap());
    assert_eq!(rows, (0..20_000).map(number).collect::<Vec<_>>());
    assert_eq!(records::<Number>(program.ingest("numbers", &first(0)).unwrap()), []);

    let lines = lines.lock().unwrap();
    assert!(lines.iter().any(|line| line == "this goes to stdout"), "{lines:?}");
    assert!(lines.iter().any(|line| line == "and this, with postgres://**********@db/x, to stderr"), "{lines:?}");
}

/// A million rows of about 100 bytes through a step: neither side ever holds more than a few batches.
#[test]
fn big_streams_take_little_memory() {
    let (program, lines) = talking();
    let ahead = Arc::new(AtomicI64::new(0));
    let sent = ahead.clone();
    let batches = numbers(1_000_000).inspect(move |_| {
        sent.fetch_add(1, Ordering::SeqCst);
    });
    let input = Batches::new(Number::schema(), batches);
    let (mut rows, mut most) = (0, 0);
    for batch in program.step("again", vec![("numbers".to_owned(), input)]).unwrap() {
        rows += batch.unwrap().num_rows();
        most = most.max(ahead.fetch_sub(1, Ordering::SeqCst));
    }
    assert_eq!(rows, 1_000_000);
    assert!(most <= 12, "{most} batches were on their way");

    let lines = lines.lock().unwrap();
    let peak = lines.iter().find_map(|line| line.strip_prefix("peak ")).unwrap().parse::<u64>().unwrap();
    assert!(peak < 64 << 10, "the program has used {peak} KiB");
}

#[test]
fn a_step_reads_its_inputs_in_any_order() {
    let tables = [("left", 300_000), ("right", 200_000), ("unread", 1_000_000)];
    let inputs = tables.into_iter().map(|(name, count)| (name.to_owned(), numbers(count))).collect();
    let rows: Vec<Sum> = records(program().step("crosswise", inputs).unwrap());
    assert_eq!(rows.len(), 200_002);
    assert_eq!(rows[200_000..], [Sum { sum: 199_999 * 100_000 }, Sum { sum: 299_999 * 150_000 }]);
}

#[test]
fn checks_count() {
    let program = program();
    let rows = Batches::rows((-15..50_000).map(number));
    let outcome = program.check("positive", rows).unwrap();
    assert_eq!((outcome.rows, outcome.violations, outcome.samples.len()), (50_015, 15, 10));
    assert_eq!(outcome.samples[0], "-15 is negative");

    // a check may stop early: the rest of a million rows is never made
    let outcome = program.check("first-only", numbers(1_000_000)).unwrap();
    assert_eq!((outcome.rows, outcome.message.as_deref()), (8192, Some("only a sample")));
}

#[test]
fn requests_run_side_by_side() {
    let program = program();
    let mut streams: Vec<Stream> = (0..4).map(|_| program.ingest("numbers", &first(100_000)).unwrap()).collect();
    let mut rows = 0;
    while streams.iter_mut().filter_map(|stream| stream.next()).map(|batch| rows += batch.unwrap().num_rows()).count()
        > 0
    {}
    assert_eq!(rows, 400_000);
}
