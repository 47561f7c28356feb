//! Types as ODCS says them: the logical type, options that tell its members apart, and ours as the physical type.
use serde_json::{Map, Value as Json, json};

use crate::DataType;

/// A property of a name and a type; items of lists and parts of maps have no name.
pub(super) fn property(name: &str, data_type: &DataType, minor: u64) -> Json {
    let mut out = Map::new();
    if !name.is_empty() {
        out.insert("name".to_owned(), name.into());
    }
    let logical = match data_type {
        DataType::Boolean => "boolean",
        DataType::Int | DataType::Long => "integer",
        DataType::Float | DataType::Double | DataType::Decimal { .. } => "number",
        DataType::Date => "date",
        DataType::Time => "time",
        _ if data_type.is_timestamp() => "timestamp",
        DataType::String | DataType::Uuid => "string",
        DataType::List(_) => "array",
        DataType::Map(..) if minor >= 2 => "map",
        DataType::Map(..) | DataType::Struct(_) => "object",
        // bytes have no logical type
        _ => "",
    };
    if !logical.is_empty() {
        out.insert("logicalType".to_owned(), logical.into());
    }
    out.insert("physicalType".to_owned(), data_type.to_string().into());
    let options = match data_type {
        DataType::Int => json!({ "format": "i32" }),
        DataType::Long => json!({ "format": "i64" }),
        DataType::Float => json!({ "format": "f32" }),
        DataType::Double => json!({ "format": "f64" }),
        DataType::Uuid => json!({ "format": "uuid" }),
        DataType::Timestamp | DataType::TimestampNs => json!({ "timezone": false }),
        DataType::Timestamptz | DataType::TimestamptzNs => json!({ "timezone": true }),
        _ => Json::Null,
    };
    if !options.is_null() {
        out.insert("logicalTypeOptions".to_owned(), options);
    }
    match data_type {
        DataType::List(of) => drop(out.insert("items".to_owned(), property("", of, minor))),
        DataType::Map(key, value) if minor >= 2 => {
            let map = json!({ "key": property("", key, minor), "value": property("", value, minor) });
            out.insert("map".to_owned(), map);
        }
        DataType::Struct(fields) => {
            let members = fields.iter().map(|field| property(&field.name, &field.data_type, minor)).collect();
            out.insert("properties".to_owned(), members);
        }
        _ => {}
    }
    Json::Object(out)
}
