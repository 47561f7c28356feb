//! ODCS as OpenMetadata's own model takes it: version 3.1 at most, the team as a list of members, no custom properties
//! below the contract, no approvers, support only with an address.
use serde_json::Value as Json;

pub(super) fn profile(mut document: Json) -> Json {
    let Some(root) = document.as_object_mut() else { return document };
    root.insert("apiVersion".to_owned(), "v3.1.0".into());
    if let Some(team) = root.get("team").filter(|team| team.is_object()).cloned() {
        let members = team.get("members").cloned().unwrap_or_else(|| {
            let name = team.get("name").cloned().unwrap_or_default();
            serde_json::json!([{ "username": name, "role": "owner" }])
        });
        root.insert("team".to_owned(), members);
    }
    for (key, value) in root.iter_mut().filter(|(key, _)| key.as_str() != "customProperties") {
        without(value, "customProperties");
        match (key.as_str(), value.as_array_mut()) {
            ("support", Some(items)) => items.retain(|item| item.get("url").is_some()),
            ("roles", Some(items)) => items.iter_mut().filter_map(Json::as_object_mut).for_each(|role| {
                role.retain(|key, _| key != "firstLevelApprovers" && key != "secondLevelApprovers");
            }),
            _ => {}
        }
    }
    document
}

fn without(value: &mut Json, key: &str) {
    match value {
        Json::Object(map) => {
            map.shift_remove(key);
            map.values_mut().for_each(|value| without(value, key));
        }
        Json::Array(items) => items.iter_mut().for_each(|item| without(item, key)),
        _ => {}
    }
}
