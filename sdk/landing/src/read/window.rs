//! A window that moves over the text of a file: all that is held of it at a time.
use std::io::Read;

use meshwright_spec::Source;

use super::MAX_RECORD;
use super::input::{Input, fault, not_utf8};
use crate::data_error::DataError;

/// A window on the text of a file.
pub(super) struct Window {
    stream: Box<dyn Read + Send>,
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    ended: bool,
    /// Offset of `bytes[0]` in the file's text.
    offset: u64,
}

/// What reading on brought.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// More text, or the knowledge that none follows.
    More,
    /// Nothing is left.
    End,
    /// A single record fills all that may be held.
    TooLong,
}

impl Window {
    pub(super) fn open(
        input: &Input,
        source: &Source,
        from: u64,
        to: Option<u64>,
        size: usize,
    ) -> Result<Self, Box<DataError>> {
        let stream = input.open(from, to).map_err(|error| fault(input, source, &error))?;
        let bytes = vec![0; size.max(16)];
        let mut window = Self { stream, bytes, start: 0, end: 0, ended: false, offset: from };
        window.next(input, source, 0)?;
        Ok(window)
    }

    /// The text that is held and not yet consumed.
    pub(super) fn text(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// Whether no text follows.
    pub(super) fn is_last(&self) -> bool {
        self.ended
    }

    /// Offset of [`Window::text`] in the file's text.
    pub(super) fn offset(&self) -> u64 {
        self.offset + self.start as u64
    }

    /// Proves the first `length` bytes to be UTF-8.
    pub(super) fn prove(&self, input: &Input, source: &Source, length: usize) -> Result<(), Box<DataError>> {
        if !input.is_unproven() {
            return Ok(());
        }
        match std::str::from_utf8(&self.text()[..length]) {
            Ok(_) => Ok(()),
            Err(error) => Err(not_utf8(input, source, self.offset() + error.valid_up_to() as u64)),
        }
    }

    /// Lets go of the first `consumed` bytes, without reading on.
    pub(super) fn consume(&mut self, consumed: usize) {
        self.start += consumed;
    }

    /// Lets go of the first `consumed` bytes and reads on.
    pub(super) fn next(&mut self, input: &Input, source: &Source, consumed: usize) -> Result<Next, Box<DataError>> {
        self.start += consumed;
        if self.ended {
            return Ok(Next::End);
        }
        self.bytes.copy_within(self.start..self.end, 0);
        self.offset += self.start as u64;
        self.end -= self.start;
        self.start = 0;
        if self.end == self.bytes.len() {
            if self.end >= MAX_RECORD {
                return Ok(Next::TooLong);
            }
            self.bytes.resize(self.end * 2, 0);
        }
        while self.end < self.bytes.len() {
            match self.stream.read(&mut self.bytes[self.end..]) {
                Ok(0) => {
                    self.ended = true;
                    break;
                }
                Ok(read) => self.end += read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(fault(input, source, &error)),
            }
        }
        Ok(Next::More)
    }
}
