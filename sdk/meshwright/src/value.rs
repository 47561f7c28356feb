//! The types that fields of records may have.
mod date;
mod fixed;
mod numbers;
mod text;
mod time;

use arrow_array::{Array, ArrayRef};
use arrow_buffer::NullBuffer;
use arrow_schema::DataType;

pub use date::Date;
pub use fixed::{Decimal, Uuid};
pub use time::{Time, Timestamp, Timestamptz};

/// A type that a field of a record may have: a column of a contract in Rust's words.
///
/// # Contract
/// - [`Value::TYPE`] is the type's name in contracts, [`Value::data_type`] the same in Arrow's words.
/// - [`Value::to_array`] makes that very Arrow type; [`Value::cells`] also reads other layouts of the same values.
/// - A type that is not an `Option` never reads a null: the derived code has made sure before.
///
/// ```
/// use meshwright::{Decimal, TypeName, Value};
///
/// assert_eq!(<Option<i64>>::TYPE, TypeName::plain("long"));
/// assert_eq!(<Decimal<10, 2>>::TYPE, TypeName::decimal(10, 2));
/// assert!(!<Option<i64>>::REQUIRED);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field of a record",
    label = "no column can hold this",
    note = "fields are bool, i32, i64, f32, f64, String, Vec<u8>, Date, Time, Timestamp, Timestamptz, Uuid, \
            Decimal<P, S>, or an Option of one of them"
)]
pub trait Value: Sized {
    /// Its name in contracts.
    const TYPE: TypeName;

    /// Whether a column of it has no nulls.
    const REQUIRED: bool = true;

    /// A column, ready to be read.
    type Cells;

    /// Its Arrow type.
    fn data_type() -> DataType;

    /// A column of the values.
    fn to_array<'a>(values: impl Iterator<Item = Option<&'a Self>>) -> ArrayRef
    where
        Self: 'a;

    /// Makes a column ready to be read; nothing if its type has other values.
    fn cells(array: &ArrayRef) -> Option<Self::Cells>;

    /// The value of one row.
    fn cell(cells: &Self::Cells, row: usize) -> Self;
}

impl<T: Value> Value for Option<T> {
    const TYPE: TypeName = T::TYPE;
    const REQUIRED: bool = false;
    type Cells = (Option<NullBuffer>, T::Cells);

    fn data_type() -> DataType {
        T::data_type()
    }

    fn to_array<'a>(values: impl Iterator<Item = Option<&'a Self>>) -> ArrayRef
    where
        Self: 'a,
    {
        T::to_array(values.map(|value| value.and_then(Option::as_ref)))
    }

    fn cells(array: &ArrayRef) -> Option<Self::Cells> {
        Some((array.logical_nulls(), T::cells(array)?))
    }

    fn cell((nulls, cells): &Self::Cells, row: usize) -> Self {
        nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row)).then(|| T::cell(cells, row))
    }
}

/// The name of a type in contracts, comparable while compiling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TypeName {
    word: &'static str,
    precision: u8,
    scale: i8,
}

impl TypeName {
    /// A type without parameters.
    pub const fn plain(word: &'static str) -> Self {
        Self { word, precision: 0, scale: 0 }
    }

    /// `decimal(precision,scale)`
    pub const fn decimal(precision: u8, scale: i8) -> Self {
        Self { word: "decimal", precision, scale }
    }

    /// Whether both are the same type.
    pub const fn is(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.word.as_bytes(), other.word.as_bytes());
        if ours.len() != theirs.len() || self.precision != other.precision || self.scale != other.scale {
            return false;
        }
        let mut at = 0;
        while at < ours.len() {
            if ours[at] != theirs[at] {
                return false;
            }
            at += 1;
        }
        true
    }
}
