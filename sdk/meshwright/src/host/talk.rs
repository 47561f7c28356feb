//! What a process prints: passed on line by line, and the last of it kept for the message of a crash.
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use meshwright_spec::redact;

use super::Options;

/// Bytes that are kept.
const KEPT: usize = 64 << 10;

/// How long the end of a dead process's talk is waited for: a child of its own may keep the pipe open for ever.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// The talk of one process.
pub(super) struct Talk {
    lines: Arc<Mutex<Tail>>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Tail {
    lines: VecDeque<String>,
    bytes: usize,
}

impl Talk {
    pub(super) fn new() -> Self {
        Self { lines: Arc::default(), threads: Vec::new() }
    }

    /// Listens to one more pipe.
    pub(super) fn listen(&mut self, pipe: impl Read + Send + 'static, options: &Options) {
        let (lines, forward) = (self.lines.clone(), options.talk.clone());
        self.threads.push(std::thread::spawn(move || {
            let mut pipe = BufReader::new(pipe);
            let mut line = Vec::new();
            // a line without end is cut, so that it cannot fill the memory
            while matches!(pipe.by_ref().take(KEPT as u64).read_until(b'\n', &mut line), Ok(read) if read > 0) {
                let text = String::from_utf8_lossy(&line);
                let text = redact(text.trim_end_matches(['\n', '\r']));
                if let Some(forward) = &forward {
                    forward(&text);
                }
                lines.lock().unwrap_or_else(PoisonError::into_inner).push(text.into_owned());
                line.clear();
            }
        }));
    }

    /// The last lines of a process that has ended.
    pub(super) fn last_words(&self) -> Vec<String> {
        let start = Instant::now();
        while !self.threads.iter().all(JoinHandle::is_finished) && start.elapsed() < LAST_WORDS {
            std::thread::sleep(Duration::from_millis(2));
        }
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).lines.iter().cloned().collect()
    }
}

impl Tail {
    fn push(&mut self, line: String) {
        self.bytes += line.len();
        self.lines.push_back(line);
        while self.bytes > KEPT && self.lines.len() > 1 {
            self.bytes -= self.lines.pop_front().map_or(0, |line| line.len());
        }
    }
}
