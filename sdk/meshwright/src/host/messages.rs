//! An Arrow IPC stream that may as well be something else: text that a program has printed, or torn.
use std::io::{self, Read};

use arrow_ipc::root_as_message;

/// What every message starts with, since 2019.
const CONTINUATION: [u8; 4] = [0xff; 4];

/// Longer than any honest description of a batch.
const LONGEST: usize = 256 << 20;

/// Bytes of text that are shown.
const SHOWN: u64 = 60;

/// Reads message by message. Unlike the readers of Arrow it never takes text for a length to allocate.
pub(super) struct Messages<R> {
    from: R,
}

/// Why there is no next message.
pub(super) enum Torn {
    /// The stream stops, or is none.
    Unreadable(String),
    /// There is text instead; this is its first line.
    Text(String),
}

impl<R: Read> Messages<R> {
    pub(super) fn new(from: R) -> Self {
        Self { from }
    }

    /// The next message whole; nothing at the end of the stream.
    pub(super) fn next(&mut self) -> Result<Option<Vec<u8>>, Torn> {
        let mut message = Vec::new();
        match self.more(&mut message, 8)? {
            0 => return Ok(None),
            1..8 if CONTINUATION.starts_with(&message[..message.len().min(4)]) => return Err(cut_off()),
            _ if !message.starts_with(&CONTINUATION) => return Err(self.text(message)),
            _ => {}
        }
        let length = u32::from_le_bytes([message[4], message[5], message[6], message[7]]) as usize;
        if length == 0 {
            return Ok(None);
        }
        if length > LONGEST {
            return Err(Torn::Unreadable("a message is too long".to_owned()));
        }
        if self.more(&mut message, length)? < length {
            return Err(cut_off());
        }
        let body = root_as_message(&message[8..]).map_err(|error| Torn::Unreadable(error.to_string()))?.bodyLength();
        let body = usize::try_from(body).map_err(|_| Torn::Unreadable("a batch has no length".to_owned()))?;
        if self.more(&mut message, body)? < body {
            return Err(cut_off());
        }
        Ok(Some(message))
    }

    /// Reads what comes after the end, so that nobody dies of writing it.
    pub(super) fn drain(&mut self) {
        let _ = io::copy(&mut self.from, &mut io::sink());
    }

    /// Appends so many bytes; fewer at the end.
    fn more(&mut self, to: &mut Vec<u8>, length: usize) -> Result<usize, Torn> {
        self.from.by_ref().take(length as u64).read_to_end(to).map_err(|error| Torn::Unreadable(error.to_string()))
    }

    fn text(&mut self, mut start: Vec<u8>) -> Torn {
        // as much of the line as comes with it; whoever printed it may go on for long
        while !start.contains(&b'\n') && (start.len() as u64) < SHOWN {
            let mut byte = [0];
            match self.from.read(&mut byte) {
                Ok(1) => start.push(byte[0]),
                _ => break,
            }
        }
        Torn::Text(String::from_utf8_lossy(&start).lines().next().unwrap_or_default().to_owned())
    }
}

fn cut_off() -> Torn {
    Torn::Unreadable("the stream is cut off".to_owned())
}
