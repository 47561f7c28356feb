//! Diagnostics: what a person can fix in a file, with a stable code and a place.
mod json;
mod redact;
mod render;

use std::path::{Path, PathBuf};

pub use redact::redact;

/// Byte range in one file of [`Sources`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// Index of the file in [`Sources`].
    pub file: usize,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Suspicious, but work goes on.
    Warning,
    /// Must be fixed.
    Error,
}

/// One mistake.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnostic {
    /// Stable code, `M` and four digits.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// One terse sentence without a full stop.
    pub message: String,
    /// Where: the first label is the primary place.
    pub labels: Vec<Label>,
    /// What to do about it.
    pub help: Vec<String>,
}

/// A place and what is to be said of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// A few words under the place; may be empty.
    pub text: String,
}

/// The files that spans point into.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
}

/// One file's text.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// Path as shown to people: relative to the product's folder.
    pub path: PathBuf,
    /// Its whole text.
    pub text: String,
}

impl Span {
    /// The bytes of one file from `range.start` up to, not including, `range.end`.
    pub fn new(file: usize, range: std::ops::Range<usize>) -> Self {
        Self { file, start: range.start, end: range.end }
    }

    /// From the start of this span to the end of another one of the same file.
    pub fn to(&self, other: &Span) -> Self {
        Self { file: self.file, start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

impl Diagnostic {
    /// Something that must be fixed.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Error, message)
    }

    /// Something suspicious that keeps nobody from working.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Warning, message)
    }

    /// Something worth knowing.
    pub fn info(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Info, message)
    }

    fn new(code: &'static str, severity: Severity, message: impl Into<String>) -> Self {
        Self { code, severity, message: message.into(), labels: Vec::new(), help: Vec::new() }
    }

    /// Adds a place and a few words about it, which may be empty. The first place is the primary one.
    #[must_use]
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// Adds a line on what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Adds a line on what to do about it, if there is one.
    #[must_use]
    pub fn help_if(self, help: Option<impl Into<String>>) -> Self {
        match help {
            Some(help) => self.help(help),
            None => self,
        }
    }

    /// Whether it keeps the file from being used.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl Severity {
    /// The word for it in files and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

impl Sources {
    /// Adds a file, returns its index for [`Span::file`].
    pub fn add(&mut self, path: impl AsRef<Path>, text: impl Into<String>) -> usize {
        self.files.push(SourceFile { path: path.as_ref().to_owned(), text: text.into() });
        self.files.len() - 1
    }

    /// A file by its index.
    pub fn get(&self, file: usize) -> Option<&SourceFile> {
        self.files.get(file)
    }

    /// Line and column of a span's start, both from 1; columns count characters.
    pub fn position(&self, span: &Span) -> Option<(usize, usize)> {
        let text = self.get(span.file)?.text.get(..span.start)?;
        let line = text.matches('\n').count() + 1;
        let column = text.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        Some((line, column))
    }
}
