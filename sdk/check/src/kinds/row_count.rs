//! `row_count`: the number of rows in scope lies within the bounds, both inclusive.
use serde_json::json;

use crate::bounds::Limits;
use crate::frame::View;
use crate::prove::Facts;
use crate::rule::{End, Measure, Rule, Skipped, State, same};
use crate::store::{Reader, Writer};

#[derive(Clone, Copy)]
struct RowCount {
    limits: Limits<u64>,
    rows: u64,
}

/// Plans the check.
pub(crate) fn plan(min: Option<u64>, max: Option<u64>) -> Result<Box<dyn Rule>, String> {
    match (min, max) {
        (Some(min), Some(max)) if min > max => Err("`min` is above `max`".into()),
        _ => Ok(Box::new(RowCount { limits: Limits { min, max }, rows: 0 })),
    }
}

impl Rule for RowCount {
    fn start(&self, _: usize) -> Box<dyn State> {
        Box::new(*self)
    }

    fn load(&self, _: usize, from: &mut Reader<'_>, _: u32) -> Option<Box<dyn State>> {
        Some(Box::new(Self { rows: from.whole()?, ..*self }))
    }

    fn prove(&self, _: usize, facts: &Facts<'_>) -> Option<Box<dyn State>> {
        Some(Box::new(Self { rows: facts.rows(), ..*self }))
    }
}

impl State for RowCount {
    fn update(&mut self, view: &View<'_>) -> Result<(), String> {
        self.rows += view.in_scope;
        Ok(())
    }

    fn merge(&mut self, other: Box<dyn State>) {
        self.rows += same::<Self>(other).rows;
    }

    fn save(&self, to: &mut Writer) -> bool {
        to.whole(self.rows);
        true
    }

    fn finish(self: Box<Self>, _: &End<'_>) -> Measure {
        let violated = !self.limits.admit(&self.rows);
        Measure::Table { measured: json!(self.rows), violated, skipped: Skipped::default() }
    }
}
