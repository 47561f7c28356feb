//! Text in other encodings than UTF-8.
use std::fmt;
use std::io::{self, Read};

use encoding_rs::{Decoder, DecoderResult, Encoding};

/// Raw bytes decoded at a time.
const PIECE: usize = 32 << 10;

/// Bytes that are no text in the encoding.
#[derive(Debug)]
pub(super) struct NotText {
    /// Offset of the first of them.
    pub(super) byte_offset: u64,
}

impl fmt::Display for NotText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no text in the encoding at byte {}", self.byte_offset)
    }
}

impl std::error::Error for NotText {}

/// Reads any encoding as UTF-8, without its byte order mark. A mark that names another encoding wins.
pub(super) struct Transcoder<R> {
    inner: R,
    decoder: Decoder,
    raw: Vec<u8>,
    raw_at: usize,
    raw_end: usize,
    /// Raw bytes before the buffer.
    raw_offset: u64,
    raw_ended: bool,
    text: Vec<u8>,
    text_at: usize,
    text_end: usize,
    fault: Option<u64>,
    done: bool,
}

impl<R: Read> Transcoder<R> {
    pub(super) fn new(inner: R, encoding: &'static Encoding) -> Self {
        Self {
            inner,
            decoder: encoding.new_decoder(),
            raw: vec![0; PIECE],
            raw_at: 0,
            raw_end: 0,
            raw_offset: 0,
            raw_ended: false,
            text: vec![0; PIECE * 3 + 64],
            text_at: 0,
            text_end: 0,
            fault: None,
            done: false,
        }
    }

    fn decode(&mut self) -> io::Result<()> {
        if self.raw_at == self.raw_end && !self.raw_ended {
            self.raw_offset += self.raw_end as u64;
            self.raw_at = 0;
            self.raw_end = self.inner.read(&mut self.raw)?;
            self.raw_ended = self.raw_end == 0;
        }
        let raw = &self.raw[self.raw_at..self.raw_end];
        let (result, read, written) =
            self.decoder.decode_to_utf8_without_replacement(raw, &mut self.text, self.raw_ended);
        self.raw_at += read;
        (self.text_at, self.text_end) = (0, written);
        match result {
            DecoderResult::InputEmpty => self.done = self.raw_ended,
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(length, after) => {
                let end = self.raw_offset + self.raw_at as u64;
                self.fault = Some(end.saturating_sub(u64::from(length) + u64::from(after)));
            }
        }
        Ok(())
    }
}

impl<R: Read> Read for Transcoder<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.text_at == self.text_end {
            if let Some(byte_offset) = self.fault {
                return Err(io::Error::new(io::ErrorKind::InvalidData, NotText { byte_offset }));
            }
            if self.done {
                return Ok(0);
            }
            self.decode()?;
        }
        let length = out.len().min(self.text_end - self.text_at);
        out[..length].copy_from_slice(&self.text[self.text_at..self.text_at + length]);
        self.text_at += length;
        Ok(length)
    }
}

/// How many raw bytes make the first `text_offset` bytes of UTF-8. Slow: for messages only.
pub(super) fn raw_offset(mut raw: impl Read, encoding: &'static Encoding, text_offset: u64) -> io::Result<u64> {
    let mut decoder = encoding.new_decoder();
    let mut text = [0; 1024];
    let (mut produced, mut consumed) = (0, 0);
    let mut piece = [0; 64];
    while produced < text_offset {
        // one byte makes at most three of text; close to the goal go byte by byte
        let length = if text_offset - produced > 256 { piece.len() } else { 1 };
        let length = raw.read(&mut piece[..length])?;
        if length == 0 {
            break;
        }
        let (_, _, written, _) = decoder.decode_to_utf8(&piece[..length], &mut text, false);
        produced += written as u64;
        consumed += length as u64;
    }
    Ok(consumed)
}
