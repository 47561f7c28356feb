//! An ODCS contract as a native one: the same tree that `contracts/<port>.toml` would give, with places in the YAML.
use std::ops::Range;

use super::lint::Findings;
use super::quality::{self, Rules};
use super::{options, relationships, sla, types};
use crate::Name;
use crate::document::tree::{Kind, Node};

/// The native form of a document, and the rules that stand in it without being run.
pub(super) fn translate(port: &Name, root: &Node, found: &mut Findings) -> (Option<Node>, Rules) {
    let mut rules = Rules::default();
    let Some(schema) = schema_of(port, root, found) else { return (None, rules) };
    let mut contract = Node::map(0..0);
    let mut columns = Node::map(schema.get("properties").map_or_else(|| start(schema), |list| list.span.clone()));
    for key in ["version", "id"] {
        copy(root, key, &mut contract, key);
    }
    status(root, &mut contract);
    match schema.entry("description") {
        Some((key, value)) => contract.put("description", key.span.clone(), value.clone()),
        None => {
            if let Some(text) = root.get("description") {
                copy(text, "purpose", &mut contract, "description");
            }
        }
    }
    if let Some(text) = root.get("description") {
        copy(text, "usage", &mut contract, "usage");
    }
    for (property, key) in
        [("license", "license"), ("sort", "sort"), ("partition", "partition"), ("successor", "successor")]
    {
        if let Some(value) = custom(root, property).or_else(|| custom(schema, property)) {
            contract.put(key, value.span.clone(), listed(value));
        }
    }
    let properties = schema.get("properties").map(Node::items).unwrap_or_default();
    keys(properties, "primaryKey", "primaryKeyPosition", "key", &mut contract);
    if contract.get("partition").is_none() {
        keys(properties, "partitioned", "partitionKeyPosition", "partition", &mut contract);
    }
    sla::terms(root, schema, &mut contract, found);
    let mut links = relationships::links(root, schema, &mut rules, found);
    for property in properties {
        let Some((name, at)) = property.get("name").and_then(|name| Some((name.as_text()?, name.span.clone()))) else {
            continue;
        };
        if let Some(mut value) = column(name, property, &mut rules, found) {
            if value.get("references").is_none()
                && let Some(at) = links.iter().position(|link| link.column == name)
            {
                let link = links.remove(at).line();
                value.put("references", link.span.clone(), link);
            }
            columns.put(name, at, value);
        }
    }
    quality::rules(schema, None, schema, &mut rules, found);
    for (at, link) in links.iter().enumerate() {
        rules.checks.push(link.check(format!("{}-references-{}", link.column, at + 2)));
    }
    let mut native = Node::map(0..0);
    native.put("contract", start(root), contract);
    native.put("columns", start(schema), columns);
    if !rules.checks.is_empty() {
        native.put(
            "checks",
            start(schema),
            Node { span: start(schema), kind: Kind::List(std::mem::take(&mut rules.checks)) },
        );
    }
    (Some(native), rules)
}

/// The one object of the document that the port offers.
fn schema_of<'a>(port: &Name, root: &'a Node, found: &mut Findings) -> Option<&'a Node> {
    let objects = root.get("schema").map(Node::items).unwrap_or_default();
    let called = |object: &&Node| {
        ["name", "physicalName"].iter().any(|key| object.get(key).and_then(Node::as_text) == Some(port.as_str()))
    };
    if let Some(object) = objects.iter().find(called) {
        return Some(object);
    }
    if let [only] = objects {
        return Some(only);
    }
    let at = root.entry("schema").map_or_else(|| start(root), |(key, _)| key.span.clone());
    if objects.is_empty() {
        let help = format!("add `schema:` with one object, `- name: {port}`");
        found.error_at("M0227", at, format!("the contract has no schema for port `{port}`"), help);
    } else {
        let names: Vec<&str> = objects.iter().filter_map(|object| object.get("name")?.as_text()).collect();
        let message = format!("none of the {} schema objects is called `{port}`", objects.len());
        found.error_at(
            "M0227",
            at,
            message,
            format!("name the one it offers after the port; there are {}", names.join(", ")),
        );
    }
    None
}

fn status(root: &Node, contract: &mut Node) {
    let Some((key, value)) = root.entry("status") else { return };
    let mut value = value.clone();
    // the states of ODCS that have another name here
    if let Kind::Text(text) = &mut value.kind
        && matches!(text.as_str(), "proposed" | "in development")
    {
        *text = "draft".to_owned();
    }
    contract.put("status", key.span.clone(), value);
}

/// Names of the properties that are flagged, in the order of their positions.
fn keys(properties: &[Node], flag: &str, position: &str, key: &str, contract: &mut Node) {
    let mut flagged: Vec<(f64, &Node, &(crate::document::tree::Key, Node))> = properties
        .iter()
        .filter_map(|property| {
            let entry = property.entry(flag).filter(|(_, value)| value.as_flag() == Some(true))?;
            Some((property.get(position).and_then(Node::as_number).unwrap_or(f64::MAX), property.get("name")?, entry))
        })
        .collect();
    flagged.sort_by(|left, right| left.0.total_cmp(&right.0));
    let Some((.., (first, value))) = flagged.first() else { return };
    let at = first.span.start..value.span.end;
    let items = flagged
        .iter()
        .map(|(_, name, (key, value))| Node { span: key.span.start..value.span.end, kind: name.kind.clone() });
    contract.put(key, first.span.clone(), Node { span: at, kind: Kind::List(items.collect()) });
}

/// One column's line.
fn column(name: &str, property: &Node, rules: &mut Rules, found: &mut Findings) -> Option<Node> {
    let mut line = Node::map(property.span.clone());
    let data_type = types::column_type(property, found);
    if let Some(data_type) = &data_type {
        let said = property.entry("logicalType").or_else(|| property.entry("physicalType"));
        let (key, at) = said.map_or_else(|| (0..0, 0..0), |(key, value)| (key.span.clone(), value.span.clone()));
        line.put("type", key, Node::text(at, data_type.clone()));
    }
    for key in ["required", "unique", "description", "tags", "classification"] {
        copy(property, key, &mut line, key);
    }
    match custom(property, "deprecated") {
        Some(why) => line.put("deprecated", why.span.clone(), why.clone()),
        None => copy(property, "deprecated", &mut line, "deprecated"),
    }
    for (from, to) in [
        ("unit", "unit"),
        ("renamedFrom", "renamed_from"),
        ("renamedMembers", "renamed_members"),
        ("default", "default"),
        ("references", "references"),
        ("format", "format"),
        ("open", "open"),
        ("icebergFieldId", "field_id"),
    ] {
        if let Some(value) = custom(property, from) {
            line.put(to, value.span.clone(), value.clone());
        }
    }
    options::constraints(name, property, data_type.as_deref().unwrap_or_default(), &mut line, rules, found);
    quality::rules(property, Some(name), property, rules, found);
    data_type.map(|_| line)
}

/// A list that was written as text, where a model has no other values.
fn listed(value: &Node) -> Node {
    let items = value.as_text().and_then(|text| serde_json::from_str::<Vec<String>>(text).ok());
    let Some(items) = items else { return value.clone() };
    let items = items.into_iter().map(|item| Node::text(value.span.clone(), item)).collect();
    Node { span: value.span.clone(), kind: Kind::List(items) }
}

/// A value of `customProperties`, by its name there.
pub(super) fn custom<'a>(node: &'a Node, property: &str) -> Option<&'a Node> {
    let found = node.get("customProperties")?.items();
    found.iter().find(|item| item.get("property").and_then(Node::as_text) == Some(property))?.get("value")
}

fn copy(from: &Node, key: &str, to: &mut Node, name: &str) {
    if let Some((key, value)) = from.entry(key) {
        to.put(name, key.span.clone(), value.clone());
    }
}

/// The first key of an object, as the place of the object.
pub(super) fn start(node: &Node) -> Range<usize> {
    node.entries().first().map_or_else(|| node.span.clone(), |(key, _)| key.span.clone())
}
