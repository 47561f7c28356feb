//! What a kind of check is to the pass: a rule that starts states, one per thread, which are fed, merged and finished.
use std::any::Any;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::bits::Bits;
use crate::evidence::{Exhibit, Exhibits, Field};
use crate::frame::View;
use crate::report::Duplicates;
use crate::text::Dictionary;

/// A planned check.
pub(crate) trait Rule: Send + Sync {
    /// A state that has seen nothing and will keep at most so many violating rows to show.
    fn start(&self, limit: usize) -> Box<dyn State>;
}

/// What one thread has seen of the data for one check.
pub(crate) trait State: Any + Send {
    /// Takes in one batch. An error ends this check, not the others.
    fn update(&mut self, view: &View<'_>) -> Result<(), String>;
    /// Takes in what another state of the same rule has seen; the order of merging does not matter.
    fn merge(&mut self, other: Box<dyn State>);
    /// The outcome, before tolerance and severity are applied.
    fn finish(self: Box<Self>, end: &End) -> Measure;
}

/// What is known only when all data have been seen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct End {
    /// The moment against which ages are measured.
    pub(crate) now: DateTime<Utc>,
    /// When the newest release was made.
    pub(crate) released_at: Option<DateTime<Utc>>,
    /// How many threads may be used.
    pub(crate) threads: usize,
}

/// What a check found.
#[derive(Debug)]
pub(crate) enum Measure {
    /// Rows were judged.
    Rows {
        /// How many violate.
        violations: u64,
        /// How many were null, and so not judged.
        nulls: u64,
        /// The first violating rows.
        sample: Vec<Exhibit>,
        /// For `unique`.
        duplicates: Option<Duplicates>,
    },
    /// The table as a whole was measured.
    Table {
        /// What was measured.
        measured: Value,
        /// Whether it is out of bounds.
        violated: bool,
        /// How many rows were null or NaN, and so left out.
        skipped: Skipped,
    },
    /// There was nothing to judge.
    Nothing(String),
    /// The check could not be carried out.
    Failed(String),
}

/// Rows that an aggregate leaves out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Skipped {
    /// Nulls.
    pub(crate) nulls: u64,
    /// Floats that are not a number.
    pub(crate) nan: u64,
}

/// Turns the state to merge into the type of the state it is merged into.
pub(crate) fn same<S: State>(other: Box<dyn State>) -> Box<S> {
    let other: Box<dyn Any> = other;
    other.downcast().expect("states of one check are started by one rule")
}

/// A rule that judges rows one by one.
pub(crate) trait RowRule: Send + Sync {
    /// Sets the rows that violate, in scope or not. `known` may remember verdicts on a dictionary's values.
    fn judge(&self, view: &View<'_>, known: &mut Dictionary<u8>, out: &mut Bits) -> Result<(), String>;

    /// The rule for one more thread; rules with memory of their own override it, so that threads do not queue for it.
    fn for_thread(rule: &Arc<Self>) -> Arc<Self>
    where
        Self: Sized,
    {
        rule.clone()
    }
}

/// Counts the violating rows of a [`RowRule`] and keeps the first ones.
pub(crate) struct RowCheck<R> {
    /// The rule.
    pub(crate) rule: Arc<R>,
    /// The column whose nulls pass unjudged.
    pub(crate) judged: Option<usize>,
    /// What is shown of a violating row.
    pub(crate) shown: Arc<[Field]>,
}

impl<R: RowRule + 'static> Rule for RowCheck<R> {
    fn start(&self, limit: usize) -> Box<dyn State> {
        Box::new(RowState {
            rule: R::for_thread(&self.rule),
            judged: self.judged,
            shown: self.shown.clone(),
            known: Dictionary::default(),
            bits: Bits::default(),
            violations: 0,
            nulls: 0,
            exhibits: Exhibits::new(limit),
        })
    }
}

struct RowState<R> {
    rule: Arc<R>,
    judged: Option<usize>,
    shown: Arc<[Field]>,
    known: Dictionary<u8>,
    bits: Bits,
    violations: u64,
    nulls: u64,
    exhibits: Exhibits,
}

impl<R: RowRule + 'static> State for RowState<R> {
    fn update(&mut self, view: &View<'_>) -> Result<(), String> {
        self.bits.reset(view.frame.rows);
        self.rule.judge(view, &mut self.known, &mut self.bits)?;
        if let Some(scope) = view.scope {
            self.bits.keep(scope);
        }
        if let Some(column) = self.judged {
            self.nulls += view.nulls(view.frame.column(column)?);
        }
        let violations = self.bits.count();
        if violations > 0 {
            self.violations += violations;
            self.exhibits.offer(view.frame, &self.bits, &self.shown);
        }
        Ok(())
    }

    fn merge(&mut self, other: Box<dyn State>) {
        let other = same::<Self>(other);
        self.violations += other.violations;
        self.nulls += other.nulls;
        self.exhibits.merge(other.exhibits);
    }

    fn finish(self: Box<Self>, _: &End) -> Measure {
        Measure::Rows {
            violations: self.violations,
            nulls: self.nulls,
            sample: self.exhibits.into_rows(),
            duplicates: None,
        }
    }
}
