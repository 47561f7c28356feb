//! One request to one process.
use std::collections::HashMap;
use std::io::{self, BufReader, ErrorKind};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Options;
use super::folder::Folder;
use super::process::{Pipes, Process, ended};
use crate::Batches;
use crate::error::{BoxError, Error, Kind};
use crate::wire::{Encoder, Frame, Op, PROTOCOL, RESULT, Request, SOCKET, error_of};

/// A process that works on a request.
pub(super) struct Exchange {
    process: Process,
    incoming: BufReader<UnixStream>,
    pulls: HashMap<u32, Sender<()>>,
    /// Why an input broke off, which ends everything.
    broken: Arc<Mutex<Option<Error>>>,
}

/// What a program has to say, apart from asking for its inputs.
pub(super) enum Said {
    Data(u32, Vec<u8>),
    End,
    Answer(Vec<u8>),
}

impl Exchange {
    /// Starts a process and hands it a request; the inputs are read as it asks for them.
    pub(super) fn start(
        command: &[String],
        dir: &Path,
        options: &Options,
        request: &Request,
        inputs: Vec<Batches>,
    ) -> Result<Self, Error> {
        let (process, socket) = meet(command, dir, options)?;
        let writer = socket.try_clone().map_err(lost)?;
        let mut exchange = Self {
            process,
            incoming: BufReader::with_capacity(1 << 16, socket),
            pulls: HashMap::new(),
            broken: Arc::default(),
        };
        exchange.greet()?;
        if Frame::write(&mut &writer, Op::Request, RESULT, &request.to_bytes()).is_err() {
            return Err(exchange.process.crash());
        }
        let writer = Arc::new(Mutex::new(writer));
        for ((stream, name), batches) in (1..).zip(&request.inputs).zip(inputs) {
            let (sender, pulls) = channel();
            exchange.pulls.insert(stream, sender);
            let input = Input { stream, name: name.clone(), batches, pulls, writer: writer.clone() };
            let broken = exchange.broken.clone();
            std::thread::spawn(move || input.run(&broken));
        }
        Ok(exchange)
    }

    /// The first frame says which protocol the program speaks.
    fn greet(&mut self) -> Result<(), Error> {
        let hello = match Frame::read(&mut self.incoming) {
            Ok(Some(frame)) if frame.op == Op::Hello => frame.payload,
            Ok(None) => return Err(self.process.crash()),
            _ => return Err(Error::new(Kind::Unsupported, "the program does not speak the protocol")),
        };
        let hello: Value = serde_json::from_slice(&hello).unwrap_or_default();
        match hello["protocol"].as_u64() {
            Some(PROTOCOL) => Ok(()),
            other => {
                let (theirs, sdk) = (other.unwrap_or_default(), hello["sdk"].as_str().unwrap_or("unknown"));
                let message = format!(
                    "the program speaks protocol {theirs} (crate meshwright {sdk}), this `mesh` protocol {PROTOCOL}"
                );
                Err(Error::new(Kind::Unsupported, message))
            }
        }
    }

    /// Waits for the program to say something.
    pub(super) fn listen(&mut self) -> Result<Said, Error> {
        loop {
            let frame = match Frame::read(&mut self.incoming) {
                Ok(Some(frame)) => frame,
                Err(error) if error.kind() == ErrorKind::InvalidData => return Err(lost(error)),
                Ok(None) | Err(_) => return Err(self.gone()),
            };
            match frame.op {
                Op::Pull => {
                    // an input that has ended asks no more
                    if let Some(pull) = self.pulls.get(&frame.stream) {
                        let _ = pull.send(());
                    }
                }
                Op::Data => return Ok(Said::Data(frame.stream, frame.payload)),
                Op::End => return Ok(Said::End),
                Op::Answer => return Ok(Said::Answer(frame.payload)),
                Op::Failure => return Err(error_of(&frame.payload)),
                Op::Hello | Op::Request => return Err(Error::unexpected("the program does not follow the protocol")),
            }
        }
    }

    /// Lets a process go that has done its work.
    pub(super) fn finish(&mut self) {
        self.process.farewell();
    }

    fn gone(&mut self) -> Error {
        let broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner).take();
        broken.unwrap_or_else(|| self.process.crash())
    }
}

fn lost(error: io::Error) -> Error {
    Error::unexpected("the program cannot be understood").because(error)
}

/// Starts a process and waits until it calls.
fn meet(command: &[String], dir: &Path, options: &Options) -> Result<(Process, UnixStream), Error> {
    let folder = Folder::short()?;
    let path = folder.path().join("socket");
    let impossible = |error: io::Error| Error::unexpected("no socket can be opened for the program").because(error);
    let listener = UnixListener::bind(&path).map_err(impossible)?;
    listener.set_nonblocking(true).map_err(impossible)?;

    let mut options = options.clone();
    options.env.push((SOCKET.to_owned(), path.to_string_lossy().into_owned()));
    let mut process = Process::start(command, dir, &options, Pipes { stdin: Stdio::null(), data: false })?;

    let start = Instant::now();
    let mut pause = Duration::from_micros(100);
    loop {
        // asked before the call is looked for: a program may call and end at once
        let status = process.ended();
        match listener.accept() {
            Ok((socket, _)) => {
                socket.set_nonblocking(false).map_err(impossible)?;
                return Ok((process, socket));
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(impossible(error)),
        }
        if let Some(status) = status {
            return Err(match status.success() {
                true => process.failure("does not speak the protocol: is it built with `meshwright::main!`".to_owned()),
                false => process.failure(ended(status)),
            });
        }
        if start.elapsed() > options.patience {
            let seconds = options.patience.as_secs();
            return Err(process.failure(format!("has not spoken the protocol within {seconds} s")));
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(10));
    }
}

/// One input on its way to the program, on a thread of its own.
struct Input {
    stream: u32,
    name: String,
    batches: Batches,
    pulls: Receiver<()>,
    writer: Arc<Mutex<UnixStream>>,
}

impl Input {
    fn run(self, broken: &Mutex<Option<Error>>) {
        let (name, writer) = (self.name.clone(), self.writer.clone());
        let outcome = catch_unwind(AssertUnwindSafe(|| self.send()));
        let error = match outcome {
            Ok(Ok(())) => return,
            Ok(Err(error)) => Error::from_box(error),
            Err(_) => Error::unexpected("panicked"),
        };
        broken.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error.of(&format!("input `{name}`")));
        // whoever waits for the program now sees that it is over
        let _ = writer.lock().unwrap_or_else(PoisonError::into_inner).shutdown(Shutdown::Both);
    }

    fn send(mut self) -> Result<(), BoxError> {
        let mut encoder = Encoder::new(&self.batches.schema())?;
        while self.pulls.recv().is_ok() {
            let Some(message) = encoder.next(&mut self.batches) else {
                let message = encoder.finish()?;
                if self.write(Op::Data, &message) {
                    self.write(Op::End, b"");
                }
                return Ok(());
            };
            if !self.write(Op::Data, &message?) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// False if the program has gone, which is for its listener to tell.
    fn write(&self, op: Op, payload: &[u8]) -> bool {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        Frame::write(&mut &*writer, op, self.stream, payload).is_ok()
    }
}
