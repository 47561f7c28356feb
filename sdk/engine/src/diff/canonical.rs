//! Values in the form in which equal ones are equal bytes.
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, FixedSizeListArray, LargeListArray, ListArray, MapArray, StructArray};
use arrow::datatypes::{DataType, Field, FieldRef, Float32Type, Float64Type};

/// Every NaN is one NaN, at any depth; comparators order floats by their bits, so that -0.0 is not 0.0.
pub(super) fn canonical(array: &ArrayRef) -> ArrayRef {
    match array.data_type() {
        DataType::Float32 => {
            let one = |v: f32| if v.is_nan() { f32::NAN } else { v };
            Arc::new(array.as_primitive::<Float32Type>().unary::<_, Float32Type>(one)) as ArrayRef
        }
        DataType::Float64 => {
            let one = |v: f64| if v.is_nan() { f64::NAN } else { v };
            Arc::new(array.as_primitive::<Float64Type>().unary::<_, Float64Type>(one)) as ArrayRef
        }
        data_type if !has_float(data_type) => array.clone(),
        DataType::Struct(fields) => {
            let of = array.as_struct();
            let columns = of.columns().iter().map(canonical).collect();
            Arc::new(StructArray::new(fields.clone(), columns, of.nulls().cloned()))
        }
        DataType::List(field) => {
            let of = array.as_list::<i32>();
            Arc::new(ListArray::new(field.clone(), of.offsets().clone(), canonical(of.values()), of.nulls().cloned()))
        }
        DataType::LargeList(field) => {
            let of = array.as_list::<i64>();
            Arc::new(LargeListArray::new(
                field.clone(),
                of.offsets().clone(),
                canonical(of.values()),
                of.nulls().cloned(),
            ))
        }
        DataType::FixedSizeList(field, size) => {
            let of = array.as_fixed_size_list();
            Arc::new(FixedSizeListArray::new(field.clone(), *size, canonical(of.values()), of.nulls().cloned()))
        }
        DataType::Map(field, sorted) => {
            let of = array.as_map();
            let entries: ArrayRef = Arc::new(of.entries().clone());
            let entries = canonical(&entries).as_struct().clone();
            Arc::new(MapArray::new(field.clone(), of.offsets().clone(), entries, of.nulls().cloned(), *sorted))
        }
        _ => array.clone(),
    }
}

/// The same for Arrow's row format, which knows no maps: a map is the list of its entries.
pub(super) fn for_rows(array: &ArrayRef) -> ArrayRef {
    lists(&canonical(array))
}

/// The type that [`for_rows`] makes of a type.
pub(super) fn row_type(data_type: &DataType) -> DataType {
    let field = |f: &FieldRef| -> FieldRef { Arc::new(Field::new(f.name(), row_type(f.data_type()), f.is_nullable())) };
    match data_type {
        DataType::Map(entries, _) => DataType::List(field(entries)),
        DataType::List(element) => DataType::List(field(element)),
        DataType::LargeList(element) => DataType::LargeList(field(element)),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(field).collect()),
        other => other.clone(),
    }
}

fn lists(array: &ArrayRef) -> ArrayRef {
    let to = row_type(array.data_type());
    if to == *array.data_type() {
        return array.clone();
    }
    match (array.data_type(), &to) {
        (DataType::Map(..), DataType::List(field)) => {
            let of = array.as_map();
            let entries: ArrayRef = Arc::new(of.entries().clone());
            Arc::new(ListArray::new(field.clone(), of.offsets().clone(), lists(&entries), of.nulls().cloned()))
        }
        (DataType::List(_), DataType::List(field)) => {
            let of = array.as_list::<i32>();
            Arc::new(ListArray::new(field.clone(), of.offsets().clone(), lists(of.values()), of.nulls().cloned()))
        }
        (DataType::LargeList(_), DataType::LargeList(field)) => {
            let of = array.as_list::<i64>();
            Arc::new(LargeListArray::new(field.clone(), of.offsets().clone(), lists(of.values()), of.nulls().cloned()))
        }
        (DataType::Struct(_), DataType::Struct(fields)) => {
            let of = array.as_struct();
            Arc::new(StructArray::new(fields.clone(), of.columns().iter().map(lists).collect(), of.nulls().cloned()))
        }
        _ => array.clone(),
    }
}

fn has_float(data_type: &DataType) -> bool {
    match data_type {
        DataType::Float32 | DataType::Float64 => true,
        DataType::Struct(fields) => fields.iter().any(|f| has_float(f.data_type())),
        DataType::List(f) | DataType::LargeList(f) | DataType::FixedSizeList(f, _) | DataType::Map(f, _) => {
            has_float(f.data_type())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Float32Array, Float64Array};

    use super::*;

    #[test]
    fn every_nan_is_one_and_zero_keeps_its_sign() {
        let odd = f64::from_bits(f64::NAN.to_bits() | (1 << 63) | 1);
        let floats: ArrayRef = Arc::new(Float64Array::from(vec![Some(odd), Some(-0.0), None, Some(1.5)]));
        let made = canonical(&floats);
        let bits: Vec<Option<u64>> = made.as_primitive::<Float64Type>().iter().map(|v| v.map(f64::to_bits)).collect();
        assert_eq!(bits, [Some(f64::NAN.to_bits()), Some((-0.0_f64).to_bits()), None, Some(1.5_f64.to_bits())]);
        let nested: ArrayRef = Arc::new(StructArray::from(vec![(
            Arc::new(Field::new("a", DataType::Float32, true)),
            Arc::new(Float32Array::from(vec![f32::from_bits(f32::NAN.to_bits() | 1)])) as ArrayRef,
        )]));
        let made = canonical(&nested);
        assert_eq!(made.as_struct().column(0).as_primitive::<Float32Type>().value(0).to_bits(), f32::NAN.to_bits());
    }
}
