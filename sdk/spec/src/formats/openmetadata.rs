//! ODCS as OpenMetadata's own model takes it: version 3.1 at most, the team as a list of members, custom properties only
//! at the contract, no approvers, support only with an address; numbers as text where its model has text, and only the
//! words that its lists have.
use serde_json::{Value as Json, json};

pub(super) fn profile(mut document: Json) -> Json {
    let Some(root) = document.as_object_mut() else { return document };
    root.insert("apiVersion".to_owned(), "v3.1.0".into());
    if let Some(team) = root.get("team").filter(|team| team.is_object()).cloned() {
        let members = team.get("members").cloned().unwrap_or_else(|| {
            let name = team.get("name").cloned().unwrap_or_default();
            json!([{ "username": name, "role": "owner" }])
        });
        root.insert("team".to_owned(), members);
    }
    for (key, value) in root.iter_mut() {
        let items = value.as_array_mut().into_iter().flatten();
        match key.as_str() {
            "customProperties" => items.for_each(|item| as_text(item, "value")),
            "slaProperties" => items.for_each(|item| {
                ["value", "valueExt"].iter().for_each(|key| as_text(item, key));
                only(item, "driver", &["regulatory", "analytics", "operational"]);
            }),
            "roles" => items.for_each(|item| {
                only(item, "access", &["read", "write", "readWrite"]);
                ["firstLevelApprovers", "secondLevelApprovers"].iter().for_each(|key| without(item, key));
            }),
            "servers" => items.for_each(|item| {
                only(item, "environment", &["prod", "preprod", "dev", "uat"]);
                without(item, "roles");
            }),
            "support" => {
                value.as_array_mut().into_iter().for_each(|items| items.retain(|item| item.get("url").is_some()));
                value.as_array_mut().into_iter().flatten().for_each(|item| {
                    only(item, "tool", &["email", "slack", "teams", "discord", "ticket", "other"]);
                    only(item, "scope", &["interactive", "announcements", "issues"]);
                });
            }
            "schema" => items.for_each(element),
            _ => {}
        }
        if key != "customProperties" {
            nowhere(value, "customProperties");
        }
    }
    document
}

/// A table, a column or a part of one.
fn element(element: &mut Json) {
    texts(element, "examples");
    let logical = match element.get("logicalType").and_then(Json::as_str) {
        Some("map") => Some("object"),
        Some("vector") => Some("array"),
        _ => None,
    };
    logical.into_iter().for_each(|logical| element["logicalType"] = logical.into());
    if let Some(options) = element.get_mut("logicalTypeOptions").and_then(Json::as_object_mut) {
        // bounds of dates are text, and the model has numbers
        options.retain(|key, value| !key.ends_with("inimum") && !key.ends_with("aximum") || value.is_number());
        if options.is_empty() {
            without(element, "logicalTypeOptions");
        }
    }
    for rule in element.get_mut("quality").and_then(Json::as_array_mut).into_iter().flatten() {
        texts(rule, "validValues");
        if rule.get("implementation").is_some_and(|written| !written.is_string()) {
            as_text(rule, "implementation");
        }
        if let Some(arguments) = rule.get_mut("arguments") {
            ["validValues", "missingValues"].iter().for_each(|key| texts(arguments, key));
        }
    }
    for key in ["properties", "items"] {
        match element.get_mut(key) {
            Some(Json::Array(parts)) => parts.iter_mut().for_each(self::element),
            Some(part) => {
                if part.is_object() && part.get("name").is_none() {
                    part["name"] = "item".into();
                }
                self::element(part);
            }
            None => {}
        }
    }
}

fn as_text(item: &mut Json, key: &str) {
    if let Some(value) = item.get_mut(key).filter(|value| !value.is_string()) {
        *value = value.to_string().into();
    }
}

fn texts(item: &mut Json, key: &str) {
    for value in item.get_mut(key).and_then(Json::as_array_mut).into_iter().flatten().filter(|value| !value.is_string())
    {
        *value = if value.is_null() { "".into() } else { value.to_string().into() };
    }
}

/// Takes a word away that is not in the list of the model.
fn only(item: &mut Json, key: &str, words: &[&str]) {
    if item.get(key).and_then(Json::as_str).is_some_and(|word| !words.contains(&word)) {
        without(item, key);
    }
}

fn without(item: &mut Json, key: &str) {
    item.as_object_mut().into_iter().for_each(|item| drop(item.shift_remove(key)));
}

/// The same at every depth.
fn nowhere(value: &mut Json, key: &str) {
    without(value, key);
    match value {
        Json::Object(map) => map.values_mut().for_each(|value| nowhere(value, key)),
        Json::Array(items) => items.iter_mut().for_each(|item| nowhere(item, key)),
        _ => {}
    }
}
