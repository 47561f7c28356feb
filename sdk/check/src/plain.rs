//! Columns as they were planned: dictionaries of anything but text are unpacked, surprises are errors.
use std::borrow::Cow;

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::DataType;

use crate::planner::Column;

/// The column's values as a plain array of the planned type.
pub(crate) fn plain<'a>(array: &'a ArrayRef, column: &Column) -> Result<Cow<'a, ArrayRef>, String> {
    match array.data_type() {
        found if *found == column.data_type => Ok(Cow::Borrowed(array)),
        DataType::Dictionary(_, values) if **values == column.data_type => {
            arrow::compute::cast(array, values).map(Cow::Owned).map_err(|error| error.to_string())
        }
        found => Err(format!("the batch has {found} where {} was planned", column.data_type)),
    }
}
