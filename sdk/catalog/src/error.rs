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
    /// It would break a published promise.
    Breaking,
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
    lasting: bool,
}

impl Error {
    /// A failure with one sentence about it.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        let retry = matches!(kind, Kind::Unavailable);
        Self {
            kind,
            code: None,
            message: message.into(),
            context: vec![],
            help: None,
            source: None,
            retry,
            lasting: false,
        }
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

    /// When an object store is behind a failure: what it means, without its cause.
    pub fn in_store(failure: &(dyn std::error::Error + 'static)) -> Option<Self> {
        let mut next = Some(failure);
        while let Some(cause) = next {
            if let Some(store) = cause.downcast_ref::<opendal::Error>() {
                return Some(Self::of_store(store.kind()));
            }
            next = cause.source();
        }
        None
    }

    fn of_store(kind: opendal::ErrorKind) -> Self {
        use opendal::ErrorKind as Store;
        let keys =
            "keys come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, ~/.aws/credentials or MESH_SECRETS_FILE";
        match kind {
            Store::NotFound => Self::new(Kind::NotFound, "an object of the store is not there"),
            Store::PermissionDenied => Self::new(Kind::Denied, "the object store denies access").help(keys),
            Store::ConfigInvalid => Self::new(Kind::Invalid, "the object store is not configured").help(keys),
            _ => Self::new(Kind::Unavailable, "the object store does not answer")
                .help("`mesh run` starts again; nothing half-written is visible"),
        }
    }

    /// Marks a conflict that the next attempt would meet again.
    pub(crate) fn lasting(mut self) -> Self {
        self.lasting = true;
        self
    }

    /// Whether the same would happen again however often the commit is tried: the run itself is over.
    pub fn is_lasting(&self) -> bool {
        self.lasting
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
            _ => match Self::in_store(&e) {
                Some(error) => return error.because(e),
                None => Kind::Unexpected,
            },
        };
        Self::new(kind, "a table operation failed").because(e)
    }
}

/// SQLite's BUSY in its three forms; Postgres' deadlock, serialisation failure, lock timeout and a key that somebody
/// else has just taken: nothing was committed.
const LOST_RACES: [&str; 7] = ["5", "261", "517", "40P01", "40001", "55P03", "23505"];
/// Postgres' words for who may not: wrong password, unknown role, missing privilege.
const DENIED: [&str; 3] = ["28P01", "28000", "42501"];
/// A server that is going away, coming up or full.
const BUSY: [&str; 6] = ["57P01", "57P02", "57P03", "57P05", "53300", "25P03"];
/// The server knows no such database.
const NO_DATABASE: &str = "3D000";

impl From<sqlx::Error> for Error {
    fn from(e: sqlx::Error) -> Self {
        use sqlx::Error::{Database, Io, PoolClosed, PoolTimedOut, Protocol, Tls, WorkerCrashed};
        let code = match &e {
            Database(d) => d.code().map(|c| c.into_owned()).unwrap_or_default(),
            _ => String::new(),
        };
        let (kind, message, help) = match (&e, code.as_str()) {
            (_, c) if LOST_RACES.contains(&c) => (Kind::Conflict, REFUSED, None),
            (_, c) if DENIED.contains(&c) => (
                Kind::Denied,
                "the mesh's database does not let this user in",
                Some("a password comes from PGPASSWORD or ~/.pgpass, never from a file of the product"),
            ),
            (_, NO_DATABASE) => {
                (Kind::NotFound, "the server has no such database", Some("`createdb` makes one; `mesh run` fills it"))
            }
            (_, c) if BUSY.contains(&c) || c.starts_with("08") => (Kind::Unavailable, SILENT, None),
            (Io(_) | PoolTimedOut | PoolClosed | Tls(_) | Protocol(_) | WorkerCrashed, _) => {
                (Kind::Unavailable, SILENT, None)
            }
            _ => (Kind::Unexpected, REFUSED, None),
        };
        let error = Self::new(kind, message).because(e);
        match help {
            Some(help) => error.help(help),
            None => error,
        }
    }
}

const REFUSED: &str = "the mesh's database refused a statement";
const SILENT: &str = "the mesh's database does not answer";

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
