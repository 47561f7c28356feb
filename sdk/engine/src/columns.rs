//! Column types in the three vocabularies: contracts, Arrow, Iceberg.
use std::sync::Arc;

use arrow::datatypes::{DataType as Arrow, Field, Schema as ArrowSchema, SchemaRef as ArrowSchemaRef, TimeUnit};
use iceberg::spec::{NestedFieldRef, Schema};
use meshwright_catalog::Error;
use meshwright_spec::{Contract, DataType};

/// The Arrow type of a contract's type.
pub(crate) fn arrow_type(t: &DataType) -> Arrow {
    let field = |name: &str, t: &DataType, nullable| Arc::new(Field::new(name, arrow_type(t), nullable));
    match t {
        DataType::Boolean => Arrow::Boolean,
        DataType::Int => Arrow::Int32,
        DataType::Long => Arrow::Int64,
        DataType::Float => Arrow::Float32,
        DataType::Double => Arrow::Float64,
        DataType::Decimal { precision, scale } => Arrow::Decimal128(*precision, *scale as i8),
        DataType::Date => Arrow::Date32,
        DataType::Time => Arrow::Time64(TimeUnit::Microsecond),
        DataType::Timestamp => Arrow::Timestamp(TimeUnit::Microsecond, None),
        DataType::Timestamptz => Arrow::Timestamp(TimeUnit::Microsecond, Some("+00:00".into())),
        DataType::TimestampNs => Arrow::Timestamp(TimeUnit::Nanosecond, None),
        DataType::TimestamptzNs => Arrow::Timestamp(TimeUnit::Nanosecond, Some("+00:00".into())),
        DataType::String => Arrow::Utf8,
        DataType::Uuid => Arrow::FixedSizeBinary(16),
        DataType::Binary => Arrow::LargeBinary,
        DataType::Fixed(n) => Arrow::FixedSizeBinary(*n as i32),
        DataType::List(e) => Arrow::List(field("element", e, true)),
        DataType::Map(k, v) => {
            let entries = Arrow::Struct(vec![field("key", k, false), field("value", v, true)].into());
            Arrow::Map(Arc::new(Field::new("key_value", entries, false)), false)
        }
        DataType::Struct(fields) => {
            Arrow::Struct(fields.iter().map(|f| field(&f.name, &f.data_type, true)).collect::<Vec<_>>().into())
        }
    }
}

/// An Arrow schema of named columns, all nullable.
pub(crate) fn arrow_schema(columns: &[(String, DataType)]) -> ArrowSchemaRef {
    Arc::new(ArrowSchema::new(
        columns.iter().map(|(name, t)| Field::new(name, arrow_type(t), true)).collect::<Vec<_>>(),
    ))
}

/// The columns a contract promises.
pub(crate) fn contract_columns(contract: &Contract) -> Vec<(String, DataType)> {
    contract.columns.iter().map(|c| (c.name.clone(), c.data_type.clone())).collect()
}

/// The contract type of an Arrow type, for schemas that were found rather than declared.
pub(crate) fn spec_type(t: &Arrow) -> Option<DataType> {
    Some(match t {
        Arrow::Boolean => DataType::Boolean,
        Arrow::Int8 | Arrow::Int16 | Arrow::Int32 | Arrow::UInt8 | Arrow::UInt16 => DataType::Int,
        Arrow::Int64 | Arrow::UInt32 | Arrow::UInt64 => DataType::Long,
        Arrow::Float16 | Arrow::Float32 => DataType::Float,
        Arrow::Float64 => DataType::Double,
        Arrow::Decimal128(p, s) if *s >= 0 => DataType::Decimal { precision: *p, scale: *s as u8 },
        Arrow::Date32 | Arrow::Date64 => DataType::Date,
        Arrow::Time32(_) | Arrow::Time64(_) => DataType::Time,
        Arrow::Timestamp(TimeUnit::Nanosecond, None) => DataType::TimestampNs,
        Arrow::Timestamp(TimeUnit::Nanosecond, Some(_)) => DataType::TimestamptzNs,
        Arrow::Timestamp(_, None) => DataType::Timestamp,
        Arrow::Timestamp(_, Some(_)) => DataType::Timestamptz,
        Arrow::Utf8 | Arrow::LargeUtf8 | Arrow::Utf8View => DataType::String,
        Arrow::Binary | Arrow::LargeBinary | Arrow::BinaryView => DataType::Binary,
        Arrow::FixedSizeBinary(n) => DataType::Fixed(*n as u32),
        Arrow::Dictionary(_, v) => spec_type(v)?,
        Arrow::List(f) | Arrow::LargeList(f) | Arrow::ListView(f) => {
            DataType::List(Box::new(spec_type(f.data_type())?))
        }
        Arrow::Map(entries, _) => match entries.data_type() {
            Arrow::Struct(kv) if kv.len() == 2 => {
                DataType::Map(Box::new(spec_type(kv[0].data_type())?), Box::new(spec_type(kv[1].data_type())?))
            }
            _ => return None,
        },
        Arrow::Struct(fields) => DataType::Struct(
            fields
                .iter()
                .map(|f| {
                    Some(meshwright_spec::StructField { name: f.name().clone(), data_type: spec_type(f.data_type())? })
                })
                .collect::<Option<_>>()?,
        ),
        _ => return None,
    })
}

/// Whether values of a query's column can be stored under a contract's type without losing anything silently: the same,
/// wider, or narrower in a way that is checked value by value.
pub(crate) fn storable(from: &Arrow, to: &Arrow) -> bool {
    use Arrow::*;
    let integer = |t: &Arrow| t.is_integer();
    let text = |t: &Arrow| matches!(t, Utf8 | LargeUtf8 | Utf8View);
    let bytes = |t: &Arrow| matches!(t, Binary | LargeBinary | BinaryView);
    match (from, to) {
        (a, b) if a == b => true,
        (Null, _) => true,
        (Dictionary(_, v), b) => storable(v, b),
        (a, b) if integer(a) && integer(b) => true,
        (a, Float64) if integer(a) => !matches!(a, Int64 | UInt64),
        (a, Decimal128(..)) if integer(a) => true,
        (Float16 | Float32, Float32 | Float64) => true,
        (Decimal128(_, a) | Decimal32(_, a) | Decimal64(_, a), Decimal128(_, b)) => a <= b,
        (a, b) if text(a) && text(b) => true,
        (a, b) if bytes(a) && bytes(b) => true,
        (Date64, Date32) | (Time32(_), Time64(_)) => true,
        (Timestamp(_, a), Timestamp(_, b)) => a.is_some() == b.is_some(),
        (Date32, Timestamp(_, None)) => true,
        (List(a) | LargeList(a) | ListView(a), List(b)) => storable(a.data_type(), b.data_type()),
        (Map(a, _), Map(b, _)) => storable(a.data_type(), b.data_type()),
        (Struct(a), Struct(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| storable(a.data_type(), b.data_type()))
        }
        _ => false,
    }
}

/// The same columns and ids, all optional: what files are written with, so that a missing value becomes a failed check
/// with a count and not a crash of the writer.
pub(crate) fn relaxed(schema: &Schema) -> Result<Schema, Error> {
    let fields: Vec<NestedFieldRef> = schema
        .as_struct()
        .fields()
        .iter()
        .map(|f| {
            let mut f = f.as_ref().clone();
            f.required = false;
            f.into()
        })
        .collect();
    Ok(Schema::builder().with_schema_id(schema.schema_id()).with_fields(fields).build()?)
}
