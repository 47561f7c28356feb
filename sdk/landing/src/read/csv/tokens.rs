//! Records and fields in a buffer of text.
//!
//! Eight bytes are looked at in one step: arithmetic on a word finds those that can matter, as in "Hacker's Delight" 6-1.
use super::Dialect;

/// Where a field's text is. Without its quotes; doubled quotes inside are still doubled then.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    start: u32,
    /// The highest bit says that quotes inside are doubled.
    end: u32,
}

const DOUBLED: u32 = 1 << 31;

impl Field {
    #[inline]
    fn new(start: usize, end: usize, doubled: bool) -> Self {
        // buffers are far smaller than 2 GiB: see `MAX_RECORD`
        Self { start: start as u32, end: end as u32 | if doubled { DOUBLED } else { 0 } }
    }

    /// Where it starts.
    #[inline]
    pub(super) fn start(self) -> usize {
        self.start as usize
    }

    /// Its text, with doubled quotes made single ones.
    #[inline]
    pub(super) fn text<'a>(self, buffer: &'a [u8], quote: u8, scratch: &'a mut Vec<u8>) -> &'a [u8] {
        let text = &buffer[self.start()..(self.end & !DOUBLED) as usize];
        if self.end & DOUBLED == 0 { text } else { single(text, quote, scratch) }
    }
}

fn single<'a>(text: &[u8], quote: u8, scratch: &'a mut Vec<u8>) -> &'a [u8] {
    scratch.clear();
    let mut rest = text;
    while let Some(at) = memchr::memchr(quote, rest) {
        scratch.extend_from_slice(&rest[..=at]);
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    scratch.extend_from_slice(rest);
    scratch
}

/// What was found in a buffer.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Whole records.
    pub(super) records: usize,
    /// Bytes they take, with empty lines between.
    pub(super) consumed: usize,
    /// Why it does not go on; the record starts at `consumed`.
    pub(super) fault: Option<Fault>,
}

/// What is wrong with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Another number of fields.
    Width(usize),
    /// Text after a closing quote.
    AfterQuote,
    /// A quote that is never closed.
    Unclosed,
}

/// State of one call of [`Dialect::records`].
struct Tokens<'a> {
    fields: &'a mut Vec<Field>,
    width: Option<usize>,
    /// Where the record's fields start in `fields`.
    base: usize,
    /// Where the field starts in the buffer.
    field: usize,
    found: Found,
}

impl Dialect {
    /// Finds at most `limit` whole records, each of `width` fields if that is known, and appends their fields.
    ///
    /// `last` says that nothing follows the buffer: then a record needs no line end.
    pub(super) fn records(
        self,
        buffer: &[u8],
        last: bool,
        width: Option<usize>,
        limit: usize,
        fields: &mut Vec<Field>,
    ) -> Found {
        let base = fields.len();
        let mut tokens = Tokens { fields, width, base, field: 0, found: Found::default() };
        let mut at = 0;
        'words: while at < buffer.len() {
            let mut hits = self.hits(word(buffer, at));
            while hits != 0 {
                let hit = at + (hits.trailing_zeros() / 8) as usize;
                hits &= hits - 1;
                // a word that reaches beyond the end is filled up with zeros
                let Some(byte) = buffer.get(hit).copied() else { break };
                if byte == self.delimiter {
                    tokens.fields.push(Field::new(tokens.field, hit, false));
                    tokens.field = hit + 1;
                } else if byte == b'\n' {
                    if !tokens.line_end(buffer, hit, limit) {
                        return tokens.stop(buffer.len());
                    }
                } else if hit == tokens.field {
                    match tokens.quoted(self, buffer, last, limit) {
                        Some(next) => {
                            at = next;
                            continue 'words;
                        }
                        None => return tokens.stop(buffer.len()),
                    }
                }
            }
            at += 8;
        }
        if last && tokens.found.consumed < buffer.len() {
            tokens.line_end(buffer, buffer.len(), limit);
        }
        tokens.stop(buffer.len())
    }

    /// The highest bit of each byte that is a delimiter, line end or quote.
    #[inline]
    fn hits(self, word: u64) -> u64 {
        equal(word, self.delimiter) | equal(word, b'\n') | equal(word, self.quote)
    }
}

#[inline]
fn word(buffer: &[u8], at: usize) -> u64 {
    match buffer[at..].first_chunk::<8>() {
        Some(bytes) => u64::from_le_bytes(*bytes),
        None => {
            let mut bytes = [0; 8];
            bytes[..buffer.len() - at].copy_from_slice(&buffer[at..]);
            u64::from_le_bytes(bytes)
        }
    }
}

#[inline]
fn equal(word: u64, byte: u8) -> u64 {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    let differs = word ^ u64::from_ne_bytes([byte; 8]);
    !(((differs & LOW) + LOW) | differs | LOW)
}

impl Tokens<'_> {
    /// Ends the record before `end`; whether to go on.
    #[inline]
    fn line_end(&mut self, buffer: &[u8], end: usize, limit: usize) -> bool {
        let text_end = if end > self.field && buffer[end - 1] == b'\r' { end - 1 } else { end };
        self.record_end(Field::new(self.field, text_end, false), text_end == self.field, end + 1, limit)
    }

    /// Ends the record with its last field; whether to go on.
    #[inline]
    fn record_end(&mut self, field: Field, empty: bool, next: usize, limit: usize) -> bool {
        if !(empty && self.fields.len() == self.base) {
            self.fields.push(field);
            let count = self.fields.len() - self.base;
            if self.width.is_some_and(|width| width != count) {
                self.found.fault = Some(Fault::Width(count));
                return false;
            }
            self.base = self.fields.len();
            self.found.records += 1;
        }
        self.field = next;
        self.found.consumed = next;
        self.found.records < limit
    }

    /// Takes the quoted field that starts here; where to go on, unless it is the end.
    fn quoted(&mut self, dialect: Dialect, buffer: &[u8], last: bool, limit: usize) -> Option<usize> {
        let start = self.field + 1;
        let (mut from, mut doubled) = (start, false);
        let close = loop {
            let Some(quote) = memchr::memchr(dialect.quote, &buffer[from..]).map(|at| from + at) else {
                self.found.fault = last.then_some(Fault::Unclosed);
                return None;
            };
            if buffer.get(quote + 1) == Some(&dialect.quote) {
                doubled = true;
                from = quote + 2;
            } else {
                break quote;
            }
        };
        let field = Field::new(start, close, doubled);
        match buffer.get(close + 1..).unwrap_or_default() {
            [byte, ..] if *byte == dialect.delimiter => {
                self.fields.push(field);
                self.field = close + 2;
                Some(self.field)
            }
            [b'\n', ..] => self.record_end(field, false, close + 2, limit).then_some(close + 2),
            [b'\r', b'\n', ..] => self.record_end(field, false, close + 3, limit).then_some(close + 3),
            [] | [b'\r'] => {
                if last {
                    self.record_end(field, false, buffer.len(), limit);
                }
                None
            }
            _ => {
                self.found.fault = Some(Fault::AfterQuote);
                None
            }
        }
    }

    /// Leaves out the fields of a record that is not whole.
    fn stop(mut self, length: usize) -> Found {
        self.fields.truncate(self.base);
        // a last line without an end counts one that is not there
        self.found.consumed = self.found.consumed.min(length);
        self.found
    }
}
