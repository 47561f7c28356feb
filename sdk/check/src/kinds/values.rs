//! `values`: the value is one of a list; nulls pass, NaN is never in a list.
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveArray};
use arrow::datatypes::{DataType, Float32Type, Float64Type};
use hashbrown::HashSet;
use serde_json::Value;

use crate::bits::Bits;
use crate::frame::View;
use crate::integers::{is_integer, with_integers};
use crate::plain::plain;
use crate::planner::{Column, Planner};
use crate::rule::{RowCheck, RowRule, Rule};
use crate::scalar::{float, integer, misfit};
use crate::text::{Dictionary, every, is_text, judge, set_valid};

pub(super) struct Values {
    column: Column,
    allowed: Allowed,
}

enum Allowed {
    Booleans(Vec<bool>),
    /// In order.
    Integers(Vec<i128>),
    Floats(Vec<f64>),
    Texts(Texts),
    Uuids(HashSet<[u8; 16], ahash::RandomState>),
}

/// Texts by length: most texts that are not in the list are told apart by that alone.
struct Texts {
    lengths: u64,
    set: HashSet<Box<str>, ahash::RandomState>,
}

/// Plans the check.
pub(crate) fn plan(column: &str, values: &[Value], planner: &mut Planner<'_>) -> Result<Box<dyn Rule>, String> {
    let rule = read(column, values, planner)?;
    let field = planner.field(column)?;
    Ok(Box::new(RowCheck { rule: Arc::new(rule), judged: Some(field.index), shown: [field].into() }))
}

/// The rule alone, for its opposite too.
pub(super) fn read(column: &str, values: &[Value], planner: &mut Planner<'_>) -> Result<Values, String> {
    let known = planner.column(column)?;
    let allowed = Allowed::read(values, &known.data_type)
        .ok_or_else(|| format!("`{column}` is {}, for which values cannot be listed", known.data_type))??;
    Ok(Values { column: known, allowed })
}

impl Allowed {
    /// `None` if the type has no lists.
    fn read(values: &[Value], data_type: &DataType) -> Option<Result<Self, String>> {
        // nulls pass whether listed or not
        let values = values.iter().filter(|value| !value.is_null());
        Some(match data_type {
            DataType::Boolean => values
                .map(|value| value.as_bool().ok_or_else(|| misfit(value, data_type)))
                .collect::<Result<_, _>>()
                .map(Self::Booleans),
            DataType::Float32 | DataType::Float64 => {
                values.map(|value| float(value, data_type)).collect::<Result<_, _>>().map(Self::Floats)
            }
            DataType::FixedSizeBinary(16) => values
                .map(|value| value.as_str().and_then(uuid).ok_or_else(|| misfit(value, data_type)))
                .collect::<Result<_, _>>()
                .map(Self::Uuids),
            _ if is_text(data_type) => values
                .map(|value| value.as_str().map(Box::from).ok_or_else(|| misfit(value, data_type)))
                .collect::<Result<_, _>>()
                .map(|set| Self::Texts(Texts::new(set))),
            _ if is_integer(data_type) => {
                values.map(|value| integer(value, data_type)).collect::<Result<Vec<_>, _>>().map(|mut list| {
                    list.sort_unstable();
                    Self::Integers(list)
                })
            }
            _ => return None,
        })
    }
}

impl Texts {
    fn new(set: HashSet<Box<str>, ahash::RandomState>) -> Self {
        Self { lengths: set.iter().fold(0, |lengths, text| lengths | Self::length(text)), set }
    }

    fn length(text: &str) -> u64 {
        1 << text.len().min(63)
    }

    fn has(&self, text: &str) -> bool {
        self.lengths & Self::length(text) != 0 && self.set.contains(text)
    }
}

impl RowRule for Values {
    fn judge(&self, view: &View<'_>, known: &mut Dictionary<u8>, out: &mut Bits) -> Result<(), String> {
        let array = view.frame.column(self.column.index)?;
        if let Allowed::Texts(texts) = &self.allowed {
            return judge(array, known, out, |text| !texts.has(text));
        }
        let array = plain(array, &self.column)?;
        match &self.allowed {
            Allowed::Booleans(list) => {
                let values = array.as_boolean();
                let fails = [false, true].map(|value| !list.contains(&value));
                set_valid(array.nulls(), out, |row| fails[usize::from(values.value(row))]);
            }
            Allowed::Floats(list) => other_floats(&array, list, out),
            Allowed::Uuids(set) => {
                let values = array.as_fixed_size_binary();
                let listed = |bytes: &[u8]| <[u8; 16]>::try_from(bytes).is_ok_and(|bytes| set.contains(&bytes));
                set_valid(array.nulls(), out, |row| !listed(values.value(row)));
            }
            Allowed::Integers(list) => with_integers!(array, values => other_integers(values, list, out), else ()),
            Allowed::Texts(_) => {}
        }
        Ok(())
    }

    fn all_pass(&self, values: &ArrayRef) -> Option<bool> {
        match &self.allowed {
            Allowed::Texts(texts) => Some(every(values, |text| texts.has(text))),
            Allowed::Floats(list) if values.data_type().is_floating() => {
                let mut out = Bits::default();
                out.reset(values.len());
                other_floats(values, list, &mut out);
                Some(out.is_empty())
            }
            Allowed::Integers(list) if values.data_type().is_integer() => {
                let mut out = Bits::default();
                out.reset(values.len());
                with_integers!(values, values => other_integers(values, list, &mut out), else return None);
                Some(out.is_empty())
            }
            _ => None,
        }
    }

    fn admits(&self, min: i128, max: i128) -> bool {
        min == max && matches!(&self.allowed, Allowed::Integers(list) if list.binary_search(&min).is_ok())
    }
}

fn other_floats(array: &ArrayRef, list: &[f64], out: &mut Bits) {
    match array.data_type() {
        DataType::Float32 => {
            let list: Vec<f32> = list.iter().map(|value| *value as f32).collect();
            others(array.as_primitive::<Float32Type>(), &list, out);
        }
        _ => others(array.as_primitive::<Float64Type>(), list, out),
    }
}

fn other_integers<T>(array: &PrimitiveArray<T>, list: &[i128], out: &mut Bits)
where
    T: ArrowPrimitiveType,
    T::Native: TryFrom<i128> + Ord,
{
    let list: Vec<_> = list.iter().filter_map(|value| T::Native::try_from(*value).ok()).collect();
    if list.len() <= 16 {
        others(array, &list, out);
    } else {
        set_valid(array.nulls(), out, |row| list.binary_search(&array.value(row)).is_err());
    }
}

/// For short lists; compares with `==`, for which -0.0 is 0.0 and NaN is nothing.
fn others<T: ArrowPrimitiveType>(array: &PrimitiveArray<T>, list: &[T::Native], out: &mut Bits) {
    out.set_values(array.values(), |value| !list.iter().fold(false, |any, listed| any | (value == *listed)));
    if let Some(nulls) = array.nulls() {
        out.keep_valid(nulls);
    }
}

fn uuid(text: &str) -> Option<[u8; 16]> {
    super::formats::find("uuid").filter(|test| test(text))?;
    u128::from_str_radix(&text.replace('-', ""), 16).ok().map(u128::to_be_bytes)
}
