//! Values with places that do not come from TOML: what YAML holds, and contracts that were translated from it.
use std::ops::Range;

use serde_json::{Map, Number, Value as Json};
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) span: Range<usize>,
    pub(crate) kind: Kind,
}

/// What a [`Node`] is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    Null,
    Flag(bool),
    /// A number as it is written, in a spelling that TOML and JSON share.
    Number(String),
    Text(String),
    List(Vec<Node>),
    /// Keys in the order of the file.
    Map(Vec<(Key, Node)>),
}

/// A key and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Key {
    pub(crate) text: String,
    pub(crate) span: Range<usize>,
}

impl Node {
    pub(crate) fn text(span: Range<usize>, text: impl Into<String>) -> Self {
        Self { span, kind: Kind::Text(text.into()) }
    }

    pub(crate) fn map(span: Range<usize>) -> Self {
        Self { span, kind: Kind::Map(Vec::new()) }
    }

    /// Adds a key that stands at the place of the value's own key.
    pub(crate) fn put(&mut self, key: &str, at: Range<usize>, value: Node) {
        if let Kind::Map(entries) = &mut self.kind {
            entries.push((Key { text: key.to_owned(), span: at }, value));
        }
    }

    pub(crate) fn entries(&self) -> &[(Key, Node)] {
        match &self.kind {
            Kind::Map(entries) => entries,
            _ => &[],
        }
    }

    pub(crate) fn items(&self) -> &[Node] {
        match &self.kind {
            Kind::List(items) => items,
            _ => &[],
        }
    }

    /// The value of a key that is there and not null.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|(_, value)| value)
    }

    /// A key that is there and not null, with its value.
    pub(crate) fn entry(&self, key: &str) -> Option<&(Key, Node)> {
        self.entries().iter().find(|(found, value)| found.text == key && value.kind != Kind::Null)
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_flag(&self) -> Option<bool> {
        match self.kind {
            Kind::Flag(flag) => Some(flag),
            _ => None,
        }
    }

    pub(crate) fn as_number(&self) -> Option<f64> {
        match &self.kind {
            Kind::Number(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// The same as JSON, without places.
    pub(crate) fn to_json(&self) -> Json {
        match &self.kind {
            Kind::Null => Json::Null,
            Kind::Flag(flag) => Json::Bool(*flag),
            Kind::Number(text) => number(text).map_or_else(|| Json::from(text.as_str()), Json::Number),
            Kind::Text(text) => Json::from(text.as_str()),
            Kind::List(items) => items.iter().map(Node::to_json).collect(),
            Kind::Map(entries) => {
                Json::Object(entries.iter().map(|(key, value)| (key.text.clone(), value.to_json())).collect())
            }
        }
    }

    /// The tree in the form that [`super::Table`] and [`super::Value`] read; null is nothing.
    pub(crate) fn to_toml(&self) -> Spanned<DeValue<'_>> {
        let value = match &self.kind {
            Kind::Null => DeValue::String("".into()),
            Kind::Flag(flag) => DeValue::Boolean(*flag),
            Kind::Number(text) => match DeValue::parse(text) {
                Ok(value) => value.into_inner(),
                Err(_) => DeValue::String(text.as_str().into()),
            },
            Kind::Text(text) => DeValue::String(text.as_str().into()),
            Kind::List(items) => {
                let mut array = DeArray::new();
                items.iter().for_each(|item| array.push(item.to_toml()));
                DeValue::Array(array)
            }
            Kind::Map(_) => DeValue::Table(self.to_table()),
        };
        Spanned::new(self.span.clone(), value)
    }

    /// The keys of a map.
    pub(crate) fn to_table(&self) -> DeTable<'_> {
        let mut table = DeTable::new();
        for (key, value) in self.entries().iter().filter(|(_, value)| value.kind != Kind::Null) {
            table.insert(Spanned::new(key.span.clone(), key.text.as_str().into()), value.to_toml());
        }
        table
    }
}

/// A number in the spelling of YAML's core schema, if JSON has it, too.
fn number(text: &str) -> Option<Number> {
    match text.parse::<i64>() {
        Ok(whole) => Some(whole.into()),
        Err(_) => match text.parse::<u64>() {
            Ok(whole) => Some(whole.into()),
            Err(_) => text.parse::<f64>().ok().and_then(Number::from_f64),
        },
    }
}

/// A JSON object of the keys that have a value.
pub(crate) fn object(entries: impl IntoIterator<Item = (&'static str, Json)>) -> Json {
    let kept = entries.into_iter().filter(|(_, value)| !value.is_null());
    Json::Object(kept.map(|(key, value)| (key.to_owned(), value)).collect::<Map<_, _>>())
}
