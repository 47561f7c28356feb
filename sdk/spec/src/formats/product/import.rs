//! A product of Bitol's standard as `product.toml`; the document lies beside it as what it says beyond.
use serde_json::{Map, Value as Json, json};

use super::names::Names;
use crate::document::tree::Node;
use crate::document::yaml as read_yaml;
use crate::formats::import::snake;
use crate::formats::native::inline;
use crate::{Diagnostic, Name, PortName, Sources, Span};

const VERSIONS: [&str; 3] = ["v0.9.0", "v1.0.0", "v1.1.0"];

/// Reads an `*.odps.yaml` as text of a `product.toml`.
pub fn import_product(file: usize, sources: &Sources) -> (Option<String>, Vec<Diagnostic>) {
    let source = sources.get(file).map_or("", |source| source.text.as_str());
    let (root, mut found) = read_yaml::parse(file, source);
    let Some(root) = root else { return (None, found) };
    let mut refuse = |at: &Node, message: String, help: &str| {
        found.push(Diagnostic::error("M0231", message).at(Span::new(file, at.span.clone()), "").help(help));
    };
    if root.get("kind").and_then(Node::as_text) != Some("DataProduct") {
        let at = root.get("kind").unwrap_or(&root);
        refuse(at, "this is not a product of Bitol's standard".into(), "it says `kind: DataProduct`");
        return (None, found);
    }
    let version = root.get("apiVersion").and_then(Node::as_text).unwrap_or_default();
    if !VERSIONS.contains(&version) {
        let at = root.get("apiVersion").unwrap_or(&root);
        refuse(at, format!("version `{version}` of the standard is not read"), "known are v0.9.0, v1.0.0 and v1.1.0");
        return (None, found);
    }
    let mut document = root.to_json();
    Names::of(&document).ours(&mut document);
    (Some(text(&document)), found)
}

/// `product.toml` for a document whose ports have our names.
pub(super) fn text(document: &Json) -> String {
    let said = |key: &str| document.get(key).and_then(Json::as_str);
    let name = |text: &str, or: &str| {
        let name = snake(text);
        if name.parse::<Name>().is_ok() { name } else { or.to_owned() }
    };
    let title = said("name").or_else(|| said("id")).filter(|title| !title.trim().is_empty()).unwrap_or("Product");
    let mut product = Map::new();
    product.insert("domain".into(), name(said("domain").unwrap_or_default(), "domain").into());
    product.insert("name".into(), name(title, "product").into());
    product.insert("title".into(), title.into());
    let purpose = document.get("description").and_then(|text| text.get("purpose")?.as_str());
    purpose.into_iter().for_each(|text| drop(product.insert("description".into(), text.into())));
    product.insert("owner".into(), owner(document.get("team")));
    let tags = document.get("tags").filter(|tags| {
        tags.as_array().is_some_and(|tags| tags.iter().all(|tag| tag.as_str().is_some_and(|tag| !tag.is_empty())))
    });
    tags.into_iter().for_each(|tags| drop(product.insert("tags".into(), tags.clone())));
    let mut out = String::from("[product]\n");
    product.iter().for_each(|(key, value)| out.push_str(&format!("{key} = {}\n", inline(value))));
    let ports = |key: &str| document.get(key).and_then(Json::as_array).into_iter().flatten();
    for port in ports("inputPorts") {
        let text = |key: &str| port.get(key).and_then(Json::as_str).unwrap_or_default();
        let own = text("name");
        match text("contractId").parse::<PortName>() {
            Ok(of) => {
                let version = semver::VersionReq::parse(text("version")).map(|_| text("version")).unwrap_or("*");
                out.push_str(&format!("\n[inputs.{own}]\nport = \"{of}\"\nversion = {}\n", inline(&version.into())));
            }
            Err(_) => {
                let version = inline(&text("version").into());
                out.push_str(&format!("\n# an input port, once its product is in this mesh:\n# [inputs.{own}]\n"));
                out.push_str(&format!(
                    "# port = \"domain.product.{own}\"\n# version = {}\n",
                    version.replace('\n', " ")
                ));
            }
        }
    }
    for port in ports("outputPorts") {
        let own = port.get("name").and_then(Json::as_str).unwrap_or_default();
        out.push_str(&format!("\n[steps.{own}]\n\n[outputs.{own}]\n"));
    }
    out
}

/// The team's name, and the address of its first owner or member.
fn owner(team: Option<&Json>) -> Json {
    let members = team.map(|team| team.get("members").unwrap_or(team)).and_then(Json::as_array);
    let members: Vec<&Json> = members.into_iter().flatten().collect();
    let address = |member: &&&Json| member["username"].as_str().is_some_and(|name| name.contains('@'));
    let first = members.iter().filter(address).find(|member| member["role"] == "owner");
    let email = first.or_else(|| members.iter().find(address)).map(|member| member["username"].clone());
    let name = team.and_then(|team| team.get("name")?.as_str()).filter(|name| !name.is_empty());
    match email {
        Some(email) => json!({ "team": name.unwrap_or("unknown"), "email": email }),
        None => json!({ "team": name.unwrap_or("unknown") }),
    }
}
