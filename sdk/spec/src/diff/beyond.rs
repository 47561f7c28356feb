//! Changes of what an ODCS contract promises beyond ours: where the port can be read, what it costs, who may have it.
use serde_json::Value as Json;

use super::{Change, Grade, change};
use crate::Contract;

pub(super) fn changes(old: &Contract, new: &Contract, changes: &mut Vec<Change>) {
    if old.beyond == new.beyond {
        return;
    }
    let before = changes.len();
    let mut add = |rule, grade, message: String| changes.push(change(rule, grade, None, message));
    let said = |contract: &Contract, key: &str| contract.beyond.as_ref()?.get("odcs")?.get(key).cloned();
    let list =
        |contract: &Contract| said(contract, "servers").and_then(|list| list.as_array().cloned()).unwrap_or_default();
    let (old_servers, new_servers) = (list(old), list(new));
    for server in &old_servers {
        let name = name(server);
        match new_servers.iter().find(|other| self::name(other) == name) {
            None => add("server-removed", Grade::Major, format!("server `{name}` is gone")),
            Some(now) if place(now) != place(server) => {
                add("server-moved", Grade::Major, format!("server `{name}` is somewhere else or of another type"));
            }
            Some(_) => {}
        }
    }
    for server in new_servers.iter().filter(|server| old_servers.iter().all(|other| name(other) != name(server))) {
        add("server-added", Grade::Minor, format!("server `{}` is new", name(server)));
    }
    if said(old, "price") != said(new, "price") {
        add("price-changed", Grade::Major, "it has another price".to_owned());
    }
    if said(old, "physicalName") != said(new, "physicalName") {
        add("physical-name-changed", Grade::Minor, "the table has another name behind the port".to_owned());
    }
    if changes.len() == before {
        changes.push(change("terms-changed", Grade::Patch, None, "what is said beyond the contract has changed"));
    }
}

fn name(server: &Json) -> &str {
    server.get("server").and_then(Json::as_str).unwrap_or_default()
}

/// A server without what is only said of it.
fn place(server: &Json) -> Json {
    let mut place = server.clone();
    if let Some(map) = place.as_object_mut() {
        map.retain(|key, _| !["description", "roles", "customProperties", "id"].contains(&key.as_str()));
    }
    place
}
