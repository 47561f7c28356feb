//! `median`, `p95` and other percentiles: the smallest value that at least that share of the values does not exceed, so
//! that it is itself a value of the data (the nearest rank).
//!
//! Whether it lies within the bounds is known exactly from two counts, without keeping values: it is at least `min` when
//! fewer values than its rank lie below `min`, and at most `max` when at least as many as its rank do not exceed `max`.
//! The number that is shown is exact up to [`KEPT`] values, and then right to one percent, from counts in bins that grow
//! by two percent (Masson, Rim, Lee: DDSketch, 2019).
use std::collections::BTreeMap;

use meshwright_spec::Bounds;

use super::{floats, is_number};
use crate::bounds::{Limits, Number};
use crate::frame::View;
use crate::planner::Column;
use crate::rule::{End, Measure, Rule, Skipped, State, same};
use crate::store::{Reader, Writer};

/// So many values are kept as they are.
const KEPT: usize = 4096;
/// Each bin is so much wider than the one before.
const GROWTH: f64 = 1.02;

#[derive(Clone)]
struct Percentile {
    column: Column,
    share: f64,
    min: Option<f64>,
    max: Option<f64>,
    count: u64,
    below: u64,
    within: u64,
    values: Vec<f64>,
    bins: BTreeMap<i32, u64>,
    skipped: Skipped,
}

/// Plans the check.
pub(crate) fn plan(column: Column, share: f64, bounds: &Bounds) -> Result<Box<dyn Rule>, String> {
    if !is_number(&column.data_type) {
        return Err(format!("values of type {} have no percentiles", column.data_type));
    }
    let limits = Limits::read(bounds, |value| Number::read(value, 0))?;
    let (min, max) = (limits.min.map(Number::as_f64), limits.max.map(Number::as_f64));
    let (values, bins) = (Vec::new(), BTreeMap::new());
    Ok(Box::new(Percentile {
        column,
        share,
        min,
        max,
        count: 0,
        below: 0,
        within: 0,
        values,
        bins,
        skipped: Skipped::default(),
    }))
}

impl Rule for Percentile {
    fn start(&self, _: usize) -> Box<dyn State> {
        Box::new(self.clone())
    }

    fn load(&self, _: usize, from: &mut Reader<'_>, _: u32) -> Option<Box<dyn State>> {
        let mut state = self.clone();
        (state.count, state.below, state.within) = (from.whole()?, from.whole()?, from.whole()?);
        state.values = from.wholes()?.into_iter().map(f64::from_bits).collect();
        for _ in 0..from.whole()? {
            state.bins.insert(from.whole()? as i64 as i32, from.whole()?);
        }
        state.skipped = Skipped::load(from)?;
        Some(Box::new(state))
    }
}

impl Percentile {
    fn keep(&mut self, values: &[f64]) {
        if self.bins.is_empty() && self.values.len() + values.len() <= KEPT {
            self.values.extend(values);
            return;
        }
        let kept = std::mem::take(&mut self.values);
        for value in kept.iter().chain(values) {
            *self.bins.entry(bin(*value)).or_default() += 1;
        }
    }

    fn rank(&self) -> u64 {
        // 0.95 * 100 is a little above 95 as a float, and must not become 96
        let exact = self.share * self.count as f64;
        ((exact - exact.abs() * 1e-12).ceil() as u64).clamp(1, self.count.max(1))
    }

    fn value(&mut self) -> f64 {
        let rank = self.rank();
        if self.bins.is_empty() {
            self.values.sort_by(f64::total_cmp);
            return self.values[rank as usize - 1];
        }
        let mut seen = 0;
        for (bin, count) in &self.bins {
            seen += count;
            if seen >= rank {
                return middle(*bin);
            }
        }
        f64::NAN
    }
}

/// Bins in the order of values: negative ones mirrored, zero by itself, infinities at the ends.
fn bin(value: f64) -> i32 {
    const TINY: f64 = 1e-300;
    let of = |size: f64| if size.is_infinite() { 80_000 } else { (size.ln() / GROWTH.ln()).ceil() as i32 + 40_000 };
    match value {
        v if v.abs() < TINY => 0,
        v if v > 0.0 => of(v),
        v => -of(-v),
    }
}

fn middle(bin: i32) -> f64 {
    let size = |bin: i32| if bin == 80_000 { f64::INFINITY } else { GROWTH.powi(bin - 40_000) * 2.0 / (1.0 + GROWTH) };
    match bin {
        0 => 0.0,
        b if b > 0 => size(b),
        b => -size(-b),
    }
}

impl State for Percentile {
    fn update(&mut self, view: &View<'_>) -> Result<(), String> {
        let column = self.column.clone();
        let (values, skipped) = floats(view.frame.column(column.index)?, &column, view)?;
        self.skipped.add(skipped);
        self.count += values.len() as u64;
        if let Some(min) = self.min {
            self.below += values.iter().map(|value| u64::from(*value < min)).sum::<u64>();
        }
        if let Some(max) = self.max {
            self.within += values.iter().map(|value| u64::from(*value <= max)).sum::<u64>();
        }
        self.keep(&values);
        Ok(())
    }

    fn merge(&mut self, other: Box<dyn State>) {
        let other = same::<Self>(other);
        self.count += other.count;
        self.below += other.below;
        self.within += other.within;
        self.skipped.add(other.skipped);
        self.keep(&other.values);
        if !other.bins.is_empty() {
            for value in std::mem::take(&mut self.values) {
                *self.bins.entry(bin(value)).or_default() += 1;
            }
            for (bin, count) in other.bins {
                *self.bins.entry(bin).or_default() += count;
            }
        }
    }

    fn save(&self, to: &mut Writer) -> bool {
        [self.count, self.below, self.within].into_iter().for_each(|count| to.whole(count));
        to.wholes(&self.values.iter().map(|value| value.to_bits()).collect::<Vec<_>>());
        to.whole(self.bins.len() as u64);
        for (bin, count) in &self.bins {
            to.whole(i64::from(*bin) as u64);
            to.whole(*count);
        }
        self.skipped.save(to);
        true
    }

    fn finish(mut self: Box<Self>, _: &End<'_>) -> Measure {
        if self.count == 0 {
            return Measure::Nothing("no values in scope".into());
        }
        let rank = self.rank();
        let low = self.min.is_some() && self.below >= rank;
        let high = self.max.is_some() && self.within < rank;
        let value = self.value();
        let value = if value == 0.0 { 0.0 } else { value };
        Measure::Table { measured: Number::Float(value).to_json(), violated: low || high, skipped: self.skipped }
    }
}
