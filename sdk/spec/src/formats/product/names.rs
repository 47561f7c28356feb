//! Names of ports: theirs may be any text, several versions of one port share theirs; ours are names, each its own.
use serde_json::Value as Json;

use super::super::import::snake;

/// Our name of each port of a document, and theirs, for both kinds of port.
pub(super) struct Names(Vec<(&'static str, Vec<(String, Json)>)>);

const KINDS: [&str; 2] = ["inputPorts", "outputPorts"];

impl Names {
    pub(super) fn of(document: &Json) -> Self {
        Self(KINDS.map(|kind| (kind, of_ports(document.get(kind)))).into())
    }

    /// Calls the ports of the document what we call them.
    pub(super) fn ours(&self, document: &mut Json) {
        for (kind, names) in &self.0 {
            let ports = document.get_mut(kind).and_then(Json::as_array_mut).into_iter().flatten();
            for (port, (ours, _)) in ports.zip(names).filter(|(port, _)| port.is_object()) {
                port["name"] = ours.as_str().into();
            }
        }
    }

    /// Calls them what the document did.
    pub(super) fn theirs(&self, document: &mut Json) {
        for (kind, names) in &self.0 {
            for port in document.get_mut(kind).and_then(Json::as_array_mut).into_iter().flatten() {
                let known = names.iter().find(|(ours, _)| port["name"] == ours.as_str());
                if let Some((_, theirs)) = known {
                    port["name"] = theirs.clone();
                }
            }
        }
    }
}

/// Each later version of a port is a port of its own here: `sale`, `sale_v2`, `sale_v2_1`.
fn of_ports(ports: Option<&Json>) -> Vec<(String, Json)> {
    let mut names: Vec<(String, Json)> = vec![];
    for port in ports.and_then(Json::as_array).into_iter().flatten() {
        let theirs = port.get("name").cloned().unwrap_or_default();
        let plain = match snake(theirs.as_str().unwrap_or_default()) {
            empty if empty.is_empty() => "port".to_owned(),
            plain => plain,
        };
        let version = port.get("version").and_then(Json::as_str).unwrap_or("2").trim_start_matches('v');
        let numbers: Vec<&str> = version.split('.').collect();
        let versions = (1..=numbers.len()).map(|parts| format!("{plain}_v{}", snake_number(&numbers[..parts])));
        let counted = (2..).map(|n| format!("{plain}_{n}"));
        let free = |name: &String| names.iter().all(|(taken, _)| taken != name);
        let ours = std::iter::once(plain.clone()).chain(versions).chain(counted).find(free);
        names.push((ours.unwrap_or(plain), theirs));
    }
    names
}

fn snake_number(numbers: &[&str]) -> String {
    let plain = |text: &&str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    numbers.iter().map(plain).collect::<Vec<_>>().join("_")
}
