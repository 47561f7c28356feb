//! What a document says beyond what a contract of ours can say, so that nothing is lost on the way there and back.
//!
//! [`residue`] is what has to be added to (or taken from) `made`, the document that we would write ourselves, to get
//! `original`; [`restore`] does it. A value that differs is put back only while ours is still what it was at import, so
//! that a change made since then wins.
use serde_json::{Map, Value as Json, json};

/// Keys by which elements of a list are the same, best first.
const NAMES: [&str; 8] = ["name", "property", "server", "channel", "role", "username", "id", "url"];

const WAS: &str = "@was";
const IS: &str = "@is";
const NULL: &str = "@null";
const ORDER: &str = "@order";
const ITEMS: &str = "@items";
const WHERE: &str = "@by";

/// What `original` has that `made` lacks, or has otherwise; null if they are the same.
pub(crate) fn residue(made: &Json, original: &Json) -> Json {
    match (made, original) {
        _ if made == original => Json::Null,
        (Json::Object(made), Json::Object(original)) => Json::Object(of_objects(made, original)),
        (Json::Array(made), Json::Array(original)) => match by(made, original) {
            Some(key) => of_lists(key, made, original),
            None => replaced(Some(&Json::from(made.clone())), Some(&Json::from(original.clone()))),
        },
        _ => replaced(Some(made), Some(original)),
    }
}

/// `made` with the residue of an earlier state of it.
pub(crate) fn restore(made: Json, residue: &Json) -> Json {
    put_back(Some(made), residue).unwrap_or(Json::Null)
}

fn put_back(made: Option<Json>, residue: &Json) -> Option<Json> {
    match residue {
        Json::Null => made,
        Json::Object(rest) if rest.contains_key(WAS) || rest.contains_key(IS) || rest.contains_key(NULL) => {
            let unchanged = made == rest.get(WAS).map(plain);
            // what was added stays beside what we have come to say ourselves
            if !unchanged {
                made
            } else if rest.contains_key(NULL) {
                Some(Json::Null)
            } else {
                rest.get(IS).map(plain)
            }
        }
        Json::Object(rest) if rest.contains_key(WHERE) => Some(put_back_list(made, rest)),
        Json::Object(rest) => {
            let Some(Json::Object(mut made)) = made.or_else(|| Some(json!({}))) else { return None };
            for (key, rest) in rest {
                let key = key.strip_prefix('@').filter(|key| key.starts_with('@')).unwrap_or(key);
                let before = made.get(key).cloned();
                match put_back(before, rest) {
                    Some(now) => made.insert(key.to_owned(), now),
                    None => made.shift_remove(key),
                };
            }
            Some(Json::Object(made))
        }
        other => made.or_else(|| Some(other.clone())),
    }
}

fn of_objects(made: &Map<String, Json>, original: &Map<String, Json>) -> Map<String, Json> {
    let mut rest = Map::new();
    for (key, value) in original {
        let found = match made.get(key) {
            Some(made) => residue(made, value),
            None => replaced(None, Some(value)),
        };
        if !found.is_null() {
            rest.insert(escaped(key), found);
        }
    }
    for (key, value) in made.iter().filter(|(key, _)| !original.contains_key(*key)) {
        rest.insert(escaped(key), replaced(Some(value), None));
    }
    rest
}

fn replaced(was: Option<&Json>, is: Option<&Json>) -> Json {
    match (was, is) {
        // plain values need no marks: they are added where we say nothing
        (None, Some(is)) if is_plain(is) => is.clone(),
        (was, is) => {
            let mut rest = Map::new();
            was.into_iter().for_each(|was| drop(rest.insert(WAS.into(), marked(was))));
            match is {
                Some(Json::Null) => drop(rest.insert(NULL.into(), true.into())),
                Some(is) => drop(rest.insert(IS.into(), marked(is))),
                None => {}
            }
            Json::Object(rest)
        }
    }
}

/// Whether a value can stand in a residue as it is: no null, no object or list that would be merged.
fn is_plain(json: &Json) -> bool {
    !matches!(json, Json::Null | Json::Object(_)) && !has_null(json)
}

fn has_null(json: &Json) -> bool {
    match json {
        Json::Null => true,
        Json::Array(items) => items.iter().any(has_null),
        Json::Object(map) => map.values().any(has_null),
        _ => false,
    }
}

/// TOML has no null; a mark stands for it.
fn marked(json: &Json) -> Json {
    match json {
        Json::Null => json!({ NULL: true }),
        Json::Array(items) => items.iter().map(marked).collect(),
        Json::Object(map) => Json::Object(map.iter().map(|(key, value)| (escaped(key), marked(value))).collect()),
        other => other.clone(),
    }
}

fn plain(json: &Json) -> Json {
    match json {
        Json::Object(map) if map.get(NULL) == Some(&Json::Bool(true)) => Json::Null,
        Json::Array(items) => items.iter().map(plain).collect(),
        Json::Object(map) => {
            let unescaped = |key: &String| key.strip_prefix('@').unwrap_or(key).to_owned();
            Json::Object(map.iter().map(|(key, value)| (unescaped(key), plain(value))).collect())
        }
        other => other.clone(),
    }
}

/// Keys that look like a mark get another `@` in front.
fn escaped(key: &str) -> String {
    if key.starts_with('@') { format!("@{key}") } else { key.to_owned() }
}

/// The key that names every element of both lists, each by itself.
fn by(made: &[Json], original: &[Json]) -> Option<&'static str> {
    let names = |items: &[Json], key: &str| -> Option<Vec<String>> {
        let names: Option<Vec<String>> = items.iter().map(|item| Some(item.get(key)?.as_str()?.to_owned())).collect();
        names.filter(|names| names.iter().enumerate().all(|(at, name)| !names[..at].contains(name)))
    };
    NAMES.into_iter().find(|key| names(made, key).is_some() && names(original, key).is_some())
}

fn of_lists(key: &'static str, made: &[Json], original: &[Json]) -> Json {
    let name = |item: &Json| item.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
    let mut items = Map::new();
    for item in original {
        let rest = match made.iter().find(|made| name(made) == name(item)) {
            Some(made) => residue(made, item),
            None => json!({ IS: marked(item) }),
        };
        if !rest.is_null() {
            items.insert(name(item), rest);
        }
    }
    for gone in made.iter().filter(|made| original.iter().all(|item| name(item) != name(made))) {
        items.insert(name(gone), json!({ WAS: marked(gone) }));
    }
    let mut rest = Map::from_iter([(WHERE.to_owned(), Json::from(key)), (ITEMS.to_owned(), Json::Object(items))]);
    rest.insert(ORDER.to_owned(), original.iter().map(|item| Json::from(name(item))).collect());
    Json::Object(rest)
}

fn put_back_list(made: Option<Json>, rest: &Map<String, Json>) -> Json {
    let key = rest.get(WHERE).and_then(Json::as_str).unwrap_or("name");
    let mut left: Vec<Json> = made.and_then(|made| made.as_array().cloned()).unwrap_or_default();
    let name = |item: &Json| item.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
    let items = rest.get(ITEMS).and_then(Json::as_object);
    let rest_of = |name: &str| items.and_then(|items| items.get(name)).unwrap_or(&Json::Null);
    let mut out = Vec::new();
    for wanted in rest.get(ORDER).and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str) {
        let found = left.iter().position(|item| name(item) == wanted).map(|at| left.remove(at));
        // of an element that has gone since then, what was said beyond it goes, too
        if found.is_some() || rest_of(wanted).get(IS).is_some() {
            out.extend(put_back(found, rest_of(wanted)));
        }
    }
    // what has come since then
    out.extend(left.into_iter().filter_map(|item| {
        let rest = rest_of(&name(&item));
        put_back(Some(item), rest)
    }));
    Json::Array(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn documents() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            (0..3i64).prop_map(Json::from),
            "[a-c]".prop_map(Json::from)
        ];
        let keys = prop_oneof![Just("name".to_owned()), Just("@is".to_owned()), Just("@null".to_owned()), "[a-c]"];
        leaf.prop_recursive(4, 24, 4, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
                proptest::collection::vec((keys.clone(), inner), 0..4)
                    .prop_map(|entries| Json::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2048, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_was_taken_apart_is_whole_again(made in documents(), original in documents()) {
            let rest = residue(&made, &original);
            prop_assert!(rest.is_null() || !has_null(&rest), "{rest}");
            prop_assert_eq!(restore(made, &rest), original);
        }
    }

    #[test]
    fn a_change_made_since_wins() {
        let rest = residue(&json!({ "type": "string", "a": 1 }), &json!({ "type": "varchar(8)", "a": 1, "b": 2 }));
        assert_eq!(restore(json!({ "type": "string" }), &rest), json!({ "type": "varchar(8)", "b": 2 }));
        assert_eq!(restore(json!({ "type": "int" }), &rest), json!({ "type": "int", "b": 2 }));
    }

    #[test]
    fn what_has_gone_since_stays_away() {
        let made = json!([{ "name": "a" }, { "name": "b" }]);
        let original = json!([{ "name": "a", "more": 1 }, { "name": "b", "more": 2 }, { "name": "theirs" }]);
        let rest = residue(&made, &original);
        assert_eq!(restore(json!([{ "name": "a" }]), &rest), json!([{ "name": "a", "more": 1 }, { "name": "theirs" }]));
    }
}
