//! `count_distinct`: how many different values there are, exactly. Memory follows the number of different values.
use ahash::RandomState;
use hashbrown::HashSet;
use meshwright_spec::Bounds;
use serde_json::json;

use crate::bounds::{Limits, Number};
use crate::frame::View;
use crate::keys::{KeyMaker, Keys, Memory};
use crate::planner::Column;
use crate::rule::{End, Measure, Rule, Skipped, State, same};

struct Distinct {
    keys: KeyMaker,
    limits: Limits<Number>,
}

/// Plans the check.
pub(crate) fn plan(column: Column, bounds: &Bounds) -> Result<Box<dyn Rule>, String> {
    let limits = Limits::read(bounds, |value| Number::read(value, 0))?;
    Ok(Box::new(Distinct { keys: KeyMaker::new(vec![column])?, limits }))
}

impl Rule for Distinct {
    fn start(&self, _: usize) -> Box<dyn State> {
        Box::new(DistinctState {
            keys: self.keys.clone(),
            limits: self.limits,
            memory: Memory::new(),
            narrow: HashSet::default(),
            wide: HashSet::default(),
            skipped: Skipped::default(),
        })
    }
}

struct DistinctState {
    keys: KeyMaker,
    limits: Limits<Number>,
    memory: Memory,
    narrow: HashSet<u64, RandomState>,
    wide: HashSet<u128, RandomState>,
    skipped: Skipped,
}

impl State for DistinctState {
    fn update(&mut self, view: &View<'_>) -> Result<(), String> {
        let (rows, keys) = self.keys.distinct(view, &mut self.memory)?;
        match keys {
            Keys::Narrow(keys) => self.narrow.extend(keys),
            Keys::Wide(keys) => self.wide.extend(keys),
        }
        self.skipped.nulls += view.in_scope - rows;
        Ok(())
    }

    fn merge(&mut self, other: Box<dyn State>) {
        let other = same::<Self>(other);
        self.narrow.extend(other.narrow);
        self.wide.extend(other.wide);
        self.skipped.add(other.skipped);
    }

    fn finish(self: Box<Self>, _: &End) -> Measure {
        let values = self.narrow.len() + self.wide.len();
        let violated = !self.limits.admit(&Number::Exact(values as i128, 0));
        Measure::Table { measured: json!(values), violated, skipped: self.skipped }
    }
}
