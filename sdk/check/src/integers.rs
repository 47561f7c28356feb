//! Arrow types whose values are integers in memory: integers, dates, times, timestamps, decimals.
use arrow::datatypes::DataType;

/// Runs the body with the array as a typed primitive array, the `else` part for all other types.
macro_rules! with_integers {
    ($array:expr, $values:ident => $body:expr, else $other:expr) => {{
        use arrow::array::AsArray;
        use arrow::datatypes as t;
        use arrow::datatypes::{DataType, TimeUnit};
        macro_rules! run {
            ($type:ty) => {{
                let $values = $array.as_primitive::<$type>();
                $body
            }};
        }
        match $array.data_type() {
            DataType::Int8 => run!(t::Int8Type),
            DataType::Int16 => run!(t::Int16Type),
            DataType::Int32 => run!(t::Int32Type),
            DataType::Int64 => run!(t::Int64Type),
            DataType::UInt8 => run!(t::UInt8Type),
            DataType::UInt16 => run!(t::UInt16Type),
            DataType::UInt32 => run!(t::UInt32Type),
            DataType::UInt64 => run!(t::UInt64Type),
            DataType::Date32 => run!(t::Date32Type),
            DataType::Date64 => run!(t::Date64Type),
            DataType::Time32(TimeUnit::Second) => run!(t::Time32SecondType),
            DataType::Time32(_) => run!(t::Time32MillisecondType),
            DataType::Time64(TimeUnit::Microsecond) => run!(t::Time64MicrosecondType),
            DataType::Time64(_) => run!(t::Time64NanosecondType),
            DataType::Timestamp(TimeUnit::Second, _) => run!(t::TimestampSecondType),
            DataType::Timestamp(TimeUnit::Millisecond, _) => run!(t::TimestampMillisecondType),
            DataType::Timestamp(TimeUnit::Microsecond, _) => run!(t::TimestampMicrosecondType),
            DataType::Timestamp(TimeUnit::Nanosecond, _) => run!(t::TimestampNanosecondType),
            DataType::Decimal128(..) => run!(t::Decimal128Type),
            _ => $other,
        }
    }};
}
pub(crate) use with_integers;

/// Whether values of the type are integers in memory.
pub(crate) fn is_integer(data_type: &DataType) -> bool {
    data_type.is_integer()
        || matches!(
            data_type,
            DataType::Date32
                | DataType::Date64
                | DataType::Time32(_)
                | DataType::Time64(_)
                | DataType::Timestamp(..)
                | DataType::Decimal128(..)
        )
}
