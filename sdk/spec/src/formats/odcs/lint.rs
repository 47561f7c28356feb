//! A document against the vocabulary: unknown keys, wrong types, what is missing, what its version does not have yet.
use super::vocabulary::{CONTRACT, Field, Object, Shape, VERSIONS};
use crate::document::tree::{Kind, Node};
use crate::{Diagnostic, Span, nearest};

/// What was found while a document was read.
pub(super) struct Findings {
    pub(super) file: usize,
    pub(super) all: Vec<Diagnostic>,
    /// For an import: what cannot be said is kept instead of refused, and names are spelled our way.
    pub(super) lenient: bool,
}

impl Findings {
    pub(super) fn error(&mut self, code: &'static str, at: &Node, message: impl Into<String>, help: impl Into<String>) {
        self.error_at(code, at.span.clone(), message, help);
    }

    pub(super) fn error_at(
        &mut self,
        code: &'static str,
        at: std::ops::Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let report = Diagnostic::error(code, message).at(Span::new(self.file, at), "");
        self.all.push(report.help(help));
    }
}

/// Reports everything in a document that ODCS does not know; returns the minor version it is written in.
pub(super) fn lint(root: &Node, found: &mut Findings) -> u64 {
    let version = root.get("apiVersion").and_then(Node::as_text).unwrap_or(VERSIONS[0]);
    let minor = version.split('.').nth(1).and_then(|minor| minor.parse().ok()).unwrap_or(2);
    object(root, &CONTRACT, "", minor, found);
    super::servers::lint(root, minor, found);
    if minor < 2 && root.get("status").is_none() && !root.entries().is_empty() {
        let at = super::read::start(root);
        found.error_at("M0104", at, "the contract lacks `status`", "add `status: active`, or say `apiVersion: v3.2.0`");
    }
    minor
}

fn object(node: &Node, kind: &'static Object, path: &str, minor: u64, found: &mut Findings) {
    let place = if path.is_empty() { "the contract".to_owned() } else { format!("`{path}`") };
    let Kind::Map(entries) = &node.kind else {
        wrong_type(node, path, "an object", found);
        return;
    };
    for (key, value) in entries {
        let Some(field) = kind.keys.iter().find(|field| field.name == key.text) else {
            if !kind.open {
                unknown(key, kind, &place, entries, minor, found);
            }
            continue;
        };
        if field.since > minor {
            let message = format!("`{}` came with ODCS 3.{}, and this is 3.{minor}", key.text, field.since);
            found.error_at("M0226", key.span.clone(), message, format!("say `apiVersion: v3.{}.0`", field.since));
        }
        if value.kind != Kind::Null {
            shape(value, field, &join(path, &key.text), minor, found);
        }
    }
    for field in kind.keys.iter().filter(|field| field.needed && node.get(field.name).is_none()) {
        let misspelled = entries.iter().any(|(key, _)| {
            kind.keys.iter().all(|known| known.name != key.text) && nearest(&key.text, [field.name]).is_some()
        });
        // a version that was misspelled has been reported, and an empty value may be meant
        if !misspelled && !entries.iter().any(|(key, _)| key.text == field.name) {
            let start = node.span.start;
            let at = start..node.entries().first().map_or(node.span.end, |(key, _)| key.span.end).max(start);
            found.error_at(
                "M0104",
                at,
                format!("{place} lacks `{}`", field.name),
                format!("add `{}: ...`", field.name),
            );
        }
    }
}

fn unknown(
    key: &crate::document::tree::Key,
    kind: &'static Object,
    place: &str,
    entries: &[(crate::document::tree::Key, Node)],
    minor: u64,
    found: &mut Findings,
) {
    let known = || kind.keys.iter().filter(|field| field.since <= minor).map(|field| field.name);
    let free = known().filter(|name| entries.iter().all(|(key, _)| key.text != *name));
    let help = match nearest(&key.text, free).or_else(|| nearest(&key.text, known())) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "what ODCS has no key for goes to `customProperties`".to_owned(),
    };
    found.error_at("M0102", key.span.clone(), format!("{place} has no key `{}`", key.text), help);
}

fn shape(node: &Node, field: &Field, path: &str, minor: u64, found: &mut Findings) {
    let bad = match (field.shape, &node.kind) {
        (Shape::Any, _) | (Shape::TextOr(_), Kind::Text(_)) => None,
        (Shape::Text, Kind::Text(_)) | (Shape::Flag, Kind::Flag(_)) | (Shape::Number, Kind::Number(_)) => None,
        (Shape::Text, _) => Some("text"),
        (Shape::Flag, _) => Some("true or false"),
        (Shape::Number, _) => Some("a number"),
        (Shape::Texts, Kind::List(items)) => {
            items.iter().filter(|item| item.as_text().is_none()).for_each(|item| wrong_type(item, path, "text", found));
            None
        }
        (Shape::Texts, _) => Some("a list of text"),
        (Shape::Choice(words), Kind::Text(text)) => {
            if !words.contains(&text.as_str()) {
                let help = match nearest(text, words.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("one of {}", words.join(", ")),
                };
                found.error("M0107", node, format!("`{path}` cannot be `{text}`"), help);
            }
            None
        }
        (Shape::Choice(_), _) => Some("text"),
        (Shape::One(kind) | Shape::OneOrMany(kind, _) | Shape::TextOr(kind), Kind::Map(_)) => {
            object(node, kind, path, minor, found);
            None
        }
        (Shape::Many(kind) | Shape::OneOrMany(_, kind), Kind::List(items)) => {
            for (at, item) in items.iter().enumerate() {
                let name = ["name", "property", "server", "channel", "role", "username", "id"]
                    .iter()
                    .find_map(|key| item.get(key)?.as_text());
                let name = name.map_or_else(|| at.to_string(), str::to_owned);
                object(item, kind, &format!("{path}[{name}]"), minor, found);
            }
            None
        }
        (Shape::One(_), _) => Some("an object"),
        (Shape::Many(_), _) => Some("a list"),
        (Shape::OneOrMany(..), _) => Some("an object"),
        (Shape::TextOr(_), _) => Some("text or an object"),
    };
    if let Some(expected) = bad {
        wrong_type(node, path, expected, found);
    }
}

fn wrong_type(node: &Node, path: &str, expected: &str, found: &mut Findings) {
    let (is, help) = match &node.kind {
        Kind::Null => ("nothing", String::new()),
        Kind::Flag(flag) => ("true or false", format!("put it in quotes: `\"{flag}\"`")),
        Kind::Number(text) => ("a number", format!("put it in quotes: `\"{text}\"`")),
        Kind::Text(_) => ("text", "take the quotes away".to_owned()),
        Kind::List(_) => ("a list", "write one value without `-` or brackets".to_owned()),
        Kind::Map(_) => ("an object", "write `- ` before each element of a list".to_owned()),
    };
    let path = if path.is_empty() { "the file" } else { path };
    let report = Diagnostic::error("M0103", format!("`{path}` is to be {expected}, not {is}"));
    let report = report.at(Span::new(found.file, node.span.clone()), "");
    let fits = (expected == "text") == matches!(node.kind, Kind::Flag(_) | Kind::Number(_));
    found.all.push(report.help_if((fits && !help.is_empty()).then_some(help)));
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}
