//! `length`: the number of characters (not bytes) lies within the bounds, both inclusive.
//!
//! Text of n bytes has between n / 4 and n characters, so most texts are judged by their bytes alone.
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::DataType;

use crate::bits::Bits;
use crate::frame::View;
use crate::planner::Planner;
use crate::rule::{RowCheck, RowRule, Rule};
use crate::text::{Dictionary, every, is_text, judge};

struct Length {
    column: usize,
    min: usize,
    max: usize,
}

/// Plans the check.
pub(crate) fn plan(
    column: &str,
    min: Option<u64>,
    max: Option<u64>,
    planner: &mut Planner<'_>,
) -> Result<Box<dyn Rule>, String> {
    let known = planner.column(column)?;
    if !is_text(&known.data_type) {
        return Err(format!("length is counted in characters, and `{column}` is {}", known.data_type));
    }
    let size = |bound: Option<u64>, open| bound.map_or(open, |bound| usize::try_from(bound).unwrap_or(usize::MAX));
    let rule = Length { column: known.index, min: size(min, 0), max: size(max, usize::MAX) };
    if rule.min > rule.max {
        return Err("`min` is above `max`".into());
    }
    let shown = [planner.field(column)?].into();
    Ok(Box::new(RowCheck { rule: Arc::new(rule), judged: Some(known.index), shown }))
}

impl Length {
    /// Whether so many bytes are right, whatever the characters.
    fn bytes_pass(&self, bytes: usize) -> bool {
        bytes <= self.max && bytes.div_ceil(4) >= self.min
    }

    fn fails(&self, text: &str) -> bool {
        !self.bytes_pass(text.len()) && !(self.min..=self.max).contains(&text.chars().count())
    }
}

impl RowRule for Length {
    fn judge(&self, view: &View<'_>, known: &mut Dictionary<u8>, out: &mut Bits) -> Result<(), String> {
        let array = view.frame.column(self.column)?;
        // a look at the lengths alone settles most batches without touching the text
        let settled = match array.data_type() {
            DataType::Utf8 => array.as_string::<i32>().offsets().lengths().all(|bytes| self.bytes_pass(bytes)),
            DataType::LargeUtf8 => array.as_string::<i64>().offsets().lengths().all(|bytes| self.bytes_pass(bytes)),
            // the lower half of a view is the length
            DataType::Utf8View => {
                array.as_string_view().views().iter().all(|view| self.bytes_pass(*view as u32 as usize))
            }
            _ => false,
        };
        if settled {
            return Ok(());
        }
        judge(array, known, out, |text| self.fails(text))
    }

    fn all_pass(&self, values: &ArrayRef) -> Option<bool> {
        Some(every(values, |text| !self.fails(text)))
    }
}
