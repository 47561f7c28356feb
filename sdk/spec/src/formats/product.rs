//! Bitol's Open Data Product Standard, 1.0 and 1.1: a product with its ports.
mod import;
mod names;

use serde_json::{Value as Json, json};

use super::residue::{residue, restore};
use super::yaml;
use crate::document::tree::object;
use crate::document::yaml as read_yaml;
use crate::{Flavor, Product, Sources};
pub use import::import_product;
use names::Names;

/// An output port as it is published.
#[derive(Debug, Clone)]
pub struct PublishedPort {
    /// The port's own name.
    pub name: String,
    /// Version of its contract; none while it has none.
    pub version: Option<String>,
    /// The contract's id there.
    pub contract_id: Option<String>,
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

/// A product as an `*.odps.yaml` of Bitol's standard. What `original`, the document that it was imported from, says
/// beyond it is put back; what has changed since then is what we say now.
pub fn export_product(export: &ProductExport<'_>, original: Option<&str>) -> String {
    let mut made = document(export);
    let original = original.and_then(|text| read_yaml::parse(0, text).0).map(|root| root.to_json());
    let Some(mut original) = original.filter(Json::is_object) else { return yaml::write(&made) };
    let names = Names::of(&original);
    names.ours(&mut original);
    let base = as_imported(&original);
    keep_theirs(&mut made, &base, &THEIRS);
    if !export.newest {
        keep_theirs(&mut made, &base, &["apiVersion"]);
    }
    fill_ports(&mut made, &base);
    let mut whole = restore(made, &residue(&base, &original));
    names.theirs(&mut whole);
    yaml::write(&whole)
}

/// The document that we write for a product right after its import.
fn as_imported(original: &Json) -> Json {
    let mut sources = Sources::default();
    let file = sources.add("product.toml", import::text(original));
    // the program of a Rust product may be what makes a port
    let Some(product) = Product::parse(file, &sources, Flavor::Program).0 else { return Json::Null };
    let text = |port: &Json, key: &str| port.get(key).and_then(Json::as_str).map(str::to_owned);
    let ports = original.get("outputPorts").and_then(Json::as_array).into_iter().flatten();
    let ports = ports.map(|port| PublishedPort {
        name: text(port, "name").unwrap_or_default(),
        version: text(port, "version"),
        contract_id: text(port, "contractId"),
        description: text(port, "description").unwrap_or_default(),
        deprecated: port.get("deprecated") == Some(&Json::Bool(true)),
    });
    let inputs = original.get("inputPorts").and_then(Json::as_array).into_iter().flatten();
    let inputs =
        inputs.filter_map(|port| Some((text(port, "name")?, text(port, "contractId")?, text(port, "version")?)));
    let newest = original.get("apiVersion").and_then(Json::as_str) == Some("v1.1.0");
    document(&ProductExport { product: &product, ports: ports.collect(), inputs: inputs.collect(), newest })
}

/// What the document calls the product and its ports, which stays what it was.
const THEIRS: [&str; 4] = ["id", "name", "status", "domain"];

/// Takes over what was said at import, so that what the document said instead is put back.
fn keep_theirs(made: &mut Json, base: &Json, keys: &[&str]) {
    for key in keys {
        if let Some(value) = base.get(key) {
            made[*key] = value.clone();
        }
    }
}

/// Ports keep the ids that the document gave their contracts; those without a contract yet keep what it said of them.
fn fill_ports(made: &mut Json, base: &Json) {
    let before = base.get("outputPorts").and_then(Json::as_array).cloned().unwrap_or_default();
    for port in made.get_mut("outputPorts").and_then(Json::as_array_mut).into_iter().flatten() {
        let Some(before) = before.iter().find(|before| before["name"] == port["name"]) else { continue };
        keep_theirs(port, before, &["contractId", "type"]);
        if port.get("version").is_none() {
            keep_theirs(port, before, &["version", "description", "deprecated"]);
        }
    }
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
                ("version", json!(port.version)),
                ("contractId", json!(port.contract_id)),
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
