//! Where records start near given places of a big file.
//!
//! Line ends inside quotes end no record, so all quotes before a place matter. One fast pass looks at nothing else: a
//! quote opens a field if a delimiter or line end stands before it, and closes it if none follows.
use std::io::{self, Read};

use memchr::memchr;

use super::Dialect;
use crate::read::input::Input;

/// For each target, in ascending order, the first record start at or after it; `chunk` bytes are read at a time.
///
/// A target without one is left out, and so are all that follow a malformed quote: whoever reads the records before
/// them will report it.
pub(super) fn record_starts(
    input: &Input,
    from: u64,
    targets: &[u64],
    dialect: Dialect,
    chunk: usize,
) -> io::Result<Vec<u64>> {
    let mut starts = Vec::with_capacity(targets.len());
    if targets.is_empty() {
        return Ok(starts);
    }
    let mut stream = input.open(from, None)?;
    let mut state = State { dialect, inside: false, closing: false, before: b'\n' };
    let mut buffer = vec![0; chunk.max(1)];
    let mut offset = from;
    let mut targets = targets.iter().copied().filter(|target| *target > from).peekable();
    while let Some(target) = targets.peek().copied() {
        let read = stream.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        let piece = &buffer[..read];
        let mut wanted = target;
        let good = state.outside(piece, |range| {
            // the line end at `wanted - 1` counts: the record after it starts exactly there
            let mut at = range.start.max(usize::try_from((wanted - 1).saturating_sub(offset)).unwrap_or(usize::MAX));
            while at < range.end {
                let Some(line_end) = memchr(b'\n', &piece[at..range.end]).map(|found| at + found) else { return true };
                let start = offset + line_end as u64 + 1;
                starts.push(start);
                while targets.next_if(|target| *target <= start).is_some() {}
                let Some(next) = targets.peek() else { return false };
                wanted = *next;
                at = (line_end + 1).max(usize::try_from((wanted - 1).saturating_sub(offset)).unwrap_or(usize::MAX));
            }
            true
        });
        if !good {
            break;
        }
        offset += read as u64;
    }
    // a start at the very end has no record after it
    let length = input.length().unwrap_or(u64::MAX);
    starts.retain(|start| *start < length);
    Ok(starts)
}

struct State {
    dialect: Dialect,
    /// Within quotes.
    inside: bool,
    /// The byte before this piece was a quote that closes, unless another one follows.
    closing: bool,
    /// The byte before this piece.
    before: u8,
}

impl State {
    /// Calls `each` with the ranges that lie outside of quotes; false if it said so or a quote is malformed.
    fn outside(&mut self, piece: &[u8], mut each: impl FnMut(std::ops::Range<usize>) -> bool) -> bool {
        let quote = self.dialect.quote;
        let mut at = 0;
        if self.closing {
            self.closing = false;
            if piece.first() == Some(&quote) {
                at = 1;
            } else {
                self.inside = false;
                if !self.may_follow(piece.first()) {
                    return false;
                }
            }
        }
        // where the outside range began that `at` is in
        let mut began = at;
        while let Some(found) = memchr(quote, &piece[at..]).map(|found| at + found) {
            if !self.inside {
                let before = if found == 0 { self.before } else { piece[found - 1] };
                if before == self.dialect.delimiter || before == b'\n' {
                    if !each(began..found) {
                        return false;
                    }
                    self.inside = true;
                }
                at = found + 1;
                continue;
            }
            match piece.get(found + 1) {
                Some(next) if *next == quote => at = found + 2,
                Some(next) => {
                    self.inside = false;
                    if !self.may_follow(Some(next)) {
                        return false;
                    }
                    at = found + 1;
                    began = at;
                }
                None => {
                    self.closing = true;
                    at = found + 1;
                }
            }
        }
        self.before = piece.last().copied().unwrap_or(self.before);
        self.inside || each(began..piece.len())
    }

    fn may_follow(&self, byte: Option<&u8>) -> bool {
        byte.is_none_or(|byte| *byte == self.dialect.delimiter || *byte == b'\n' || *byte == b'\r')
    }
}
