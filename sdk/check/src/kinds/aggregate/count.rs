//! `count`: how many rows have a value; NaN is one.
use meshwright_spec::Bounds;
use serde_json::json;

use crate::bounds::{Limits, Number};
use crate::frame::View;
use crate::planner::Column;
use crate::prove::Facts;
use crate::rule::{End, Measure, Rule, Skipped, State, same};
use crate::store::{Reader, Writer};

#[derive(Clone, Copy)]
struct Count {
    column: usize,
    limits: Limits<Number>,
    values: u64,
    nulls: u64,
}

/// Plans the check.
pub(crate) fn plan(column: &Column, bounds: &Bounds) -> Result<Box<dyn Rule>, String> {
    let limits = Limits::read(bounds, |value| Number::read(value, 0))?;
    Ok(Box::new(Count { column: column.index, limits, values: 0, nulls: 0 }))
}

impl Rule for Count {
    fn start(&self, _: usize) -> Box<dyn State> {
        Box::new(*self)
    }

    fn load(&self, _: usize, from: &mut Reader<'_>, _: u32) -> Option<Box<dyn State>> {
        Some(Box::new(Self { values: from.whole()?, nulls: from.whole()?, ..*self }))
    }

    fn prove(&self, _: usize, facts: &Facts<'_>) -> Option<Box<dyn State>> {
        let nulls = facts.column(self.column)?.nulls?;
        Some(Box::new(Self { values: facts.rows() - nulls.min(facts.rows()), nulls, ..*self }))
    }
}

impl State for Count {
    fn update(&mut self, view: &View<'_>) -> Result<(), String> {
        let nulls = view.nulls(view.frame.column(self.column)?);
        self.nulls += nulls;
        self.values += view.in_scope - nulls;
        Ok(())
    }

    fn merge(&mut self, other: Box<dyn State>) {
        let other = same::<Self>(other);
        self.values += other.values;
        self.nulls += other.nulls;
    }

    fn save(&self, to: &mut Writer) -> bool {
        to.whole(self.values);
        to.whole(self.nulls);
        true
    }

    fn finish(self: Box<Self>, _: &End<'_>) -> Measure {
        let violated = !self.limits.admit(&Number::Exact(self.values.into(), 0));
        Measure::Table { measured: json!(self.values), violated, skipped: Skipped { nulls: self.nulls, nan: 0 } }
    }
}
