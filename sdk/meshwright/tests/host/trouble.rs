//! Programs that go wrong: always an error that says so, never a wait without end.
use std::path::Path;
use std::time::Duration;

use meshwright::host::{Options, Program};
use meshwright::prelude::*;
use meshwright::{Error, Kind};

use crate::product::{Number, misfit, number};
use crate::{command, program};

fn ingest(source: &str) -> (usize, Error) {
    let mut rows = 0;
    for batch in program().ingest(source, &Window::all()).unwrap() {
        match batch {
            Ok(batch) => rows += batch.num_rows(),
            Err(error) => return (rows, error),
        }
    }
    panic!("no error after {rows} rows");
}

#[test]
fn an_error_keeps_its_kind_and_causes() {
    let (rows, error) = ingest("fail");
    assert_eq!(rows, 49_152);
    assert_eq!((error.kind(), error.can_retry()), (Kind::Unavailable, true));
    assert_eq!(error.to_string(), "source `fail`: the agency does not answer: timed out");
}

#[test]
fn a_panic_is_an_error_with_its_place() {
    let (_, error) = ingest("panic");
    assert_eq!(error.kind(), Kind::Unexpected);
    assert!(error.message().starts_with("source `panic`: panicked at "), "{error}");
    assert!(error.message().ends_with(": row 50000 is cursed"), "{error}");

    let inputs = vec![("numbers".to_owned(), Batches::rows((0..10).map(number)))];
    let error = program().step("panics", inputs).unwrap().next().unwrap().unwrap_err();
    assert!(error.message().contains("index out of bounds"), "{error}");
}

#[test]
fn a_crash_names_signal_or_status_and_the_last_words() {
    let (_, error) = ingest("abort");
    assert!(error.message().starts_with("source `abort`: was killed by signal 6 (SIGABRT"), "{error}");
    assert!(error.talk().iter().any(|line| line == "about to go wrong: abort"), "{error:?}");
    // stdout and stderr are two pipes: which of their last lines comes last is nobody's promise
    assert!(error.causes()[0].contains("about to go wrong: abort"), "{error}");

    let (_, error) = ingest("exit");
    assert!(error.message().ends_with("ended with exit status 3 before its work was done"), "{error}");
}

#[test]
fn other_columns_than_described_are_m0301() {
    let (rows, error) = ingest("type");
    assert_eq!((rows, error.code_text(), error.kind()), (0, Some("M0301"), Kind::Invalid));
    assert_eq!(error.to_string(), "source `type`: a batch does not match its schema: column `text` is missing");
}

#[test]
fn a_broken_input_ends_the_step_with_its_own_error() {
    let program = program();
    let step = |batches: Batches| {
        let found = program.step("again", vec![("numbers".to_owned(), batches)]).unwrap();
        found.filter_map(Result::err).next().unwrap()
    };
    let broken = (0..50_000).map(|n| if n < 40_000 { Ok(number(n)) } else { Err("the disk is gone".into()) });
    assert_eq!(step(Batches::try_rows(broken)).to_string(), "step `again`: input `numbers`: the disk is gone");

    let panicking = (0..10).map(|n| if n < 5 { number(n) } else { panic!("an engine's defect") });
    assert_eq!(step(Batches::rows(panicking)).to_string(), "step `again`: input `numbers`: panicked");

    let misfit = misfit();
    let error = step(Batches::new(misfit.schema(), [Ok::<_, Error>(misfit)]));
    assert_eq!(error.to_string(), "step `again`: there is no column `n` among: m");
}

#[test]
fn what_is_not_there_is_said_without_starting_anything() {
    let program = program();
    assert_eq!(program.ingest("nothing", &Window::all()).unwrap_err().kind(), Kind::NotFound);
    let error = program.step("again", vec![]).unwrap_err();
    assert_eq!(error.to_string(), "step `again`: its input `numbers` is missing");
}

#[test]
fn a_dropped_stream_ends_its_process() {
    let mut stream = program().ingest("numbers", &Window::new(None, Some(Timestamp(i64::MAX)))).unwrap();
    assert_eq!(stream.next().unwrap().unwrap().schema(), Number::schema());
    // waits for the process, which would never end by itself
    drop(stream);
}

#[test]
fn commands_that_are_no_programs_are_told_apart() {
    let start = |command: &[&str], patience| {
        let command: Vec<String> = command.iter().map(|word| (*word).to_owned()).collect();
        let options = Options { patience: Duration::from_millis(patience), ..Options::default() };
        Program::start_with(&command, Path::new("/"), options).unwrap_err()
    };
    let error = start(&["/no/such/program"], 10_000);
    assert_eq!(error.kind(), Kind::NotFound);
    assert!(error.to_string().starts_with("the product's program: `/no/such/program` cannot be started"), "{error}");
    let error = start(&["true"], 10_000);
    assert!(error.message().contains("does not speak the protocol: is it built with `meshwright::main!`"), "{error}");
    let error = start(&["sh", "-c", "echo no luck >&2; exit 7"], 10_000);
    assert!(
        error.to_string().ends_with("ended with exit status 7 before its work was done: it last printed:\n  no luck"),
        "{error}"
    );
    let error = start(&["sleep", "1000"], 50);
    assert!(error.message().contains("has not spoken the protocol"), "{error}");
    assert_eq!(Program::start(&command(), Path::new("/no/such/folder")).unwrap_err().kind(), Kind::NotFound);
}
