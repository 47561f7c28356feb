//! Commands in any language.
use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::RecordBatch;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::ArrowError;

use super::folder::Folder;
use super::messages::{Messages, Torn};
use super::process::{Pipes, Process, ended};
use super::{Options, Stream};
use crate::Batches;
use crate::error::{BoxError, Error};
use crate::wire::Decoder;

/// Why an input broke off.
type Broken = Arc<Mutex<Option<Error>>>;

/// Runs a command of a step: Arrow IPC streams in, one out, as the [module](super) says. Returns when the command has
/// written the schema of its rows.
pub fn run_command(
    command: &[String],
    dir: &Path,
    options: &Options,
    mut inputs: Vec<(String, Batches)>,
) -> Result<Stream, Error> {
    let mut options = options.clone();
    let (mut folder, mut stdin) = (None, None);
    if inputs.len() > 1 {
        let folder = folder.insert(Folder::new()?);
        options.env.extend(write_files(folder.path(), inputs)?);
    } else if let Some((name, batches)) = inputs.pop() {
        options.env.push((variable(&name), "/dev/stdin".to_owned()));
        stdin = Some((name, batches));
    }
    let pipes = Pipes { stdin: if stdin.is_some() { Stdio::piped() } else { Stdio::null() }, data: true };
    let mut process = Process::start(command, dir, &options, pipes)?;
    let broken = Broken::default();
    if let Some(((name, batches), pipe)) = stdin.zip(process.stdin()) {
        let broken = broken.clone();
        std::thread::spawn(move || feed(&name, batches, pipe, &broken));
    }
    let stdout = process.stdout().ok_or_else(|| Error::unexpected("the command has no stdout"))?;
    let messages = Messages::new(BufReader::with_capacity(1 << 16, stdout));
    let mut rows = Rows { process, broken, messages: Some(messages), decoder: Decoder::default(), _folder: folder };
    loop {
        if let Some(schema) = rows.decoder.schema() {
            return Ok(Stream::new(schema, rows));
        }
        if !rows.receive()? {
            rows.end()?;
            return Err(rows.process.failure("the command has written no rows to stdout".to_owned()));
        }
    }
}

fn variable(input: &str) -> String {
    format!("MESH_INPUT_{}", input.to_uppercase())
}

/// Writes all inputs, side by side as they may hang together; returns the variables that name the files.
fn write_files(folder: &Path, inputs: Vec<(String, Batches)>) -> Result<Vec<(String, String)>, Error> {
    let write = |path: &Path, batches: Batches| -> Result<(), BoxError> {
        let mut writer = StreamWriter::try_new(BufWriter::new(File::create(path)?), &batches.schema())?;
        for batch in batches {
            writer.write(&batch?)?;
        }
        writer.finish()?;
        Ok(writer.into_inner()?.flush()?)
    };
    std::thread::scope(|scope| {
        let writing: Vec<_> = inputs
            .into_iter()
            .map(|(name, batches)| {
                let path = folder.join(format!("{name}.arrows"));
                scope.spawn(move || match write(&path, batches) {
                    Ok(()) => Ok((variable(&name), path.to_string_lossy().into_owned())),
                    Err(error) => Err(Error::from_box(error).of(&format!("input `{name}`"))),
                })
            })
            .collect();
        let panicked = |_| Err(Error::unexpected("an input panicked"));
        writing.into_iter().map(|thread| thread.join().unwrap_or_else(panicked)).collect()
    })
}

/// Sends an input to stdin. A command that reads only the start of it, or nothing, is in its right.
fn feed(name: &str, mut batches: Batches, pipe: ChildStdin, broken: &Broken) {
    // holds the pipe until the reason is known: many readers take the end of a pipe for the end of the rows
    let mut writer = match StreamWriter::try_new(pipe, &batches.schema()) {
        Ok(writer) => writer,
        Err(error) => return blame(name, error, broken),
    };
    let sent = catch_unwind(AssertUnwindSafe(|| {
        for batch in &mut batches {
            if let Err(error) = writer.write(&batch?) {
                return Ok(Err(error));
            }
        }
        Ok::<_, BoxError>(writer.finish())
    }));
    match sent {
        Ok(Ok(Ok(()))) => {}
        Ok(Ok(Err(error))) => blame(name, error, broken),
        Ok(Err(error)) => set(broken, Error::from_box(error).of(&format!("input `{name}`"))),
        Err(_) => set(broken, Error::unexpected(format!("input `{name}`: panicked"))),
    }
}

/// An error of the pipe is the command's choice, any other one is a defect of the input.
fn blame(name: &str, error: ArrowError, broken: &Broken) {
    if !matches!(error, ArrowError::IoError(..)) {
        set(broken, Error::unexpected(format!("input `{name}`: cannot be sent")).because(error));
    }
}

fn set(broken: &Broken, error: Error) {
    broken.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
}

/// The rows of a command as they come in.
struct Rows {
    process: Process,
    broken: Broken,
    /// Until the end of the stream.
    messages: Option<Messages<BufReader<ChildStdout>>>,
    decoder: Decoder,
    _folder: Option<Folder>,
}

impl Rows {
    fn batch(&mut self) -> Result<Option<RecordBatch>, Error> {
        loop {
            if let Some(batch) = self.decoder.batch() {
                return Ok(Some(batch));
            }
            if !self.receive()? {
                return self.end().map(|()| None);
            }
        }
    }

    /// Waits for a message; false at the end of the stream.
    fn receive(&mut self) -> Result<bool, Error> {
        let Some(messages) = &mut self.messages else { return Ok(false) };
        match messages.next() {
            Ok(None) => Ok(false),
            Ok(Some(message)) => match self.decoder.feed(message) {
                Ok(()) => Ok(true),
                Err(error) => Err(self.unreadable(error.to_string())),
            },
            Err(Torn::Unreadable(why)) => Err(self.unreadable(why)),
            Err(Torn::Text(line)) => {
                let line = meshwright_spec::redact(&line);
                let message =
                    format!("stdout is for the rows, as an Arrow IPC stream, but the command has printed `{line}`");
                Err(Error::invalid(message).because("what is for people goes to stderr"))
            }
        }
    }

    /// The stream is complete; whether the command has been successful is another question.
    fn end(&mut self) -> Result<(), Error> {
        if let Some(mut messages) = self.messages.take() {
            messages.drain();
        }
        let status = self.process.wait()?;
        match self.broken() {
            Some(error) => Err(error),
            None if status.success() => Ok(()),
            None => Err(self.process.failure(format!("the command {}", ended(status)))),
        }
    }

    /// The stream breaks off: says what is behind that.
    fn unreadable(&mut self, why: String) -> Error {
        self.messages = None;
        let status = self.process.farewell();
        match (self.broken(), status) {
            (Some(error), _) => error,
            (None, Some(status)) if !status.success() => self.process.failure(format!("the command {}", ended(status))),
            _ => Error::invalid("the rows of the command cannot be read").because(why),
        }
    }

    fn broken(&self) -> Option<Error> {
        self.broken.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Iterator for Rows {
    type Item = Result<RecordBatch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.batch().transpose()
    }
}
