//! Violating rows shown to people: few, the first ones of the data, with what must stay secret masked.
use arrow::array::{Array, ArrayData, ArrayRef, AsArray, make_array};
use arrow::buffer::Buffer;
use arrow::datatypes as t;
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use serde_json::{Map, Value};

use crate::bits::Bits;
use crate::frame::{Frame, RowOrigin};
use crate::store::{Reader, Writer};

/// What is shown instead of a value that must stay secret.
pub(crate) const MASK: &str = "***";

/// A column that is shown as evidence.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    /// Index in the suite.
    pub(crate) index: usize,
    /// Its name.
    pub(crate) name: String,
    /// Whether its values must stay secret.
    pub(crate) masked: bool,
}

/// One violating row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Exhibit {
    pub(crate) file: u32,
    pub(crate) row: u64,
    /// Values of the contract's key; null if it has none.
    pub(crate) key: Value,
    /// The value that violates; an object if several columns take part.
    pub(crate) value: Value,
    /// Whether key or value are still to be read from the data.
    pub(crate) open: bool,
}

impl Exhibit {
    /// Order in the data.
    pub(crate) fn place(&self) -> (u32, u64) {
        (self.file, self.row)
    }
}

/// Keeps the first violating rows by file and position, so that evidence does not depend on how the work was shared.
#[derive(Debug, Clone, Default)]
pub(crate) struct Exhibits {
    limit: usize,
    rows: Vec<Exhibit>,
}

impl Exhibits {
    /// Keeps at most so many rows.
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, rows: Vec::new() }
    }

    /// Takes the rows of a batch that are among the first.
    pub(crate) fn offer(&mut self, frame: &Frame<'_>, rows: &Bits, shown: &[Field]) {
        let RowOrigin { file, first_row } = frame.origin;
        for row in rows.iter().take(self.limit) {
            let place = (file, first_row + row as u64);
            if self.rows.len() == self.limit && self.rows.last().is_some_and(|last| last.place() <= place) {
                return;
            }
            let at = self.rows.partition_point(|known| known.place() < place);
            // the key may be read later, for the few rows that are shown
            let open = frame.key.iter().any(|field| frame.columns[field.index].1.is_none());
            let key = if open { Value::Null } else { object(frame, frame.key, row) };
            let value = shown_value(frame, shown, row);
            self.rows.insert(at, Exhibit { file, row: place.1, key, value, open });
            self.rows.truncate(self.limit);
        }
    }

    /// Takes the rows of another part of the data.
    pub(crate) fn merge(&mut self, other: Self) {
        self.rows.extend(other.rows);
        self.rows.sort_by_key(Exhibit::place);
        self.rows.truncate(self.limit);
    }

    /// Writes the rows; the file is left out, because states are kept by file.
    pub(crate) fn save(&self, to: &mut Writer) {
        to.whole(self.rows.len() as u64);
        for row in &self.rows {
            to.whole(row.row);
            to.json(&row.key);
            to.json(&row.value);
            to.flag(row.open);
        }
    }

    /// Reads the rows of a file.
    pub(crate) fn load(limit: usize, from: &mut Reader<'_>, file: u32) -> Option<Self> {
        let mut rows = Vec::new();
        for _ in 0..from.whole()? {
            let (row, key, value, open) = (from.whole()?, from.json()?, from.json()?, from.flag()?);
            rows.push(Exhibit { file, row, key, value, open });
        }
        Some(Self { limit, rows })
    }

    /// The same with another limit.
    pub(crate) fn limited(mut self, limit: usize) -> Self {
        self.limit = limit;
        self.rows.truncate(limit);
        self
    }

    /// The rows in order.
    pub(crate) fn into_rows(self) -> Vec<Exhibit> {
        self.rows
    }
}

/// The value of one column, or an object of several.
pub(crate) fn shown_value(frame: &Frame<'_>, shown: &[Field], row: usize) -> Value {
    match shown {
        [field] => cell(frame, field, row),
        fields => object(frame, fields, row),
    }
}

/// Values of columns by their names; null for no columns.
pub(crate) fn object(frame: &Frame<'_>, fields: &[Field], row: usize) -> Value {
    if fields.is_empty() {
        return Value::Null;
    }
    Value::Object(fields.iter().map(|field| (field.name.clone(), cell(frame, field, row))).collect::<Map<_, _>>())
}

fn cell(frame: &Frame<'_>, field: &Field, row: usize) -> Value {
    match frame.column(field.index) {
        Ok(array) => masked(json(array, row), field.masked),
        Err(_) => Value::Null,
    }
}

/// Hides a value that must stay secret; that it is null may be seen.
pub(crate) fn masked(value: Value, mask: bool) -> Value {
    if mask && !value.is_null() { MASK.into() } else { value }
}

/// One value of an array as JSON: numbers and booleans as such, everything else as text.
pub(crate) fn json(array: &ArrayRef, row: usize) -> Value {
    if array.is_null(row) {
        return Value::Null;
    }
    let number =
        |value: f64| serde_json::Number::from_f64(value).map_or_else(|| Value::from(value.to_string()), Value::Number);
    match array.data_type() {
        DataType::Boolean => array.as_boolean().value(row).into(),
        DataType::Int8 => array.as_primitive::<t::Int8Type>().value(row).into(),
        DataType::Int16 => array.as_primitive::<t::Int16Type>().value(row).into(),
        DataType::Int32 => array.as_primitive::<t::Int32Type>().value(row).into(),
        DataType::Int64 => array.as_primitive::<t::Int64Type>().value(row).into(),
        DataType::UInt8 => array.as_primitive::<t::UInt8Type>().value(row).into(),
        DataType::UInt16 => array.as_primitive::<t::UInt16Type>().value(row).into(),
        DataType::UInt32 => array.as_primitive::<t::UInt32Type>().value(row).into(),
        DataType::UInt64 => array.as_primitive::<t::UInt64Type>().value(row).into(),
        // through text, so that a float's 0.1 is not shown as 0.10000000149011612
        DataType::Float32 => {
            let value = array.as_primitive::<t::Float32Type>().value(row);
            number(value.to_string().parse().unwrap_or(f64::from(value)))
        }
        DataType::Float64 => number(array.as_primitive::<t::Float64Type>().value(row)),
        DataType::FixedSizeBinary(16) => uuid(array.as_fixed_size_binary().value(row)).into(),
        _ => text(array, row).into(),
    }
}

/// One value of a type of fixed width, from its bytes, the lowest first.
pub(crate) fn restore(bytes: &[u8], data_type: &DataType) -> Value {
    let width = match data_type {
        DataType::FixedSizeBinary(_) => 16,
        other => other.primitive_width().unwrap_or(8),
    };
    let data = ArrayData::builder(data_type.clone()).len(1).add_buffer(Buffer::from_slice_ref(&bytes[..width])).build();
    data.map_or(Value::Null, |data| json(&make_array(data), 0))
}

fn text(array: &ArrayRef, row: usize) -> String {
    ArrayFormatter::try_new(array, &FormatOptions::default())
        .and_then(|formatter| formatter.value(row).try_to_string())
        .unwrap_or_else(|error| format!("({error})"))
}

fn uuid(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(36);
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}
