//! Text in pieces, of which some grow: laid end to end they are one text, or one gzip member.
//!
//! Deflate's blocks can be laid end to end where none refers to what stands before its own piece (RFC 1951 section 2;
//! RFC 1952 section 2.3 for the member around them). So what was packed once stays packed, and a text costs what is new.
use std::io::Write;

use flate2::write::GzEncoder;
use flate2::{Compress, Compression, Crc, FlushCompress, Status};

use crate::Result;

/// A gzip member's head: deflate, no name, no time, any system.
const HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// Packs a text as a whole.
pub(super) fn packed(text: &[u8]) -> Result<Vec<u8>> {
    let mut packed = GzEncoder::new(vec![], Compression::fast());
    packed.write_all(text)?;
    Ok(packed.finish()?)
}

/// A piece of text that more is added to.
pub(super) enum Piece {
    Plain(Vec<u8>),
    Packed(Box<Deflated>),
}

impl Piece {
    pub(super) fn new(packed: bool) -> Self {
        if packed { Self::Packed(Box::new(Deflated::new(Compression::default()))) } else { Self::Plain(vec![]) }
    }

    pub(super) fn push(&mut self, text: &[u8]) -> Result<()> {
        match self {
            Self::Plain(all) => {
                all.extend_from_slice(text);
                Ok(())
            }
            Self::Packed(all) => all.push(text, FlushCompress::Sync),
        }
    }

    /// The pieces, all of them packed or none, and behind them a tail that is not kept.
    pub(super) fn joined(pieces: &[&Self], tail: &[u8]) -> Result<Vec<u8>> {
        let (mut plain, mut packed, mut crc) = (vec![], HEAD.to_vec(), Crc::new());
        for piece in pieces {
            match piece {
                Self::Plain(text) => plain.extend_from_slice(text),
                Self::Packed(piece) => {
                    packed.extend_from_slice(&piece.bytes);
                    crc.combine(&piece.crc);
                }
            }
        }
        if packed.len() == HEAD.len() {
            plain.extend_from_slice(tail);
            return Ok(plain);
        }
        let mut last = Deflated::new(Compression::fast());
        last.push(tail, FlushCompress::Finish)?;
        packed.extend_from_slice(&last.bytes);
        crc.combine(&last.crc);
        packed.extend_from_slice(&crc.sum().to_le_bytes());
        packed.extend_from_slice(&crc.amount().to_le_bytes());
        Ok(packed)
    }
}

/// Deflated text that ends at a byte, and what the next one may refer to.
pub(super) struct Deflated {
    deflate: Compress,
    bytes: Vec<u8>,
    /// Of the text, with its length.
    crc: Crc,
}

impl Deflated {
    fn new(level: Compression) -> Self {
        Self { deflate: Compress::new(level, false), bytes: vec![], crc: Crc::new() }
    }

    fn push(&mut self, text: &[u8], flush: FlushCompress) -> Result<()> {
        self.crc.update(text);
        let mut rest = text;
        loop {
            self.bytes.reserve(rest.len() / 2 + 64);
            let before = self.deflate.total_in();
            let status = self.deflate.compress_vec(rest, &mut self.bytes, flush).map_err(std::io::Error::other)?;
            rest = rest.get((self.deflate.total_in() - before) as usize..).unwrap_or_default();
            let ended = match flush {
                FlushCompress::Finish => status == Status::StreamEnd,
                // room is left: nothing waits for more
                _ => rest.is_empty() && self.bytes.len() < self.bytes.capacity(),
            };
            if ended {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::bufread::GzDecoder;

    use super::*;

    #[test]
    fn pieces_that_grow_in_turns_are_one_text() {
        for packed in [false, true] {
            let (mut one, mut other) = (Piece::new(packed), Piece::new(packed));
            let (mut first, mut second) = (String::new(), String::new());
            for n in 0..300_u64 {
                let long = format!("{:x},", n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).repeat(1 + n as usize % 40);
                one.push(long.as_bytes()).unwrap();
                first += &long;
                other.push(n.to_string().as_bytes()).unwrap();
                second += &n.to_string();
                let tail = "the end, the end, ".repeat(n as usize % 5);
                let all = Piece::joined(&[&one, &other], tail.as_bytes()).unwrap();
                let mut read = vec![];
                if packed {
                    let mut bytes = &all[..];
                    GzDecoder::new(&mut bytes).read_to_end(&mut read).unwrap();
                    assert!(bytes.is_empty(), "one member, and nothing behind it");
                } else {
                    read = all;
                }
                assert_eq!(String::from_utf8(read).unwrap(), format!("{first}{second}{tail}"), "{packed} {n}");
            }
            if packed {
                let whole = Piece::joined(&[&one, &other], b"").unwrap();
                assert!(whole.len() * 2 < first.len() + second.len(), "{} bytes", whole.len());
            }
        }
    }
}
