//! Two profiles compared, column by column.
use serde_json::Value;

use super::measures::{chi_squared, jensen_shannon_divergence, ks_p_value, population_stability};
use super::verdict::{ColumnDrift, DriftReport, DriftSettings, Moved, holm};
use crate::profile::{ColumnProfile, MASKED, Profile, Summary};

/// Bins of numbers: tenths of the first state.
const TENTHS: usize = 10;

/// Values that are bins of their own; the others are one.
const VALUES: usize = 30;

/// Bins that are named.
const MOVED: usize = 3;

/// Rows that a bin must let expect in both states for chi-squared to be right; smaller ones are put together.
const EXPECTED: f64 = 5.0;

/// Rows of each bin before and after.
struct Bins {
    names: Vec<Value>,
    before: Vec<f64>,
    after: Vec<f64>,
}

/// Compares the columns of two states; the first one is the baseline.
///
/// Numbers are compared over tenths of the baseline and by Kolmogorov-Smirnov, values over the 30 most frequent ones;
/// nulls are a bin of their own. A column drifts if the difference is both larger than `settings.distance` (or the share
/// of nulls changed by more than `settings.nulls`) and not to be explained by chance at `settings.level`, which holds for
/// all columns together.
pub fn compare(before: &Profile, after: &Profile, settings: &DriftSettings) -> DriftReport {
    let mut report = DriftReport {
        settings: *settings,
        rows: (before.rows, after.rows),
        columns: vec![],
        gone: vec![],
        new: vec![],
        not_compared: vec![],
    };
    for column in &before.columns {
        match after.columns.iter().find(|other| other.name == column.name) {
            None => report.gone.push(column.name.clone()),
            Some(other) => match compare_one(column, other, before.rows, after.rows, false) {
                Some(found) => report.columns.push(found),
                None => report.not_compared.push(column.name.clone()),
            },
        }
    }
    let is_new = |column: &&ColumnProfile| before.columns.iter().all(|known| known.name != column.name);
    report.new = after.columns.iter().filter(is_new).map(|column| column.name.clone()).collect();
    let adjusted = holm(&report.columns.iter().map(|column| column.p_value).collect::<Vec<_>>());
    for (column, p) in report.columns.iter_mut().zip(adjusted) {
        column.p_adjusted = p;
        let nulls = (column.null_share.0 - column.null_share.1).abs();
        let large = column.jensen_shannon >= settings.distance || nulls >= settings.nulls;
        column.drifted = large && p < settings.level;
    }
    report
}

/// Compares one column of two states with so many rows; numbers with few values are compared as values unless
/// `as_numbers`. None if they cannot be compared.
pub(crate) fn compare_one(
    a: &ColumnProfile,
    b: &ColumnProfile,
    n: u64,
    m: u64,
    as_numbers: bool,
) -> Option<ColumnDrift> {
    let few = |column: &ColumnProfile| column.sketches.counts.as_ref().is_some_and(|counts| counts.len() <= VALUES);
    let numbers = match (&a.sketches.quantiles, &b.sketches.quantiles) {
        (Some(x), Some(y)) if as_numbers || !(few(a) && few(b)) => Some((x, y)),
        _ => None,
    };
    let is_text = |column: &ColumnProfile| column.lengths.is_some() || column.blanks.is_some();
    let beside = Bins::beside_numbers(a, b, numbers.is_some());
    let (mut bins, ks) = match numbers {
        Some((x, y)) => {
            let distance = x
                .points()
                .chain(y.points())
                .map(|at| (x.share_up_to(at) - y.share_up_to(at)).abs())
                .fold(0.0, f64::max);
            (tenths(x, y), Some((distance, x.count(), y.count())))
        }
        None if a.distinct.is_none() || b.distinct.is_none() || is_text(a) != is_text(b) => return None,
        None => {
            let (without_x, without_y) = beside.sums();
            (values(a, b, n as f64 - without_x, m as f64 - without_y), None)
        }
    };
    let (values_a, values_b) = bins.sums();
    beside.into_iter().for_each(|(name, x, y)| bins.push(name, x, y));
    let ks_p = ks.map(|(distance, x, y)| ks_p_value(distance, x, y));
    let ks = ks.map(|(distance, ..)| distance);
    let (n, m) = (n as f64, m as f64);
    let pooled = bins.pooled(n, m);
    let chi = chi_squared(&pooled.before, &pooled.after);
    let p_value = match ks_p {
        // two questions, the numbers and what is none: each gets half of the level
        Some(of_numbers) => {
            let mut there = Bins::beside_numbers(a, b, true);
            there.push("values".into(), values_a, values_b);
            let there = there.pooled(n, m);
            (2.0 * of_numbers.min(chi_squared(&there.before, &there.after).p_value)).min(1.0)
        }
        None => chi.p_value,
    };
    // what sampling alone brings, on average
    let used = bins.before.iter().zip(&bins.after).filter(|(x, y)| *x + *y > 0.0).count().saturating_sub(1) as f64;
    let noise = if n > 0.0 && m > 0.0 { used * (1.0 / n + 1.0 / m) } else { 0.0 };
    let divergence = jensen_shannon_divergence(&bins.before, &bins.after) - noise / (8.0 * 2.0_f64.ln());
    Some(ColumnDrift {
        column: a.name.clone(),
        compared_as: if ks.is_some() { "numbers" } else { "values" },
        drifted: false,
        jensen_shannon: divergence.max(0.0).sqrt(),
        psi: (population_stability(&bins.before, &bins.after) - noise).max(0.0),
        ks,
        ks_p,
        chi_squared: chi.statistic,
        chi_squared_p: chi.p_value,
        cramers_v: ((chi.statistic - chi.freedom as f64).max(0.0) / (n + m).max(1.0)).sqrt().min(1.0),
        p_value,
        p_adjusted: p_value,
        null_share: (a.null_share, b.null_share),
        moved: bins.moved(a.sensitive.is_some() || b.sensitive.is_some()),
    })
}

fn tenths(a: &crate::profile::NumberSketch, b: &crate::profile::NumberSketch) -> Bins {
    let mut bounds: Vec<f64> = (1..TENTHS).filter_map(|at| a.quantile(at as f64 / TENTHS as f64)).collect();
    bounds.dedup();
    let mut bins = Bins { names: vec![], before: vec![], after: vec![] };
    let (mut x, mut y) = (0.0, 0.0);
    for at in 0..=bounds.len() {
        let next = |q: &crate::profile::NumberSketch| bounds.get(at).map_or(1.0, |bound| q.share_up_to(*bound));
        let name = match (at.checked_sub(1).and_then(|at| bounds.get(at)), bounds.get(at)) {
            (None, Some(to)) => format!("up to {}", rounded(*to)),
            (Some(from), Some(to)) => format!("{} to {}", rounded(*from), rounded(*to)),
            (Some(from), None) => format!("above {}", rounded(*from)),
            (None, None) => "all".to_owned(),
        };
        let (next_x, next_y) = (next(a), next(b));
        bins.push(name.into(), (next_x - x) * a.count(), (next_y - y) * b.count());
        (x, y) = (next_x, next_y);
    }
    bins
}

/// For names: a bound between two values has more digits than anybody reads.
fn rounded(bound: f64) -> f64 {
    let size = bound.abs().log10().ceil();
    if !(-200.0..=5.0).contains(&size) {
        return bound;
    }
    let unit = 10_f64.powi(6 - size as i32);
    (bound * unit).round() / unit
}

fn values(a: &ColumnProfile, b: &ColumnProfile, n: f64, m: f64) -> Bins {
    let counts = |column: &'_ ColumnProfile| -> Vec<(Value, u64)> {
        column.sketches.counts.clone().unwrap_or_else(|| column.sketches.frequent.clone())
    };
    let (x, y) = (counts(a), counts(b));
    let mut names: Vec<Value> = x.iter().take(VALUES).map(|(value, _)| value.clone()).collect();
    // what is frequent only now must be seen too
    for (value, _) in y.iter().take(VALUES) {
        if !names.contains(value) {
            names.push(value.clone());
        }
    }
    let mut bins = Bins { names: vec![], before: vec![], after: vec![] };
    let count = |counts: &[(Value, u64)], value: &Value| {
        counts.iter().find(|(known, _)| known == value).map_or(0.0, |(_, count)| *count as f64)
    };
    for name in names {
        let (before, after) = (count(&x, &name), count(&y, &name));
        bins.push(name, before, after);
    }
    let rest = |total: f64, seen: &[f64]| (total - seen.iter().sum::<f64>()).max(0.0);
    let (before, after) = (rest(n, &bins.before), rest(m, &bins.after));
    bins.push(Value::from("others"), before, after);
    bins
}

impl Bins {
    /// What is no number, or none that has a place among the others: bins of their own.
    fn beside_numbers(a: &ColumnProfile, b: &ColumnProfile, with_infinite: bool) -> Self {
        let mut bins = Self { names: vec![], before: vec![], after: vec![] };
        bins.push("null".into(), a.nulls as f64, b.nulls as f64);
        let count = |column: &ColumnProfile, of: fn(&Summary) -> u64| column.summary.as_ref().map_or(0, of) as f64;
        let mut some = |name: &str, of: fn(&Summary) -> u64| {
            let (x, y) = (count(a, of), count(b, of));
            if x + y > 0.0 {
                bins.push(name.into(), x, y);
            }
        };
        some("NaN", |summary| summary.nan);
        if with_infinite {
            some("infinite", |summary| summary.infinite);
        }
        bins
    }

    fn sums(&self) -> (f64, f64) {
        (self.before.iter().sum(), self.after.iter().sum())
    }

    fn into_iter(self) -> impl Iterator<Item = (Value, f64, f64)> {
        self.names.into_iter().zip(self.before).zip(self.after).map(|((name, x), y)| (name, x, y))
    }

    fn push(&mut self, name: Value, before: f64, after: f64) {
        self.names.push(name);
        self.before.push(before);
        self.after.push(after);
    }

    /// The same with small bins put together.
    fn pooled(&self, n: f64, m: f64) -> Self {
        let mut out = Self { names: vec![], before: vec![], after: vec![] };
        let (mut x, mut y) = (0.0, 0.0);
        for (before, after) in self.before.iter().zip(&self.after) {
            let share = (before + after) / (n + m).max(1.0);
            match share * n.min(m) >= EXPECTED {
                true => out.push(Value::Null, *before, *after),
                false => (x, y) = (x + before, y + after),
            }
        }
        out.push(Value::Null, x, y);
        out
    }

    fn moved(&self, secret: bool) -> Vec<Moved> {
        let (n, m): (f64, f64) = (self.before.iter().sum(), self.after.iter().sum());
        let share = |count: f64, total: f64| if total > 0.0 { count / total } else { 0.0 };
        let mut all: Vec<Moved> = self
            .names
            .iter()
            .zip(self.before.iter().zip(&self.after))
            .map(|(bin, (before, after))| Moved {
                bin: bin.clone(),
                before: share(*before, n),
                after: share(*after, m),
            })
            .filter(|moved| moved.before != moved.after)
            .collect();
        all.sort_by(|a, b| (b.before - b.after).abs().total_cmp(&(a.before - a.after).abs()));
        all.truncate(MOVED);
        if secret {
            all.iter_mut()
                .filter(|moved| !["null", "NaN", "infinite", "others"].iter().any(|known| moved.bin == **known))
                .for_each(|moved| moved.bin = MASKED.into());
        }
        all
    }
}
