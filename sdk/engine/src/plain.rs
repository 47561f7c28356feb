//! Text as contracts and other engines know it: queries work on views, what leaves them does not hold any.
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef};
use arrow::error::ArrowError;

/// The field without views at any depth.
pub(crate) fn plain_field(field: &Field) -> Field {
    field.clone().with_data_type(plain(field.data_type()))
}

/// A column as its field says.
pub(crate) fn plain_column(column: &ArrayRef, field: &Field) -> Result<ArrayRef, ArrowError> {
    if column.data_type() == field.data_type() { Ok(column.clone()) } else { cast(column, field.data_type()) }
}

fn plain(kind: &DataType) -> DataType {
    let of = |field: &FieldRef| Arc::new(plain_field(field));
    match kind {
        DataType::Utf8View => DataType::Utf8,
        DataType::BinaryView => DataType::LargeBinary,
        DataType::List(item) => DataType::List(of(item)),
        DataType::LargeList(item) => DataType::LargeList(of(item)),
        DataType::FixedSizeList(item, size) => DataType::FixedSizeList(of(item), *size),
        DataType::Map(entries, sorted) => DataType::Map(of(entries), *sorted),
        DataType::Struct(members) => DataType::Struct(members.iter().map(of).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{AsArray, ListArray, StringViewArray};
    use arrow::buffer::OffsetBuffer;

    use super::*;

    #[test]
    fn views_leave_at_any_depth() {
        let text: ArrayRef =
            Arc::new(StringViewArray::from(vec![Some("a text that is longer than a view holds"), None]));
        let item = Arc::new(Field::new("item", DataType::Utf8View, true));
        let list: ArrayRef = Arc::new(ListArray::new(item, OffsetBuffer::from_lengths([2]), text.clone(), None));
        for column in [text, list] {
            let field = plain_field(&Field::new("x", column.data_type().clone(), true));
            let out = plain_column(&column, &field).unwrap();
            assert_eq!(out.data_type(), field.data_type());
            let inner = out.as_list_opt::<i32>().map_or(out.clone(), |list| list.value(0));
            assert_eq!(inner.as_string::<i32>().value(0), "a text that is longer than a view holds");
            assert!(inner.is_null(1));
        }
    }
}
