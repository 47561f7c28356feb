//! `format`: the text has a known form, see the registry in `formats`.
use std::sync::Arc;

use arrow::array::ArrayRef;

use super::formats;
use crate::bits::Bits;
use crate::frame::View;
use crate::planner::Planner;
use crate::rule::{RowCheck, RowRule, Rule};
use crate::text::{Dictionary, every, is_text, judge};

struct Format {
    column: usize,
    test: formats::Test,
}

/// Plans the check.
pub(crate) fn plan(column: &str, format: &str, planner: &mut Planner<'_>) -> Result<Box<dyn Rule>, String> {
    let known = planner.column(column)?;
    let Some(test) = formats::find(format) else {
        let names: Vec<_> = formats::names().collect();
        return Err(format!("`{format}` is no known format, only {}", names.join(", ")));
    };
    if !is_text(&known.data_type) {
        return Err(format!("a format is a matter of text, and `{column}` is {}", known.data_type));
    }
    let shown = [planner.field(column)?].into();
    Ok(Box::new(RowCheck { rule: Arc::new(Format { column: known.index, test }), judged: Some(known.index), shown }))
}

impl RowRule for Format {
    fn judge(&self, view: &View<'_>, known: &mut Dictionary<u8>, out: &mut Bits) -> Result<(), String> {
        judge(view.frame.column(self.column)?, known, out, |text| !(self.test)(text))
    }

    fn all_pass(&self, values: &ArrayRef) -> Option<bool> {
        Some(every(values, self.test))
    }
}
