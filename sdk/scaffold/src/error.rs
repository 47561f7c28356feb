//! Why a product could not be scaffolded.
use std::fmt;
use std::io;
use std::path::Path;

/// An operation that failed: what kind of failure, what was being done, and what helps.
#[derive(Debug)]
pub struct ScaffoldError {
    /// Tells the caller what to do about it; the command line makes its exit code from this.
    pub kind: ErrorKind,
    /// One sentence without a full stop.
    pub message: String,
    /// What to do next, where that is known.
    pub help: Option<String>,
}

/// What kind of failure it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// An answer, a flag or the answers file is wrong; nothing was touched.
    Invalid,
    /// Something that was named is not there.
    NotFound,
    /// The place is taken; what is there was not touched.
    Conflict,
    /// The file system does not let us.
    Denied,
    /// The template or this program is wrong, or the machine failed us.
    Unexpected,
}

impl ScaffoldError {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), help: None }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, message)
    }

    pub(crate) fn unexpected(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unexpected, message)
    }

    /// A failed operation on a file; `doing` completes "cannot ...".
    pub(crate) fn io(doing: &str, path: &Path, error: &io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => ErrorKind::Denied,
            io::ErrorKind::NotFound => ErrorKind::NotFound,
            _ => ErrorKind::Unexpected,
        };
        Self::new(kind, format!("cannot {doing} `{}`: {error}", path.display()))
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for ScaffoldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.help.as_ref().map_or(Ok(()), |help| write!(f, "\nhelp: {help}"))
    }
}

impl std::error::Error for ScaffoldError {}
