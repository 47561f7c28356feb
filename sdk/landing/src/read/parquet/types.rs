//! Stored types as column types.
use arrow::datatypes::{DataType as Arrow, TimeUnit};
use meshwright_spec::{DataType, StructField};

/// The narrowest column type that holds a stored type.
pub(super) fn data_type(stored: &Arrow) -> Option<DataType> {
    Some(match stored {
        Arrow::Boolean => DataType::Boolean,
        Arrow::Int8 | Arrow::Int16 | Arrow::Int32 | Arrow::UInt8 | Arrow::UInt16 => DataType::Int,
        Arrow::Int64 | Arrow::UInt32 | Arrow::UInt64 => DataType::Long,
        Arrow::Float16 | Arrow::Float32 => DataType::Float,
        Arrow::Float64 => DataType::Double,
        Arrow::Decimal32(precision, scale)
        | Arrow::Decimal64(precision, scale)
        | Arrow::Decimal128(precision, scale) => {
            DataType::Decimal { precision: *precision, scale: u8::try_from(*scale).ok()? }
        }
        Arrow::Decimal256(precision, scale) if *precision <= 38 => {
            DataType::Decimal { precision: *precision, scale: u8::try_from(*scale).ok()? }
        }
        Arrow::Date32 | Arrow::Date64 => DataType::Date,
        Arrow::Time32(_) | Arrow::Time64(_) => DataType::Time,
        // nanoseconds are mostly microseconds with zeros; those that are not are found when read
        Arrow::Timestamp(
            TimeUnit::Second | TimeUnit::Millisecond | TimeUnit::Microsecond | TimeUnit::Nanosecond,
            zone,
        ) => {
            if zone.is_some() {
                DataType::Timestamptz
            } else {
                DataType::Timestamp
            }
        }
        Arrow::Utf8 | Arrow::LargeUtf8 | Arrow::Utf8View | Arrow::Null => DataType::String,
        Arrow::Binary | Arrow::LargeBinary | Arrow::BinaryView => DataType::Binary,
        Arrow::FixedSizeBinary(length) => DataType::Fixed(u32::try_from(*length).ok()?),
        Arrow::Dictionary(_, values) => data_type(values)?,
        Arrow::List(item) | Arrow::LargeList(item) => DataType::List(Box::new(data_type(item.data_type())?)),
        Arrow::Struct(fields) => {
            let field = |field: &std::sync::Arc<arrow::datatypes::Field>| {
                Some(StructField { name: field.name().clone(), data_type: data_type(field.data_type())? })
            };
            DataType::Struct(fields.iter().map(field).collect::<Option<_>>()?)
        }
        Arrow::Map(entries, _) => {
            let Arrow::Struct(fields) = entries.data_type() else { return None };
            let [key, value] = &fields[..] else { return None };
            DataType::Map(Box::new(data_type(key.data_type())?), Box::new(data_type(value.data_type())?))
        }
        _ => return None,
    })
}

/// The type that holds both, if there is one.
pub(super) fn wider(a: Option<DataType>, b: Option<DataType>) -> Option<DataType> {
    use DataType::{Double, Float, Int, Long};
    match (a?, b?) {
        (a, b) if a == b => Some(a),
        (Int, Long) | (Long, Int) => Some(Long),
        (Float, Double) | (Double, Float) | (Int, Double) | (Double, Int) => Some(Double),
        _ => None,
    }
}
