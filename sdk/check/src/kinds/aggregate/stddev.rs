//! `stddev`: the sample standard deviation (n - 1), as SQL's `stddev`.
use meshwright_spec::Bounds;

use super::{floats, is_number};
use crate::bounds::{Limits, Number};
use crate::frame::View;
use crate::planner::Column;
use crate::rule::{End, Measure, Rule, Skipped, State, same};

#[derive(Clone)]
struct Stddev {
    column: Column,
    limits: Limits<Number>,
    moments: Moments,
    skipped: Skipped,
}

/// Plans the check.
pub(crate) fn plan(column: Column, bounds: &Bounds) -> Result<Box<dyn Rule>, String> {
    if !is_number(&column.data_type) {
        return Err(format!("values of type {} have no standard deviation", column.data_type));
    }
    let limits = Limits::read(bounds, |value| Number::read(value, 0))?;
    Ok(Box::new(Stddev { column, limits, moments: Moments::default(), skipped: Skipped::default() }))
}

impl Rule for Stddev {
    fn start(&self, _: usize) -> Box<dyn State> {
        Box::new(self.clone())
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

    fn finish(self: Box<Self>, _: &End) -> Measure {
        if self.moments.count < 2.0 {
            return Measure::Nothing("fewer than two values in scope".into());
        }
        let number = Number::Float((self.moments.squares / (self.moments.count - 1.0)).sqrt());
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
