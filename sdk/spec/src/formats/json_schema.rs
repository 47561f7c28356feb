//! JSON Schema (draft 2020-12) of one row.
use serde_json::{Value as Json, json};

use super::import::{Table, columns_only, snake};
use crate::document::tree::{Node, object};
use crate::{CheckKind, Contract, DataType, PortName};

/// The types that JSON cannot tell apart are named by this key.
const TYPE: &str = "x-type";

pub(super) fn write(contract: &Contract, port: &PortName) -> Json {
    let columns = contract.columns.iter().map(|column| {
        let mut schema = of_type(&column.data_type, !column.required);
        let line = |suffix: &str| contract.checks.iter().find(|check| check.id == format!("{}.{suffix}", column.name));
        for suffix in ["range", "length", "pattern", "format", "values"] {
            match line(suffix).map(|check| &check.kind) {
                Some(CheckKind::Range { bounds, .. }) if column.data_type.is_numeric() => {
                    bounds.min.iter().for_each(|min| schema["minimum"] = min.clone());
                    bounds.max.iter().for_each(|max| schema["maximum"] = max.clone());
                }
                Some(CheckKind::Length { min, max, .. }) => {
                    min.iter().for_each(|min| schema["minLength"] = (*min).into());
                    max.iter().for_each(|max| schema["maxLength"] = (*max).into());
                }
                Some(CheckKind::Pattern { pattern, .. }) => schema["pattern"] = pattern.as_str().into(),
                Some(CheckKind::Format { format, .. }) => schema["format"] = format.as_str().into(),
                Some(CheckKind::Values { values, .. }) => {
                    let mut values = values.clone();
                    if !column.required {
                        values.push(Json::Null);
                    }
                    schema["enum"] = values.into();
                }
                _ => {}
            }
        }
        column.description.iter().for_each(|text| schema["description"] = text.as_str().into());
        column.default.iter().for_each(|default| schema["default"] = default.clone());
        if column.deprecated.is_some() {
            schema["deprecated"] = true.into();
        }
        (column.name.clone(), schema)
    });
    let columns: serde_json::Map<_, _> = columns.collect();
    let required: Vec<&str> = contract.columns.iter().filter(|c| c.required).map(|c| c.name.as_str()).collect();
    object([
        ("$schema", "https://json-schema.org/draft/2020-12/schema".into()),
        ("title", port.port.as_str().into()),
        (
            "description",
            if contract.description.is_empty() { Json::Null } else { contract.description.as_str().into() },
        ),
        ("type", "object".into()),
        ("properties", Json::Object(columns)),
        ("required", json!(required)),
        ("additionalProperties", false.into()),
    ])
}

fn of_type(data_type: &DataType, nullable: bool) -> Json {
    let (name, format) = match data_type {
        DataType::Boolean => ("boolean", None),
        DataType::Int | DataType::Long => ("integer", None),
        DataType::Float | DataType::Double | DataType::Decimal { .. } => ("number", None),
        DataType::Date => ("string", Some("date")),
        DataType::Time => ("string", Some("time")),
        DataType::Timestamptz | DataType::TimestamptzNs => ("string", Some("date-time")),
        DataType::Uuid => ("string", Some("uuid")),
        DataType::List(_) => ("array", None),
        DataType::Map(..) | DataType::Struct(_) => ("object", None),
        _ => ("string", None),
    };
    let mut schema = json!({ "type": if nullable { json!([name, "null"]) } else { json!(name) } });
    format.into_iter().for_each(|format| schema["format"] = format.into());
    match data_type {
        DataType::List(of) => schema["items"] = of_type(of, true),
        DataType::Map(_, value) => schema["additionalProperties"] = of_type(value, true),
        DataType::Struct(fields) => {
            schema["properties"] =
                Json::Object(fields.iter().map(|f| (f.name.clone(), of_type(&f.data_type, true))).collect());
        }
        DataType::Binary | DataType::Fixed(_) => schema["contentEncoding"] = "base64".into(),
        _ => {}
    }
    schema[TYPE] = data_type.to_string().into();
    schema
}

pub(super) fn read(root: &Node) -> Result<Table, String> {
    let properties =
        root.get("properties").filter(|found| !found.entries().is_empty()).ok_or("it has no `properties`")?;
    let required: Vec<&str> =
        root.get("required").map(Node::items).unwrap_or_default().iter().filter_map(Node::as_text).collect();
    let mut columns = vec![];
    for (key, schema) in properties.entries() {
        let (data_type, nullable) = type_of(schema).map_err(|why| format!("`{}` {why}", key.text))?;
        let text = |key: &str| schema.get(key).and_then(Node::as_text).map_or(Json::Null, Json::from);
        let same = |key: &str| schema.get(key).map_or(Json::Null, Node::to_json);
        let is_text = data_type == "string";
        let number =
            matches!(data_type.as_str(), "int" | "long" | "float" | "double") || data_type.starts_with("decimal");
        let format = schema.get("format").and_then(Node::as_text).filter(|format| crate::FORMATS.contains(format));
        let values = schema
            .get("enum")
            .map(|list| list.items().iter().map(Node::to_json).filter(|value| !value.is_null()).collect::<Vec<_>>());
        let line = object([
            ("type", data_type.into()),
            ("required", if required.contains(&key.text.as_str()) && !nullable { true.into() } else { Json::Null }),
            ("min", if number { same("minimum") } else { Json::Null }),
            ("max", if number { same("maximum") } else { Json::Null }),
            ("min_length", if is_text { same("minLength") } else { Json::Null }),
            ("max_length", if is_text { same("maxLength") } else { Json::Null }),
            ("pattern", if is_text { same("pattern") } else { Json::Null }),
            ("format", if is_text { json!(format) } else { Json::Null }),
            ("values", values.filter(|values| !values.is_empty()).map_or(Json::Null, Json::from)),
            ("description", text("description")),
            ("default", same("default")),
            (
                "deprecated",
                if schema.get("deprecated").and_then(Node::as_flag) == Some(true) { true.into() } else { Json::Null },
            ),
        ]);
        columns.push((snake(&key.text), line));
    }
    let name = ["title", "$id"].iter().find_map(|key| root.get(key)?.as_text()).unwrap_or_default();
    let name = name.rsplit('/').next().unwrap_or_default().trim_end_matches(".schema.json").trim_end_matches(".json");
    let description = root.get("description").and_then(Node::as_text);
    Ok(Table { name: name.to_owned(), native: columns_only(description, columns, vec![]) })
}

/// A type of ours, and whether null is allowed.
fn type_of(schema: &Node) -> Result<(String, bool), String> {
    let named: Vec<&str> = match schema.get("type") {
        Some(one) if one.as_text().is_some() => one.as_text().into_iter().collect(),
        Some(list) => list.items().iter().filter_map(Node::as_text).collect(),
        None if schema.get("enum").is_some() || schema.get("const").is_some() => vec!["string"],
        None => return Err("does not say its `type`".to_owned()),
    };
    let nullable = named.contains(&"null");
    if let Some(known) = schema.get(TYPE).and_then(Node::as_text).filter(|text| text.parse::<DataType>().is_ok()) {
        return Ok((known.to_owned(), nullable));
    }
    let others: Vec<&str> = named.into_iter().filter(|name| *name != "null").collect();
    let [name] = others[..] else { return Err("may be of several types".to_owned()) };
    let format = schema.get("format").and_then(Node::as_text);
    let found = match (name, format) {
        ("string", Some("date")) => "date".to_owned(),
        ("string", Some("time")) => "time".to_owned(),
        ("string", Some("date-time")) => "timestamptz".to_owned(),
        ("string", Some("uuid")) => "uuid".to_owned(),
        ("string", _) => "string".to_owned(),
        ("integer", Some("int32")) => "int".to_owned(),
        ("integer", _) => "long".to_owned(),
        ("number", Some("float")) => "float".to_owned(),
        ("number", _) => "double".to_owned(),
        ("boolean", _) => "boolean".to_owned(),
        ("array", _) => {
            let items = schema.get("items").ok_or("is an array of what is not said")?;
            format!("list<{}>", type_of(items)?.0)
        }
        ("object", _) => match (schema.get("properties"), schema.get("additionalProperties")) {
            (Some(members), _) => {
                let members = members
                    .entries()
                    .iter()
                    .map(|(key, member)| Ok(format!("{}: {}", snake(&key.text), type_of(member)?.0)));
                format!("struct<{}>", members.collect::<Result<Vec<_>, String>>()?.join(", "))
            }
            (None, Some(values)) if values.get("type").is_some() => format!("map<string, {}>", type_of(values)?.0),
            _ => return Err("is an object of which nothing is said".to_owned()),
        },
        (other, _) => return Err(format!("has the type `{other}`, which a table cannot have")),
    };
    Ok((found, nullable))
}
