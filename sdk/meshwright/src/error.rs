//! Operations that failed.
use std::fmt;
use std::io;

/// Any error: `?` turns everything into it, and text too (`Err("why")?`).
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What the code of an author returns: any error will do, [`Error`] says more.
pub type Result<T, E = BoxError> = std::result::Result<T, E>;

/// What kind of failure: decides the exit code of `mesh` and whether a retry can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// It is not there.
    NotFound,
    /// Somebody else was faster.
    Conflict,
    /// Not allowed.
    Denied,
    /// A service or disk does not answer; trying again may help.
    Unavailable,
    /// The data or a file of the product is wrong.
    Invalid,
    /// Not possible with this version or platform.
    Unsupported,
    /// A defect: of the product's code, of ours, or of the machine.
    Unexpected,
}

/// An operation that failed: what was being done and why it did not work.
///
/// ```
/// use meshwright::{Error, Kind};
///
/// let error = Error::unavailable("the agency's server does not answer").because("timed out");
/// assert_eq!(error.kind(), Kind::Unavailable);
/// assert!(error.can_retry());
/// assert_eq!(error.to_string(), "the agency's server does not answer: timed out");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    kind: Kind,
    code: Option<String>,
    message: String,
    causes: Vec<String>,
    talk: Vec<String>,
    retry: bool,
}

impl Error {
    /// A failure and one sentence about it, without a full stop.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        let retry = kind == Kind::Unavailable;
        Self { kind, code: None, message: message.into(), causes: Vec::new(), talk: Vec::new(), retry }
    }

    /// The data or a file of the product is wrong.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Kind::Invalid, message)
    }

    /// Something is not there.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Kind::NotFound, message)
    }

    /// A service does not answer; `mesh run` ends with the exit code that asks for another try.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(Kind::Unavailable, message)
    }

    /// A defect.
    pub fn unexpected(message: impl Into<String>) -> Self {
        Self::new(Kind::Unexpected, message)
    }

    /// Adds a cause with all of its own causes.
    #[must_use]
    pub fn because(mut self, cause: impl Into<BoxError>) -> Self {
        let cause = cause.into();
        let mut next: Option<&(dyn std::error::Error + 'static)> = Some(&*cause);
        while let Some(error) = next {
            let text = error.to_string();
            // many errors repeat their source in their own text
            if !self.causes.last().is_some_and(|before| before.contains(&text)) {
                self.causes.push(text);
            }
            next = error.source();
        }
        self
    }

    /// Adds the code of a diagnostic, such as `M0301`.
    #[must_use]
    pub fn code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Says whether trying the same again can help, where the kind does not say it.
    #[must_use]
    pub fn retry(mut self, retry: bool) -> Self {
        self.retry = retry;
        self
    }

    /// What kind of failure.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The code of a diagnostic, if it has one.
    pub fn code_text(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// The sentence alone.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What led to it, the nearest cause first.
    pub fn causes(&self) -> &[String] {
        &self.causes
    }

    /// The last lines that the failed program printed, if it crashed.
    pub fn talk(&self) -> &[String] {
        &self.talk
    }

    /// Whether trying the same again can help.
    pub fn can_retry(&self) -> bool {
        self.retry
    }

    /// From what an author's code returned, keeping what it says of itself.
    pub(crate) fn from_box(error: BoxError) -> Self {
        let error = match error.downcast::<Error>() {
            Ok(known) => return *known,
            Err(other) => other,
        };
        let kind = error.downcast_ref::<io::Error>().map_or(Kind::Unexpected, of_io);
        let whole = Self::new(kind, "").because(error);
        let mut causes = whole.causes.into_iter();
        Self { message: causes.next().unwrap_or_default(), causes: causes.collect(), ..Self::new(kind, "") }
    }

    #[cfg(feature = "host")]
    pub(crate) fn with_causes(mut self, causes: Vec<String>) -> Self {
        self.causes = causes;
        self
    }

    /// Names the part that failed: `step \`daily\`: …`.
    #[cfg(feature = "host")]
    pub(crate) fn of(mut self, part: &str) -> Self {
        self.message = format!("{part}: {}", self.message);
        self
    }

    #[cfg(feature = "host")]
    pub(crate) fn with_talk(mut self, talk: Vec<String>) -> Self {
        self.talk = talk;
        self
    }
}

fn of_io(error: &io::Error) -> Kind {
    use io::ErrorKind as Io;
    match error.kind() {
        Io::NotFound => Kind::NotFound,
        Io::PermissionDenied => Kind::Denied,
        Io::ConnectionRefused
        | Io::ConnectionReset
        | Io::ConnectionAborted
        | Io::TimedOut
        | Io::WouldBlock
        | Io::HostUnreachable
        | Io::NetworkUnreachable
        | Io::NetworkDown => Kind::Unavailable,
        Io::InvalidData | Io::InvalidInput | Io::UnexpectedEof => Kind::Invalid,
        Io::Unsupported => Kind::Unsupported,
        _ => Kind::Unexpected,
    }
}

const KINDS: [(Kind, &str); 7] = [
    (Kind::NotFound, "not_found"),
    (Kind::Conflict, "conflict"),
    (Kind::Denied, "denied"),
    (Kind::Unavailable, "unavailable"),
    (Kind::Invalid, "invalid"),
    (Kind::Unsupported, "unsupported"),
    (Kind::Unexpected, "unexpected"),
];

impl Kind {
    /// The word for it in JSON.
    pub fn as_str(self) -> &'static str {
        KINDS.iter().find(|(kind, _)| *kind == self).map_or("unexpected", |(_, word)| word)
    }

    #[cfg(feature = "host")]
    pub(crate) fn from_word(word: &str) -> Self {
        KINDS.iter().find(|(_, known)| *known == word).map_or(Kind::Unexpected, |(kind, _)| *kind)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.causes.iter().try_for_each(|cause| write!(f, ": {cause}"))
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_author_returns_keeps_its_meaning() {
        let own: BoxError = Error::unavailable("no answer").into();
        assert_eq!(Error::from_box(own).kind(), Kind::Unavailable);

        let missing: BoxError = io::Error::from(io::ErrorKind::NotFound).into();
        assert_eq!(Error::from_box(missing).kind(), Kind::NotFound);

        let text: BoxError = "just text".into();
        assert_eq!(Error::from_box(text), Error::unexpected("just text"));
    }

    #[test]
    fn a_cause_is_said_once() {
        let inner = Error::invalid("line 3").because("`x` is not a number");
        let outer = Error::invalid("the delivery is unreadable").because(inner);
        assert_eq!(outer.to_string(), "the delivery is unreadable: line 3: `x` is not a number");
    }
}
