//! `not_pattern`: the regular expression is found nowhere in the text; nulls pass.
use super::inverted::plan as inverted;
use super::pattern;
use crate::planner::Planner;
use crate::rule::Rule;

/// Plans the check.
pub(crate) fn plan(column: &str, pattern: &str, planner: &mut Planner<'_>) -> Result<Box<dyn Rule>, String> {
    inverted(pattern::read(column, pattern, planner)?, column, planner)
}
