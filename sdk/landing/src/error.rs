//! Failed deliveries.
use std::fmt;

use meshwright_spec::Diagnostic;

/// Why bytes did not arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// Nothing is at the location.
    NotFound,
    /// The address does not answer, or the delivery broke off: a later try may succeed.
    Unavailable,
    /// The address refuses us.
    Denied,
    /// The location itself is wrong.
    Invalid,
    /// The landing store cannot be read or written.
    Unexpected,
}

/// A collection that failed. Every attempt is in the collection log all the same.
#[derive(Debug)]
pub struct LandingError {
    /// The kind of the first failure.
    pub kind: ErrorKind,
    /// One per location that failed, pointing at the source's location in `product.toml`.
    pub diagnostics: Vec<Diagnostic>,
    /// What was being done.
    pub doing: String,
    /// What the operating system or the storage library said.
    pub cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl LandingError {
    /// The landing store itself failed.
    pub(crate) fn store(doing: impl Into<String>, cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self { kind: ErrorKind::Unexpected, diagnostics: vec![], doing: doing.into(), cause: Some(Box::new(cause)) }
    }

    /// Whether the same collection may succeed when tried again later.
    pub fn is_temporary(&self) -> bool {
        self.kind == ErrorKind::Unavailable
    }
}

impl fmt::Display for LandingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {}", self.doing)?;
        for diagnostic in &self.diagnostics {
            write!(f, "; {}", diagnostic.message)?;
        }
        match &self.cause {
            Some(cause) => write!(f, ": {cause}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for LandingError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as &(dyn std::error::Error + 'static))
    }
}
