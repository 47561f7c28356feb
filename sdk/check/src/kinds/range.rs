//! `range`: the value lies within the bounds, both inclusive; NaN violates, nulls pass, -0.0 equals 0.0.
//! Text is compared byte by byte.
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveArray};
use arrow::datatypes::{ArrowNativeTypeOp, DataType, Float32Type, Float64Type};
use meshwright_spec::Bounds;

use crate::bits::Bits;
use crate::bounds::Limits;
use crate::frame::View;
use crate::integers::{is_integer, with_integers};
use crate::plain::plain;
use crate::planner::{Column, Planner};
use crate::rule::{RowCheck, RowRule, Rule};
use crate::scalar;
use crate::text::{Dictionary, every, is_text, judge};

pub(super) struct Range {
    column: Column,
    allowed: Allowed,
}

enum Allowed {
    Integers(Limits<i128>),
    Floats(Limits<f64>),
    Texts(Limits<String>),
}

/// Plans the check.
pub(crate) fn plan(column: &str, bounds: &Bounds, planner: &mut Planner<'_>) -> Result<Box<dyn Rule>, String> {
    let rule = read(column, bounds, planner)?;
    let field = planner.field(column)?;
    Ok(Box::new(RowCheck { rule: Arc::new(rule), judged: Some(field.index), shown: [field].into() }))
}

/// The rule alone, for counts of what lies within.
pub(super) fn read(column: &str, bounds: &Bounds, planner: &mut Planner<'_>) -> Result<Range, String> {
    let known = planner.column(column)?;
    let allowed = match &known.data_type {
        integer if is_integer(integer) => {
            Allowed::Integers(Limits::read(bounds, |value| scalar::integer(value, integer))?)
        }
        float @ (DataType::Float32 | DataType::Float64) => {
            Allowed::Floats(Limits::read(bounds, |value| scalar::float(value, float))?)
        }
        text if is_text(text) => Allowed::Texts(Limits::read(bounds, |value| {
            value.as_str().map(str::to_owned).ok_or_else(|| scalar::misfit(value, text))
        })?),
        other => return Err(format!("`{column}` is {other}, which has no range")),
    };
    Ok(Range { column: known, allowed })
}

impl RowRule for Range {
    fn judge(&self, view: &View<'_>, known: &mut Dictionary<u8>, out: &mut Bits) -> Result<(), String> {
        let array = view.frame.column(self.column.index)?;
        match &self.allowed {
            Allowed::Texts(limits) => {
                let above = |text: &str| limits.min.as_deref().is_none_or(|min| text >= min);
                let below = |text: &str| limits.max.as_deref().is_none_or(|max| text <= max);
                return judge(array, known, out, |text| !(above(text) && below(text)));
            }
            Allowed::Integers(limits) => {
                let array = plain(array, &self.column)?;
                with_integers!(array, values => outside(values, limits, out), else ());
            }
            Allowed::Floats(limits) => {
                limits.outside(plain(array, &self.column)?.as_ref(), out);
            }
        }
        Ok(())
    }

    fn all_pass(&self, values: &ArrayRef) -> Option<bool> {
        let limits = match (&self.allowed, values.data_type()) {
            (Allowed::Texts(limits), _) => limits,
            // ranges in footers leave NaN out, dictionaries do not
            (Allowed::Floats(limits), DataType::Float32 | DataType::Float64) => {
                let mut out = Bits::default();
                out.reset(values.len());
                limits.outside(values, &mut out);
                return Some(out.is_empty());
            }
            _ => return None,
        };
        let above = |text: &str| limits.min.as_deref().is_none_or(|min| text >= min);
        let below = |text: &str| limits.max.as_deref().is_none_or(|max| text <= max);
        Some(every(values, |text| above(text) && below(text)))
    }

    fn admits(&self, min: i128, max: i128) -> bool {
        matches!(&self.allowed, Allowed::Integers(limits) if limits.admit(&min) && limits.admit(&max))
    }
}

impl Limits<f64> {
    fn outside(&self, array: &ArrayRef, out: &mut Bits) {
        let (min, max) = (self.min.unwrap_or(f64::NEG_INFINITY), self.max.unwrap_or(f64::INFINITY));
        match array.data_type() {
            // the bounds were rounded to this type when they were read
            DataType::Float32 => outside_floats(array.as_primitive::<Float32Type>(), min as f32, max as f32, out),
            _ => outside_floats(array.as_primitive::<Float64Type>(), min, max, out),
        }
    }
}

fn outside<T>(array: &PrimitiveArray<T>, limits: &Limits<i128>, out: &mut Bits)
where
    T: ArrowPrimitiveType,
    T::Native: TryFrom<i128>,
{
    // a bound outside the type cannot have been planned; were it so, it would bound nothing
    let native = |bound: Option<i128>, open| bound.and_then(|bound| T::Native::try_from(bound).ok()).unwrap_or(open);
    let min = native(limits.min, T::Native::MIN_TOTAL_ORDER);
    let max = native(limits.max, T::Native::MAX_TOTAL_ORDER);
    out.set_values(array.values(), |value| (value < min) | (value > max));
    if let Some(nulls) = array.nulls() {
        out.keep_valid(nulls);
    }
}

fn outside_floats<T: ArrowPrimitiveType>(array: &PrimitiveArray<T>, min: T::Native, max: T::Native, out: &mut Bits) {
    // written so that NaN, for which every comparison is false, fails
    out.set_values(array.values(), |value| !((value >= min) & (value <= max)));
    if let Some(nulls) = array.nulls() {
        out.keep_valid(nulls);
    }
}
