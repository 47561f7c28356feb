//! `min` and `max` of numbers, dates and times.
use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Float32Type, Float64Type};
use meshwright_spec::Bounds;
use serde_json::json;

use super::each;
use crate::bounds::{Limits, Number};
use crate::evidence::restore;
use crate::frame::View;
use crate::integers::{is_integer, with_integers};
use crate::plain::plain;
use crate::planner::Column;
use crate::prove::Facts;
use crate::rule::{End, Measure, Rule, Skipped, State, same};
use crate::scalar;
use crate::store::{Reader, Writer};

/// Which end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    Min,
    Max,
}

impl Which {
    fn of<T: PartialOrd>(self, a: T, b: T) -> T {
        if (a < b) == (self == Self::Min) { a } else { b }
    }
}

#[derive(Clone)]
struct Extreme {
    column: Column,
    which: Which,
    limits: Allowed,
    integer: Option<i128>,
    float: Option<f64>,
    skipped: Skipped,
}

#[derive(Clone, Copy)]
enum Allowed {
    Integers(Limits<i128>),
    Floats(Limits<f64>),
}

/// Plans the check.
pub(crate) fn plan(column: Column, which: Which, bounds: &Bounds) -> Result<Box<dyn Rule>, String> {
    let limits = match &column.data_type {
        integer if is_integer(integer) => {
            Allowed::Integers(Limits::read(bounds, |value| scalar::integer(value, integer))?)
        }
        float @ (DataType::Float32 | DataType::Float64) => {
            Allowed::Floats(Limits::read(bounds, |value| scalar::float(value, float))?)
        }
        other => return Err(format!("a column of type {other} has no smallest or largest value")),
    };
    Ok(Box::new(Extreme { column, which, limits, integer: None, float: None, skipped: Skipped::default() }))
}

impl Rule for Extreme {
    fn start(&self, _: usize) -> Box<dyn State> {
        Box::new(self.clone())
    }
    fn load(&self, _: usize, from: &mut Reader<'_>, _: u32) -> Option<Box<dyn State>> {
        let mut state = self.clone();
        state.integer = if from.flag()? { Some(from.wide()?) } else { None };
        state.float = if from.flag()? { Some(from.float()?) } else { None };
        state.skipped = Skipped::load(from)?;
        Some(Box::new(state))
    }

    fn prove(&self, _: usize, facts: &Facts<'_>) -> Option<Box<dyn State>> {
        let known = facts.column(self.column.index)?;
        let nulls = known.nulls?;
        let mut state = self.clone();
        state.skipped.nulls = nulls;
        if nulls < facts.rows() {
            let (min, max) = known.range?;
            state.integer = Some(if self.which == Which::Min { min } else { max });
        }
        Some(Box::new(state))
    }
}

impl Extreme {
    fn take_integer(&mut self, value: Option<i128>) {
        self.integer = match (self.integer, value) {
            (Some(a), Some(b)) => Some(self.which.of(a, b)),
            (a, b) => a.or(b),
        };
    }

    fn take_float(&mut self, value: f64) {
        if value.is_nan() {
            self.skipped.nan += 1;
        } else {
            self.float = Some(self.float.map_or(value, |best| self.which.of(best, value)));
        }
    }
}

impl State for Extreme {
    fn update(&mut self, view: &View<'_>) -> Result<(), String> {
        let array = view.frame.column(self.column.index)?;
        self.skipped.nulls += view.nulls(array);
        let array = plain(array, &self.column)?.into_owned();
        match array.data_type() {
            DataType::Float32 => each(array.as_primitive::<Float32Type>(), view, |value| self.take_float(value.into())),
            DataType::Float64 => each(array.as_primitive::<Float64Type>(), view, |value| self.take_float(value)),
            _ => with_integers!(array, values => {
                let which = self.which;
                let mut best = None;
                each(values, view, |value| best = Some(best.map_or(value, |best| which.of(best, value))));
                self.take_integer(best.map(i128::from));
            }, else ()),
        }
        Ok(())
    }

    fn merge(&mut self, other: Box<dyn State>) {
        let other = same::<Self>(other);
        self.skipped.add(other.skipped);
        self.take_integer(other.integer);
        if let Some(value) = other.float {
            self.take_float(value);
        }
    }

    fn save(&self, to: &mut Writer) -> bool {
        to.flag(self.integer.is_some());
        self.integer.into_iter().for_each(|value| to.wide(value));
        to.flag(self.float.is_some());
        self.float.into_iter().for_each(|value| to.float(value));
        self.skipped.save(to);
        true
    }

    fn finish(self: Box<Self>, _: &End<'_>) -> Measure {
        let (measured, inside) = match (self.limits, self.integer, self.float) {
            (Allowed::Integers(limits), Some(value), _) => {
                (restore(&value.to_le_bytes(), &self.column.data_type), limits.admit(&value))
            }
            (Allowed::Floats(limits), _, Some(value)) if value == 0.0 => (json!(0.0), limits.admit(&value)),
            (Allowed::Floats(limits), _, Some(value)) => (Number::Float(value).to_json(), limits.admit(&value)),
            _ => return Measure::Nothing("no values in scope".into()),
        };
        Measure::Table { measured, violated: !inside, skipped: self.skipped }
    }
}
