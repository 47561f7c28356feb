//! Whether a number is unusual after a history of such numbers: row counts, shares of nulls, means of releases.
use serde::Serialize;

use crate::statistics::{median, student_exceeded};

/// Points that a verdict needs: with fewer, an interval of any use has no honest chance of error.
pub const LEAST_HISTORY: usize = 5;

/// How far from the others, in robust standard deviations, a past point is an incident and no longer the rule.
const INCIDENT: f64 = 5.0;

/// What is asked of a history.
#[derive(Debug, Clone, Copy)]
pub struct AnomalySettings {
    /// Chance of an alarm when nothing is wrong, both sides together.
    pub level: f64,
    /// Newest points that are looked at.
    pub window: usize,
    /// Whether the numbers are counts or sizes, which vary by shares of themselves rather than by amounts.
    pub relative: bool,
}

impl Default for AnomalySettings {
    fn default() -> Self {
        Self { level: 0.003, window: 30, relative: false }
    }
}

/// What was found of one number.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Anomaly {
    /// It lies within what the points before it let expect.
    Usual(Interval),
    /// It does not.
    Unusual(Interval),
    /// Nothing can be said yet.
    TooShort {
        /// Points that there are.
        have: usize,
        /// Points that are needed.
        need: usize,
    },
}

/// What was expected.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Interval {
    /// The number that was judged.
    pub value: f64,
    /// In the middle of what was expected.
    pub expected: f64,
    /// Smallest usual number.
    pub low: f64,
    /// Largest usual number.
    pub high: f64,
    /// Points that the interval was made of; the judged one is never among them.
    pub points: usize,
    /// Past incidents that were left out.
    pub left_out: usize,
}

/// Judges the last number by those before it.
///
/// The interval is Student's prediction interval of the points before, at `level`: it grows honest by itself where the
/// history is short. Points that lie far off the median (more than 5 robust deviations) were incidents of their own and
/// are left out, so that one of them does not hide the next. A history without any variation lets one per cent pass, and
/// at least one row of a count.
pub fn judge(history: &[f64], value: f64, settings: &AnomalySettings) -> Anomaly {
    let recent: Vec<f64> = history.iter().rev().copied().filter(|x| x.is_finite()).take(settings.window).collect();
    let logarithmic = settings.relative && value >= 0.0 && recent.iter().all(|x| *x >= 0.0);
    // ln(1 + x): a count of 0 is a number like any other
    let into = |x: f64| if logarithmic { x.ln_1p() } else { x };
    let back = |x: f64| if logarithmic { x.exp_m1() } else { x };
    let mut points: Vec<f64> = recent.iter().map(|x| into(*x)).collect();
    points.sort_by(f64::total_cmp);
    let before = points.len();
    if before >= LEAST_HISTORY {
        let middle = median(&points);
        let mut distances: Vec<f64> = points.iter().map(|x| (x - middle).abs()).collect();
        distances.sort_by(f64::total_cmp);
        let deviation = 1.4826 * median(&distances);
        if deviation > 0.0 {
            points.retain(|x| (x - middle).abs() <= INCIDENT * deviation);
        }
    }
    let n = points.len();
    if n < LEAST_HISTORY {
        return Anomaly::TooShort { have: n, need: LEAST_HISTORY };
    }
    let mean = points.iter().sum::<f64>() / n as f64;
    let variance = points.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1) as f64;
    let t = student_exceeded(settings.level / 2.0, (n - 1) as f64);
    let half = t * (variance * (1.0 + 1.0 / n as f64)).sqrt();
    let expected = back(mean);
    // numbers that never varied say nothing about how much they may: one per cent may pass
    let least = if settings.relative { (expected.abs() * 0.01).max(1.0) } else { expected.abs() * 0.01 };
    let (low, high) = (back(mean - half).min(expected - least), back(mean + half).max(expected + least));
    let low = if settings.relative { low.max(0.0) } else { low };
    let found = Interval { value, expected, low, high, points: n, left_out: before - n };
    if value.is_finite() && (low..=high).contains(&value) { Anomaly::Usual(found) } else { Anomaly::Unusual(found) }
}
