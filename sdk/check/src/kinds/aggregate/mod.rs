//! `aggregate`: min, max, sum, avg, a percentile or another aggregate of a column lies within the bounds, both inclusive.
//! Nulls and NaN are left out, and counted. One file per family of functions.
use std::borrow::Cow;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveArray};
use arrow::datatypes::{DataType, Float32Type, Float64Type};
use meshwright_spec::Bounds;

use crate::bits::Bits;
use crate::frame::View;
use crate::integers::with_integers;
use crate::plain::plain;
use crate::planner::{Column, Planner};
use crate::rule::{Rule, Skipped};
use crate::store::{Reader, Writer};

mod count;
mod distinct;
mod extreme;
mod percentile;
mod stddev;
mod sum;

/// Plans the check.
pub(crate) fn plan(
    column: &str,
    function: &str,
    bounds: &Bounds,
    planner: &mut Planner<'_>,
) -> Result<Box<dyn Rule>, String> {
    let known = planner.column(column)?;
    match function {
        "min" => extreme::plan(known, extreme::Which::Min, bounds),
        "max" => extreme::plan(known, extreme::Which::Max, bounds),
        "sum" => sum::plan(known, sum::Of::Sum, bounds),
        "avg" => sum::plan(known, sum::Of::Average, bounds),
        "stddev" => stddev::plan(known, false, bounds),
        "variance" => stddev::plan(known, true, bounds),
        "count" => count::plan(&known, bounds),
        "count_distinct" => distinct::plan(known, distinct::Of::Count, bounds),
        "distinct_share" => distinct::plan(known, distinct::Of::Share, bounds),
        _ => match meshwright_spec::percentile(function) {
            Some(share) => percentile::plan(known, share, bounds),
            None => {
                let names = meshwright_spec::AGGREGATES.join(", ");
                Err(format!("`{function}` is no aggregate, only {names} and percentiles such as p95"))
            }
        },
    }
}

/// Whether values can be added up.
fn is_number(data_type: &DataType) -> bool {
    data_type.is_integer() || data_type.is_floating() || matches!(data_type, DataType::Decimal128(..))
}

/// Calls `each` with the values of rows that are in scope and not null.
fn each<T: ArrowPrimitiveType>(array: &PrimitiveArray<T>, view: &View<'_>, mut each: impl FnMut(T::Native)) {
    let values = array.values();
    match (view.scope, array.nulls().filter(|nulls| nulls.null_count() > 0)) {
        (None, None) => values.iter().for_each(|value| each(*value)),
        (None, Some(nulls)) => nulls.valid_indices().for_each(|row| each(values[row])),
        (Some(scope), None) => scope.iter().for_each(|row| each(values[row])),
        (Some(scope), Some(nulls)) => {
            let mut rows: Bits = scope.clone();
            rows.keep_valid(nulls);
            rows.iter().for_each(|row| each(values[row]));
        }
    }
}

/// The values of a column of numbers as floats, without nulls and NaN, which are counted.
fn floats<'a>(array: &'a ArrayRef, column: &Column, view: &View<'_>) -> Result<(Cow<'a, [f64]>, Skipped), String> {
    let nulls = view.nulls(array);
    if let (DataType::Float64, None, 0) = (array.data_type(), view.scope, nulls) {
        let values = array.as_primitive::<Float64Type>().values();
        // looked through in full, because that is done many values at a time
        if !values.iter().fold(false, |any, value| any | value.is_nan()) {
            return Ok((Cow::Borrowed(values), Skipped::default()));
        }
    }
    let array = plain(array, column)?;
    let mut found = Vec::with_capacity(array.len());
    match array.data_type() {
        DataType::Float32 => each(array.as_primitive::<Float32Type>(), view, |value| found.push(f64::from(value))),
        DataType::Float64 => each(array.as_primitive::<Float64Type>(), view, |value| found.push(value)),
        DataType::Decimal128(_, scale) => {
            let unit = 10_f64.powi((*scale).into());
            with_integers!(array, values => each(values, view, |value| found.push(i128::from(value) as f64 / unit)), else ());
        }
        _ => with_integers!(array, values => each(values, view, |value| found.push(i128::from(value) as f64)), else ()),
    }
    let all = found.len();
    found.retain(|value| !value.is_nan());
    let nan = (all - found.len()) as u64;
    Ok((Cow::Owned(found), Skipped { nulls, nan }))
}

impl Skipped {
    fn add(&mut self, other: Self) {
        self.nulls += other.nulls;
        self.nan += other.nan;
    }

    fn save(self, to: &mut Writer) {
        to.whole(self.nulls);
        to.whole(self.nan);
    }

    fn load(from: &mut Reader<'_>) -> Option<Self> {
        Some(Self { nulls: from.whole()?, nan: from.whole()? })
    }
}
