//! Rebuilds nested values whose members were renamed, moved, promoted, dropped or added since they were written.
use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, ListArray, MapArray, StructArray, new_null_array};
use arrow::compute::{CastOptions, cast_with_options, nullif};
use arrow::datatypes::{DataType, Field, Fields};
use datafusion::common::{Result, ScalarValue, exec_err};

use super::field_ids::position;

/// `array`, which the file describes by `from`, as the column `to` of the table. Buffers are shared, only members that
/// changed their type are converted; a value that does not fit is an error.
pub(super) fn rebuild(
    array: &ArrayRef,
    from: &Field,
    to: &Field,
    defaults: &HashMap<i32, ScalarValue>,
) -> Result<ArrayRef> {
    // equality of nested types includes names, nullability and ids
    if from.data_type() == to.data_type() {
        return Ok(array.clone());
    }
    Ok(match (from.data_type(), to.data_type()) {
        (DataType::Struct(from), DataType::Struct(to)) => {
            let parent = array.as_struct();
            let members = to
                .iter()
                .map(|to| match position(from, to) {
                    Some(at) => rebuild(parent.column(at), &from[at], to, defaults),
                    None => absent(parent, to, defaults),
                })
                .collect::<Result<_>>()?;
            Arc::new(StructArray::try_new_with_length(to.clone(), members, parent.nulls().cloned(), parent.len())?)
        }
        (DataType::List(from), DataType::List(to)) => {
            let list = array.as_list::<i32>();
            let values = rebuild(list.values(), from, to, defaults)?;
            Arc::new(ListArray::try_new(to.clone(), list.offsets().clone(), values, list.nulls().cloned())?)
        }
        (DataType::LargeList(element) | DataType::FixedSizeList(element, _), DataType::List(_)) => {
            let list = DataType::List(element.clone());
            rebuild(&cast(array, &list)?, &from.clone().with_data_type(list), to, defaults)?
        }
        (DataType::Map(from, _), DataType::Map(to, sorted)) => {
            let map = array.as_map();
            let (from, pair) = (members(from)?, members(to)?);
            let columns = map.entries().columns().iter().zip(from.iter().zip(pair));
            let columns = columns.map(|(array, (from, to))| rebuild(array, from, to, defaults));
            let entries = StructArray::try_new(pair.clone(), columns.collect::<Result<_>>()?, None)?;
            Arc::new(MapArray::try_new(to.clone(), map.offsets().clone(), entries, map.nulls().cloned(), *sorted)?)
        }
        // Arrow casts nested types by position or by name
        (from, to) if from.is_nested() || to.is_nested() => return exec_err!("a column of type {from} is not a {to}"),
        (_, to) => cast(array, to)?,
    })
}

fn members(entries: &Field) -> Result<&Fields> {
    match entries.data_type() {
        DataType::Struct(fields) if fields.len() == 2 => Ok(fields),
        other => exec_err!("the entries of a map are {other}"),
    }
}

fn cast(array: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    Ok(cast_with_options(array, to, &CastOptions { safe: false, ..Default::default() })?)
}

/// A member which the file is too old to hold: its default where there is a parent.
fn absent(parent: &StructArray, to: &Field, defaults: &HashMap<i32, ScalarValue>) -> Result<ArrayRef> {
    let value = match super::field_ids::field_id(to).and_then(|id| defaults.get(&id)) {
        Some(value) => value.to_array_of_size(parent.len())?,
        None if to.is_nullable() => new_null_array(to.data_type(), parent.len()),
        None => return exec_err!("required column {} is not in the file", to.name()),
    };
    Ok(match parent.nulls() {
        // `get_field` does not look at the nulls of the parent
        Some(nulls) => nullif(&value, &BooleanArray::new(!nulls.inner(), None))?,
        None => value,
    })
}
