//! Column types: Iceberg's, in the spelling of contracts.
mod parse;

use std::fmt;
use std::ops::Range;

/// A column's type. Parsed from and printed as in contracts: `decimal(10,2)`, `list<string>`, `struct<a: int>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataType {
    /// `boolean`
    Boolean,
    /// 32-bit signed
    Int,
    /// 64-bit signed
    Long,
    /// 32-bit IEEE 754
    Float,
    /// 64-bit IEEE 754
    Double,
    /// fixed point
    Decimal {
        /// Digits in all, 1 to 38.
        precision: u8,
        /// Digits after the point, at most `precision`.
        scale: u8,
    },
    /// calendar day
    Date,
    /// time of day, microseconds
    Time,
    /// microseconds, no zone
    Timestamp,
    /// microseconds, UTC
    Timestamptz,
    /// nanoseconds, no zone (v3)
    TimestampNs,
    /// nanoseconds, UTC (v3)
    TimestamptzNs,
    /// UTF-8
    String,
    /// 16 bytes
    Uuid,
    /// bytes
    Binary,
    /// bytes of one length
    Fixed(u32),
    /// `list<T>`
    List(Box<DataType>),
    /// `map<K,V>`
    Map(Box<DataType>, Box<DataType>),
    /// `struct<name: T, ...>`
    Struct(Vec<StructField>),
}

/// One member of a struct.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StructField {
    /// Its name.
    pub name: String,
    /// Its type.
    pub data_type: DataType,
}

/// Why a text is not a type, and where in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataTypeError {
    /// One sentence without a full stop.
    pub message: String,
    /// The bytes of the text that are wrong.
    pub at: Range<usize>,
    /// A spelling of that part that would be accepted, where one is near.
    pub suggestion: Option<String>,
}

impl DataType {
    /// Whether it has parts: a list, map or struct.
    pub fn is_nested(&self) -> bool {
        matches!(self, DataType::List(_) | DataType::Map(..) | DataType::Struct(_))
    }

    /// Whether its values are numbers.
    pub fn is_numeric(&self) -> bool {
        self.is_float() || matches!(self, DataType::Int | DataType::Long | DataType::Decimal { .. })
    }

    /// Whether its values are binary floating point numbers, for which equality is a matter of luck.
    pub fn is_float(&self) -> bool {
        matches!(self, DataType::Float | DataType::Double)
    }

    /// Whether its values are points in time: dates and timestamps of any kind.
    pub fn is_temporal(&self) -> bool {
        *self == DataType::Date || self.is_timestamp()
    }

    /// Whether its values are timestamps of any kind.
    pub fn is_timestamp(&self) -> bool {
        matches!(self, DataType::Timestamp | DataType::Timestamptz | DataType::TimestampNs | DataType::TimestamptzNs)
    }
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DataType::Decimal { precision, scale } => write!(f, "decimal({precision},{scale})"),
            DataType::Fixed(length) => write!(f, "fixed({length})"),
            DataType::List(item) => write!(f, "list<{item}>"),
            DataType::Map(key, value) => write!(f, "map<{key},{value}>"),
            DataType::Struct(fields) => {
                f.write_str("struct<")?;
                for (at, field) in fields.iter().enumerate() {
                    let comma = if at > 0 { ", " } else { "" };
                    write!(f, "{comma}{}: {}", field.name, field.data_type)?;
                }
                f.write_str(">")
            }
            plain => f.write_str(parse::PLAIN.iter().find(|(_, known)| known == plain).map_or("", |(name, _)| name)),
        }
    }
}

impl fmt::Display for DataTypeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for DataTypeError {}
