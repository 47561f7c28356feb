//! `count_distinct`: how many different values there are, exactly, and `distinct_share`: their share of all values.
//! Memory follows the number of different values.
use ahash::RandomState;
use hashbrown::HashSet;
use meshwright_spec::Bounds;

use crate::bounds::{Limits, Number};
use crate::frame::View;
use crate::keys::{KeyMaker, Keys, Memory};
use crate::planner::Column;
use crate::rule::{End, Measure, Rule, Skipped, State, same};
use crate::store::{Reader, Writer};

struct Distinct {
    keys: KeyMaker,
    of: Of,
    limits: Limits<Number>,
}

/// What is made of the number of different values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    Count,
    Share,
}

/// Plans the check.
pub(crate) fn plan(column: Column, of: Of, bounds: &Bounds) -> Result<Box<dyn Rule>, String> {
    let limits = Limits::read(bounds, |value| Number::read(value, 0))?;
    Ok(Box::new(Distinct { keys: KeyMaker::new(vec![column])?, of, limits }))
}

impl Rule for Distinct {
    fn start(&self, _: usize) -> Box<dyn State> {
        Box::new(DistinctState {
            keys: self.keys.clone(),
            of: self.of,
            limits: self.limits,
            rows: 0,
            memory: Memory::new(),
            narrow: HashSet::default(),
            wide: HashSet::default(),
            skipped: Skipped::default(),
        })
    }

    fn load(&self, _: usize, from: &mut Reader<'_>, _: u32) -> Option<Box<dyn State>> {
        Some(Box::new(DistinctState {
            keys: self.keys.clone(),
            of: self.of,
            limits: self.limits,
            rows: from.whole()?,
            memory: Memory::new(),
            narrow: from.wholes()?.into_iter().collect(),
            wide: from.wides()?.into_iter().collect(),
            skipped: Skipped::load(from)?,
        }))
    }
}

struct DistinctState {
    keys: KeyMaker,
    of: Of,
    limits: Limits<Number>,
    rows: u64,
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
        self.rows += rows;
        self.skipped.nulls += view.in_scope - rows;
        Ok(())
    }

    fn merge(&mut self, other: Box<dyn State>) {
        let other = same::<Self>(other);
        self.rows += other.rows;
        self.narrow.extend(other.narrow);
        self.wide.extend(other.wide);
        self.skipped.add(other.skipped);
    }

    fn save(&self, to: &mut Writer) -> bool {
        to.whole(self.rows);
        to.wholes(&self.narrow.iter().copied().collect::<Vec<_>>());
        to.wides(&self.wide.iter().copied().collect::<Vec<_>>());
        self.skipped.save(to);
        true
    }

    fn finish(self: Box<Self>, _: &End<'_>) -> Measure {
        let values = self.narrow.len() + self.wide.len();
        let number = match self.of {
            Of::Count => Number::Exact(values as i128, 0),
            Of::Share if self.rows == 0 => return Measure::Nothing("no values in scope".into()),
            Of::Share => Number::Float(values as f64 / self.rows as f64),
        };
        Measure::Table { measured: number.to_json(), violated: !self.limits.admit(&number), skipped: self.skipped }
    }
}
