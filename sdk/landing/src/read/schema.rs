//! Column types as Arrow types.
use std::sync::Arc;

use arrow::datatypes::{DataType as Arrow, Field, Fields, Schema, SchemaRef, TimeUnit};
use meshwright_spec::DataType;

/// The Arrow schema of columns; all are nullable.
///
/// `uuid` and `fixed(n)` are `FixedSizeBinary`, `timestamptz` carries the zone `+00:00`, times count microseconds.
pub fn arrow_schema(columns: &[(String, DataType)]) -> SchemaRef {
    let fields = columns.iter().map(|(name, data_type)| Field::new(name, arrow_type(data_type), true));
    Arc::new(Schema::new(fields.collect::<Fields>()))
}

pub(super) fn arrow_type(data_type: &DataType) -> Arrow {
    let utc = || Some("+00:00".into());
    match data_type {
        DataType::Boolean => Arrow::Boolean,
        DataType::Int => Arrow::Int32,
        DataType::Long => Arrow::Int64,
        DataType::Float => Arrow::Float32,
        DataType::Double => Arrow::Float64,
        DataType::Decimal { precision, scale } => Arrow::Decimal128(*precision, scale.cast_signed()),
        DataType::Date => Arrow::Date32,
        DataType::Time => Arrow::Time64(TimeUnit::Microsecond),
        DataType::Timestamp => Arrow::Timestamp(TimeUnit::Microsecond, None),
        DataType::Timestamptz => Arrow::Timestamp(TimeUnit::Microsecond, utc()),
        DataType::TimestampNs => Arrow::Timestamp(TimeUnit::Nanosecond, None),
        DataType::TimestamptzNs => Arrow::Timestamp(TimeUnit::Nanosecond, utc()),
        DataType::String => Arrow::Utf8,
        DataType::Uuid => Arrow::FixedSizeBinary(16),
        DataType::Binary => Arrow::Binary,
        DataType::Fixed(length) => Arrow::FixedSizeBinary(length.cast_signed()),
        DataType::List(item) => Arrow::List(Arc::new(item_field(item))),
        DataType::Map(key, value) => Arrow::Map(Arc::new(entries_field(key, value)), false),
        DataType::Struct(fields) => Arrow::Struct(
            fields.iter().map(|field| Field::new(&field.name, arrow_type(&field.data_type), true)).collect(),
        ),
    }
}

/// The field inside a list.
pub(super) fn item_field(item: &DataType) -> Field {
    Field::new_list_field(arrow_type(item), true)
}

/// The field inside a map: a struct of key and value.
pub(super) fn entries_field(key: &DataType, value: &DataType) -> Field {
    let key = Field::new("key", arrow_type(key), false);
    let value = Field::new("value", arrow_type(value), true);
    Field::new("entries", Arrow::Struct(Fields::from(vec![key, value])), false)
}
