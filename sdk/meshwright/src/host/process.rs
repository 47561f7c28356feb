//! A process that does not outlive its owner.
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use meshwright_spec::redact;

use super::Options;
use super::talk::Talk;
use crate::error::{Error, Kind};

/// How long a process that has said its last word may take to end before it is killed.
const FAREWELL: Duration = Duration::from_secs(5);

/// Lines of talk that are part of the message of a crash.
const SHOWN: usize = 5;

/// A running process; killed when it is dropped.
pub(super) struct Process {
    child: Child,
    pub(super) talk: Talk,
}

/// What becomes of stdin and stdout.
pub(super) struct Pipes {
    pub(super) stdin: Stdio,
    /// Whether stdout is data; otherwise it is talk like stderr.
    pub(super) data: bool,
}

impl Process {
    /// Starts a command in a folder.
    pub(super) fn start(command: &[String], dir: &Path, options: &Options, pipes: Pipes) -> Result<Self, Error> {
        let Some((program, arguments)) = command.split_first() else {
            return Err(Error::invalid("the command is empty"));
        };
        let mut prepared = Command::new(place(program, dir));
        prepared.args(arguments).current_dir(dir).envs(options.env.iter().map(|(name, value)| (name, value)));
        prepared.stdin(pipes.stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = prepared.spawn().map_err(|error| refused(program, error))?;
        let mut talk = Talk::new();
        if let Some(stderr) = child.stderr.take() {
            talk.listen(stderr, options);
        }
        if let Some(stdout) = child.stdout.take_if(|_| !pipes.data) {
            talk.listen(stdout, options);
        }
        Ok(Self { child, talk })
    }

    /// Its stdin, if it is a pipe that nobody has taken.
    pub(super) fn stdin(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// Its stdout, if that is data and nobody has taken it.
    pub(super) fn stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Its status, if it has ended.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Waits for its end, however long that takes.
    pub(super) fn wait(&mut self) -> Result<ExitStatus, Error> {
        self.child.wait().map_err(|error| Error::unexpected("a process cannot be waited for").because(error))
    }

    /// Waits for its end for a while, then kills it.
    pub(super) fn farewell(&mut self) -> Option<ExitStatus> {
        let start = Instant::now();
        let mut pause = Duration::from_micros(200);
        while start.elapsed() < FAREWELL {
            if let Some(status) = self.ended() {
                return Some(status);
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(20));
        }
        None
    }

    /// Why it is gone before its work was done.
    pub(super) fn crash(&mut self) -> Error {
        let how = match self.farewell() {
            Some(status) => ended(status),
            None => "stopped answering".to_owned(),
        };
        self.failure(how)
    }

    /// A failure with the last lines that were printed.
    pub(super) fn failure(&self, what: String) -> Error {
        let talk = self.talk.last_words();
        let last: Vec<&str> =
            talk.iter().rev().map(|line| line.trim()).filter(|line| !line.is_empty()).take(SHOWN).collect();
        let said: Vec<&str> = last.into_iter().rev().collect();
        let error = Error::new(Kind::Unexpected, what);
        let error =
            if said.is_empty() { error } else { error.because(format!("it last printed:\n  {}", said.join("\n  "))) };
        error.with_talk(talk)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // both fail only if it has ended already
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A relative path to a program starts at the product's folder, on every platform.
fn place(program: &str, dir: &Path) -> PathBuf {
    if program.contains('/') { dir.join(program) } else { PathBuf::from(program) }
}

fn refused(program: &str, error: io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::NotFound => Kind::NotFound,
        io::ErrorKind::PermissionDenied => Kind::Denied,
        _ => Kind::Unexpected,
    };
    Error::new(kind, format!("`{}` cannot be started", redact(program))).because(error)
}

/// How a process has ended, in words.
pub(super) fn ended(status: ExitStatus) -> String {
    let Some(signal) = status.signal() else {
        return format!("ended with exit status {} before its work was done", status.code().unwrap_or_default());
    };
    let name = match signal {
        2 => "SIGINT, an interrupt",
        4 => "SIGILL, an illegal instruction",
        6 => "SIGABRT, as a panic does that cannot be caught",
        7 | 10 => "SIGBUS, a bad access to memory",
        8 => "SIGFPE, bad arithmetic",
        9 => "SIGKILL, often for want of memory",
        11 => "SIGSEGV, a bad access to memory or a stack that is too deep",
        13 => "SIGPIPE, a pipe that nobody reads",
        15 => "SIGTERM, a request to end",
        _ => "that",
    };
    format!("was killed by signal {signal} ({name})")
}
