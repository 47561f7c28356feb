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
use crate::text::{Dictionary, every, is_text, judge, set_valid};

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
        // the length in bytes settles nearly all texts without touching them; the lower half of a view is the length
        match array.data_type() {
            DataType::Utf8 => {
                let (texts, ends) = (array.as_string::<i32>(), array.as_string::<i32>().value_offsets());
                let bytes = |row: usize| (ends[row + 1] - ends[row]) as usize;
                set_valid(array.nulls(), out, |row| !self.bytes_pass(bytes(row)) && self.fails(texts.value(row)));
            }
            DataType::Utf8View => {
                let (texts, views) = (array.as_string_view(), array.as_string_view().views());
                let bytes = |row: usize| views[row] as u32 as usize;
                set_valid(array.nulls(), out, |row| !self.bytes_pass(bytes(row)) && self.fails(texts.value(row)));
            }
            _ => judge(array, known, out, |text| self.fails(text))?,
        }
        Ok(())
    }

    fn all_pass(&self, values: &ArrayRef) -> Option<bool> {
        Some(every(values, |text| !self.fails(text)))
    }
}
