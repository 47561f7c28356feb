//! `not_null`: every row has a value. A null in a dictionary counts as null; an empty list or struct does not.
use std::sync::Arc;

use arrow::array::Array;

use crate::bits::Bits;
use crate::frame::View;
use crate::planner::Planner;
use crate::rule::{RowCheck, RowRule, Rule};
use crate::text::Dictionary;

struct NotNull {
    column: usize,
}

/// Plans the check.
pub(crate) fn plan(column: &str, planner: &mut Planner<'_>) -> Result<Box<dyn Rule>, String> {
    let field = planner.field(column)?;
    let rule = Arc::new(NotNull { column: field.index });
    Ok(Box::new(RowCheck { rule, judged: None, shown: [field].into() }))
}

impl RowRule for NotNull {
    fn judge(&self, view: &View<'_>, _: &mut Dictionary<u8>, out: &mut Bits) -> Result<(), String> {
        if let Some(nulls) = view.frame.column(self.column)?.logical_nulls() {
            out.set_nulls(&nulls);
        }
        Ok(())
    }

    fn is_about_nulls(&self) -> bool {
        true
    }
}
