//! YAML with places. Only what can be one value: one document, keys that are text, no tags that mean code.
use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, StrInput};

use super::tree::{Key, Kind, Node};
use crate::{Diagnostic, Span};

/// How deep values may lie within each other.
const DEEPEST: usize = 64;
/// How many values a file may hold, those that aliases repeat included.
const MOST: usize = 200_000;

/// Reads a YAML file; the second part says what was wrong with it.
pub(crate) fn parse(file: usize, text: &str) -> (Option<Node>, Vec<Diagnostic>) {
    let mut reader = Reader { file, places: Places::new(text), open: vec![], anchors: vec![], count: 0, found: vec![] };
    let root = reader.read(text);
    let failed = reader.found.iter().any(|found| found.code == "M0225");
    (root.filter(|_| !failed), reader.found)
}

/// One list or map that has not ended.
struct Open {
    node: Node,
    key: Option<Key>,
    anchor: usize,
}

struct Reader<'a> {
    file: usize,
    places: Places<'a>,
    open: Vec<Open>,
    anchors: Vec<(usize, Node, usize)>,
    count: usize,
    found: Vec<Diagnostic>,
}

impl<'a> Reader<'a> {
    fn read(&mut self, text: &'a str) -> Option<Node> {
        let mut root = None;
        let mut documents = 0;
        for event in Parser::<'a, StrInput<'a>>::new_from_str(text) {
            let (event, span) = match event {
                Ok(event) => event,
                Err(error) => {
                    let at = self.places.byte(error.marker().index());
                    let end = text[at..].find('\n').map_or(text.len(), |line| at + line);
                    self.refuse(at..end, format!("this is not YAML: {}", error.info()), None);
                    return None;
                }
            };
            let place = self.places.byte(span.start.index())..self.places.byte(span.end.index());
            let done = match event {
                Event::DocumentStart(_) => {
                    documents += 1;
                    if documents > 1 {
                        self.refuse(place, "a second document starts here".into(), Some("put each into its own file"));
                        return None;
                    }
                    continue;
                }
                Event::Scalar(text, style, anchor, tag) => {
                    let kind = match (style, tag) {
                        (ScalarStyle::Plain, None) => plain(&text),
                        _ => Kind::Text(text.into_owned()),
                    };
                    let node = Node { span: place, kind };
                    self.remember(anchor, &node, 1);
                    Some((node, 1))
                }
                Event::SequenceStart(anchor, _) => {
                    self.open.push(Open { node: Node { span: place, kind: Kind::List(vec![]) }, key: None, anchor });
                    None
                }
                Event::MappingStart(anchor, _) => {
                    self.open.push(Open { node: Node::map(place), key: None, anchor });
                    None
                }
                Event::SequenceEnd | Event::MappingEnd => self.open.pop().map(|open| {
                    let mut node = open.node;
                    node.span.end = node.span.end.max(self.places.trimmed(node.span.start, place.start));
                    let size = size(&node);
                    self.remember(open.anchor, &node, size);
                    (node, 1)
                }),
                Event::Alias(anchor) => match self.anchors.iter().find(|(id, ..)| *id == anchor) {
                    Some((_, node, size)) => Some((Node { span: place, kind: node.kind.clone() }, *size)),
                    None => {
                        self.refuse(place, "this alias names nothing".into(), None);
                        return None;
                    }
                },
                _ => continue,
            };
            if self.open.len() > DEEPEST {
                let at = self.open.last().map(|open| open.node.span.clone()).unwrap_or_default();
                self.refuse(at, format!("values lie more than {DEEPEST} deep within each other"), None);
                return None;
            }
            if let Some((node, size)) = done {
                self.count += size;
                if self.count > MOST {
                    self.refuse(node.span, format!("the file holds more than {MOST} values"), None);
                    return None;
                }
                root = self.add(node).or(root);
            }
        }
        let empty = || Node { span: 0..0, kind: Kind::Map(vec![]) };
        Some(root.unwrap_or_else(empty))
    }

    /// Puts a value where it belongs; returns it when it is the whole document.
    fn add(&mut self, node: Node) -> Option<Node> {
        let Some(open) = self.open.last_mut() else { return Some(node) };
        match (&mut open.node.kind, open.key.take()) {
            (Kind::List(items), _) => items.push(node),
            (Kind::Map(entries), Some(key)) => match entries.iter().find(|(other, _)| other.text == key.text) {
                Some((first, _)) => {
                    let report = Diagnostic::error("M0105", "this key stands here twice")
                        .at(Span::new(self.file, key.span), "again")
                        .at(Span::new(self.file, first.span.clone()), "first");
                    self.found.push(report.help("keep one of them"));
                }
                None => entries.push((key, node)),
            },
            (Kind::Map(_), None) => {
                let text = match &node.kind {
                    Kind::Text(text) | Kind::Number(text) => text.clone(),
                    Kind::Flag(flag) => flag.to_string(),
                    _ => {
                        let span = node.span.clone();
                        open.key = Some(Key { text: String::new(), span: span.clone() });
                        self.refuse(span, "a key is to be text".into(), None);
                        return None;
                    }
                };
                open.key = Some(Key { text, span: node.span });
            }
            _ => {}
        }
        None
    }

    fn remember(&mut self, anchor: usize, node: &Node, size: usize) {
        if anchor > 0 {
            self.anchors.push((anchor, node.clone(), size));
        }
    }

    fn refuse(&mut self, at: Range<usize>, message: String, help: Option<&str>) {
        self.found.push(Diagnostic::error("M0225", message).at(Span::new(self.file, at), "").help_if(help));
    }
}

fn size(node: &Node) -> usize {
    1 + node.items().iter().map(size).sum::<usize>() + node.entries().iter().map(|(_, v)| size(v)).sum::<usize>()
}

/// A scalar without quotes, by YAML's core schema.
fn plain(text: &str) -> Kind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Kind::Null,
        "true" | "True" | "TRUE" => return Kind::Flag(true),
        "false" | "False" | "FALSE" => return Kind::Flag(false),
        _ => {}
    }
    let digits = text.trim_start_matches(['+', '-']);
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return Kind::Text(text.to_owned());
    }
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(Ok(number)) = text.strip_prefix(prefix).map(|digits| i64::from_str_radix(digits, radix)) {
            return Kind::Number(number.to_string());
        }
    }
    if let Ok(number) = text.parse::<i64>() {
        return Kind::Number(number.to_string());
    }
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte));
    match text.parse::<f64>() {
        // the shortest spelling that is the same number, always with a fraction
        Ok(number) if plain && number.is_finite() => Kind::Number(format!("{number:?}")),
        _ => Kind::Text(text.to_owned()),
    }
}

/// The parser counts characters, places are bytes.
struct Places<'a> {
    text: &'a str,
    /// Byte of each character; empty where all are of one byte.
    bytes: Vec<usize>,
}

impl<'a> Places<'a> {
    fn new(text: &'a str) -> Self {
        let bytes = if text.is_ascii() { vec![] } else { text.char_indices().map(|(at, _)| at).collect() };
        Self { text, bytes }
    }

    fn byte(&self, character: usize) -> usize {
        match self.bytes.is_empty() {
            true => character.min(self.text.len()),
            false => self.bytes.get(character).copied().unwrap_or(self.text.len()),
        }
    }

    /// The end of what stands between two bytes, without white space behind it.
    fn trimmed(&self, start: usize, end: usize) -> usize {
        self.text.get(start..end).map_or(end, |text| start + text.trim_end().len())
    }
}
