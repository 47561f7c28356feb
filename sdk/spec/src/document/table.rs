//! Tables that remember which keys were asked for.
use std::cell::{Cell, RefCell};

use toml::de::DeTable;

use super::{Document, Value};
use crate::{Diagnostic, Span, nearest};

/// A table of a [`Document`].
pub(crate) struct Table<'a> {
    pub(crate) document: &'a Document<'a>,
    /// As people call it: `[product]`, `[sources.owid]`, `owner`; empty for the whole file.
    pub(crate) name: String,
    /// Its header, or the key it is the value of.
    pub(crate) span: Span,
    entries: Vec<Entry<'a>>,
    known: RefCell<Vec<&'static str>>,
}

/// A key and what it stands for.
pub(crate) struct Entry<'a> {
    pub(crate) key: &'a str,
    pub(crate) value: Value<'a>,
    used: Cell<bool>,
}

impl<'a> Table<'a> {
    pub(super) fn root(document: &'a Document<'a>, table: &'a DeTable<'a>) -> Self {
        Self::new(document, String::new(), document.span(0..0), table)
    }

    pub(super) fn new(document: &'a Document<'a>, name: String, span: Span, table: &'a DeTable<'a>) -> Self {
        let mut entries: Vec<Entry<'a>> = table
            .iter()
            .map(|(key, value)| Entry {
                key: key.get_ref(),
                value: Value {
                    document,
                    name: key.get_ref().to_string(),
                    key: document.span(key.span()),
                    span: document.span(value.span()),
                    raw: value.get_ref(),
                },
                used: Cell::new(false),
            })
            .collect();
        // the map is sorted by key, people sort by meaning
        entries.sort_by_key(|entry| entry.value.key.start);
        Self { document, name, span, entries, known: RefCell::default() }
    }

    /// The value of a key, if it is there.
    pub(crate) fn get(&self, key: &'static str) -> Option<&Value<'a>> {
        self.known.borrow_mut().push(key);
        let entry = self.entries.iter().find(|entry| entry.key == key)?;
        entry.used.set(true);
        Some(&entry.value)
    }

    /// The value of a key that has to be there; `example` says how it is written.
    pub(crate) fn need(&self, key: &'static str, example: &str) -> Option<&Value<'a>> {
        let value = self.get(key);
        if value.is_none() && !self.misspelled(key) {
            let message = match self.name.as_str() {
                "" => format!("the file lacks [{key}]"),
                _ => format!("{} lacks `{key}`", self.place()),
            };
            self.document
                .report(Diagnostic::error("M0104", message).at(self.span.clone(), "").help(format!("add `{example}`")));
        }
        value
    }

    /// A table of this table, read under the name `[key]`.
    pub(crate) fn table(&self, key: &'static str) -> Option<Table<'a>> {
        self.get(key)?.table(format!("[{key}]"))
    }

    /// A table of this table, where there is one; whether it is one has been asked before.
    pub(crate) fn quiet_table(&self, key: &'static str) -> Option<Table<'a>> {
        let entry = self.entries.iter().find(|entry| entry.key == key)?;
        entry.value.is_table().then(|| entry.value.table(format!("[{key}]"))).flatten()
    }

    /// All entries in the order of the file, for tables whose keys are names.
    pub(crate) fn entries(&self) -> &[Entry<'a>] {
        self.entries.iter().for_each(|entry| entry.used.set(true));
        &self.entries
    }

    /// Whether a key is there, without asking for it.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|entry| entry.key == key)
    }

    /// Entries that nobody asked for.
    pub(crate) fn unused(&self) -> impl Iterator<Item = &Entry<'a>> {
        self.entries.iter().filter(|entry| !entry.used.get())
    }

    /// Reports the keys that nobody asked for.
    pub(crate) fn reject_unknown(&self) {
        for entry in self.unused() {
            self.reject(entry);
        }
    }

    /// Reports one key as unknown.
    pub(crate) fn reject(&self, entry: &Entry<'a>) {
        let mut known: Vec<&'static str> = Vec::new();
        for key in self.known.borrow().iter() {
            if !known.contains(key) {
                known.push(key);
            }
        }
        let free = known.iter().copied().filter(|key| !self.has(key));
        let meant = nearest(entry.key, free).or_else(|| nearest(entry.key, known.iter().copied()));
        let message = match self.name.as_str() {
            "" => format!("unknown table [{}]", entry.key),
            _ => format!("{} has no key `{}`", self.place(), entry.key),
        };
        let help = match meant {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("known here: {}", known.join(", ")),
        };
        self.document.report(Diagnostic::error("M0102", message).at(entry.value.key.clone(), "").help(help));
    }

    /// The table in a sentence.
    pub(crate) fn place(&self) -> String {
        if self.name.contains(['[', '`']) { self.name.clone() } else { format!("`{}`", self.name) }
    }

    /// Whether some unknown key looks like this one, so that saying that it is missing would say it twice.
    fn misspelled(&self, key: &'static str) -> bool {
        self.unused().any(|entry| nearest(entry.key, [key]).is_some())
    }
}
