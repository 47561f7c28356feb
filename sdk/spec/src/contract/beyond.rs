//! `[beyond]`: what a contract said in another format before it was imported. Kept for the way back, and not run.
use crate::Declared;
use crate::document::Value;
use serde_json::Value as Json;

/// Rules that came along without having a kind of check.
pub(super) fn rules(value: &Value<'_>) -> Vec<Declared> {
    let mut names = Vec::new();
    collect(&value.to_json(), &mut names);
    let why = || "kept under [beyond] and not run".to_owned();
    names.into_iter().map(|id| Declared { id, why: why(), span: value.key.clone() }).collect()
}

/// Only whole rules count, not words about a rule that is run.
fn collect(json: &Json, names: &mut Vec<String>) {
    match json {
        Json::Object(map) => {
            let is_rule = map.contains_key("engine") || map.get("type").and_then(Json::as_str) == Some("text");
            if is_rule && !map.contains_key("url") {
                let name = ["id", "name", "engine", "description"].iter().find_map(|key| map.get(*key)?.as_str());
                names.push(name.unwrap_or("rule").chars().take(60).collect());
                return;
            }
            for (key, value) in map {
                match (key.as_str(), value) {
                    ("relationships", Json::Array(items)) => {
                        names.extend(items.iter().filter_map(|item| Some(format!("references {}", item.get("to")?))));
                    }
                    // other tables of the document have rules of their own
                    ("schema", Json::Object(tables)) => {
                        let tables = tables.get("@items").and_then(Json::as_object).into_iter().flatten();
                        let this = tables.filter(|(_, table)| table.get("@is").is_none());
                        this.for_each(|(_, table)| collect(table, names));
                    }
                    _ => collect(value, names),
                }
            }
        }
        Json::Array(items) => items.iter().for_each(|item| collect(item, names)),
        _ => {}
    }
}
