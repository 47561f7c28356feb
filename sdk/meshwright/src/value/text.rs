//! `string` and `binary`, in each of Arrow's layouts.
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{
    Array, ArrayRef, BinaryArray, BinaryViewArray, LargeBinaryArray, LargeStringArray, StringArray, StringViewArray,
};
use arrow_schema::DataType;

use super::{TypeName, Value};

/// A column of texts.
#[derive(Debug, Clone)]
pub enum Texts {
    /// Offsets of 32 bits.
    Plain(StringArray),
    /// Offsets of 64 bits.
    Large(LargeStringArray),
    /// Views.
    View(StringViewArray),
}

impl Value for String {
    const TYPE: TypeName = TypeName::plain("string");
    type Cells = Texts;

    fn data_type() -> DataType {
        DataType::Utf8
    }

    fn to_array<'a>(values: impl Iterator<Item = Option<&'a Self>>) -> ArrayRef {
        Arc::new(values.collect::<StringArray>())
    }

    fn cells(array: &ArrayRef) -> Option<Self::Cells> {
        match array.data_type() {
            DataType::Utf8 => Some(Texts::Plain(array.as_string().clone())),
            DataType::LargeUtf8 => Some(Texts::Large(array.as_string().clone())),
            DataType::Utf8View => Some(Texts::View(array.as_string_view().clone())),
            _ => None,
        }
    }

    fn cell(cells: &Self::Cells, row: usize) -> Self {
        match cells {
            Texts::Plain(array) => array.value(row).to_owned(),
            Texts::Large(array) => array.value(row).to_owned(),
            Texts::View(array) => array.value(row).to_owned(),
        }
    }
}

/// A column of byte strings.
#[derive(Debug, Clone)]
pub enum Bytes {
    /// Offsets of 32 bits.
    Plain(BinaryArray),
    /// Offsets of 64 bits.
    Large(LargeBinaryArray),
    /// Views.
    View(BinaryViewArray),
}

impl Value for Vec<u8> {
    const TYPE: TypeName = TypeName::plain("binary");
    type Cells = Bytes;

    fn data_type() -> DataType {
        DataType::Binary
    }

    fn to_array<'a>(values: impl Iterator<Item = Option<&'a Self>>) -> ArrayRef {
        Arc::new(values.collect::<BinaryArray>())
    }

    fn cells(array: &ArrayRef) -> Option<Self::Cells> {
        match array.data_type() {
            DataType::Binary => Some(Bytes::Plain(array.as_binary().clone())),
            DataType::LargeBinary => Some(Bytes::Large(array.as_binary().clone())),
            DataType::BinaryView => Some(Bytes::View(array.as_binary_view().clone())),
            _ => None,
        }
    }

    fn cell(cells: &Self::Cells, row: usize) -> Self {
        match cells {
            Bytes::Plain(array) => array.value(row).to_vec(),
            Bytes::Large(array) => array.value(row).to_vec(),
            Bytes::View(array) => array.value(row).to_vec(),
        }
    }
}
