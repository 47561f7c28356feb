//! One walk over the data, or over one thread's part of them.
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use chrono::{DateTime, Utc};

use crate::bits::Bits;
use crate::frame::{Frame, RowOrigin, View};
use crate::report::Report;
use crate::rule::{End, Measure, Skipped, State};
use crate::score::Score;
use crate::store::Writer;
use crate::suite::{Body, Entry, Part, Suite};
use crate::verdict::settle;

/// What one thread has seen of the data. Each thread feeds its own pass; they are merged and then finished.
pub struct Pass {
    suite: Suite,
    progress: Vec<Progress>,
    /// The predicates that wanted checks ask.
    predicates: Vec<bool>,
    rows: u64,
}

/// What is known only when all data have been seen.
#[derive(Debug, Clone)]
pub struct Context {
    /// The moment against which ages are measured.
    pub now: DateTime<Utc>,
    /// When the newest release was made, if there is one.
    pub released_at: Option<DateTime<Utc>>,
    /// How many rows the newest release has, if there is one.
    pub previous_rows: Option<u64>,
    /// The data's columns in their order, where they are not those of the schema that the suite was planned for.
    pub columns: Option<Vec<String>>,
    /// Names of the files by [`RowOrigin::file`].
    pub files: Vec<String>,
    /// How many threads may look for duplicates.
    pub threads: usize,
}

struct Progress {
    state: Result<Option<Box<dyn State>>, String>,
    in_scope: u64,
    /// Whether batches are shown to it.
    wanted: bool,
}

impl Context {
    /// No release, no names of files, as many threads as there are processors.
    pub fn at(now: DateTime<Utc>) -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self { now, released_at: None, previous_rows: None, columns: None, files: Vec::new(), threads }
    }
}

impl Pass {
    pub(crate) fn new(suite: Suite, wanted: Option<&[bool]>) -> Self {
        let wanted = |index: usize| wanted.is_none_or(|wanted| wanted.get(index).copied().unwrap_or(false));
        let start = |(index, entry): (usize, &Entry)| Progress {
            state: match &entry.body {
                Body::Rule(rule) => {
                    let mut state = rule.start(suite.evidence);
                    if entry.quarantines {
                        state.remember_rows();
                    }
                    Ok(Some(state))
                }
                Body::Deferred => Ok(None),
                Body::Unplanned(message) => Err(message.clone()),
            },
            in_scope: 0,
            wanted: wanted(index),
        };
        let progress = suite.plan.entries.iter().enumerate().map(start).collect();
        let mut pass = Self { progress, predicates: vec![false; suite.plan.predicates.len()], rows: 0, suite };
        pass.ask();
        pass
    }

    /// From now on only these checks are shown batches, so that a batch needs only the columns that these ask for. The
    /// others keep what they have seen.
    pub fn turn_to(&mut self, wanted: &[bool]) {
        if self.progress.iter().map(|progress| progress.wanted).eq(wanted.iter().copied()) {
            return;
        }
        for (progress, wanted) in self.progress.iter_mut().zip(wanted) {
            progress.wanted = *wanted;
        }
        self.ask();
    }

    /// Finds the predicates that wanted checks ask.
    fn ask(&mut self) {
        self.predicates.fill(false);
        for (entry, _) in self.suite.plan.entries.iter().zip(&self.progress).filter(|(_, progress)| progress.wanted) {
            entry.predicates.iter().for_each(|predicate| self.predicates[*predicate] = true);
        }
    }

    /// Takes in one check's answer for a file, found without reading its rows.
    pub fn take_in(&mut self, part: Part) {
        let Some(progress) = self.progress.get_mut(part.check) else { return };
        progress.in_scope += part.in_scope;
        if let Ok(Some(state)) = &mut progress.state {
            state.merge(part.state);
        }
    }

    /// Counts the rows of a file that no check needed to read.
    pub fn take_in_rows(&mut self, rows: u64) {
        self.rows += rows;
    }

    /// One check's answer as bytes, to be kept for as long as the file lives; only of a pass over that file alone.
    /// `None` if the check failed to run, or its answer cannot be kept.
    pub fn save(&self, check: usize) -> Option<Vec<u8>> {
        let progress = self.progress.get(check)?;
        let Ok(Some(state)) = &progress.state else { return None };
        let mut to = Writer::default();
        to.whole(progress.in_scope);
        state.save(&mut to).then_some(to.0)
    }

    /// Writes the keys of the rows seen, for a check that keeps them ([`Suite::keeps_keys`]); only of a pass over one
    /// file.
    ///
    /// # Errors
    /// If the file cannot be written, or the check failed to run.
    pub fn keep_keys(&mut self, check: usize, threads: usize, to: &Path) -> std::io::Result<()> {
        self.state(check)?.keep_keys(threads, to)
    }

    /// Whether a key of the rows seen is among keys that [`Self::keep_keys`] wrote.
    ///
    /// # Errors
    /// If the file cannot be read or is damaged, or the check failed to run.
    pub fn has_kept_keys(&mut self, check: usize, threads: usize, kept: &Path) -> std::io::Result<bool> {
        self.state(check)?.has_kept_keys(threads, kept)
    }

    fn state(&mut self, check: usize) -> std::io::Result<&mut Box<dyn State>> {
        match self.progress.get_mut(check).map(|progress| &mut progress.state) {
            Some(Ok(Some(state))) => Ok(state),
            _ => Err(std::io::Error::other("the check failed to run")),
        }
    }

    /// Takes in a batch. What goes wrong is reported with the check that it hits; the others go on.
    pub fn update(&mut self, batch: &RecordBatch, origin: RowOrigin) {
        let rows = batch.num_rows();
        if rows == 0 {
            return;
        }
        self.rows += rows as u64;
        let plan = &self.suite.plan;
        let columns = self.suite.resolve(batch);
        let predicates = self.answer(&columns, rows);
        let frame = Frame { rows, origin, columns: &columns, predicates: &predicates, key: &plan.key };
        for (entry, progress) in plan.entries.iter().zip(&mut self.progress).filter(|(_, progress)| progress.wanted) {
            if let Err(message) = progress.update(entry, &frame) {
                progress.state = Err(message);
            }
        }
    }

    /// Takes in what another pass of the same suite has seen.
    pub fn merge(&mut self, other: Pass) {
        self.rows += other.rows;
        self.merge_more_answers(other);
    }

    /// Takes in answers to other checks of rows that are counted already.
    pub fn merge_more_answers(&mut self, other: Pass) {
        for (mine, theirs) in self.progress.iter_mut().zip(other.progress) {
            mine.in_scope += theirs.in_scope;
            match (&mut mine.state, theirs.state) {
                (Ok(Some(state)), Ok(Some(other))) => state.merge(other),
                (state @ Ok(_), Err(message)) => *state = Err(message),
                _ => {}
            }
        }
    }

    /// Ends the pass. Checks that a pass cannot answer are errors until [`Report::supply`] answers them.
    pub fn finish(self, context: &Context) -> Report {
        let plan = &self.suite.plan;
        let end = End {
            now: context.now,
            released_at: context.released_at,
            previous_rows: context.previous_rows,
            columns: context.columns.as_deref(),
            threads: context.threads.max(1),
        };
        let mut results = Vec::with_capacity(self.progress.len() + 1);
        for (entry, progress) in plan.entries.iter().zip(self.progress) {
            let measure = match progress.state {
                Ok(Some(state)) => state.finish(&end),
                Ok(None) => Measure::Failed("not run".into()),
                Err(message) => Measure::Failed(message),
            };
            // what is answered elsewhere speaks of all rows, those of remembered parts too
            let in_scope = if entry.about.deferred.is_some() { self.rows } else { progress.in_scope };
            results.push(settle(&entry.about, in_scope, measure, &context.files));
        }
        if let (0, Some(about)) = (self.rows, &plan.counts_rows) {
            let measure = Measure::Table { measured: 0.into(), violated: true, skipped: Skipped::default() };
            results.push(settle(about, 0, measure, &[]));
        }
        let declared = plan.entries.len() + plan.elsewhere;
        let mut report = Report { results, declared, executed: 0, rows: self.rows, score: Score::default() };
        report.count();
        report
    }

    /// The rows for which each predicate is true.
    fn answer(&self, columns: &[(String, Option<ArrayRef>)], rows: usize) -> Vec<Result<Bits, String>> {
        let plan = &self.suite.plan;
        if !self.predicates.contains(&true) {
            return Vec::new();
        }
        let batch = self.predicate_batch(columns, rows);
        let answer = |predicate: &Result<Arc<dyn crate::planner::Predicate>, String>| {
            let array = predicate.as_ref().map_err(Clone::clone)?.evaluate(batch.as_ref().map_err(Clone::clone)?)?;
            match arrow::array::Array::len(&array) {
                found if found == rows => Ok(Bits::of_true(&array)),
                found => Err(format!("the predicate judged {found} of {rows} rows")),
            }
        };
        let unasked = || Err("nobody asked".to_owned());
        let asked = plan.predicates.iter().zip(&self.predicates);
        asked.map(|(predicate, asked)| if *asked { answer(predicate) } else { unasked() }).collect()
    }

    /// The columns that predicates read, in the types that they were compiled for.
    fn predicate_batch(&self, columns: &[(String, Option<ArrayRef>)], rows: usize) -> Result<RecordBatch, String> {
        let plan = &self.suite.plan;
        let mut arrays = Vec::with_capacity(plan.predicate_columns.len());
        for (index, field) in plan.predicate_columns.iter().zip(plan.predicate_schema.fields()) {
            let (name, array) = &columns[*index];
            let needed =
                || plan.predicate_reads.iter().zip(&self.predicates).any(|(r, asked)| *asked && r.contains(index));
            let Some(array) = array else {
                if needed() {
                    return Err(format!("the batch has no column `{name}`"));
                }
                arrays.push(new_null_array(field.data_type(), rows));
                continue;
            };
            arrays.push(match array.data_type() == field.data_type() {
                true => array.clone(),
                false => arrow::compute::cast(array, field.data_type()).map_err(|error| error.to_string())?,
            });
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(plan.predicate_schema.clone(), arrays, &options)
            .map_err(|error| error.to_string())
    }
}

impl Progress {
    fn update(&mut self, entry: &Entry, frame: &Frame<'_>) -> Result<(), String> {
        let scope = entry.filter.map(|index| frame.predicate(index)).transpose()?;
        let in_scope = scope.map_or(frame.rows as u64, Bits::count);
        self.in_scope += in_scope;
        match &mut self.state {
            Ok(Some(state)) if in_scope > 0 => state.update(&View { frame, scope, in_scope }),
            _ => Ok(()),
        }
    }
}
