//! A TOML file with places: reading it notes every mistake instead of stopping at the first.
//!
//! A [`Document`] collects the diagnostics, a [`Table`] remembers which of its keys were asked for (what is left over
//! is an unknown key), a [`Value`] knows where it stands and reports when it is not what was expected. Reading
//! functions return an option; nothing is returned only where something has been reported.
mod scalars;
mod table;
pub(crate) mod tree;
mod value;
mod words;
#[cfg(feature = "full")]
pub(crate) mod yaml;

use std::cell::RefCell;
use std::ops::Range;

use toml::de::DeTable;

use crate::{Diagnostic, Sources, Span};

pub(crate) use table::{Entry, Table};
pub(crate) use value::Value;

/// One file that is being read, and what was found wrong in it.
pub(crate) struct Document<'a> {
    file: usize,
    text: &'a str,
    found: RefCell<Vec<Diagnostic>>,
}

/// Reads a tree that a file was translated to. `found` is what the translation reported.
pub(crate) fn read_tree<T>(
    file: usize,
    sources: &Sources,
    tree: &tree::Node,
    found: Vec<Diagnostic>,
    read: impl FnOnce(&Document<'_>, &Table<'_>) -> Option<T>,
) -> (Option<T>, Vec<Diagnostic>) {
    let text = sources.get(file).map_or("", |source| source.text.as_str());
    let document = Document { file, text, found: RefCell::new(found) };
    let root = tree.to_table();
    let model = read(&document, &Table::root(&document, &root));
    document.finish(model)
}

/// Reads a whole file with `read`. Some only if nothing of error severity was found; diagnostics in the order of the
/// file.
pub(crate) fn read<T>(
    file: usize,
    sources: &Sources,
    read: impl FnOnce(&Document<'_>, &Table<'_>) -> Option<T>,
) -> (Option<T>, Vec<Diagnostic>) {
    let Some(source) = sources.get(file) else {
        return (None, vec![Diagnostic::error("M0101", format!("file {file} was not read"))]);
    };
    let document = Document { file, text: &source.text, found: RefCell::default() };
    if let Some(conflict) = document.conflict() {
        return (None, vec![conflict]);
    }
    let (root, errors) = DeTable::parse_recoverable(&source.text);
    let only_duplicates = errors.iter().all(is_duplicate);
    for error in &errors {
        document.not_toml(error);
    }
    // after a true syntax error the parser's guesses would only breed follow-up errors
    let model = only_duplicates.then(|| read(&document, &Table::root(&document, root.get_ref()))).flatten();
    document.finish(model)
}

impl<'a> Document<'a> {
    /// The model if nothing of error severity was found, and all findings in the order of the file.
    fn finish<T>(self, model: Option<T>) -> (Option<T>, Vec<Diagnostic>) {
        let mut found = self.found.into_inner();
        found.sort_by_key(|diagnostic| diagnostic.labels.first().map(|label| (label.span.start, label.span.end)));
        found.dedup();
        let failed = found.iter().any(Diagnostic::is_error);
        (model.filter(|_| !failed), found)
    }

    /// Index of the file in [`Sources`].
    pub(crate) fn file(&self) -> usize {
        self.file
    }

    /// The whole text of the file.
    pub(crate) fn text(&self) -> &'a str {
        self.text
    }

    /// Notes a mistake.
    pub(crate) fn report(&self, diagnostic: Diagnostic) {
        self.found.borrow_mut().push(diagnostic);
    }

    /// A place in this file.
    pub(crate) fn span(&self, range: Range<usize>) -> Span {
        Span::new(self.file, range)
    }

    /// The marks that a merge leaves where both sides changed the same lines, as one mistake instead of many.
    fn conflict(&self) -> Option<Diagnostic> {
        let marks = ["<<<<<<< ", "======="].map(|mark| line_with(self.text, mark));
        let [Some(ours), Some(_)] = marks else { return None };
        let report = Diagnostic::error("M0101", "a merge was left unfinished here").at(self.span(ours), "");
        Some(report.help("choose between the two sides and take out the marks; `mesh.lock` may be deleted instead"))
    }

    fn not_toml(&self, error: &toml::de::Error) {
        let span = self.span(error.span().unwrap_or_default());
        let message = error.message().trim().replace('\n', ", ");
        self.report(match is_duplicate(error) {
            true => Diagnostic::error("M0105", "this key stands here twice")
                .at(span, "")
                .help("keep one of them, or give them different names"),
            false => Diagnostic::error("M0101", format!("this is not TOML: {message}")).at(span, ""),
        });
    }
}

/// The first line that starts with `mark`.
fn line_with(text: &str, mark: &str) -> Option<Range<usize>> {
    let mut at = 0;
    text.split_inclusive('\n').find_map(|line| {
        let start = at;
        at += line.len();
        line.starts_with(mark).then(|| start..start + line.trim_end().len())
    })
}

fn is_duplicate(error: &toml::de::Error) -> bool {
    error.message().starts_with("duplicate key")
}
