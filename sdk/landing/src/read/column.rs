//! Columns being built from values in text or JSON.
use std::sync::Arc;

use arrow::array::{
    ArrayRef, ArrowPrimitiveType, BinaryBuilder, BooleanBuilder, FixedSizeBinaryBuilder, NullBufferBuilder,
    PrimitiveBuilder, StringArray,
};
use arrow::buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{
    Date32Type, Decimal128Type, Float32Type, Float64Type, Int32Type, Int64Type, Time64MicrosecondType,
    TimestampMicrosecondType, TimestampNanosecondType,
};
use arrow::error::ArrowError;
use meshwright_spec::DataType;

use super::schema::arrow_type;
use super::value;

/// A column of a plain (not nested) type that is being filled.
#[derive(Debug)]
pub(super) enum Column {
    Boolean(BooleanBuilder),
    Int(PrimitiveBuilder<Int32Type>),
    Long(PrimitiveBuilder<Int64Type>),
    Float(PrimitiveBuilder<Float32Type>),
    Double(PrimitiveBuilder<Float64Type>),
    Decimal(PrimitiveBuilder<Decimal128Type>, u8, u8),
    Date(PrimitiveBuilder<Date32Type>),
    Time(PrimitiveBuilder<Time64MicrosecondType>),
    Timestamp(PrimitiveBuilder<TimestampMicrosecondType>),
    Timestamptz(PrimitiveBuilder<TimestampMicrosecondType>),
    TimestampNs(PrimitiveBuilder<TimestampNanosecondType>),
    TimestamptzNs(PrimitiveBuilder<TimestampNanosecondType>),
    Text(Text),
    Uuid(FixedSizeBinaryBuilder),
    Fixed(FixedSizeBinaryBuilder, usize),
    Binary(BinaryBuilder),
}

/// Text values, proven UTF-8 once per batch.
#[derive(Debug)]
pub(super) struct Text {
    values: Vec<u8>,
    offsets: Vec<i32>,
    nulls: NullBufferBuilder,
}

/// Values in text, one per row; what an implementation yields for `null` is up to it.
pub(super) trait Cells {
    /// Number of rows.
    fn rows(&self) -> usize;
    /// The value of a row, nothing if it is null.
    fn get<'a>(&'a self, row: usize, scratch: &'a mut Vec<u8>) -> Option<&'a [u8]>;
}

impl Column {
    /// An empty column; nothing if the type is nested.
    pub(super) fn new(data_type: &DataType) -> Option<Self> {
        let arrow = arrow_type(data_type);
        Some(match data_type {
            DataType::Boolean => Self::Boolean(BooleanBuilder::new()),
            DataType::Int => Self::Int(PrimitiveBuilder::new()),
            DataType::Long => Self::Long(PrimitiveBuilder::new()),
            DataType::Float => Self::Float(PrimitiveBuilder::new()),
            DataType::Double => Self::Double(PrimitiveBuilder::new()),
            DataType::Decimal { precision, scale } => {
                Self::Decimal(PrimitiveBuilder::new().with_data_type(arrow), *precision, *scale)
            }
            DataType::Date => Self::Date(PrimitiveBuilder::new()),
            DataType::Time => Self::Time(PrimitiveBuilder::new()),
            DataType::Timestamp => Self::Timestamp(PrimitiveBuilder::new()),
            DataType::Timestamptz => Self::Timestamptz(PrimitiveBuilder::new().with_data_type(arrow)),
            DataType::TimestampNs => Self::TimestampNs(PrimitiveBuilder::new()),
            DataType::TimestamptzNs => Self::TimestamptzNs(PrimitiveBuilder::new().with_data_type(arrow)),
            DataType::String => Self::Text(Text::new()),
            DataType::Uuid => Self::Uuid(FixedSizeBinaryBuilder::new(16)),
            DataType::Fixed(length) => {
                Self::Fixed(FixedSizeBinaryBuilder::new(length.cast_signed()), usize::try_from(*length).ok()?)
            }
            DataType::Binary => Self::Binary(BinaryBuilder::new()),
            DataType::List(_) | DataType::Map(..) | DataType::Struct(_) => return None,
        })
    }

    /// Appends many values from text; the error is the row whose value does not fit.
    pub(super) fn fill(&mut self, cells: &impl Cells, scratch: &mut Vec<u8>) -> Result<(), usize> {
        match self {
            Self::Int(to) => numbers(to, cells, scratch, |text| value::integer(text)?.try_into().ok()),
            Self::Long(to) => numbers(to, cells, scratch, value::integer),
            Self::Float(to) => numbers(to, cells, scratch, value::float),
            Self::Double(to) => numbers(to, cells, scratch, value::double),
            Self::Decimal(to, precision, scale) => {
                let (precision, scale) = (*precision, *scale);
                numbers(to, cells, scratch, |text| value::decimal(text, precision, scale))
            }
            Self::Date(to) => numbers(to, cells, scratch, value::date),
            Self::Time(to) => numbers(to, cells, scratch, value::time),
            Self::Timestamp(to) => numbers(to, cells, scratch, |text| value::stamp(text)?.local_micros()),
            Self::Timestamptz(to) => numbers(to, cells, scratch, |text| value::stamp(text)?.utc_micros()),
            Self::TimestampNs(to) => numbers(to, cells, scratch, |text| value::stamp(text)?.local_nanos()),
            Self::TimestamptzNs(to) => numbers(to, cells, scratch, |text| value::stamp(text)?.utc_nanos()),
            Self::Text(to) => {
                for row in 0..cells.rows() {
                    match cells.get(row, scratch) {
                        Some(text) => to.push(text),
                        None => to.push_null(),
                    }
                }
                Ok(())
            }
            _ => {
                for row in 0..cells.rows() {
                    let fits = match cells.get(row, scratch) {
                        Some(text) => self.push_text(text),
                        None => {
                            self.push_null();
                            true
                        }
                    };
                    if !fits {
                        return Err(row);
                    }
                }
                Ok(())
            }
        }
    }

    /// Appends one value given as text; whether it fits.
    pub(super) fn push_text(&mut self, text: &[u8]) -> bool {
        match self {
            Self::Boolean(to) => trimmed(text, value::boolean).map(|value| to.append_value(value)).is_some(),
            Self::Int(to) => one(to, text, |text| value::integer(text)?.try_into().ok()),
            Self::Long(to) => one(to, text, value::integer),
            Self::Float(to) => one(to, text, value::float),
            Self::Double(to) => one(to, text, value::double),
            Self::Decimal(to, precision, scale) => one(to, text, |text| value::decimal(text, *precision, *scale)),
            Self::Date(to) => one(to, text, value::date),
            Self::Time(to) => one(to, text, value::time),
            Self::Timestamp(to) => one(to, text, |text| value::stamp(text)?.local_micros()),
            Self::Timestamptz(to) => one(to, text, |text| value::stamp(text)?.utc_micros()),
            Self::TimestampNs(to) => one(to, text, |text| value::stamp(text)?.local_nanos()),
            Self::TimestamptzNs(to) => one(to, text, |text| value::stamp(text)?.utc_nanos()),
            Self::Text(to) => {
                to.push(text);
                true
            }
            Self::Uuid(to) => trimmed(text, value::uuid).is_some_and(|bytes| to.append_value(bytes).is_ok()),
            Self::Fixed(to, length) => trimmed(text, value::hexadecimal)
                .is_some_and(|bytes| bytes.len() == *length && to.append_value(bytes).is_ok()),
            Self::Binary(to) => trimmed(text, value::hexadecimal).map(|bytes| to.append_value(bytes)).is_some(),
        }
    }

    /// Appends a null.
    pub(super) fn push_null(&mut self) {
        match self {
            Self::Boolean(to) => to.append_null(),
            Self::Int(to) => to.append_null(),
            Self::Long(to) => to.append_null(),
            Self::Float(to) => to.append_null(),
            Self::Double(to) => to.append_null(),
            Self::Decimal(to, ..) => to.append_null(),
            Self::Date(to) => to.append_null(),
            Self::Time(to) => to.append_null(),
            Self::Timestamp(to) | Self::Timestamptz(to) => to.append_null(),
            Self::TimestampNs(to) | Self::TimestamptzNs(to) => to.append_null(),
            Self::Text(to) => to.push_null(),
            Self::Uuid(to) | Self::Fixed(to, _) => to.append_null(),
            Self::Binary(to) => to.append_null(),
        }
    }

    /// The column, whose builder is empty afterwards.
    pub(super) fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        Ok(match self {
            Self::Boolean(to) => Arc::new(to.finish()),
            Self::Int(to) => Arc::new(to.finish()),
            Self::Long(to) => Arc::new(to.finish()),
            Self::Float(to) => Arc::new(to.finish()),
            Self::Double(to) => Arc::new(to.finish()),
            Self::Decimal(to, ..) => Arc::new(to.finish()),
            Self::Date(to) => Arc::new(to.finish()),
            Self::Time(to) => Arc::new(to.finish()),
            Self::Timestamp(to) | Self::Timestamptz(to) => Arc::new(to.finish()),
            Self::TimestampNs(to) | Self::TimestamptzNs(to) => Arc::new(to.finish()),
            Self::Text(to) => Arc::new(to.finish()?),
            Self::Uuid(to) | Self::Fixed(to, _) => Arc::new(to.finish()),
            Self::Binary(to) => Arc::new(to.finish()),
        })
    }
}

/// Spaces around a value that is not text mean nothing; they are rare, so they are looked for only when it fails.
fn trimmed<V>(text: &[u8], parse: impl Fn(&[u8]) -> Option<V>) -> Option<V> {
    parse(text).or_else(|| {
        let bare = text.trim_ascii();
        if bare.len() < text.len() { parse(bare) } else { None }
    })
}

fn one<T: ArrowPrimitiveType>(
    to: &mut PrimitiveBuilder<T>,
    text: &[u8],
    parse: impl Fn(&[u8]) -> Option<T::Native>,
) -> bool {
    trimmed(text, parse).map(|value| to.append_value(value)).is_some()
}

fn numbers<T: ArrowPrimitiveType>(
    to: &mut PrimitiveBuilder<T>,
    cells: &impl Cells,
    scratch: &mut Vec<u8>,
    parse: impl Fn(&[u8]) -> Option<T::Native>,
) -> Result<(), usize> {
    for row in 0..cells.rows() {
        match cells.get(row, scratch) {
            None => to.append_null(),
            Some(text) => match parse(text) {
                Some(value) => to.append_value(value),
                None => match trimmed(text, &parse) {
                    Some(value) => to.append_value(value),
                    None => return Err(row),
                },
            },
        }
    }
    Ok(())
}

impl Text {
    fn new() -> Self {
        Self { values: Vec::new(), offsets: vec![0], nulls: NullBufferBuilder::new(0) }
    }

    pub(super) fn push(&mut self, text: &[u8]) {
        self.values.extend_from_slice(text);
        self.end();
        self.nulls.append_non_null();
    }

    fn push_null(&mut self) {
        self.end();
        self.nulls.append_null();
    }

    /// A batch holds far less than 2 GiB of text: see `MAX_BATCH_BYTES` and `MAX_RECORD`.
    fn end(&mut self) {
        self.offsets.push(self.values.len() as i32);
    }

    fn finish(&mut self) -> Result<StringArray, ArrowError> {
        // the next batch is about as big as this one
        let (bytes, rows) = (self.values.len(), self.offsets.len());
        let values = std::mem::replace(&mut self.values, Vec::with_capacity(bytes));
        let offsets = std::mem::replace(&mut self.offsets, Vec::with_capacity(rows));
        self.offsets.push(0);
        let nulls = self.nulls.finish();
        StringArray::try_new(OffsetBuffer::new(ScalarBuffer::from(offsets)), Buffer::from_vec(values), nulls)
    }
}
