//! The opposite of a rule about values: what it lets pass fails, nulls pass either way.
use std::sync::Arc;

use arrow::array::{Array, ArrayRef};

use crate::bits::Bits;
use crate::frame::View;
use crate::planner::Planner;
use crate::rule::{RowCheck, RowRule, Rule};
use crate::text::Dictionary;

struct Inverted<R> {
    rule: Arc<R>,
    column: usize,
}

/// Plans the opposite.
pub(super) fn plan<R: RowRule + 'static>(
    rule: R,
    column: &str,
    planner: &mut Planner<'_>,
) -> Result<Box<dyn Rule>, String> {
    let field = planner.field(column)?;
    let index = field.index;
    let rule = Inverted { rule: Arc::new(rule), column: index };
    Ok(Box::new(RowCheck { rule: Arc::new(rule), judged: Some(index), shown: [field].into() }))
}

impl<R: RowRule + 'static> RowRule for Inverted<R> {
    fn judge(&self, view: &View<'_>, known: &mut Dictionary<u8>, out: &mut Bits) -> Result<(), String> {
        let mut passes = Bits::default();
        passes.reset(view.frame.rows);
        self.rule.judge(view, known, &mut passes)?;
        out.set_all();
        out.remove(&passes);
        if let Some(nulls) = view.frame.column(self.column)?.logical_nulls() {
            out.keep_valid(&nulls);
        }
        Ok(())
    }

    fn all_pass(&self, values: &ArrayRef) -> Option<bool> {
        for at in (0..values.len()).filter(|at| values.is_valid(*at)) {
            if self.rule.all_pass(&values.slice(at, 1))? {
                return Some(false);
            }
        }
        Some(true)
    }

    fn for_thread(rule: &Arc<Self>) -> Arc<Self> {
        Arc::new(Self { rule: R::for_thread(&rule.rule), column: rule.column })
    }
}
