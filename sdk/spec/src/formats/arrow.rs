//! An Arrow schema in the JSON of Arrow's integration tests.
use serde_json::{Value as Json, json};

use super::import::{Table, columns_only, snake};
use crate::document::tree::{Node, object};
use crate::{Contract, DataType};

pub(super) fn write(contract: &Contract) -> Json {
    let fields = contract.columns.iter().map(|column| {
        let mut out = field(&column.name, &column.data_type, !column.required);
        if let Some(text) = &column.description {
            out["metadata"] = json!([{ "key": "description", "value": text }]);
        }
        out
    });
    json!({ "schema": { "fields": fields.collect::<Vec<_>>() } })
}

fn field(name: &str, data_type: &DataType, nullable: bool) -> Json {
    let timestamp = |unit: &str, zone: Option<&str>| {
        object([("name", "timestamp".into()), ("unit", unit.into()), ("timezone", json!(zone))])
    };
    let mut children = vec![];
    let own = match data_type {
        DataType::Boolean => json!({ "name": "bool" }),
        DataType::Int => json!({ "name": "int", "bitWidth": 32, "isSigned": true }),
        DataType::Long => json!({ "name": "int", "bitWidth": 64, "isSigned": true }),
        DataType::Float => json!({ "name": "floatingpoint", "precision": "SINGLE" }),
        DataType::Double => json!({ "name": "floatingpoint", "precision": "DOUBLE" }),
        DataType::Decimal { precision, scale } => {
            json!({ "name": "decimal", "precision": precision, "scale": scale, "bitWidth": 128 })
        }
        DataType::Date => json!({ "name": "date", "unit": "DAY" }),
        DataType::Time => json!({ "name": "time", "unit": "MICROSECOND", "bitWidth": 64 }),
        DataType::Timestamp => timestamp("MICROSECOND", None),
        DataType::Timestamptz => timestamp("MICROSECOND", Some("+00:00")),
        DataType::TimestampNs => timestamp("NANOSECOND", None),
        DataType::TimestamptzNs => timestamp("NANOSECOND", Some("+00:00")),
        DataType::String => json!({ "name": "utf8" }),
        DataType::Uuid => json!({ "name": "fixedsizebinary", "byteWidth": 16 }),
        DataType::Binary => json!({ "name": "binary" }),
        DataType::Fixed(size) => json!({ "name": "fixedsizebinary", "byteWidth": size }),
        DataType::List(of) => {
            children.push(field("element", of, true));
            json!({ "name": "list" })
        }
        DataType::Map(key, value) => {
            let pair = json!([field("key", key, false), field("value", value, true)]);
            children.push(
                json!({ "name": "key_value", "nullable": false, "type": { "name": "struct" }, "children": pair }),
            );
            json!({ "name": "map", "keysSorted": false })
        }
        DataType::Struct(fields) => {
            children.extend(fields.iter().map(|f| field(&f.name, &f.data_type, true)));
            json!({ "name": "struct" })
        }
    };
    let mut out = json!({ "name": name, "nullable": nullable, "type": own, "children": children });
    if *data_type == DataType::Uuid {
        out["metadata"] = json!([{ "key": "ARROW:extension:name", "value": "arrow.uuid" }]);
    }
    out
}

pub(super) fn read(root: &Node) -> Result<Table, String> {
    let fields = root.get("schema").unwrap_or(root).get("fields").map(Node::items).unwrap_or_default();
    if fields.is_empty() {
        return Err("it has no `fields`".to_owned());
    }
    let mut columns = vec![];
    for field in fields {
        let name = field.get("name").and_then(Node::as_text).ok_or("a field has no name")?;
        let data_type = type_of(field).map_err(|why| format!("`{name}` {why}"))?;
        let nullable = field.get("nullable").and_then(Node::as_flag).unwrap_or(true);
        let line = object([
            ("type", data_type.into()),
            ("required", if nullable { Json::Null } else { true.into() }),
            ("description", json!(metadata(field, "description"))),
        ]);
        columns.push((snake(name), line));
    }
    Ok(Table { name: String::new(), native: columns_only(None, columns, vec![]) })
}

fn metadata<'a>(field: &'a Node, key: &str) -> Option<&'a str> {
    let entries = field.get("metadata")?.items();
    entries.iter().find(|entry| entry.get("key").and_then(Node::as_text) == Some(key))?.get("value")?.as_text()
}

fn type_of(field: &Node) -> Result<String, String> {
    let own = field.get("type").ok_or("has no type")?;
    let text = |key: &str| own.get(key).and_then(Node::as_text).unwrap_or_default();
    let number = |key: &str| own.get(key).and_then(Node::as_number).unwrap_or(0.0) as u64;
    let children = field.get("children").map(Node::items).unwrap_or_default();
    let nanos = text("unit") == "NANOSECOND";
    Ok(match text("name") {
        "bool" => "boolean".to_owned(),
        "int"
            if number("bitWidth") < 32
                || (number("bitWidth") == 32 && own.get("isSigned").and_then(Node::as_flag) != Some(false)) =>
        {
            "int".to_owned()
        }
        "int" => "long".to_owned(),
        "floatingpoint" => if text("precision") == "DOUBLE" { "double" } else { "float" }.to_owned(),
        "decimal" => format!("decimal({}, {})", number("precision"), number("scale")),
        "date" => "date".to_owned(),
        "time" => "time".to_owned(),
        "timestamp" => match (own.get("timezone").is_some(), nanos) {
            (false, false) => "timestamp",
            (true, false) => "timestamptz",
            (false, true) => "timestamp_ns",
            (true, true) => "timestamptz_ns",
        }
        .to_owned(),
        "utf8" | "largeutf8" | "utf8view" => "string".to_owned(),
        "binary" | "largebinary" | "binaryview" => "binary".to_owned(),
        "fixedsizebinary" if metadata(field, "ARROW:extension:name") == Some("arrow.uuid") => "uuid".to_owned(),
        "fixedsizebinary" => format!("fixed({})", number("byteWidth")),
        "list" | "largelist" | "fixedsizelist" => {
            format!("list<{}>", type_of(children.first().ok_or("is a list of nothing")?)?)
        }
        "map" => {
            let pair = children.first().and_then(|pair| pair.get("children")).map(Node::items).unwrap_or_default();
            let [key, value] = pair else { return Err("is a map without key and value".to_owned()) };
            format!("map<{}, {}>", type_of(key)?, type_of(value)?)
        }
        "struct" => {
            let members = children.iter().map(|member| {
                let name = member.get("name").and_then(Node::as_text).unwrap_or_default();
                Ok(format!("{}: {}", snake(name), type_of(member)?))
            });
            format!("struct<{}>", members.collect::<Result<Vec<_>, String>>()?.join(", "))
        }
        other => return Err(format!("has the type `{other}`, which a table cannot have")),
    })
}
