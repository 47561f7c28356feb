//! Conversions that lose nothing.
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType as Arrow, Time64NanosecondType, TimeUnit, TimestampNanosecondType};

/// Whether a type holds every value of a stored one, or can tell when it does not.
pub(super) fn holds(to: &Arrow, from: &Arrow) -> bool {
    holds_nested(to, from) || matches!((to, from), (_, Arrow::Null)) || finer(to, from)
}

/// Nanoseconds for microseconds: each value is looked at.
fn finer(to: &Arrow, from: &Arrow) -> bool {
    use TimeUnit::{Microsecond, Nanosecond};
    match (to, from) {
        (Arrow::Time64(Microsecond), Arrow::Time64(Nanosecond)) => true,
        (Arrow::Timestamp(Microsecond, to), Arrow::Timestamp(Nanosecond, from)) => to.is_some() == from.is_some(),
        _ => false,
    }
}

fn holds_nested(to: &Arrow, from: &Arrow) -> bool {
    use Arrow::{
        Binary, BinaryView, Date32, Date64, Decimal32, Decimal64, Decimal128, Decimal256, Dictionary, FixedSizeBinary,
        Float16, Float32, Float64, Int8, Int16, Int32, Int64, LargeBinary, LargeList, LargeUtf8, List, Map, Struct,
        Time32, Time64, Timestamp, UInt8, UInt16, UInt32, UInt64, Utf8, Utf8View,
    };
    match (to, from) {
        (to, from) if to == from => true,
        (to, Dictionary(_, values)) => holds_nested(to, values),
        (Int32, Int8 | Int16 | UInt8 | UInt16) => true,
        // values beyond 63 bits are an error of the cast
        (Int64, Int8 | Int16 | Int32 | UInt8 | UInt16 | UInt32 | UInt64) => true,
        (Float32, Float16 | Int8 | Int16 | UInt8 | UInt16) => true,
        (Float64, Float16 | Float32 | Int8 | Int16 | Int32 | UInt8 | UInt16 | UInt32) => true,
        (Decimal128(p, s), Decimal32(q, t) | Decimal64(q, t) | Decimal128(q, t) | Decimal256(q, t)) => {
            s >= t && i16::from(*p) - i16::from(*s) >= i16::from(*q) - i16::from(*t)
        }
        (Decimal128(p, s), Int8 | Int16 | Int32 | UInt8 | UInt16) => i16::from(*p) - i16::from(*s) >= 10,
        (Decimal128(p, s), Int64 | UInt32) => i16::from(*p) - i16::from(*s) >= 19,
        (Utf8, LargeUtf8 | Utf8View) => true,
        (Binary, LargeBinary | BinaryView | FixedSizeBinary(_)) => true,
        (Date32, Date64) => true,
        (Timestamp(_, None), Date32) => true,
        (Time64(_), Time32(_)) => true,
        (Timestamp(to, to_zone), Timestamp(from, from_zone)) => {
            to_zone.is_some() == from_zone.is_some() && (to >= from)
        }
        (List(to), List(from) | LargeList(from)) => holds_nested(to.data_type(), from.data_type()),
        (Struct(to), Struct(from)) => {
            // by position, so the names must be the same ones
            to.len() == from.len()
                && to
                    .iter()
                    .zip(from)
                    .all(|(to, from)| to.name() == from.name() && holds_nested(to.data_type(), from.data_type()))
        }
        (Map(to, _), Map(from, _)) => match (to.data_type(), from.data_type()) {
            (Struct(to), Struct(from)) => {
                to.len() == from.len()
                    && to.iter().zip(from).all(|(to, from)| holds_nested(to.data_type(), from.data_type()))
            }
            _ => false,
        },
        _ => false,
    }
}

/// Converts an array whose type is held; the error says which value is not.
pub(super) fn cast(array: &ArrayRef, to: &Arrow) -> Result<ArrayRef, String> {
    if array.data_type() == to {
        return Ok(array.clone());
    }
    if finer(to, array.data_type()) {
        let nanos = match array.data_type() {
            Arrow::Time64(_) => array.as_primitive::<Time64NanosecondType>().values(),
            _ => array.as_primitive::<TimestampNanosecondType>().values(),
        };
        let odd = nanos.iter().enumerate().find(|(row, nanos)| *nanos % 1000 != 0 && array.is_valid(*row));
        if let Some((_, nanos)) = odd {
            return Err(format!("it counts nanoseconds ({nanos})"));
        }
    }
    let options = CastOptions { safe: false, ..CastOptions::default() };
    cast_with_options(array, to, &options).map_err(|error| error.to_string())
}
