//! Rows as structs.
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::{DataType, Field, Schema, SchemaRef};

use crate::{Error, Value};

/// A struct that is a row: its fields are columns.
///
/// # Contract
/// - Written by `#[derive(Record)]`, for structs whose fields are [`Value`]s.
/// - `#[record(contract = "contracts/port.toml")]` holds names, types and nulls of the fields against the contract
///   while compiling; the path starts at the folder of `Cargo.toml`.
/// - `#[record(name = "type")]` on a field gives its column another name.
/// - Columns are found by name, so that their order in a batch does not matter.
///
/// ```
/// use meshwright::{Date, Record};
///
/// #[derive(Debug, Clone, PartialEq, Record)]
/// struct Reading {
///     station: String,
///     day: Date,
///     #[record(name = "type")]
///     kind: Option<String>,
/// }
///
/// let rows = vec![Reading { station: "Faya".into(), day: Date(0), kind: None }];
/// let batch = Reading::into_batch(rows.clone());
/// assert_eq!(batch.schema().field(2).name(), "type");
/// assert_eq!(Reading::from_batch(&batch)?, rows);
/// # Ok::<(), meshwright::BoxError>(())
/// ```
pub trait Record: Sized + Send + 'static {
    /// The columns, in the order of the fields.
    fn schema() -> SchemaRef;

    /// Rows as a batch.
    fn to_batch(rows: &[Self]) -> RecordBatch;

    /// A batch as rows; fails if a column is missing, has another type, or has a null where the field is no `Option`.
    fn from_batch(batch: &RecordBatch) -> Result<Vec<Self>, Error>;

    /// Rows as a batch.
    fn into_batch(rows: Vec<Self>) -> RecordBatch {
        Self::to_batch(&rows)
    }
}

/// One column of a schema.
pub fn field<V: Value>(name: &str) -> Field {
    Field::new(name, V::data_type(), !V::REQUIRED)
}

/// Columns as a schema.
pub fn schema<const N: usize>(fields: [Field; N]) -> SchemaRef {
    SchemaRef::new(Schema::new(Vec::from(fields)))
}

/// Columns as a batch.
pub fn batch<const N: usize>(schema: SchemaRef, columns: [ArrayRef; N], rows: usize) -> RecordBatch {
    let rows = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(schema, Vec::from(columns), &rows)
        .expect("types, nulls and lengths of the columns follow from the fields")
}

/// One field of all rows as a column.
pub fn array<'a, R, V: Value + 'a>(rows: &'a [R], field: impl Fn(&'a R) -> &'a V) -> ArrayRef {
    V::to_array(rows.iter().map(|row| Some(field(row))))
}

/// A column of a batch, ready to be read as values of one type.
pub fn column<V: Value>(batch: &RecordBatch, name: &str) -> Result<V::Cells, Error> {
    let Some(column) = batch.column_by_name(name) else {
        let columns: Vec<&str> = batch.schema_ref().fields().iter().map(|field| field.name().as_str()).collect();
        return Err(Error::invalid(format!("there is no column `{name}` among: {}", columns.join(", "))));
    };
    let column = plain(column)?;
    if let Some(nulls) = column.logical_nulls().filter(|nulls| V::REQUIRED && nulls.null_count() > 0) {
        let row = (0..nulls.len()).find(|row| nulls.is_null(*row)).unwrap_or(0);
        return Err(Error::invalid(format!(
            "column `{name}` has a null (row {row} of its batch), its field is no `Option`"
        )));
    }
    V::cells(&column).ok_or_else(|| {
        Error::invalid(format!("column `{name}` is {}, its field is {}", column.data_type(), V::data_type()))
    })
}

/// Dictionaries as the values they stand for.
fn plain(column: &ArrayRef) -> Result<ArrayRef, Error> {
    match (column.data_type(), column.as_any_dictionary_opt()) {
        (DataType::Dictionary(..), Some(dictionary)) => {
            arrow_select::take::take(dictionary.values(), dictionary.keys(), None)
                .map_err(|error| Error::invalid("a dictionary cannot be read").because(error))
        }
        _ => Ok(column.clone()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::types::Int32Type;
    use arrow_array::{
        DictionaryArray, Int64Array, StringArray, StringViewArray, TimestampNanosecondArray, UInt32Array,
    };

    use super::*;
    use crate::{Date, Decimal, Record, Time, Timestamp, Timestamptz, Uuid};

    #[derive(Debug, Clone, PartialEq, Record)]
    struct Everything {
        yes: bool,
        int: i32,
        long: Option<i64>,
        float: f32,
        double: Option<f64>,
        text: Option<String>,
        bytes: Option<Vec<u8>>,
        day: Date,
        time: Option<Time>,
        at: Timestamp,
        zoned: Option<Timestamptz>,
        id: Option<Uuid>,
        price: Option<Decimal<10, 2>>,
        r#type: String,
    }

    #[test]
    fn rows_survive_the_way_through_arrow() {
        let full = Everything {
            yes: true,
            int: -1,
            long: Some(i64::MAX),
            float: 1.5,
            double: Some(f64::MIN),
            text: Some("é".into()),
            bytes: Some(vec![0, 255]),
            day: Date(-1),
            time: Some(Time(1)),
            at: Timestamp(-1),
            zoned: Some(Timestamptz(2)),
            id: Some(Uuid([7; 16])),
            price: Some(Decimal(-1250)),
            r#type: String::new(),
        };
        let empty = Everything {
            long: None,
            double: None,
            text: None,
            bytes: None,
            time: None,
            zoned: None,
            id: None,
            price: None,
            ..full.clone()
        };
        for rows in [vec![full.clone(), empty], vec![full], vec![]] {
            let batch = Everything::to_batch(&rows);
            assert_eq!(batch.schema(), Everything::schema());
            assert_eq!(Everything::from_batch(&batch).unwrap(), rows);
        }
        assert_eq!(Everything::schema().field(13).name(), "type");
    }

    #[derive(Debug, PartialEq, Record)]
    struct Named {
        name: String,
    }

    fn named(column: impl Array + 'static) -> Result<Vec<Named>, Error> {
        let batch = RecordBatch::try_from_iter([("name", Arc::new(column) as ArrayRef)]).unwrap();
        Named::from_batch(&batch)
    }

    #[test]
    fn other_layouts_of_the_same_values_are_read() {
        let expected = vec![Named { name: "a".into() }, Named { name: "b".into() }];
        assert_eq!(named(StringViewArray::from(vec!["a", "b"])).unwrap(), expected);
        assert_eq!(named(DictionaryArray::<Int32Type>::from_iter(["a", "b"])).unwrap(), expected);

        let narrow = Arc::new(UInt32Array::from(vec![u32::MAX])) as ArrayRef;
        assert_eq!(i64::cell(&i64::cells(&narrow).unwrap(), 0), i64::from(u32::MAX));
        assert!(i32::cells(&narrow).is_none());

        let moments = Arc::new(TimestampNanosecondArray::from(vec![-1])) as ArrayRef;
        assert_eq!(Timestamp::cell(&Timestamp::cells(&moments).unwrap(), 0), Timestamp(-1));
    }

    #[test]
    fn what_does_not_fit_says_so() {
        let message = |found: Result<Vec<Named>, Error>| found.unwrap_err().to_string();
        assert_eq!(
            message(named(StringArray::from(vec![Some("a"), None]))),
            "column `name` has a null (row 1 of its batch), its field is no `Option`"
        );
        assert_eq!(message(named(Int64Array::from(vec![1]))), "column `name` is Int64, its field is Utf8");
        let other = RecordBatch::try_from_iter([("nam", Arc::new(Int64Array::from(vec![1])) as ArrayRef)]).unwrap();
        assert_eq!(message(Named::from_batch(&other)), "there is no column `name` among: nam");
    }
}
