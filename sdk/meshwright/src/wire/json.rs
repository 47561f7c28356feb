//! JSON objects, written. A program never reads JSON, and a crate that can do both would be part of everybody's build.
use std::fmt::Write;

/// An object that is being written.
#[derive(Default)]
pub(crate) struct Object(String);

impl Object {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn text(self, key: &str, value: &str) -> Self {
        self.raw(key, &quoted(value))
    }

    pub(crate) fn optional(self, key: &str, value: Option<&str>) -> Self {
        self.raw(key, &value.map_or_else(|| "null".to_owned(), quoted))
    }

    pub(crate) fn number(self, key: &str, value: u64) -> Self {
        self.raw(key, &value.to_string())
    }

    pub(crate) fn texts(self, key: &str, values: &[String]) -> Self {
        self.list(key, values.iter().map(|value| quoted(value)))
    }

    pub(crate) fn objects(self, key: &str, values: Vec<Object>) -> Self {
        self.list(key, values.into_iter().map(Object::finish))
    }

    /// With a value that is JSON already.
    pub(crate) fn raw(mut self, key: &str, value: &str) -> Self {
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        self.0 += &quoted(key);
        self.0.push(':');
        self.0 += value;
        self
    }

    pub(crate) fn finish(mut self) -> String {
        self.0 += if self.0.is_empty() { "{}" } else { "}" };
        self.0
    }

    fn list(self, key: &str, values: impl Iterator<Item = String>) -> Self {
        let values: Vec<String> = values.collect();
        self.raw(key, &format!("[{}]", values.join(",")))
    }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            // writing to a String cannot fail
            c if c < ' ' => drop(write!(quoted, "\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(all(test, feature = "host"))]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_can_be_read() {
        let texts = ["".to_owned(), "a\"b\\c\n\u{1}é\u{1f30d}\u{7f}".to_owned()];
        let written = Object::new()
            .texts("texts", &texts)
            .number("number", u64::MAX)
            .optional("nothing", None)
            .objects("objects", vec![Object::new(), Object::new().text("k\"", "v")])
            .finish();
        let read: serde_json::Value = serde_json::from_str(&written).unwrap();
        let expected = json!({ "texts": texts, "number": u64::MAX, "nothing": null, "objects": [{}, { "k\"": "v" }] });
        assert_eq!(read, expected);
    }
}
