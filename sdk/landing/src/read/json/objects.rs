//! The texts of the objects in a file, one after the other.
use std::ops::Range;

use meshwright_spec::Source;

use crate::code;
use crate::data_error::{DataError, excerpt};
use crate::read::input::Input;
use crate::read::window::{Next, Window};

/// Finds objects in a window on a file.
pub(super) struct Objects {
    window: Window,
    /// Bytes of the window that are done with.
    at: usize,
    layout: Layout,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// One a line.
    Lines,
    /// Nothing seen yet.
    Start,
    /// In an array, before its first element.
    Opened,
    /// In an array, after an element.
    Element,
    /// In an array, after a comma.
    Comma,
    /// After the array or the only object.
    End,
}

impl Objects {
    pub(super) fn open(
        input: &Input,
        source: &Source,
        lines: bool,
        from: u64,
        to: Option<u64>,
        chunk: usize,
    ) -> Result<Self, Box<DataError>> {
        let window = Window::open(input, source, from, to, chunk)?;
        Ok(Self { window, at: 0, layout: if lines { Layout::Lines } else { Layout::Start } })
    }

    /// The text of an object that was found.
    pub(super) fn text(&self, object: &Range<usize>) -> &[u8] {
        &self.window.text()[object.clone()]
    }

    /// Offset of an object, or of a place in it, in the file's text.
    pub(super) fn offset(&self, at: usize) -> u64 {
        self.window.offset() + at as u64
    }

    /// Whether there is one object a line.
    pub(super) fn is_lines(&self) -> bool {
        self.layout == Layout::Lines
    }

    /// Finds the next object. The ranges of earlier ones are void afterwards.
    pub(super) fn next(&mut self, input: &Input, source: &Source) -> Result<Option<Range<usize>>, Box<DataError>> {
        loop {
            let found = if self.is_lines() { self.line() } else { self.element(input, source)? };
            if let Some(object) = found {
                self.at = object.end;
                return Ok(Some(object));
            }
            let consumed = std::mem::take(&mut self.at);
            match self.window.next(input, source, consumed)? {
                Next::More => {}
                Next::End => return self.end(input, source).map(|()| None),
                Next::TooLong => return Err(self.broken(input, source, 0, "an object is longer than 64 MiB")),
            }
        }
    }

    fn line(&mut self) -> Option<Range<usize>> {
        loop {
            let rest = &self.window.text()[self.at..];
            let end = match memchr::memchr(b'\n', rest) {
                Some(end) => end,
                None if self.window.is_last() && !rest.is_empty() => rest.len(),
                None => return None,
            };
            let line = self.at..self.at + end;
            let blank = self.window.text()[line.clone()].trim_ascii().is_empty();
            if !blank {
                return Some(line);
            }
            self.at = (line.end + 1).min(self.window.text().len());
        }
    }

    /// The next element of the array, or the only object.
    fn element(&mut self, input: &Input, source: &Source) -> Result<Option<Range<usize>>, Box<DataError>> {
        loop {
            let text = self.window.text();
            self.at += text[self.at..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            let at = self.at;
            let Some(byte) = text.get(at) else { return Ok(None) };
            match (self.layout, byte) {
                (Layout::Start, b'[') => self.layout = Layout::Opened,
                (Layout::Start | Layout::Opened | Layout::Comma, b'{') => {
                    let Some(end) = object_end(&text[at..]) else { return Ok(None) };
                    self.layout = if self.layout == Layout::Start { Layout::End } else { Layout::Element };
                    return Ok(Some(at..at + end));
                }
                (Layout::Element, b',') => self.layout = Layout::Comma,
                (Layout::Opened | Layout::Element, b']') => self.layout = Layout::End,
                (Layout::End, b'{') => {
                    let error = self.broken(input, source, at, "another object follows the first one");
                    return Err(error.help("if there is one object a line, say `format = \"ndjson\"`"));
                }
                (Layout::End, _) => return Err(self.broken(input, source, at, "text follows the end")),
                (Layout::Element, _) => {
                    return Err(self.broken(input, source, at, "a comma is missing between two elements"));
                }
                _ => return Err(self.broken(input, source, at, "an object is expected here")),
            }
            self.at = at + 1;
        }
    }

    /// The file ends: may it?
    fn end(&self, input: &Input, source: &Source) -> Result<(), Box<DataError>> {
        match self.layout {
            Layout::Lines | Layout::End => Ok(()),
            _ => Err(self.broken(input, source, 0, "the file ends before its JSON does")),
        }
    }

    fn broken(&self, input: &Input, source: &Source, at: usize, what: &str) -> Box<DataError> {
        let place = input.place(self.offset(at));
        let text = self.window.text().get(at..).unwrap_or_default();
        let error = DataError::placed(code::MALFORMED, source, &input.shown, place, what);
        if text.is_empty() { error } else { error.help(format!("it goes on: {}", excerpt(text))) }
    }
}

/// Length of the object that the text starts with, if its closing brace is in the text.
fn object_end(text: &[u8]) -> Option<usize> {
    let (mut depth, mut at) = (0usize, 0);
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => {
                at += 1;
                loop {
                    match memchr::memchr2(b'"', b'\\', text.get(at..).unwrap_or_default()) {
                        None => return None,
                        Some(found) if text[at + found] == b'"' => {
                            at += found;
                            break;
                        }
                        Some(found) => at += found + 2,
                    }
                }
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}
