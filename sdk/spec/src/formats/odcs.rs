//! The Open Data Contract Standard (Bitol), 3.0 to 3.2: read as a contract as it is, and written.
mod lint;
mod options;
mod quality;
mod read;
mod relationships;
mod servers;
mod sla;
mod types;
mod vocabulary;
mod write;

use lint::Findings;

use super::import::{Table, snake, soften};
use crate::document::tree::{Kind, Node};
use crate::document::{read_tree, yaml};
use crate::{Contract, Diagnostic, Name, Sources};

pub(crate) use types::physical;
pub(crate) use write::{Around, document};

/// Reads a `*.odcs.yaml` as the contract of a port. All mistakes are reported at once.
pub(crate) fn contract(port: &Name, file: usize, sources: &Sources) -> (Option<Contract>, Vec<Diagnostic>) {
    let text = sources.get(file).map_or("", |source| source.text.as_str());
    let (root, found) = yaml::parse(file, text);
    let Some(root) = root else { return (None, found) };
    let mut found = Findings { file, all: found, lenient: false };
    lint::lint(&root, &mut found);
    let (native, rules) = read::translate(port, &root, &mut found);
    let Some(native) = native else { return (None, found.all) };
    let (contract, found) = read_tree(file, sources, &native, found.all, |document, root| {
        crate::contract::read_native(port, document, root)
    });
    // properties that are there and wrong have been reported one by one
    let wrong = found.iter().any(|found| ["M0228", "M0107"].contains(&found.code));
    let found = found.into_iter().filter(|found| found.code != "M0212" || !wrong).collect();
    let contract = contract.map(|mut contract| {
        contract.declared = rules.declared;
        contract.beyond = beyond(&root, port);
        contract.seal()
    });
    (contract, found)
}

/// What the document promises to those who read the port, beyond what a contract of ours has words for.
fn beyond(root: &Node, port: &Name) -> Option<serde_json::Value> {
    let kept = ["servers", "price", "roles", "support", "team", "tenant", "tags", "authoritativeDefinitions"];
    let mut said: serde_json::Map<_, _> =
        kept.iter().filter_map(|key| Some(((*key).to_owned(), root.get(key)?.to_json()))).collect();
    let objects = root.get("schema").map(Node::items).unwrap_or_default();
    let named = |object: &&Node| object.get("name").and_then(Node::as_text) == Some(port.as_str());
    let object = objects.iter().find(named).or(objects.first());
    if let Some(name) = object.and_then(|object| object.get("physicalName")) {
        said.insert("physicalName".to_owned(), name.to_json());
    }
    (!said.is_empty()).then(|| serde_json::json!({ "odcs": said }))
}

/// A document for import: rules that cannot be run and keys that are unknown are warnings, names are spelled our way.
pub(super) fn table(
    port: Option<&Name>,
    file: usize,
    root: &Node,
    found: &mut Vec<Diagnostic>,
) -> Result<Table, String> {
    let mut findings = Findings { file, all: std::mem::take(found), lenient: true };
    lint::lint(root, &mut findings);
    let objects = root.get("schema").map(Node::items).unwrap_or_default();
    let first = objects.first().and_then(|object| object.get("name")?.as_text()).unwrap_or_default().to_owned();
    let named: Option<Name> = port.cloned().or_else(|| snake(&first).parse().ok());
    let fallback = "port".parse().map_err(|_| String::new());
    let named = match named {
        Some(named) => named,
        None => fallback?,
    };
    let renamed = spelled(root, &first, &named);
    let (native, _) = read::translate(&named, &renamed, &mut findings);
    soften(&mut findings.all);
    *found = findings.all;
    let mut native = native.ok_or("it has no schema for the port")?.to_json();
    let version = native["contract"]["version"].clone();
    let text = version.as_str().map_or_else(|| version.to_string(), str::to_owned);
    native["contract"]["version"] = semantic(&text).into();
    let known = ["draft", "active", "deprecated", "retired"];
    if native["contract"]["status"].as_str().is_some_and(|status| !known.contains(&status)) {
        native["contract"]["status"] = "draft".into();
    }
    Ok(Table { name: named.to_string(), native })
}

/// The document with the chosen object and its properties named as the mesh names them.
fn spelled(root: &Node, first: &str, port: &Name) -> Node {
    let mut root = root.clone();
    let called = |object: &Node, name: &str| {
        ["name", "physicalName"]
            .iter()
            .filter_map(|key| object.get(key)?.as_text())
            .any(|text| text == name || snake(text) == port.as_str())
    };
    let Kind::Map(entries) = &mut root.kind else { return root };
    let Some(Kind::List(objects)) = entries.iter_mut().find(|(key, _)| key.text == "schema").map(|(_, v)| &mut v.kind)
    else {
        return root;
    };
    let chosen = objects.iter().position(|object| called(object, port.as_str()));
    let chosen = chosen.or_else(|| objects.iter().position(|object| called(object, first)));
    if let Some(object) = chosen.and_then(|at| objects.get_mut(at))
        && let Kind::Map(entries) = &mut object.kind
    {
        for (key, value) in entries.iter_mut() {
            match (key.text.as_str(), &mut value.kind) {
                ("name", Kind::Text(text)) => *text = port.to_string(),
                ("properties", Kind::List(properties)) => properties.iter_mut().for_each(spell_names),
                _ => {}
            }
        }
    }
    root
}

fn spell_names(property: &mut Node) {
    let Kind::Map(entries) = &mut property.kind else { return };
    for (key, value) in entries.iter_mut() {
        match (key.text.as_str(), &mut value.kind) {
            ("name", Kind::Text(text)) if text.parse::<Name>().is_err() => *text = snake(text),
            ("properties", Kind::List(members)) => members.iter_mut().for_each(spell_names),
            ("items", _) => spell_names(value),
            _ => {}
        }
    }
}

/// A version with three numbers: `1.1` is `1.1.0`, `v2` is `2.0.0`; what is no version at all starts at 0.1.0.
fn semantic(text: &str) -> String {
    if semver::Version::parse(text).is_ok() {
        return text.to_owned();
    }
    let mut numbers: Vec<&str> = text.trim_start_matches('v').split('.').collect();
    numbers.resize(numbers.len().max(3), "0");
    let padded = numbers.join(".");
    if semver::Version::parse(&padded).is_ok() { padded } else { "0.1.0".to_owned() }
}
