//! `not_values`: the value is none of a list; nulls pass, and so does NaN, which equals nothing.
use serde_json::Value;

use super::inverted::plan as inverted;
use super::values;
use crate::planner::Planner;
use crate::rule::Rule;

/// Plans the check.
pub(crate) fn plan(column: &str, values: &[Value], planner: &mut Planner<'_>) -> Result<Box<dyn Rule>, String> {
    inverted(values::read(column, values, planner)?, column, planner)
}
