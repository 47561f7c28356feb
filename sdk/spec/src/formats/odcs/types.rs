//! The type of a column from what ODCS says of a property: the logical type decides the family, the physical type and
//! the options which of its members.
use super::lint::Findings;
use crate::document::tree::Node;
use crate::{DataType, Diagnostic, Span};

/// The type of a property in the spelling of contracts, or a report that it cannot be told.
pub(super) fn column_type(property: &Node, found: &mut Findings) -> Option<String> {
    match data_type(property) {
        Ok(text) => Some(text),
        // a logical type that ODCS does not have has been reported as such
        Err(_) if unknown(property) => None,
        // what it holds is known to those who read it, and the document's own words are kept
        Err(why) if found.lenient && property.get("logicalType").is_some() => {
            let at = property.get("logicalType").unwrap_or(property);
            let report = Diagnostic::warning("M0228", format!("{why}: it is taken as text"));
            found.all.push(report.at(Span::new(found.file, at.span.clone()), ""));
            Some("string".to_owned())
        }
        Err(why) => {
            let at = property.get("physicalType").or_else(|| property.get("logicalType"));
            let at = at.or_else(|| property.get("name")).unwrap_or(property);
            found.error(
                "M0228",
                at,
                why,
                "say `logicalType` and, where it has several, a `physicalType` such as `decimal(10,2)`",
            );
            None
        }
    }
}

fn unknown(property: &Node) -> bool {
    let logical = property.get("logicalType").and_then(Node::as_text);
    logical.is_some_and(|logical| !super::vocabulary::LOGICAL_TYPES.contains(&logical))
}

fn data_type(property: &Node) -> Result<String, String> {
    let text = |key| property.get(key).and_then(Node::as_text);
    let options = property.get("logicalTypeOptions");
    let option = |key| options.and_then(|options| options.get(key));
    let physical = text("physicalType").and_then(physical);
    let Some(logical) = text("logicalType") else {
        if let Some(known) = physical {
            return Ok(known.to_string());
        }
        return match text("physicalType") {
            Some(other) => Err(format!("`{other}` is not a type that a table can have")),
            None => Err("the type of this property cannot be told".to_owned()),
        };
    };
    let format = option("format").and_then(Node::as_text);
    let within = |family: fn(&DataType) -> bool| physical.clone().filter(family).map(|known| known.to_string());
    Ok(match logical {
        "string" => within(|t| matches!(t, DataType::String | DataType::Uuid | DataType::Binary | DataType::Fixed(_)))
            .unwrap_or_else(|| if format == Some("uuid") { "uuid" } else { "string" }.to_owned()),
        "integer" => match (within(|t| matches!(t, DataType::Int | DataType::Long)), format) {
            (Some(known), None) => known,
            (_, Some("i8" | "i16" | "i32" | "u8" | "u16")) => "int".to_owned(),
            (Some(known), _) => known,
            (None, Some("i128" | "u64" | "u128")) => "decimal(38,0)".to_owned(),
            _ => within(|t| matches!(t, DataType::Decimal { .. })).unwrap_or_else(|| "long".to_owned()),
        },
        "number" => match (within(DataType::is_numeric), format) {
            (Some(known), _) => known,
            (None, Some("f32")) => "float".to_owned(),
            _ => "double".to_owned(),
        },
        "boolean" => "boolean".to_owned(),
        // words of OpenMetadata, which are reported where ODCS itself is asked for
        "text" => "string".to_owned(),
        "long" | "float" | "double" => logical.to_owned(),
        "decimal" => within(|t| matches!(t, DataType::Decimal { .. })).unwrap_or_else(|| "decimal(38,10)".to_owned()),
        "bytes" => "binary".to_owned(),
        "date" => "date".to_owned(),
        "time" => "time".to_owned(),
        "timestamp" => match (within(DataType::is_timestamp), option("timezone").and_then(Node::as_flag)) {
            (Some(known), zoned) if zoned.is_none_or(|zoned| zoned == known.contains("tz")) => known,
            (_, Some(false)) => "timestamp".to_owned(),
            _ => "timestamptz".to_owned(),
        },
        "array" => match property.get("items") {
            Some(items) => format!("list<{}>", data_type(items)?),
            None => {
                within(|t| matches!(t, DataType::List(_))).ok_or("what the array holds is not said: add `items`")?
            }
        },
        "vector" => "list<float>".to_owned(),
        "map" => match property.get("map").map(|map| (map.get("key"), map.get("value"))) {
            Some((Some(key), Some(value))) => format!("map<{}, {}>", data_type(key)?, data_type(value)?),
            _ => within(|t| matches!(t, DataType::Map(..))).ok_or("what the map holds is not said: add `map`")?,
        },
        "object" => {
            if let Some(map) = within(|t| matches!(t, DataType::Map(..))) {
                return Ok(map);
            }
            let members = property.get("properties").map(Node::items).unwrap_or_default();
            if members.is_empty() {
                return within(|t| matches!(t, DataType::Struct(_)))
                    .ok_or_else(|| "the object has no properties".into());
            }
            let members = members.iter().map(|member| {
                let name = member.get("name").and_then(Node::as_text).unwrap_or_default();
                Ok(format!("{name}: {}", data_type(member)?))
            });
            format!("struct<{}>", members.collect::<Result<Vec<_>, String>>()?.join(", "))
        }
        other => return Err(format!("`{other}` is not a logical type")),
    })
}

/// A physical type as databases spell it.
pub(crate) fn physical(text: &str) -> Option<DataType> {
    let lower = text.trim().to_lowercase();
    if let Ok(known) = lower.parse::<DataType>() {
        return Some(known);
    }
    let (name, arguments) = match lower.split_once('(') {
        Some((name, rest)) => (name.trim(), rest.trim_end_matches(|c| c != ')').trim_end_matches(')')),
        None => (lower.as_str(), ""),
    };
    let zoned = lower.ends_with("with time zone");
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(match name.as_str() {
        "varchar" | "nvarchar" | "char" | "nchar" | "character" | "character varying" | "text" | "bpchar" | "clob"
        | "varchar2" | "str" | "utf8" | "json" | "jsonb" | "variant" | "xml" | "tinytext" | "mediumtext"
        | "longtext" | "nvarchar2" | "ntext" => DataType::String,
        "integer" | "int4" | "int32" | "smallint" | "int2" | "int16" | "tinyint" | "int8_t" | "byteint" | "short"
        | "mediumint" | "byte" | "serial" => DataType::Int,
        "bigint" | "int8" | "int64" | "bigserial" | "long integer" => DataType::Long,
        "float" | "real" | "float4" | "float32" => DataType::Float,
        "double precision" | "float8" | "float64" => DataType::Double,
        "decimal" | "numeric" | "number" | "bignumeric" => {
            let mut digits = arguments.split(',').map(|digits| digits.trim().parse::<u8>());
            match (digits.next(), digits.next()) {
                (Some(Ok(precision @ 1..=38)), None) => DataType::Decimal { precision, scale: 0 },
                (Some(Ok(precision @ 1..=38)), Some(Ok(scale))) if scale <= precision => {
                    DataType::Decimal { precision, scale }
                }
                _ => return None,
            }
        }
        "bool" => DataType::Boolean,
        "timestamp" if zoned => DataType::Timestamptz,
        "timestamp" | "datetime" | "datetime2" | "timestamp_ntz" | "timestamp without time zone" | "smalldatetime" => {
            DataType::Timestamp
        }
        "timestamp with time zone" | "timestamp_tz" | "timestamp_ltz" | "datetimeoffset" => DataType::Timestamptz,
        "time without time zone" => DataType::Time,
        "bytea" | "bytes" | "blob" | "varbinary" | "raw" | "image" => DataType::Binary,
        "uniqueidentifier" => DataType::Uuid,
        _ => return None,
    })
}
