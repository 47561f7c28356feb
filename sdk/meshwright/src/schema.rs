//! Whether batches are what was promised.
use arrow_array::{Array, RecordBatch, RecordBatchOptions};
use arrow_schema::{DataType, Schema, SchemaRef, TimeUnit};

use crate::Error;

/// The code of batches that do not match their schema.
pub(crate) const MISMATCH: &str = "M0301";

/// In what batches of one schema differ from what was promised, if they do; fewer nulls than promised are no difference.
///
/// ```
/// use meshwright::arrow::schema::{DataType, Field, Schema};
///
/// let promised = Schema::new(vec![Field::new("year", DataType::Int32, false)]);
/// let found = Schema::new(vec![Field::new("year", DataType::Int64, false)]);
/// assert_eq!(meshwright::mismatch(&promised, &found).as_deref(), Some("column `year` is Int64 instead of Int32"));
/// ```
pub fn mismatch(promised: &Schema, found: &Schema) -> Option<String> {
    if let Some(missing) = promised.fields().iter().find(|field| found.index_of(field.name()).is_err()) {
        return Some(format!("column `{}` is missing", missing.name()));
    }
    if let Some(extra) = found.fields().iter().find(|field| promised.index_of(field.name()).is_err()) {
        return Some(format!("column `{}` is not part of the schema", extra.name()));
    }
    if promised.fields().len() != found.fields().len() {
        return Some("a column is there twice".to_owned());
    }
    promised.fields().iter().zip(found.fields()).find_map(|(promised, found)| {
        let name = promised.name();
        if name != found.name() {
            return Some(format!("column `{}` stands where `{name}` should be", found.name()));
        }
        if promised.data_type() != found.data_type() {
            return Some(format!("column `{name}` is {} instead of {}", found.data_type(), promised.data_type()));
        }
        (found.is_nullable() && !promised.is_nullable()).then(|| format!("column `{name}` may have nulls"))
    })
}

/// The batch with exactly the promised schema, whatever metadata it has; a column without nulls is as good as one
/// that cannot have any.
pub(crate) fn conform(batch: RecordBatch, promised: &SchemaRef) -> Result<RecordBatch, Error> {
    if batch.schema_ref() == promised {
        return Ok(batch);
    }
    let wrong = |what: String| Error::invalid(format!("a batch does not match its schema: {what}")).code(MISMATCH);
    let found = batch.schema_ref();
    let tight = Schema::new(
        found
            .fields()
            .iter()
            .zip(batch.columns())
            .map(|(field, column)| field.as_ref().clone().with_nullable(column.logical_null_count() > 0))
            .collect::<Vec<_>>(),
    );
    if let Some(what) = mismatch(promised, &tight) {
        let what = what.replace("may have nulls", "has nulls but is promised to have none");
        return Err(wrong(what));
    }
    let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(promised.clone(), batch.columns().to_vec(), &rows)
        .map_err(|error| wrong(error.to_string()))
}

/// The type in the words of contracts, or the first part of it that no contract can hold.
pub(crate) fn storable(data_type: &DataType) -> Result<(), &DataType> {
    match data_type {
        DataType::Boolean | DataType::Int32 | DataType::Int64 | DataType::Float32 | DataType::Float64 => Ok(()),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Ok(()),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => Ok(()),
        DataType::Date32 | DataType::Time64(TimeUnit::Microsecond) => Ok(()),
        DataType::Timestamp(TimeUnit::Microsecond | TimeUnit::Nanosecond, _) => Ok(()),
        DataType::Decimal128(_, scale) if *scale >= 0 => Ok(()),
        DataType::List(item) | DataType::LargeList(item) => storable(item.data_type()),
        DataType::Struct(fields) => fields.iter().try_for_each(|field| storable(field.data_type())),
        DataType::Map(entries, _) => storable(entries.data_type()),
        DataType::Dictionary(_, values) => storable(values),
        other => Err(other),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Int32Array};
    use arrow_schema::Field;

    use super::*;

    fn batch(values: Vec<Option<i32>>) -> RecordBatch {
        let schema = Schema::new(vec![Field::new("year", DataType::Int32, true)]);
        let column: ArrayRef = Arc::new(Int32Array::from(values));
        RecordBatch::try_new(Arc::new(schema), vec![column]).unwrap()
    }

    #[test]
    fn nulls_count_only_where_they_are() {
        let promised = Arc::new(Schema::new(vec![Field::new("year", DataType::Int32, false)]));
        assert_eq!(conform(batch(vec![Some(1)]), &promised).unwrap().schema(), promised);

        let error = conform(batch(vec![Some(1), None]), &promised).unwrap_err();
        assert_eq!(error.code_text(), Some("M0301"));
        assert!(error.message().ends_with("column `year` has nulls but is promised to have none"), "{error}");
    }

    #[test]
    fn order_is_part_of_the_promise() {
        let (a, b) = (Field::new("a", DataType::Int32, true), Field::new("b", DataType::Int32, true));
        let found = mismatch(&Schema::new(vec![a.clone(), b.clone()]), &Schema::new(vec![b.clone(), a.clone()]));
        assert_eq!(found.as_deref(), Some("column `b` stands where `a` should be"));
        let found = mismatch(&Schema::new(vec![a.clone(), b.clone()]), &Schema::new(vec![a.clone()]));
        assert_eq!(found.as_deref(), Some("column `b` is missing"));
        let found = mismatch(&Schema::new(vec![a.clone()]), &Schema::new(vec![a, b]));
        assert_eq!(found.as_deref(), Some("column `b` is not part of the schema"));
    }
}
