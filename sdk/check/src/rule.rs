//! What a kind of check is to the pass: a rule that starts states, one per thread, which are fed, merged and finished.
use std::any::Any;
use std::path::Path;
use std::sync::Arc;

use arrow::array::ArrayRef;
use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::bits::Bits;
use crate::evidence::{Exhibit, Exhibits, Field};
use crate::frame::View;
use crate::prove::Facts;
use crate::report::Duplicates;
use crate::store::{Reader, Writer};
use crate::text::Dictionary;

/// A planned check.
pub(crate) trait Rule: Send + Sync {
    /// A state that has seen nothing and will keep at most so many violating rows to show.
    fn start(&self, limit: usize) -> Box<dyn State>;
    /// The state that [`State::save`] wrote, of the data of this file; `None` if the bytes are no such state.
    fn load(&self, limit: usize, from: &mut Reader<'_>, file: u32) -> Option<Box<dyn State>>;
    /// Whether what was seen of a file says nothing of how it goes with others: keys are kept beside it.
    fn keeps_keys(&self) -> bool {
        false
    }
    /// The state that reading the file would lead to, if its metadata prove it.
    fn prove(&self, _limit: usize, _facts: &Facts<'_>) -> Option<Box<dyn State>> {
        None
    }
}

/// What one thread has seen of the data for one check.
pub(crate) trait State: Any + Send {
    /// Takes in one batch. An error ends this check, not the others.
    fn update(&mut self, view: &View<'_>) -> Result<(), String>;
    /// Takes in what another state of the same rule has seen; the order of merging does not matter.
    fn merge(&mut self, other: Box<dyn State>);
    /// Writes what was seen of one file; false if that cannot be kept.
    fn save(&self, to: &mut Writer) -> bool;
    /// Writes the keys of the rows seen, for rules that keep them.
    fn keep_keys(&mut self, _threads: usize, _to: &Path) -> std::io::Result<()> {
        Err(std::io::ErrorKind::Unsupported.into())
    }
    /// Whether a key of the rows seen is among keys that were kept.
    fn has_kept_keys(&mut self, _threads: usize, _kept: &Path) -> std::io::Result<bool> {
        Err(std::io::ErrorKind::Unsupported.into())
    }
    /// From now on every violating row is remembered, not only the first ones. Rules about the table ignore it.
    fn remember_rows(&mut self) {}
    /// The outcome, before tolerance and severity are applied.
    fn finish(self: Box<Self>, end: &End<'_>) -> Measure;
}

/// What is known only when all data have been seen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct End<'a> {
    /// The moment against which ages are measured.
    pub(crate) now: DateTime<Utc>,
    /// When the newest release was made.
    pub(crate) released_at: Option<DateTime<Utc>>,
    /// Rows of the newest release.
    pub(crate) previous_rows: Option<u64>,
    /// The data's columns in their order, if the caller says them.
    pub(crate) columns: Option<&'a [String]>,
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
        /// Every violating row by file and position, where that was asked for.
        rows: Vec<(u32, u64)>,
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
    /// The table as a whole was measured and judged by more than bounds.
    Told {
        /// What was measured.
        measured: Value,
        /// Whether it is as it should be; none if nothing can be said yet.
        violated: Option<bool>,
        /// How many rows were null or NaN, and so left out.
        skipped: Skipped,
        /// One sentence for people.
        message: String,
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

    /// Whether none of these values violates; `None` if the rule does not judge such values by themselves.
    fn all_pass(&self, _values: &ArrayRef) -> Option<bool> {
        None
    }

    /// Whether every whole number between these passes, for columns whose values are integers in memory.
    fn admits(&self, _min: i128, _max: i128) -> bool {
        false
    }

    /// Whether the rule is only about nulls, which all violate.
    fn is_about_nulls(&self) -> bool {
        false
    }

    /// Whether nulls violate beside some values.
    fn nulls_violate(&self) -> bool {
        false
    }

    /// How many rows in scope are not judged, where that is not said by the nulls of one column.
    fn unjudged(&self, _view: &View<'_>) -> Result<u64, String> {
        Ok(0)
    }

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
    /// The column whose nulls pass unjudged; the rule counts them itself if there is none.
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
            rows: None,
        })
    }

    fn load(&self, limit: usize, from: &mut Reader<'_>, file: u32) -> Option<Box<dyn State>> {
        let (violations, nulls) = (from.whole()?, from.whole()?);
        let exhibits = Exhibits::load(limit, from, file)?;
        Some(self.known(limit, violations, nulls, exhibits))
    }

    fn prove(&self, limit: usize, facts: &Facts<'_>) -> Option<Box<dyn State>> {
        let [field] = &self.shown[..] else { return None };
        let column = facts.column(field.index)?;
        let nulls = column.nulls?;
        let clean = if self.rule.is_about_nulls() {
            nulls == 0
        } else {
            (self.judged == Some(field.index) || self.rule.nulls_violate() && nulls == 0)
                && (nulls == facts.rows()
                    || column.range.is_some_and(|(min, max)| self.rule.admits(min, max))
                    || column.values.as_ref().is_some_and(|values| self.rule.all_pass(values) == Some(true)))
        };
        let nulls = if self.judged.is_some() { nulls } else { 0 };
        clean.then(|| self.known(limit, 0, nulls, Exhibits::new(limit)))
    }
}

impl<R: RowRule + 'static> RowCheck<R> {
    fn known(&self, limit: usize, violations: u64, nulls: u64, exhibits: Exhibits) -> Box<dyn State> {
        Box::new(RowState {
            rule: R::for_thread(&self.rule),
            judged: self.judged,
            shown: self.shown.clone(),
            known: Dictionary::default(),
            bits: Bits::default(),
            violations,
            nulls,
            exhibits: exhibits.limited(limit),
            rows: None,
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
    /// Every violating row, where that is asked for.
    rows: Option<Vec<(u32, u64)>>,
}

impl<R: RowRule + 'static> State for RowState<R> {
    fn update(&mut self, view: &View<'_>) -> Result<(), String> {
        self.bits.reset(view.frame.rows);
        self.rule.judge(view, &mut self.known, &mut self.bits)?;
        if let Some(scope) = view.scope {
            self.bits.keep(scope);
        }
        self.nulls += match self.judged {
            Some(column) => view.nulls(view.frame.column(column)?),
            None => self.rule.unjudged(view)?,
        };
        let violations = self.bits.count();
        if violations > 0 {
            self.violations += violations;
            self.exhibits.offer(view.frame, &self.bits, &self.shown);
            if let Some(rows) = &mut self.rows {
                let origin = view.frame.origin;
                rows.extend(self.bits.iter().map(|row| (origin.file, origin.first_row + row as u64)));
            }
        }
        Ok(())
    }

    fn merge(&mut self, other: Box<dyn State>) {
        let other = same::<Self>(other);
        self.violations += other.violations;
        self.nulls += other.nulls;
        self.exhibits.merge(other.exhibits);
        if let (Some(rows), Some(more)) = (&mut self.rows, other.rows) {
            rows.extend(more);
        }
    }

    fn save(&self, to: &mut Writer) -> bool {
        to.whole(self.violations);
        to.whole(self.nulls);
        self.exhibits.save(to);
        // which rows they are is not kept, so where that is asked for the file is read again
        self.rows.as_ref().is_none_or(Vec::is_empty)
    }

    fn remember_rows(&mut self) {
        self.rows.get_or_insert_default();
    }

    fn finish(self: Box<Self>, _: &End<'_>) -> Measure {
        Measure::Rows {
            violations: self.violations,
            nulls: self.nulls,
            sample: self.exhibits.into_rows(),
            duplicates: None,
            rows: self.rows.unwrap_or_default(),
        }
    }
}
