//! A product's program.
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use serde_json::Value;

use super::exchange::{Exchange, Said};
use super::{Description, Options, Stream};
use crate::error::Error;
use crate::schema::{MISMATCH, conform, mismatch};
use crate::wire::{Decoder, RESULT, Request, Verb};
use crate::{Batches, CheckOutcome, Window};

/// A product's program: how it is started and what it holds.
///
/// ```no_run
/// use meshwright::host::Program;
/// use meshwright::Window;
///
/// let program = Program::start(&["target/debug/climate-weather".to_owned()], "products/weather".as_ref())?;
/// for batch in program.ingest("readings", &Window::all())? {
///     assert_eq!(batch?.schema(), program.describe().source("readings").unwrap().schema);
/// }
/// # Ok::<(), meshwright::BoxError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Program {
    command: Vec<String>,
    dir: PathBuf,
    options: Options,
    description: Arc<Description>,
}

impl Program {
    /// Asks the program that `command` starts in the folder `dir` what it holds.
    pub fn start(command: &[String], dir: &Path) -> Result<Self, Error> {
        Self::start_with(command, dir, Options::default())
    }

    /// The same with options, which hold for all later requests too.
    pub fn start_with(command: &[String], dir: &Path, options: Options) -> Result<Self, Error> {
        let missing =
            |error| Error::not_found(format!("the folder `{}` cannot be entered", dir.display())).because(error);
        let dir = dir.canonicalize().map_err(missing)?;
        let description = describe(command, &dir, &options).map_err(|error| error.of("the product's program"))?;
        Ok(Self { command: command.to_vec(), dir, options, description: Arc::new(description) })
    }

    /// What it holds.
    pub fn describe(&self) -> &Description {
        &self.description
    }

    /// Reads a source.
    pub fn ingest(&self, source: &str, window: &Window) -> Result<Stream, Error> {
        let part = format!("source `{source}`");
        let schema = self.description.source(source).map(|source| source.schema.clone());
        let schema = schema.ok_or_else(|| unknown(&part))?;
        let request = Request { verb: Verb::Ingest, name: source.to_owned(), window: *window, inputs: Vec::new() };
        self.rows(part, schema, request, Vec::new())
    }

    /// Runs a step over its inputs.
    pub fn step(&self, name: &str, inputs: Vec<(String, Batches)>) -> Result<Stream, Error> {
        let part = format!("step `{name}`");
        let step = self.description.step(name).ok_or_else(|| unknown(&part))?;
        if let Some(input) = step.inputs.iter().find(|input| !inputs.iter().any(|(name, _)| *name == input.name)) {
            return Err(Error::invalid(format!("{part}: its input `{}` is missing", input.name)));
        }
        let schema = step.schema.clone();
        let (names, batches) = inputs.into_iter().unzip();
        let request = Request { verb: Verb::Step, name: name.to_owned(), window: Window::all(), inputs: names };
        self.rows(part, schema, request, batches)
    }

    /// Has a check look at the rows of its port.
    pub fn check(&self, name: &str, rows: Batches) -> Result<CheckOutcome, Error> {
        let part = format!("check `{name}`");
        if !self.description.checks.iter().any(|check| check.name == name) {
            return Err(unknown(&part));
        }
        let inputs = vec!["rows".to_owned()];
        let request = Request { verb: Verb::Check, name: name.to_owned(), window: Window::all(), inputs };
        let look = || {
            let mut exchange = Exchange::start(&self.command, &self.dir, &self.options, &request, vec![rows])?;
            let Said::Answer(answer) = exchange.listen()? else {
                return Err(Error::unexpected("the program does not follow the protocol"));
            };
            exchange.finish();
            outcome(&answer)
        };
        look().map_err(|error| error.of(&part))
    }

    fn rows(&self, part: String, schema: SchemaRef, request: Request, inputs: Vec<Batches>) -> Result<Stream, Error> {
        let exchange = Exchange::start(&self.command, &self.dir, &self.options, &request, inputs);
        let exchange = exchange.map_err(|error| error.of(&part))?;
        let rows = Rows { part, schema: schema.clone(), exchange, decoder: Decoder::default(), compared: false };
        Ok(Stream::new(schema, rows))
    }
}

fn unknown(part: &str) -> Error {
    Error::not_found(format!("the product's program has no {part}"))
}

fn describe(command: &[String], dir: &Path, options: &Options) -> Result<Description, Error> {
    let request = Request { verb: Verb::Describe, name: String::new(), window: Window::all(), inputs: Vec::new() };
    let mut exchange = Exchange::start(command, dir, options, &request, Vec::new())?;
    let mut streams: HashMap<u32, Vec<u8>> = HashMap::new();
    loop {
        match exchange.listen()? {
            Said::Data(stream, bytes) => streams.entry(stream).or_default().extend(bytes),
            Said::Answer(answer) => {
                exchange.finish();
                return Description::read(&answer, &streams);
            }
            Said::End => {}
        }
    }
}

fn outcome(answer: &[u8]) -> Result<CheckOutcome, Error> {
    let answer: Value = serde_json::from_slice(answer)
        .map_err(|error| Error::unexpected("the outcome of the check cannot be read").because(error))?;
    let count = |key: &str| {
        answer[key]
            .as_u64()
            .ok_or_else(|| Error::unexpected(format!("the outcome of the check has no number of {key}")))
    };
    let samples = answer["samples"].as_array().into_iter().flatten();
    Ok(CheckOutcome {
        rows: count("rows")?,
        violations: count("violations")?,
        samples: samples.filter_map(|sample| sample.as_str().map(str::to_owned)).collect(),
        message: answer["message"].as_str().map(str::to_owned),
    })
}

/// The rows of a source or step as they come in.
struct Rows {
    part: String,
    schema: SchemaRef,
    exchange: Exchange,
    decoder: Decoder,
    compared: bool,
}

impl Rows {
    fn batch(&mut self) -> Result<Option<RecordBatch>, Error> {
        loop {
            if let Some(batch) = self.decoder.batch() {
                return conform(batch, &self.schema).map(Some);
            }
            match self.exchange.listen()? {
                Said::Data(RESULT, message) => {
                    let torn = |error| Error::unexpected("its rows cannot be read").because(error);
                    self.decoder.feed(message).map_err(torn)?;
                    self.compare()?;
                }
                Said::End => {
                    self.exchange.finish();
                    return Ok(None);
                }
                Said::Data(..) | Said::Answer(_) => {
                    return Err(Error::unexpected("the program does not follow the protocol"));
                }
            }
        }
    }

    /// The schema of the rows is the described one, or the program is another one by now.
    fn compare(&mut self) -> Result<(), Error> {
        let Some(found) = self.decoder.schema().filter(|_| !self.compared) else { return Ok(()) };
        self.compared = true;
        match mismatch(&self.schema, &found) {
            None => Ok(()),
            Some(what) => Err(Error::invalid(format!("its rows are not what it describes: {what}")).code(MISMATCH)),
        }
    }
}

impl Iterator for Rows {
    type Item = Result<RecordBatch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.batch().map_err(|error| error.of(&self.part)).transpose()
    }
}
