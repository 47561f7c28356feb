//! One number for how good the data are, per quality dimension and for the port.
//!
//! A dimension's score is the share of judged rows that hold, each check weighing by its severity (error 10, warning 3,
//! info 1); a check of the table as a whole counts as one that holds or does not. The port's score is that of its worst
//! dimension, never their mean, and a failed error keeps both below 1, so that 1 always means that all holds.
use std::collections::BTreeMap;

use meshwright_spec::Severity;
use serde::Serialize;

use crate::report::{CheckResult, Outcome};

/// How good the data are, from 0 to 1.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Score {
    /// The score of the worst dimension; `None` if nothing was judged.
    pub port: Option<f64>,
    /// Scores by dimension, of those that some check measures.
    pub dimensions: BTreeMap<&'static str, f64>,
    /// The share of checks that say nothing, because there was nothing to judge or they could not be run.
    pub not_evaluated: f64,
}

/// The best score that data with a failed error can have.
const FLAWED: f64 = 0.99;

impl Score {
    pub(crate) fn of(results: &[CheckResult]) -> Self {
        let mut sums: BTreeMap<&'static str, Sum> = BTreeMap::new();
        let (mut said, mut silent) = (0_usize, 0_usize);
        for result in results.iter().filter(|result| !result.implied) {
            if matches!(result.outcome, Outcome::NotEvaluated | Outcome::Error) {
                silent += 1;
                continue;
            }
            said += 1;
            sums.entry(result.dimension.as_str()).or_default().add(result);
        }
        let dimensions: BTreeMap<_, _> = sums.into_iter().map(|(name, sum)| (name, sum.score())).collect();
        Self {
            port: dimensions.values().copied().reduce(f64::min),
            dimensions,
            not_evaluated: if said + silent == 0 { 0.0 } else { silent as f64 / (said + silent) as f64 },
        }
    }
}

#[derive(Default)]
struct Sum {
    bad: f64,
    judged: f64,
    flawed: bool,
}

impl Sum {
    fn add(&mut self, result: &CheckResult) {
        let weight = match result.severity {
            Severity::Error => 10.0,
            Severity::Warning => 3.0,
            Severity::Info => 1.0,
        };
        let bad = match result.of_rows() {
            true => result.violations as f64 / result.rows_in_scope.max(1) as f64,
            false => f64::from(u8::from(result.outcome != Outcome::Passed)),
        };
        self.bad += weight * bad.min(1.0);
        self.judged += weight;
        self.flawed |= result.outcome == Outcome::Failed;
    }

    fn score(&self) -> f64 {
        let score = 1.0 - self.bad / self.judged;
        if self.flawed { score.min(FLAWED) } else { score }
    }
}
