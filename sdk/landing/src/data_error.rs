//! What is wrong with landed data, and exactly where.
use std::fmt;

use meshwright_spec::{Diagnostic, Source};

/// Longest quotation of a line or value in a message, in characters.
const QUOTED: usize = 120;

/// A mistake in a data file.
///
/// The diagnostic's label points at the source in `product.toml`, because that is the text we have; where the mistake
/// is in the *data* is in its message for people and in the fields here for programs.
#[derive(Debug, Clone, PartialEq)]
pub struct DataError {
    /// The mistake.
    pub diagnostic: Diagnostic,
    /// Location of the file, without secrets.
    pub file: String,
    /// Line, from 1.
    pub line: Option<u64>,
    /// Offset from the start of the file, of the decompressed bytes where it is compressed.
    pub byte_offset: Option<u64>,
    /// The column's name.
    pub column: Option<String>,
}

impl DataError {
    /// A mistake in `file` as a whole.
    pub(crate) fn new(code: &'static str, source: &Source, file: &str, what: impl fmt::Display) -> Box<Self> {
        let diagnostic = Diagnostic::error(code, format!("`{file}`: {what}"))
            .at(source.location_span.clone(), format!("source `{}`", source.name));
        Box::new(Self { diagnostic, file: file.to_owned(), line: None, byte_offset: None, column: None })
    }

    /// A mistake at one place of `file`.
    pub(crate) fn placed(
        code: &'static str,
        source: &Source,
        file: &str,
        place: Place,
        what: impl fmt::Display,
    ) -> Box<Self> {
        let mut error = Self::new(code, source, file, "");
        error.diagnostic.message = format!("`{file}` line {}, byte {}: {what}", place.line, place.byte_offset);
        error.line = Some(place.line);
        error.byte_offset = Some(place.byte_offset);
        error
    }

    /// Adds a line on what to do about it.
    pub(crate) fn help(mut self: Box<Self>, help: impl Into<String>) -> Box<Self> {
        self.diagnostic.help.push(help.into());
        self
    }

    /// Says which column is meant.
    pub(crate) fn column(mut self: Box<Self>, column: &str) -> Box<Self> {
        self.column = Some(column.to_owned());
        self
    }
}

/// Where in a file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// Line, from 1.
    pub(crate) line: u64,
    /// Bytes before it.
    pub(crate) byte_offset: u64,
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.diagnostic.code, self.diagnostic.message)
    }
}

impl std::error::Error for DataError {}

/// Bytes as they can be shown in a message: one line, cut short, whatever they hold.
pub(crate) fn excerpt(bytes: &[u8]) -> String {
    let bytes = &bytes[..bytes.len().min(QUOTED * 4)];
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_end_matches(['\r', '\n']);
    let mut shown: String = text.chars().take(QUOTED).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(QUOTED).is_some() {
        shown.push('…');
    }
    shown
}
