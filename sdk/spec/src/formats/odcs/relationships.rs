//! `relationships`: foreign keys as `references`. One whose target is no column of a port here is declared and not run.
use std::ops::Range;

use super::lint::Findings;
use super::quality::Rules;
use super::read::{custom, start};
use crate::document::tree::{Kind, Node};
use crate::formats::import::snake;
use crate::{Declared, Name, PortName, Span};

/// A column that refers to another one.
pub(super) struct Link {
    pub(super) column: String,
    /// `domain.product.port(column)`
    target: String,
    at: Range<usize>,
}

impl Link {
    /// It as a column's line says it.
    pub(super) fn line(&self) -> Node {
        Node::text(self.at.clone(), self.target.clone())
    }

    /// It as a check, where the column's line says another one.
    pub(super) fn check(&self, id: String) -> Node {
        let mut check = Node::map(self.at.clone());
        for (key, text) in [("id", id), ("kind", "references".into()), ("column", self.column.clone())] {
            check.put(key, self.at.clone(), Node::text(self.at.clone(), text));
        }
        check.put("references", self.at.clone(), self.line());
        check
    }
}

/// The relationships of an object and of its properties; those that cannot be run are declared.
pub(super) fn links(root: &Node, object: &Node, rules: &mut Rules, found: &Findings) -> Vec<Link> {
    let reader = Reader { root, object, found };
    let mut links = vec![];
    for property in object.get("properties").map(Node::items).unwrap_or_default() {
        let column = property.get("name").and_then(Node::as_text).unwrap_or_default();
        // the same in our own words comes first
        let own = custom(property, "references").and_then(Node::as_text);
        for node in property.get("relationships").map(Node::items).unwrap_or_default() {
            match reader.target(node) {
                Ok(target) if own == Some(target.as_str()) => {}
                Ok(target) => links.push(Link { column: column.to_owned(), target, at: place(node) }),
                Err(why) => rules.declared.push(reader.declared(column, node, why)),
            }
        }
        members(property, column, &reader, rules);
    }
    for node in object.get("relationships").map(Node::items).unwrap_or_default() {
        match reader.column(node).and_then(|column| Ok((column, reader.target(node)?))) {
            Ok((column, target)) => links.push(Link { column, target, at: place(node) }),
            Err(why) => rules.declared.push(reader.declared("the table", node, why)),
        }
    }
    // one said twice, at the column and at the table, is one
    let mut seen: Vec<(String, String)> = vec![];
    links.retain(|link| {
        let it = (link.column.clone(), link.target.clone());
        let new = !seen.contains(&it);
        seen.push(it);
        new
    });
    links
}

/// Relationships within a column's value.
fn members(property: &Node, path: &str, reader: &Reader<'_>, rules: &mut Rules) {
    let named = property.get("properties").map(Node::items).unwrap_or_default();
    for member in named.iter().chain(property.get("items")) {
        let path = match member.get("name").and_then(Node::as_text) {
            Some(name) => format!("{path}.{name}"),
            None => path.to_owned(),
        };
        for node in member.get("relationships").map(Node::items).unwrap_or_default() {
            rules.declared.push(reader.declared(&path, node, "only whole columns are looked up".to_owned()));
        }
        members(member, &path, reader, rules);
    }
}

struct Reader<'a> {
    root: &'a Node,
    object: &'a Node,
    found: &'a Findings,
}

impl Reader<'_> {
    /// The column of this table that refers.
    fn column(&self, node: &Node) -> Result<String, String> {
        let from = one(node.get("from").ok_or("it does not say `from` what")?)?;
        let (object, property) = self.inside(from).ok_or_else(|| format!("`{from}` is not in this document"))?;
        let named = |node: &Node| node.get("name").and_then(Node::as_text).map(str::to_owned);
        if named(object) != named(self.object) {
            return Err(format!("`{from}` belongs to another table"));
        }
        named(property).ok_or_else(|| format!("`{from}` has no name"))
    }

    /// What it refers to, as `domain.product.port(column)`.
    fn target(&self, node: &Node) -> Result<String, String> {
        let to = one(node.get("to").ok_or("it does not say `to` what")?)?;
        if let Some((object, property)) = self.inside(to) {
            let name = |node: &Node| self.name(node.get("name").and_then(Node::as_text).unwrap_or_default());
            let product = |key: &str| self.root.get(key).and_then(Node::as_text).and_then(|text| self.name(text));
            let Some((domain, product)) = product("domain").zip(product("dataProduct")) else {
                return Err(format!("`{to}` is of no product: `domain` and `dataProduct` are to be names"));
            };
            let (port, column) = name(object).zip(name(property)).ok_or_else(|| format!("`{to}` is not a name"))?;
            return Ok(format!("{domain}.{product}.{port}({column})"));
        }
        let port = to.rsplit_once('.').and_then(|(port, column)| Some((port.parse::<PortName>().ok()?, column)));
        match port {
            Some((port, column)) => Ok(format!("{port}({column})")),
            None => Err(format!("`{to}` is neither in this document nor `domain.product.port.column`")),
        }
    }

    /// An object and its property: `object.property` by their names, `schema/<id>/properties/<id>` by their ids.
    fn inside(&self, reference: &str) -> Option<(&Node, &Node)> {
        let words: Vec<&str> = match reference.split(['.', '/']).collect::<Vec<_>>()[..] {
            [object, property] if !reference.contains('/') => vec![object, property],
            ["schema", object, "properties", property] | ["", "schema", object, "properties", property] => {
                vec![object, property]
            }
            _ => return None,
        };
        let called = |node: &&Node, word: &str| {
            ["name", "id"].iter().any(|key| node.get(key).and_then(Node::as_text) == Some(word))
                || (self.found.lenient && self.own(node, word))
        };
        let object = self.root.get("schema")?.items().iter().find(|node| called(node, words[0]))?;
        let property = object.get("properties")?.items().iter().find(|node| called(node, words[1]))?;
        Some((object, property))
    }

    /// Whether a name was spelled our way while the reference to it was not.
    fn own(&self, node: &Node, word: &str) -> bool {
        node.get("name").and_then(Node::as_text) == Some(snake(word).as_str())
    }

    fn name(&self, text: &str) -> Option<Name> {
        if self.found.lenient { snake(text).parse().ok() } else { text.parse().ok() }
    }

    fn declared(&self, column: &str, node: &Node, why: String) -> Declared {
        let to = node.get("to").map(|to| to.to_json().to_string().replace('"', "")).unwrap_or_default();
        Declared { id: format!("{column} references {to}"), why, span: Span::new(self.found.file, place(node)) }
    }
}

/// One reference, or the only one of a list.
fn one(node: &Node) -> Result<&str, String> {
    let several = || "keys of several columns are not looked up".to_owned();
    match &node.kind {
        Kind::List(items) => match &items[..] {
            [only] => only.as_text().ok_or_else(several),
            _ => Err(several()),
        },
        _ => node.as_text().ok_or_else(several),
    }
}

fn place(node: &Node) -> Range<usize> {
    node.get("to").map_or_else(|| start(node), |to| to.span.clone())
}

/// A reference as the document says it, if its words can: `domain.product.port.column`.
pub(super) fn written(port: &PortName, column: &str) -> Option<String> {
    let mut letters = column.chars();
    let first = letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    (first && letters.all(|c| c.is_ascii_alphanumeric() || c == '_')).then(|| format!("{port}.{column}"))
}
