//! Values that know where they stand and what they were expected to be.
use std::ops::Range;

use toml::de::DeValue;

use super::{Document, Table};
use crate::{Diagnostic, Span};

/// A value of a [`Document`].
#[derive(Clone)]
pub(crate) struct Value<'a> {
    pub(crate) document: &'a Document<'a>,
    /// The key as it is called in messages.
    pub(crate) name: String,
    /// Place of the key.
    pub(crate) key: Span,
    /// Place of the value.
    pub(crate) span: Span,
    pub(crate) raw: &'a DeValue<'a>,
}

impl<'a> Value<'a> {
    /// Text.
    pub(crate) fn text(&self) -> Option<&'a str> {
        match self.raw {
            DeValue::String(text) => Some(text),
            _ => self.wrong_type("text"),
        }
    }

    /// Text with a grammar of its own; `expected` says which.
    pub(crate) fn text_of(&self, expected: &str) -> Option<&'a str> {
        match self.raw {
            DeValue::String(text) => Some(text),
            _ => self.wrong_type(expected),
        }
    }

    /// The value as it stands in the file.
    pub(crate) fn source(&self) -> &'a str {
        self.document.text().get(self.span.start..self.span.end).unwrap_or("")
    }

    /// Text with something in it.
    pub(crate) fn some_text(&self) -> Option<&'a str> {
        let text = self.text()?;
        if text.trim().is_empty() {
            self.empty();
            return None;
        }
        Some(text)
    }

    /// `true` or `false`.
    pub(crate) fn flag(&self) -> Option<bool> {
        match self.raw {
            DeValue::Boolean(flag) => Some(*flag),
            _ => self.wrong_type("true or false"),
        }
    }

    /// A whole number, not below zero.
    pub(crate) fn whole(&self) -> Option<u64> {
        let number = match self.raw {
            DeValue::Integer(number) => u64::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        number.or_else(|| self.wrong_type("a whole number, not below zero"))
    }

    /// A table, to be called `name`.
    pub(crate) fn table(&self, name: String) -> Option<Table<'a>> {
        match self.raw {
            DeValue::Table(table) => Some(Table::new(self.document, name, self.header(), table)),
            _ => self.wrong_type("a table"),
        }
    }

    /// The elements of a list.
    pub(crate) fn list(&self, of: &str) -> Option<Vec<Value<'a>>> {
        match self.raw {
            DeValue::Array(items) => Some(items.iter().map(|item| self.element(item)).collect()),
            _ => self.wrong_type(&format!("a list of {of}")),
        }
    }

    /// A list of texts, each of them with something in it, none of them twice.
    pub(crate) fn words(&self) -> Option<Vec<Value<'a>>> {
        let items = self.list("text")?;
        let good = items.iter().filter(|item| item.some_text().is_some()).count();
        self.once_each(&items);
        (good == items.len()).then_some(items)
    }

    /// The texts of [`Value::words`].
    pub(crate) fn texts(&self) -> Option<Vec<String>> {
        let words = self.words()?;
        words.iter().map(|word| word.text().map(str::to_owned)).collect()
    }

    /// One text or a list of them.
    pub(crate) fn one_or_more(&self) -> Option<Vec<Value<'a>>> {
        match self.raw {
            DeValue::String(_) => self.some_text().map(|_| vec![self.clone()]),
            DeValue::Array(_) => self.words(),
            _ => self.wrong_type("text or a list of text"),
        }
    }

    /// Whether it is text, a list, a table, or true or false.
    pub(crate) fn is_text(&self) -> bool {
        self.raw.is_str()
    }

    pub(crate) fn is_table(&self) -> bool {
        self.raw.is_table()
    }

    pub(crate) fn is_flag(&self) -> bool {
        self.raw.is_bool()
    }

    /// From the key to the end of the value, or the value alone where it has no key of its own or is long.
    pub(crate) fn whole_line(&self) -> Span {
        let whole = self.key.to(&self.span);
        let one_line = self.document.text().get(whole.start..whole.end).is_some_and(|text| !text.contains('\n'));
        if self.key.end <= self.span.start && one_line { whole } else { self.key.clone() }
    }

    /// A part of a text, by bytes; the whole of it where escapes make that unclear.
    pub(crate) fn part(&self, range: Range<usize>) -> Span {
        let length = self.raw.as_str().map_or(0, str::len);
        // in YAML, text may stand without quotes
        let quote = match self.span.end.saturating_sub(self.span.start).checked_sub(length) {
            Some(2) => 1,
            Some(0) => 0,
            _ => return self.span.clone(),
        };
        let start = self.span.start + quote + range.start;
        self.document.span(start..(self.span.start + quote + range.end).max(start + 1))
    }

    /// Reports a mistake in this value.
    pub(crate) fn wrong(&self, code: &'static str, message: impl Into<String>, help: Option<String>) {
        self.document.report(Diagnostic::error(code, message).at(self.span.clone(), "").help_if(help));
    }

    /// Reports that it says nothing.
    pub(crate) fn empty(&self) {
        self.wrong("M0118", format!("`{}` is empty", self.name), None);
    }

    /// Reports that it is not what was expected; always nothing, to be returned.
    pub(crate) fn wrong_type<T>(&self, expected: &str) -> Option<T> {
        let quoted = expected == "text" && !self.raw.is_array() && !self.raw.is_table();
        let help = match expected {
            "text" if quoted => Some(format!("put it in quotes: `\"{}\"`", self.source())),
            "a list of text" if self.is_text() => Some(format!("put it in brackets: `[{}]`", self.source())),
            _ => None,
        };
        self.wrong_type_help(expected, help)
    }

    /// As [`Value::wrong_type`], with help of the caller's own.
    pub(crate) fn wrong_type_help<T>(&self, expected: &str, help: Option<String>) -> Option<T> {
        let each = if self.key == self.span { "each of " } else { "" };
        let message = format!("{each}`{}` is to be {expected}, not {}", self.name, self.kind());
        self.document.report(Diagnostic::error("M0103", message).at(self.header(), "").help_if(help));
        None
    }

    /// The value as JSON; dates and times are text.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        json(self.raw)
    }

    /// Its type in a sentence.
    fn kind(&self) -> &'static str {
        match self.raw {
            DeValue::String(_) => "text",
            DeValue::Integer(number) if number.as_str().starts_with('-') => "a number below zero",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a number with a fraction",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date or time",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        }
    }

    /// The header of a table, the key of an inline one, else the value.
    fn header(&self) -> Span {
        let inline = self.document.text().get(self.span.start..).is_some_and(|text| text.starts_with('{'));
        if inline && self.key.start < self.span.start { self.key.clone() } else { self.span.clone() }
    }

    fn element(&self, item: &'a toml::Spanned<DeValue<'a>>) -> Value<'a> {
        let span = self.document.span(item.span());
        Value { document: self.document, name: self.name.clone(), key: span.clone(), span, raw: item.get_ref() }
    }

    fn once_each(&self, items: &[Value<'a>]) {
        for (at, item) in items.iter().enumerate() {
            let text = item.raw.as_str();
            if let Some(first) = items[..at].iter().find(|first| text.is_some() && first.raw.as_str() == text) {
                let message = format!("`{}` stands twice in `{}`", text.unwrap_or(""), self.name);
                let report = Diagnostic::error("M0105", message).at(item.span.clone(), "again");
                self.document.report(report.at(first.span.clone(), "first"));
            }
        }
    }
}

fn json(raw: &DeValue<'_>) -> serde_json::Value {
    use serde_json::{Number, Value as Json};
    match raw {
        DeValue::String(text) => Json::from(text.as_ref()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).map_or(Json::Null, Json::from),
        DeValue::Float(number) => {
            number.as_str().parse().ok().and_then(Number::from_f64).map_or(Json::Null, Json::Number)
        }
        DeValue::Boolean(flag) => Json::Bool(*flag),
        DeValue::Datetime(time) => Json::from(time.to_string()),
        DeValue::Array(items) => items.iter().map(|item| json(item.get_ref())).collect(),
        DeValue::Table(table) => {
            let mut entries: Vec<_> = table.iter().collect();
            entries.sort_by_key(|(key, _)| key.span().start);
            Json::Object(
                entries.into_iter().map(|(key, value)| (key.get_ref().to_string(), json(value.get_ref()))).collect(),
            )
        }
    }
}
