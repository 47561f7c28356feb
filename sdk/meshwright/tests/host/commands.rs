//! Commands in other languages, here those of the shell: what they pass on are Arrow streams.
use std::path::Path;

use meshwright::host::{Options, Stream, run_command};
use meshwright::prelude::*;
use meshwright::{Error, Kind};

use crate::product::{Number, number};

fn numbers(count: i64) -> Batches {
    Batches::rows((0..count).map(number))
}

fn run(script: &str, inputs: Vec<(&str, Batches)>) -> Result<Stream, Error> {
    let command = ["sh", "-c", script].map(str::to_owned);
    let inputs = inputs.into_iter().map(|(name, batches)| (name.to_owned(), batches)).collect();
    let options = Options { env: vec![("GREETING".to_owned(), "hello".to_owned())], ..Options::default() };
    run_command(&command, Path::new(env!("CARGO_MANIFEST_DIR")), &options, inputs)
}

fn outcome(stream: Stream) -> (usize, Option<Error>) {
    stream.fold((0, None), |(rows, error), batch| match batch {
        Ok(batch) => (rows + batch.num_rows(), error),
        Err(error) => (rows, Some(error)),
    })
}

fn failure(script: &str, inputs: Vec<(&str, Batches)>) -> Error {
    match run(script, inputs) {
        Err(error) => error,
        Ok(stream) => outcome(stream).1.unwrap(),
    }
}

#[test]
fn one_input_is_on_stdin_and_at_its_path() {
    for script in ["cat", "cat \"$MESH_INPUT_NUMBERS\"", "test -f Cargo.toml && test $GREETING = hello && cat"] {
        let stream = run(script, vec![("numbers", numbers(200_000))]).unwrap();
        assert_eq!(stream.schema(), Number::schema());
        let (rows, error) = outcome(stream);
        assert_eq!((rows, error), (200_000, None), "{script}");
    }
}

#[test]
fn several_inputs_are_files_in_any_order() {
    let script = "cat $MESH_INPUT_B >/dev/null && cat $MESH_INPUT_A && test -z \"$(cat)\"";
    let stream = run(script, vec![("a", numbers(30_000)), ("b", numbers(20_000))]).unwrap();
    let rows: Vec<Number> = Batches::from(stream).records().collect::<meshwright::Result<_>>().unwrap();
    assert_eq!(rows, (0..30_000).map(number).collect::<Vec<_>>());
}

#[test]
fn an_input_need_not_be_read() {
    let script = "cat >/dev/null & exec cat $MESH_INPUT_A";
    let other = run(script, vec![("a", numbers(10)), ("b", numbers(10))]).unwrap();
    assert_eq!(outcome(other), (10, None));
    let error = failure("exit 0", vec![("numbers", numbers(1_000_000))]);
    assert!(error.message().contains("the command has written no rows to stdout"), "{error}");
}

#[test]
fn a_status_that_is_not_zero_fails_even_a_whole_stream() {
    let error = failure("cat; echo 'too hot' >&2; exit 4", vec![("numbers", numbers(10))]);
    assert_eq!(
        error.to_string(),
        "the command ended with exit status 4 before its work was done: it last printed:\n  too hot"
    );
    let error = failure("echo oops >&2; kill -9 $$", vec![]);
    assert!(error.message().starts_with("the command was killed by signal 9 (SIGKILL"), "{error}");
}

#[test]
fn text_on_stdout_is_recognised() {
    let error = failure("echo Loading model...; cat", vec![("numbers", numbers(10))]);
    assert_eq!(error.kind(), Kind::Invalid);
    assert!(error.message().ends_with("but the command has printed `Loading model...`"), "{error}");
    // 4 KiB of the stream are a schema and a part of the first batch
    let error = failure("head -c 4096", vec![("numbers", numbers(1000))]);
    assert_eq!(error.to_string(), "the rows of the command cannot be read: the stream is cut off");
}

#[test]
fn a_broken_input_is_never_a_short_one() {
    let broken = || (0..50_000).map(|n| if n < 40_000 { Ok(number(n)) } else { Err("the disk is gone".into()) });
    let error = failure("cat", vec![("numbers", Batches::try_rows(broken()))]);
    assert_eq!(error.to_string(), "input `numbers`: the disk is gone");
    let error = failure("cat $MESH_INPUT_B", vec![("a", Batches::try_rows(broken())), ("b", numbers(1))]);
    assert_eq!(error.to_string(), "input `a`: the disk is gone");
}
