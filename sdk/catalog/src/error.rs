//! An operation on the mesh that failed.
use std::fmt;

/// Result of an operation on the mesh.
pub type Result<T> = std::result::Result<T, Error>;

/// What kind of failure: decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It is not there.
    NotFound,
    /// Somebody else's commit won.
    Conflict,
    /// Not allowed.
    Denied,
    /// A service or disk does not answer.
    Unavailable,
    /// What was asked for makes no sense.
    Invalid,
    /// Not possible with this mesh or version.
    Unsupported,
    /// A defect, ours or somebody else's.
    Unexpected,
}

/// An operation that failed: what was being done, with what, why.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    code: Option<&'static str>,
    message: String,
    context: Vec<(&'static str, String)>,
    help: Option<String>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
    retry: bool,
}

impl Error {
    /// A failure with one sentence about it.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        let retry = matches!(kind, Kind::Unavailable);
        Self { kind, code: None, message: message.into(), context: vec![], help: None, source: None, retry }
    }

    /// Adds a named fact.
    pub fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.context.push((name, value.to_string()));
        self
    }

    /// Names the page that says more: `mesh explain CODE`.
    pub fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    /// Says what the user can do.
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// Adds the cause.
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The code of its page, if it has one.
    pub fn page(&self) -> Option<&'static str> {
        self.code
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The sentence alone.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What the user can do.
    pub fn help_text(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// Whether trying the same again can help.
    pub fn can_retry(&self) -> bool {
        self.retry
    }

    /// The causes, outermost first.
    pub fn causes(&self) -> Vec<String> {
        let mut out = vec![];
        let mut next: Option<&dyn std::error::Error> = self.source.as_ref().map(|s| s.as_ref() as _);
        while let Some(e) = next {
            out.push(e.to_string());
            next = e.source();
        }
        out
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        for (name, value) in &self.context {
            write!(f, ", {name} {value}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|s| s.as_ref() as _)
    }
}

impl From<iceberg::Error> for Error {
    fn from(e: iceberg::Error) -> Self {
        let kind = match e.kind() {
            iceberg::ErrorKind::TableNotFound | iceberg::ErrorKind::NamespaceNotFound => Kind::NotFound,
            iceberg::ErrorKind::CatalogCommitConflicts => Kind::Conflict,
            iceberg::ErrorKind::FeatureUnsupported => Kind::Unsupported,
            _ => Kind::Unexpected,
        };
        Self::new(kind, "a table operation failed").because(e)
    }
}

/// SQLite's BUSY in its three forms and Postgres' deadlock and serialisation failures: nothing was committed.
const LOST_RACES: [&str; 5] = ["5", "261", "517", "40P01", "40001"];

impl From<sqlx::Error> for Error {
    fn from(e: sqlx::Error) -> Self {
        let code = match &e {
            sqlx::Error::Database(d) => d.code().map(|c| c.into_owned()),
            _ => None,
        };
        let kind = match (&e, code.as_deref()) {
            (_, Some(c)) if LOST_RACES.contains(&c) => Kind::Conflict,
            (sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut, _) => Kind::Unavailable,
            _ => Kind::Unexpected,
        };
        Self::new(kind, "the mesh's database refused a statement").because(e)
    }
}

impl From<std::io::Error> for Error {
    fn from(e: std::io::Error) -> Self {
        let kind = match e.kind() {
            std::io::ErrorKind::NotFound => Kind::NotFound,
            std::io::ErrorKind::PermissionDenied => Kind::Denied,
            _ => Kind::Unavailable,
        };
        Self::new(kind, "a file operation failed").because(e)
    }
}

impl From<serde_json::Error> for Error {
    fn from(e: serde_json::Error) -> Self {
        Self::new(Kind::Unexpected, "a record of the registry cannot be read").because(e)
    }
}
