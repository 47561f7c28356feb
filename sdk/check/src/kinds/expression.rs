//! `expression`: a SQL predicate is true of every row. Unknown (null) is not true; a predicate that means to let
//! nulls pass says so. Predicates are answered by the engine, once per batch however many checks share one.
use std::sync::Arc;

use crate::bits::Bits;
use crate::frame::View;
use crate::planner::Planner;
use crate::rule::{RowCheck, RowRule, Rule};
use crate::text::Dictionary;

struct Expression {
    predicate: usize,
}

/// Plans the check.
pub(crate) fn plan(sql: &str, planner: &mut Planner<'_>) -> Result<Box<dyn Rule>, String> {
    let predicate = planner.predicate(sql)?;
    let columns = planner.predicates[predicate].1.clone();
    let shown = columns.iter().map(|name| planner.field(name)).collect::<Result<Arc<[_]>, _>>()?;
    Ok(Box::new(RowCheck { rule: Arc::new(Expression { predicate }), judged: None, shown }))
}

impl RowRule for Expression {
    fn judge(&self, view: &View<'_>, _: &mut Dictionary<u8>, out: &mut Bits) -> Result<(), String> {
        let holds = view.frame.predicate(self.predicate)?;
        out.set_all();
        out.remove(holds);
        Ok(())
    }
}
