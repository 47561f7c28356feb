//! `boolean int long float double`; numbers of narrower types are read too, as nothing is lost by that.
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type,
};
use arrow_array::{ArrayRef, BooleanArray, PrimitiveArray};
use arrow_schema::DataType;

use super::{TypeName, Value};

impl Value for bool {
    const TYPE: TypeName = TypeName::plain("boolean");
    type Cells = BooleanArray;

    fn data_type() -> DataType {
        DataType::Boolean
    }

    fn to_array<'a>(values: impl Iterator<Item = Option<&'a Self>>) -> ArrayRef {
        Arc::new(values.map(|value| value.copied()).collect::<BooleanArray>())
    }

    fn cells(array: &ArrayRef) -> Option<Self::Cells> {
        array.as_boolean_opt().cloned()
    }

    fn cell(cells: &Self::Cells, row: usize) -> Self {
        cells.value(row)
    }
}

macro_rules! numbers {
    ($($rust:ty, $arrow:ty, $data_type:ident, $word:literal, from $($narrower:ty)*;)*) => {$(
        impl Value for $rust {
            const TYPE: TypeName = TypeName::plain($word);
            type Cells = PrimitiveArray<$arrow>;

            fn data_type() -> DataType {
                DataType::$data_type
            }

            fn to_array<'a>(values: impl Iterator<Item = Option<&'a Self>>) -> ArrayRef {
                Arc::new(values.map(|value| value.copied()).collect::<PrimitiveArray<$arrow>>())
            }

            fn cells(array: &ArrayRef) -> Option<Self::Cells> {
                $(
                    if let Some(narrower) = array.as_primitive_opt::<$narrower>() {
                        return Some(narrower.unary(<$rust>::from));
                    }
                )*
                array.as_primitive_opt().cloned()
            }

            fn cell(cells: &Self::Cells, row: usize) -> Self {
                cells.value(row)
            }
        }
    )*};
}

numbers! {
    i32, Int32Type, Int32, "int", from Int8Type Int16Type UInt8Type UInt16Type;
    i64, Int64Type, Int64, "long", from Int8Type Int16Type Int32Type UInt8Type UInt16Type UInt32Type;
    f32, Float32Type, Float32, "float", from;
    f64, Float64Type, Float64, "double", from Float32Type;
}
