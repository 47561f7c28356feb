//! `sum` and `avg`: exact for integers and decimals; floats are added up in twice their precision, so that the result
//! does not depend on how the data were split.
use arrow::array::{Array, ArrayRef};
use arrow::datatypes::DataType;
use meshwright_spec::Bounds;

use super::{each, floats, is_number};
use crate::bounds::{Limits, Number};
use crate::frame::View;
use crate::integers::with_integers;
use crate::plain::plain;
use crate::planner::Column;
use crate::rule::{End, Measure, Rule, Skipped, State, same};
use crate::store::{Reader, Writer};

/// What is made of the sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    Sum,
    Average,
}

#[derive(Clone)]
struct Sum {
    column: Column,
    of: Of,
    limits: Limits<Number>,
    values: u64,
    exact: i128,
    float: Double,
    skipped: Skipped,
}

/// Plans the check.
pub(crate) fn plan(column: Column, of: Of, bounds: &Bounds) -> Result<Box<dyn Rule>, String> {
    if !is_number(&column.data_type) {
        return Err(format!("values of type {} cannot be added up", column.data_type));
    }
    let limits = Limits::read(bounds, |value| Number::read(value, scale(&column)))?;
    let (float, skipped) = (Double::default(), Skipped::default());
    Ok(Box::new(Sum { column, of, limits, values: 0, exact: 0, float, skipped }))
}

fn scale(column: &Column) -> i8 {
    match column.data_type {
        DataType::Decimal128(_, scale) => scale,
        _ => 0,
    }
}

impl Rule for Sum {
    fn start(&self, _: usize) -> Box<dyn State> {
        Box::new(self.clone())
    }
    fn load(&self, _: usize, from: &mut Reader<'_>, _: u32) -> Option<Box<dyn State>> {
        let mut state = self.clone();
        (state.values, state.exact) = (from.whole()?, from.wide()?);
        state.float = Double { high: from.float()?, low: from.float()?, infinite: from.float()? };
        state.skipped = Skipped::load(from)?;
        Some(Box::new(state))
    }
}

impl Sum {
    fn add_exact(&mut self, array: &ArrayRef, view: &View<'_>) -> Result<(), String> {
        let array = plain(array, &self.column)?;
        let (mut sum, mut count) = (Some(self.exact), 0);
        with_integers!(array, values => each(values, view, |value| {
            sum = sum.and_then(|sum| sum.checked_add(i128::from(value)));
            count += 1;
        }), else ());
        self.exact = sum.ok_or("the sum has more than 38 digits")?;
        self.values += count;
        Ok(())
    }
}

impl State for Sum {
    fn update(&mut self, view: &View<'_>) -> Result<(), String> {
        let array = view.frame.column(self.column.index)?;
        if self.column.data_type.is_floating() {
            let (values, skipped) = floats(array, &self.column, view)?;
            self.values += values.len() as u64;
            self.float.add_all(&values);
            self.skipped.add(skipped);
            return Ok(());
        }
        self.skipped.nulls += view.nulls(array);
        self.add_exact(array, view)
    }

    fn merge(&mut self, other: Box<dyn State>) {
        let other = same::<Self>(other);
        self.values += other.values;
        self.exact = self.exact.saturating_add(other.exact);
        self.float.merge(other.float);
        self.skipped.add(other.skipped);
    }

    fn save(&self, to: &mut Writer) -> bool {
        to.whole(self.values);
        to.wide(self.exact);
        [self.float.high, self.float.low, self.float.infinite].into_iter().for_each(|value| to.float(value));
        self.skipped.save(to);
        true
    }

    fn finish(self: Box<Self>, _: &End<'_>) -> Measure {
        if self.values == 0 {
            return Measure::Nothing("no values in scope".into());
        }
        let sum = match self.column.data_type.is_floating() {
            true => Number::Float(self.float.value()),
            false => Number::Exact(self.exact, scale(&self.column)),
        };
        let number = match self.of {
            Of::Sum => sum,
            Of::Average => Number::Float(sum.as_f64() / self.values as f64),
        };
        Measure::Table { measured: number.to_json(), violated: !self.limits.admit(&number), skipped: self.skipped }
    }
}

/// A float and what it has lost in rounding (Knuth's TwoSum).
#[derive(Debug, Clone, Copy, Default)]
struct Double {
    high: f64,
    low: f64,
    /// Sum of infinities, which have no rounding error to keep.
    infinite: f64,
}

impl Double {
    #[inline]
    fn add(&mut self, value: f64) {
        let sum = self.high + value;
        let part = sum - self.high;
        self.low += (self.high - (sum - part)) + (value - part);
        self.high = sum;
    }

    fn add_all(&mut self, values: &[f64]) {
        if !values.iter().fold(true, |all, value| all & value.is_finite()) {
            for value in values {
                if value.is_finite() { self.add(*value) } else { self.infinite += value }
            }
            return;
        }
        // eight sums side by side, because each addition waits for the one before
        let mut lanes = [Self::default(); 8];
        let chunks = values.chunks_exact(lanes.len());
        for value in chunks.remainder() {
            self.add(*value);
        }
        for chunk in chunks {
            for (lane, value) in lanes.iter_mut().zip(chunk) {
                lane.add(*value);
            }
        }
        for lane in lanes {
            self.merge(lane);
        }
    }

    fn merge(&mut self, other: Self) {
        self.add(other.high);
        self.low += other.low;
        self.infinite += other.infinite;
    }

    fn value(&self) -> f64 {
        // true for NaN too, which is what infinities of both signs add up to
        if self.infinite != 0.0 { self.infinite } else { self.high + self.low }
    }
}
