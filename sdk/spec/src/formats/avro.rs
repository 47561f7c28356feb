//! An Avro record.
use serde_json::{Value as Json, json};

use super::import::{Table, columns_only, snake};
use crate::document::tree::{Kind, Node, object};
use crate::{CheckKind, Contract, DataType, PortName};

pub(super) fn write(contract: &Contract, port: &PortName) -> Json {
    let fields: Vec<Json> = contract
        .columns
        .iter()
        .map(|column| {
            let values = contract.checks.iter().find(|check| check.id == format!("{}.values", column.name));
            let symbols = values.and_then(|check| match &check.kind {
                CheckKind::Values { values, .. } => {
                    values.iter().map(|v| v.as_str().filter(|v| is_symbol(v))).collect::<Option<Vec<_>>>()
                }
                _ => None,
            });
            let own = match symbols {
                Some(symbols) => {
                    json!({ "type": "enum", "name": format!("{}_values", column.name), "symbols": symbols })
                }
                None => of_type(&column.data_type, &column.name),
            };
            let default = column.default.clone().filter(|_| column.required);
            object([
                ("name", column.name.as_str().into()),
                ("type", if column.required { own } else { json!(["null", own]) }),
                ("doc", json!(column.description)),
                ("default", default.unwrap_or_default()),
            ])
        })
        .map(nullable_default)
        .collect();
    object([
        ("type", "record".into()),
        ("name", port.port.as_str().into()),
        ("namespace", port.product.to_string().into()),
        ("doc", if contract.description.is_empty() { Json::Null } else { contract.description.as_str().into() }),
        ("fields", fields.into()),
    ])
}

/// A field that may be null has null as its default, so that old readers and new writers agree.
fn nullable_default(mut field: Json) -> Json {
    if field["type"].is_array() {
        field["default"] = Json::Null;
    }
    field
}

fn is_symbol(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn of_type(data_type: &DataType, name: &str) -> Json {
    let logical = |of: &str, logical: &str| json!({ "type": of, "logicalType": logical });
    match data_type {
        DataType::Boolean => "boolean".into(),
        DataType::Int => "int".into(),
        DataType::Long => "long".into(),
        DataType::Float => "float".into(),
        DataType::Double => "double".into(),
        DataType::Decimal { precision, scale } => {
            json!({ "type": "bytes", "logicalType": "decimal", "precision": precision, "scale": scale })
        }
        DataType::Date => logical("int", "date"),
        DataType::Time => logical("long", "time-micros"),
        DataType::Timestamp => logical("long", "local-timestamp-micros"),
        DataType::Timestamptz => logical("long", "timestamp-micros"),
        DataType::TimestampNs => logical("long", "local-timestamp-nanos"),
        DataType::TimestamptzNs => logical("long", "timestamp-nanos"),
        DataType::String => "string".into(),
        DataType::Uuid => logical("string", "uuid"),
        DataType::Binary => "bytes".into(),
        DataType::Fixed(size) => json!({ "type": "fixed", "name": format!("{name}_bytes"), "size": size }),
        DataType::List(of) => json!({ "type": "array", "items": ["null", of_type(of, &format!("{name}_item"))] }),
        DataType::Map(key, value) if **key == DataType::String => {
            json!({ "type": "map", "values": ["null", of_type(value, &format!("{name}_value"))] })
        }
        // Avro's maps have text keys only; Iceberg writes others as lists of pairs
        DataType::Map(key, value) => json!({ "type": "array", "logicalType": "map", "items": {
            "type": "record", "name": format!("{name}_entry"), "fields": [
                { "name": "key", "type": of_type(key, &format!("{name}_key")) },
                { "name": "value", "type": ["null", of_type(value, &format!("{name}_value"))] } ] } }),
        DataType::Struct(fields) => {
            let fields: Vec<Json> = fields
                .iter()
                .map(|f| json!({ "name": f.name, "type": ["null", of_type(&f.data_type, &format!("{name}_{}", f.name))], "default": null }))
                .collect();
            json!({ "type": "record", "name": format!("{name}_record"), "fields": fields })
        }
    }
}

pub(super) fn read(root: &Node) -> Result<Table, String> {
    let text = |node: &Node, key: &str| node.get(key).and_then(Node::as_text).map(str::to_owned);
    if text(root, "type").as_deref() != Some("record") {
        return Err("it is not a record".to_owned());
    }
    let mut columns = vec![];
    for field in root.get("fields").map(Node::items).unwrap_or_default() {
        let name = text(field, "name").ok_or("a field has no name")?;
        let found = type_of(field.get("type").unwrap_or(field)).map_err(|why| format!("`{name}` {why}"))?;
        let line = object([
            ("type", found.data_type.into()),
            ("required", if found.nullable { Json::Null } else { true.into() }),
            ("values", found.symbols),
            ("description", json!(text(field, "doc"))),
        ]);
        columns.push((snake(&name), line));
    }
    if columns.is_empty() {
        return Err("the record has no fields".to_owned());
    }
    let doc = text(root, "doc");
    Ok(Table { name: text(root, "name").unwrap_or_default(), native: columns_only(doc.as_deref(), columns, vec![]) })
}

struct Found {
    data_type: String,
    nullable: bool,
    symbols: Json,
}

fn type_of(node: &Node) -> Result<Found, String> {
    let plain = |data_type: &str| Found { data_type: data_type.to_owned(), nullable: false, symbols: Json::Null };
    if let Kind::List(branches) = &node.kind {
        let nullable = branches.iter().any(|branch| branch.as_text() == Some("null") || branch.kind == Kind::Null);
        let others: Vec<&Node> =
            branches.iter().filter(|b| b.as_text() != Some("null") && b.kind != Kind::Null).collect();
        let [one] = others[..] else { return Err("is a union of several types".to_owned()) };
        return Ok(Found { nullable: nullable || type_of(one)?.nullable, ..type_of(one)? });
    }
    if let Some(name) = node.as_text() {
        return match name {
            "boolean" | "int" | "long" | "float" | "double" | "string" => Ok(plain(name)),
            "bytes" => Ok(plain("binary")),
            other => Err(format!("has the type `{other}`, which is defined elsewhere")),
        };
    }
    let text = |key: &str| node.get(key).and_then(Node::as_text);
    let number = |key: &str| node.get(key).and_then(Node::as_number).unwrap_or(0.0) as u64;
    Ok(match (text("type"), text("logicalType")) {
        (_, Some("decimal")) => plain(&format!("decimal({}, {})", number("precision"), number("scale"))),
        (_, Some("date")) => plain("date"),
        (_, Some("time-millis" | "time-micros")) => plain("time"),
        (_, Some("timestamp-millis" | "timestamp-micros")) => plain("timestamptz"),
        (_, Some("local-timestamp-millis" | "local-timestamp-micros")) => plain("timestamp"),
        (_, Some("timestamp-nanos")) => plain("timestamptz_ns"),
        (_, Some("local-timestamp-nanos")) => plain("timestamp_ns"),
        (_, Some("uuid")) => plain("uuid"),
        (Some("fixed"), _) => plain(&format!("fixed({})", number("size"))),
        (Some("enum"), _) => {
            let symbols = node.get("symbols").map_or(Json::Null, Node::to_json);
            Found { symbols, ..plain("string") }
        }
        (Some("array"), Some("map")) => {
            let fields = node.get("items").and_then(|items| items.get("fields")).map(Node::items).unwrap_or_default();
            let part =
                |name: &str| fields.iter().find(|f| f.get("name").and_then(Node::as_text) == Some(name))?.get("type");
            let (key, value) = part("key").zip(part("value")).ok_or("is a map without key and value")?;
            plain(&format!("map<{}, {}>", type_of(key)?.data_type, type_of(value)?.data_type))
        }
        (Some("array"), _) => {
            plain(&format!("list<{}>", type_of(node.get("items").ok_or("is an array of nothing")?)?.data_type))
        }
        (Some("map"), _) => {
            plain(&format!("map<string, {}>", type_of(node.get("values").ok_or("is a map of nothing")?)?.data_type))
        }
        (Some("record"), _) => {
            let members = node.get("fields").map(Node::items).unwrap_or_default().iter().map(|field| {
                let name = field.get("name").and_then(Node::as_text).unwrap_or_default();
                Ok(format!("{}: {}", snake(name), type_of(field.get("type").unwrap_or(field))?.data_type))
            });
            plain(&format!("struct<{}>", members.collect::<Result<Vec<_>, String>>()?.join(", ")))
        }
        (Some(_), _) => type_of(node.get("type").unwrap_or(node))?,
        (None, _) => return Err("has no type".to_owned()),
    })
}
