//! Bitol's Open Data Product Standard, 1.0 and 1.1: a product with its ports.
use serde_json::{Map, Value as Json, json};

use super::residue::{residue, restore};
use super::yaml;
use crate::document::tree::{Node, object};
use crate::document::yaml as read_yaml;
use crate::{Diagnostic, Product, Sources, Span};

/// An output port as it is published.
#[derive(Debug, Clone)]
pub struct PublishedPort {
    /// The port's own name.
    pub name: String,
    /// Version of its contract.
    pub version: String,
    /// The contract's id there.
    pub contract_id: String,
    /// What a row is.
    pub description: String,
    /// Whether it should not be used any more.
    pub deprecated: bool,
}

/// A product to be written in the product standard.
#[derive(Debug, Clone)]
pub struct ProductExport<'a> {
    /// The product.
    pub product: &'a Product,
    /// One entry for each port, or each major version of it.
    pub ports: Vec<PublishedPort>,
    /// Contracts of input ports by the input's name, as (id, version).
    pub inputs: Vec<(String, String, String)>,
    /// Write 1.1.0 instead of 1.0.0.
    pub newest: bool,
}

/// A product as an `*.odps.yaml` of Bitol's standard, with what `original` says beyond it.
pub fn export_product(export: &ProductExport<'_>, original: Option<&str>) -> String {
    let made = document(export);
    let original = original.and_then(|text| read_yaml::parse(0, text).0).map(|root| root.to_json());
    // what the file says that we do not is kept, and what we say of it now is what we say
    let whole = match original {
        Some(original) => restore(made.clone(), &only_added("", residue(&made, &original))),
        None => made,
    };
    yaml::write(&whole)
}

fn document(export: &ProductExport<'_>) -> Json {
    let product = export.product;
    let newest = export.newest;
    let inputs: Vec<Json> = product
        .inputs
        .iter()
        .map(|input| {
            let known = export.inputs.iter().find(|(name, ..)| *name == input.name.as_str());
            let (id, version) = known.map_or_else(
                || (input.port.to_string(), input.version.to_string()),
                |(_, id, version)| (id.clone(), version.clone()),
            );
            json!({ "name": input.name.as_str(), "version": version, "contractId": id })
        })
        .collect();
    let contracts: Vec<Json> =
        inputs.iter().map(|input| json!({ "id": input["contractId"], "version": input["version"] })).collect();
    let outputs: Vec<Json> = export
        .ports
        .iter()
        .map(|port| {
            object([
                ("name", port.name.as_str().into()),
                ("version", port.version.as_str().into()),
                ("contractId", port.contract_id.as_str().into()),
                ("type", "tables".into()),
                (
                    "description",
                    if port.description.is_empty() { Json::Null } else { port.description.as_str().into() },
                ),
                ("deprecated", if newest && port.deprecated { true.into() } else { Json::Null }),
                ("inputContracts", if contracts.is_empty() { Json::Null } else { contracts.clone().into() }),
            ])
        })
        .collect();
    let owner = &product.owner;
    let member = owner.email.as_ref().map(|email| json!([{ "username": email, "role": "owner" }]));
    object([
        ("apiVersion", if newest { "v1.1.0" } else { "v1.0.0" }.into()),
        ("kind", "DataProduct".into()),
        ("id", product.name.to_string().into()),
        ("name", product.title.as_str().into()),
        ("status", "active".into()),
        ("domain", product.name.domain.as_str().into()),
        (
            "description",
            if product.description.is_empty() { Json::Null } else { json!({ "purpose": product.description }) },
        ),
        ("tags", if product.tags.is_empty() { Json::Null } else { json!(product.tags) }),
        ("inputPorts", if inputs.is_empty() { Json::Null } else { inputs.into() }),
        ("outputPorts", if outputs.is_empty() { Json::Null } else { outputs.into() }),
        ("team", object([("name", owner.team.as_str().into()), ("members", json!(member))])),
    ])
}

/// What the document calls things by stays what it was; of everything else, what we say now is what holds.
const THEIRS: [&str; 5] = ["id", "name", "status", "contractId", "type"];

/// A residue without what it takes away or replaces, but for names.
fn only_added(key: &str, rest: Json) -> Json {
    match rest {
        Json::Object(map) if map.contains_key("@was") => {
            if THEIRS.contains(&key) && map.contains_key("@is") {
                Json::Object(map)
            } else {
                Json::Null
            }
        }
        Json::Object(map) => {
            let kept = map.into_iter().map(|(key, value)| {
                let value = only_added(&key, value);
                (key, value)
            });
            Json::Object(kept.filter(|(_, value)| !value.is_null()).collect())
        }
        other => other,
    }
}

/// Reads an `*.odps.yaml` as text of a `product.toml`; the whole document lies beside it as what it says beyond.
pub fn import_product(file: usize, sources: &Sources) -> (Option<String>, Vec<Diagnostic>) {
    let text = sources.get(file).map_or("", |source| source.text.as_str());
    let (root, mut found) = read_yaml::parse(file, text);
    let Some(root) = root else { return (None, found) };
    let mut refuse = |at: &Node, message: String, help: &str| {
        found.push(Diagnostic::error("M0231", message).at(Span::new(file, at.span.clone()), "").help(help));
    };
    if root.get("kind").and_then(Node::as_text) != Some("DataProduct") {
        let at = root.get("kind").unwrap_or(&root);
        refuse(at, "this is not a product of Bitol's standard".into(), "it says `kind: DataProduct`");
        return (None, found);
    }
    let said = |key: &str| root.get(key).and_then(Node::as_text);
    let version = said("apiVersion").unwrap_or_default();
    if !["v0.9.0", "v1.0.0", "v1.1.0"].contains(&version) {
        let at = root.get("apiVersion").unwrap_or(&root);
        refuse(at, format!("version `{version}` of the standard is not read"), "known are v0.9.0, v1.0.0 and v1.1.0");
        return (None, found);
    }
    let name = |text: &str| super::import::snake(text);
    let title = said("name").or_else(|| said("id")).unwrap_or("product");
    let mut product = Map::new();
    product.insert("domain".into(), name(said("domain").unwrap_or("domain")).into());
    product.insert("name".into(), name(title).into());
    product.insert("title".into(), title.into());
    if let Some(purpose) = root.get("description").and_then(|text| text.get("purpose")) {
        product.insert("description".into(), purpose.to_json());
    }
    let team = root.get("team").and_then(|team| team.get("name")?.as_text()).unwrap_or("unknown");
    product.insert("owner".into(), json!({ "team": team }));
    if let Some(tags) = root.get("tags") {
        product.insert("tags".into(), tags.to_json());
    }
    let mut out = String::from("[product]\n");
    let line = |out: &mut String, key: &str, value: &Json| {
        out.push_str(&format!("{key} = {}\n", super::native::inline(value)))
    };
    product.iter().for_each(|(key, value)| line(&mut out, key, value));
    let ports = |key: &str| root.get(key).map(Node::items).unwrap_or_default().to_vec();
    let names = |ports: &[Node]| -> Vec<(String, Json)> {
        let mut seen: Vec<(String, Json)> = vec![];
        for port in ports {
            let own = name(port.get("name").and_then(Node::as_text).unwrap_or_default());
            let version = port.get("version").map_or(Json::Null, Node::to_json);
            // each major version of a port is a port of its own here
            let taken = seen.iter().any(|(other, _)| *other == own);
            let major = version.as_str().and_then(|text| text.split('.').next()).unwrap_or("2").to_owned();
            let own = if taken { format!("{own}_v{major}") } else { own };
            if !seen.iter().any(|(other, _)| *other == own) {
                seen.push((own, version));
            }
        }
        seen
    };
    for (own, version) in names(&ports("inputPorts")) {
        out.push_str(&format!("\n# an input port, where its product is in this mesh: port = \"domain.product.{own}\""));
        out.push_str(&format!(", version {version}\n"));
    }
    for (own, _) in names(&ports("outputPorts")) {
        out.push_str(&format!("\n[steps.{own}]\n\n[outputs.{own}]\n"));
    }
    (Some(out), found)
}
