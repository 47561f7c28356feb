//! `stddev` and `variance`: those of a sample (n - 1), as SQL's.
use meshwright_spec::Bounds;

use super::{floats, is_number};
use crate::bounds::{Limits, Number};
use crate::frame::View;
use crate::planner::Column;
use crate::rule::{End, Measure, Rule, Skipped, State, same};
use crate::store::{Reader, Writer};

#[derive(Clone)]
struct Stddev {
    column: Column,
    /// Before the root is taken.
    variance: bool,
    limits: Limits<Number>,
    moments: Moments,
    skipped: Skipped,
}

/// Plans the check.
pub(crate) fn plan(column: Column, variance: bool, bounds: &Bounds) -> Result<Box<dyn Rule>, String> {
    if !is_number(&column.data_type) {
        return Err(format!("values of type {} have no standard deviation", column.data_type));
    }
    let limits = Limits::read(bounds, |value| Number::read(value, 0))?;
    Ok(Box::new(Stddev { column, variance, limits, moments: Moments::default(), skipped: Skipped::default() }))
}

impl Rule for Stddev {
    fn start(&self, _: usize) -> Box<dyn State> {
        Box::new(self.clone())
    }
    fn load(&self, _: usize, from: &mut Reader<'_>, _: u32) -> Option<Box<dyn State>> {
        let mut state = self.clone();
        state.moments = Moments { count: from.float()?, mean: from.float()?, squares: from.float()? };
        state.skipped = Skipped::load(from)?;
        Some(Box::new(state))
    }
}

impl State for Stddev {
    fn update(&mut self, view: &View<'_>) -> Result<(), String> {
        let (values, skipped) = floats(view.frame.column(self.column.index)?, &self.column, view)?;
        self.moments.merge(Moments::of(&values));
        self.skipped.add(skipped);
        Ok(())
    }

    fn merge(&mut self, other: Box<dyn State>) {
        let other = same::<Self>(other);
        self.moments.merge(other.moments);
        self.skipped.add(other.skipped);
    }

    fn save(&self, to: &mut Writer) -> bool {
        [self.moments.count, self.moments.mean, self.moments.squares].into_iter().for_each(|value| to.float(value));
        self.skipped.save(to);
        true
    }

    fn finish(self: Box<Self>, _: &End<'_>) -> Measure {
        if self.moments.count < 2.0 {
            return Measure::Nothing("fewer than two values in scope".into());
        }
        let variance = self.moments.squares / (self.moments.count - 1.0);
        let number = Number::Float(if self.variance { variance } else { variance.sqrt() });
        Measure::Table { measured: number.to_json(), violated: !self.limits.admit(&number), skipped: self.skipped }
    }
}

/// Count, mean and sum of squared distances from it, merged as in Chan, Golub and LeVeque (1979), which stays accurate
/// where the naive sum of squares does not.
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    fn of(values: &[f64]) -> Self {
        if values.is_empty() {
            return Self::default();
        }
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        Self { count, mean, squares: values.iter().map(|value| (value - mean) * (value - mean)).sum() }
    }

    fn merge(&mut self, other: Self) {
        if other.count == 0.0 {
            return;
        }
        let count = self.count + other.count;
        let distance = other.mean - self.mean;
        self.squares += other.squares + distance * distance * self.count * other.count / count;
        self.mean += distance * other.count / count;
        self.count = count;
    }
}
