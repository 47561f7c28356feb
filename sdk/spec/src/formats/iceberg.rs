//! An Iceberg schema, as table metadata have it.
use serde_json::{Value as Json, json};

use super::import::{Table, columns_only, snake};
use crate::document::tree::{Node, object};
use crate::{Contract, DataType};

pub(super) fn write(contract: &Contract) -> Json {
    // ids of columns first, as new tables are given them
    let mut next = contract.columns.len() as u64;
    let fields: Vec<Json> = contract
        .columns
        .iter()
        .zip(1u64..)
        .map(|(column, id)| {
            object([
                ("id", id.into()),
                ("name", column.name.as_str().into()),
                ("required", column.required.into()),
                ("type", of_type(&column.data_type, &mut next)),
                ("doc", json!(column.description)),
            ])
        })
        .collect();
    let key: Vec<u64> =
        contract.columns.iter().zip(1u64..).filter(|(c, _)| contract.key.contains(&c.name)).map(|(_, id)| id).collect();
    object([
        ("type", "struct".into()),
        ("schema-id", 0.into()),
        ("identifier-field-ids", if key.is_empty() { Json::Null } else { json!(key) }),
        ("fields", fields.into()),
    ])
}

fn of_type(data_type: &DataType, next: &mut u64) -> Json {
    let mut id = || {
        *next += 1;
        *next
    };
    match data_type {
        DataType::List(of) => {
            let own = id();
            json!({ "type": "list", "element-id": own, "element-required": false, "element": of_type(of, next) })
        }
        DataType::Map(key, value) => {
            let (k, v) = (id(), id());
            json!({ "type": "map", "key-id": k, "key": of_type(key, next), "value-id": v, "value-required": false,
                    "value": of_type(value, next) })
        }
        DataType::Struct(fields) => {
            let ids: Vec<u64> = fields.iter().map(|_| id()).collect();
            let fields = fields.iter().zip(ids).map(
                |(f, id)| json!({ "id": id, "name": f.name, "required": false, "type": of_type(&f.data_type, next) }),
            );
            json!({ "type": "struct", "fields": fields.collect::<Vec<_>>() })
        }
        DataType::Decimal { precision, scale } => format!("decimal({precision}, {scale})").into(),
        DataType::Fixed(size) => format!("fixed[{size}]").into(),
        plain => plain.to_string().into(),
    }
}

/// A schema by itself, or the current one of a table's metadata.
pub(super) fn read(root: &Node) -> Result<Table, String> {
    let current = root.get("current-schema-id").and_then(Node::as_number);
    let schemas = root.get("schemas").map(Node::items).unwrap_or_default();
    let schema = schemas.iter().find(|schema| schema.get("schema-id").and_then(Node::as_number) == current);
    let schema = schema.or_else(|| root.get("schema")).unwrap_or(root);
    let ids = schema.get("identifier-field-ids").map(Node::items).unwrap_or_default();
    let (mut columns, mut key) = (vec![], vec![]);
    for field in schema.get("fields").map(Node::items).unwrap_or_default() {
        let name = snake(field.get("name").and_then(Node::as_text).ok_or("a field has no name")?);
        let data_type = type_of(field.get("type").ok_or("a field has no type")?)?;
        let id = field.get("id").and_then(Node::as_number);
        if ids.iter().any(|key| key.as_number() == id) && id.is_some() {
            key.push(name.clone());
        }
        let required = field.get("required").and_then(Node::as_flag) == Some(true);
        let line = object([
            ("type", data_type.into()),
            ("required", if required { true.into() } else { Json::Null }),
            ("description", field.get("doc").map_or(Json::Null, Node::to_json)),
        ]);
        columns.push((name, line));
    }
    if columns.is_empty() {
        return Err("it has no `fields`".to_owned());
    }
    let location = root.get("location").and_then(Node::as_text).unwrap_or_default();
    let name = location.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
    Ok(Table { name, native: columns_only(None, columns, key) })
}

fn type_of(node: &Node) -> Result<String, String> {
    if let Some(text) = node.as_text() {
        let spelled = text.replace('[', "(").replace(']', ")");
        return match spelled.parse::<DataType>() {
            Ok(known) => Ok(known.to_string()),
            Err(_) => Err(format!("`{text}` is not a type of Iceberg")),
        };
    }
    let part = |key: &str| node.get(key).ok_or_else(|| format!("a nested type lacks `{key}`")).and_then(type_of);
    match node.get("type").and_then(Node::as_text) {
        Some("list") => Ok(format!("list<{}>", part("element")?)),
        Some("map") => Ok(format!("map<{}, {}>", part("key")?, part("value")?)),
        Some("struct") => {
            let members = node.get("fields").map(Node::items).unwrap_or_default().iter().map(|field| {
                let name = field.get("name").and_then(Node::as_text).unwrap_or_default();
                Ok(format!("{}: {}", snake(name), type_of(field.get("type").unwrap_or(field))?))
            });
            Ok(format!("struct<{}>", members.collect::<Result<Vec<_>, String>>()?.join(", ")))
        }
        _ => Err("a nested type is neither list, map nor struct".to_owned()),
    }
}
