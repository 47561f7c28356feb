//! Requests and failures.
use super::json::Object;
use crate::error::Error;
use crate::{Timestamp, Window};

/// What is asked of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Describe,
    Ingest,
    Step,
    Check,
}

const VERBS: [(Verb, &str); 4] =
    [(Verb::Describe, "describe"), (Verb::Ingest, "ingest"), (Verb::Step, "step"), (Verb::Check, "check")];

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) verb: Verb,
    /// Source, step or check.
    pub(crate) name: String,
    pub(crate) window: Window,
    /// Names of the streams 1, 2, …
    pub(crate) inputs: Vec<String>,
}

/// Between the words of a request; names of parts and tables never have it.
const SEPARATOR: char = '\0';

impl Request {
    #[cfg(any(test, feature = "host"))]
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let verb = VERBS.iter().find(|(verb, _)| *verb == self.verb).map_or("", |(_, word)| *word);
        let moment = |at: Option<Timestamp>| at.map(|at| at.0.to_string()).unwrap_or_default();
        let (from, to) = (moment(self.window.from()), moment(self.window.to()));
        let mut words = vec![verb, &self.name, &from, &to];
        words.extend(self.inputs.iter().map(String::as_str));
        words.join(&SEPARATOR.to_string()).into_bytes()
    }

    pub(crate) fn from_bytes(payload: &[u8]) -> Result<Self, Error> {
        let unreadable = || Error::unexpected("the request cannot be read");
        let mut words = std::str::from_utf8(payload).map_err(|_| unreadable())?.split(SEPARATOR);
        let word = words.next().unwrap_or_default();
        let Some((verb, _)) = VERBS.iter().find(|(_, known)| *known == word) else {
            return Err(Error::new(
                crate::Kind::Unsupported,
                format!("this program does not know the request `{word}`"),
            ));
        };
        let name = words.next().ok_or_else(unreadable)?.to_owned();
        let mut moment = || match words.next() {
            None => Err(unreadable()),
            Some("") => Ok(None),
            Some(micros) => micros.parse().map(|micros| Some(Timestamp(micros))).map_err(|_| unreadable()),
        };
        let window = Window::new(moment()?, moment()?);
        Ok(Self { verb: *verb, name, window, inputs: words.map(str::to_owned).collect() })
    }
}

/// A failure as JSON.
pub(crate) fn failure(error: &Error) -> String {
    Object::new()
        .text("kind", error.kind().as_str())
        .optional("code", error.code_text())
        .text("message", error.message())
        .texts("causes", error.causes())
        .raw("retry", if error.can_retry() { "true" } else { "false" })
        .finish()
}

/// A failure from JSON.
#[cfg(feature = "host")]
pub(crate) fn error_of(payload: &[u8]) -> Error {
    let value: serde_json::Value = serde_json::from_slice(payload).unwrap_or_default();
    let text = |key: &str| value[key].as_str().map(str::to_owned);
    let kind = crate::Kind::from_word(&text("kind").unwrap_or_default());
    let causes = value["causes"].as_array().into_iter().flatten();
    let error = Error::new(kind, text("message").unwrap_or_default())
        .with_causes(causes.filter_map(|cause| cause.as_str().map(str::to_owned)).collect())
        .retry(value["retry"].as_bool().unwrap_or(false));
    match text("code") {
        Some(code) => error.code(code),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_survive() {
        let request = Request {
            verb: Verb::Step,
            name: "daily".into(),
            window: Window::new(None, Some(Timestamp(-5))),
            inputs: vec!["a".into(), "b".into()],
        };
        let plain = Request { window: Window::all(), inputs: vec![], ..request.clone() };
        assert_eq!(Request::from_bytes(&plain.to_bytes()), Ok(plain));
        assert_eq!(Request::from_bytes(&request.to_bytes()), Ok(request));
        for wrong in ["dance", "step", "step\0a\0x\0"] {
            assert!(Request::from_bytes(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[cfg(feature = "host")]
    #[test]
    fn failures_survive() {
        let error = Error::unavailable("a").because("b").code("M0301").retry(false);
        assert_eq!(error_of(failure(&error).as_bytes()), error);
    }
}
