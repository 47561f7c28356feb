//! What is counted of numbers, dates and times.
use serde::Serialize;
use serde_json::Value;

use super::frequent::Frequent;
use super::quantiles::Quantiles;
use crate::store::{Reader, Writer};

/// Moments and order of a column of numbers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// Mean, of numbers only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean: Option<f64>,
    /// Standard deviation of the sample (n - 1), of numbers only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stddev: Option<f64>,
    /// Values that are zero.
    pub zeros: u64,
    /// Values below zero.
    pub negatives: u64,
    /// Values that are not a number; they are left out of everything else.
    pub nan: u64,
    /// Values that are infinite.
    pub infinite: u64,
    /// Quantiles, as (share, value).
    pub quantiles: Vec<(f64, Value)>,
    /// `exact`, or `sketch` for estimates (t-digest, error of the share at most 0.002).
    pub quantile_method: &'static str,
    /// Counts between equally distant bounds; estimates where quantiles are.
    pub histogram: Vec<Bin>,
}

/// One bar of a histogram.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bin {
    /// From here, inclusive in the first bin only.
    pub from: Value,
    /// To here, inclusive.
    pub to: Value,
    /// Rows.
    pub count: u64,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Numbers {
    count: u64,
    mean: f64,
    /// Sum of squared distances from the mean.
    squares: f64,
    pub(crate) zeros: u64,
    pub(crate) negatives: u64,
    pub(crate) nan: u64,
    pub(crate) infinite: u64,
    /// Smallest and largest as they are in memory: integers as such, floats by bits.
    pub(crate) low: Option<(f64, i128)>,
    pub(crate) high: Option<(f64, i128)>,
    pub(crate) quantiles: Quantiles,
    pub(crate) values: Frequent<i128>,
}

impl Numbers {
    /// Takes a number; `exact` is how it is in memory.
    pub(crate) fn add(&mut self, number: f64, exact: i128) {
        if number.is_nan() {
            self.nan += 1;
            return;
        }
        self.values.add(&exact, 1, || exact);
        if self.low.is_none_or(|(low, at)| number < low || (number == low && exact < at && number.is_finite())) {
            self.low = Some((number, exact));
        }
        if self.high.is_none_or(|(high, at)| number > high || (number == high && exact > at && number.is_finite())) {
            self.high = Some((number, exact));
        }
        if number.is_infinite() {
            self.infinite += 1;
            return;
        }
        self.zeros += u64::from(number == 0.0);
        self.negatives += u64::from(number < 0.0);
        self.count += 1;
        let off = number - self.mean;
        self.mean += off / self.count as f64;
        self.squares += off * (number - self.mean);
        self.quantiles.add(number);
    }

    /// Takes what another one has seen (Chan, Golub, LeVeque).
    pub(crate) fn merge(&mut self, other: &Self) {
        let (n, m) = (self.count as f64, other.count as f64);
        if m > 0.0 {
            let off = other.mean - self.mean;
            self.mean += off * m / (n + m);
            self.squares += other.squares + off * off * n * m / (n + m);
        }
        self.count += other.count;
        self.zeros += other.zeros;
        self.negatives += other.negatives;
        self.nan += other.nan;
        self.infinite += other.infinite;
        let less = |a: &(f64, i128), b: &(f64, i128)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
        self.low = [self.low, other.low].into_iter().flatten().min_by(less);
        self.high = [self.high, other.high].into_iter().flatten().max_by(less);
        self.quantiles.merge(&other.quantiles);
        self.values.merge(&other.values);
    }

    pub(crate) fn save(&self, to: &mut Writer) {
        [self.count, self.zeros, self.negatives, self.nan, self.infinite].into_iter().for_each(|n| to.whole(n));
        [self.mean, self.squares].into_iter().for_each(|value| to.float(value));
        for end in [self.low, self.high] {
            to.flag(end.is_some());
            let (number, exact) = end.unwrap_or_default();
            to.float(number);
            to.wide(exact);
        }
        self.quantiles.save(to);
        self.values.save(to, |value, to| to.wide(*value));
    }

    pub(crate) fn load(from: &mut Reader<'_>) -> Option<Self> {
        let [count, zeros, negatives, nan, infinite] =
            [from.whole()?, from.whole()?, from.whole()?, from.whole()?, from.whole()?];
        let (mean, squares) = (from.float()?, from.float()?);
        let mut end = || {
            let there = from.flag()?;
            let value = (from.float()?, from.wide()?);
            Some(there.then_some(value))
        };
        let (low, high) = (end()?, end()?);
        let quantiles = Quantiles::load(from)?;
        let values = Frequent::load(from, |from| from.wide())?;
        Some(Self { count, mean, squares, zeros, negatives, nan, infinite, low, high, quantiles, values })
    }

    pub(crate) fn mean(&self) -> Option<f64> {
        (self.count > 0).then_some(self.mean)
    }

    pub(crate) fn stddev(&self) -> Option<f64> {
        (self.count > 1).then(|| (self.squares / (self.count - 1) as f64).sqrt())
    }
}
