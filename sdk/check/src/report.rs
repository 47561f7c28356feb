//! What a pass found out, check by check, ready to be shown, stored and counted.
use std::sync::Arc;

use meshwright_spec::{CheckKind, Dimension, FixOwner, Severity, Span};
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::evidence::Exhibit;
use crate::rule::Measure;
use crate::score::Score;
use crate::verdict::{About, of_aggregate, settle, within};

/// All checks of a contract, answered.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// One result per check of the contract, in its order; one more if the data are empty and no check says so.
    pub results: Vec<CheckResult>,
    /// How many checks the contract has, those included that only others can run.
    pub declared: usize,
    /// How many of them could be carried out.
    pub executed: usize,
    /// Rows seen.
    pub rows: u64,
    /// How good the data are.
    pub score: Score,
}

/// One check, answered.
#[derive(Debug, Clone, Serialize)]
pub struct CheckResult {
    /// Unique within the contract.
    pub id: String,
    /// Kind of check, as in contracts.
    pub kind: &'static str,
    /// The columns it speaks of.
    pub columns: Vec<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// One sentence for people, without a full stop.
    pub message: String,
    /// What was measured: the number of violating rows, or the value of an aggregate.
    pub measured: Value,
    /// What the contract asks for.
    pub expected: Value,
    /// Violating rows; for `unique` the rows beyond the first of each value. 0 for checks of the table as a whole.
    pub violations: u64,
    /// Rows that the check speaks of: all, or those that its `where` selects. The denominator of shares.
    pub rows_in_scope: u64,
    /// Rows among them that were null and therefore not judged.
    pub nulls: u64,
    /// Rows among them that an aggregate left out because they are not a number.
    pub nan: u64,
    /// The three ways to count duplicates; for `unique` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duplicates: Option<Duplicates>,
    /// The first violating rows by file and position.
    pub sample: Vec<Sample>,
    /// Rows that went to the port's side table because they violate this check.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quarantined: Option<u64>,
    /// Every violating row by file and position, for checks that quarantine.
    #[serde(skip)]
    pub rows: Vec<(u32, u64)>,
    /// What a violation means.
    #[serde(serialize_with = "severity")]
    pub severity: Severity,
    /// Which quality dimension is measured.
    #[serde(serialize_with = "dimension")]
    pub dimension: Dimension,
    /// Whose fix it is.
    #[serde(serialize_with = "owner")]
    pub owner: FixOwner,
    /// The contract's words about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The predicate that selects the rows in scope.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// The place in the contract that asks for it.
    #[serde(serialize_with = "span")]
    pub span: Span,
    /// True for what no line of the contract asks for.
    pub implied: bool,
    #[serde(skip)]
    pub(crate) about: Arc<About>,
}

impl CheckResult {
    /// What the contract asks for in words, where its keys alone do not tell.
    pub fn expects(&self) -> Option<String> {
        of_aggregate(&self.expected)
    }
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It holds, within its tolerance.
    Passed,
    /// It does not hold, and that keeps the data from being released.
    Failed,
    /// It does not hold, and people should know.
    Warned,
    /// It could not be carried out; also keeps the data from being released.
    Error,
    /// There was nothing to judge.
    NotEvaluated,
}

/// The three ways to count duplicates, all needed because tools disagree: for a, a, a, b they are 1, 2 and 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Duplicates {
    /// Values that occur more than once.
    pub values: u64,
    /// Rows beyond the first of each such value: what tolerances compare.
    pub excess: u64,
    /// All rows of such values.
    pub rows: u64,
}

/// One violating row.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sample {
    /// Name of the file.
    pub file: String,
    /// Position in the file, from 0.
    pub row: u64,
    /// Values of the contract's key by column; null if it has none.
    pub key: Value,
    /// The violating value, an object if several columns take part; `***` where it must stay secret.
    pub value: Value,
    #[serde(skip)]
    pub(crate) place: Option<(u32, u64)>,
}

/// What the caller found for a check that a pass cannot answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Measured {
    /// Rows were judged.
    Rows {
        /// How many violate.
        violations: u64,
        /// How many were judged; the denominator of shares.
        rows_in_scope: u64,
        /// How many of them were null and therefore not judged.
        nulls: u64,
        /// A few of the violating rows.
        sample: Vec<Sample>,
    },
    /// The number that a query returned.
    Value(Value),
    /// It could not be carried out, and why.
    Failed(String),
}

impl Report {
    /// Whether the data must not be released: a check of severity error fails, or some check could not be carried out.
    pub fn rejects(&self) -> bool {
        self.results.iter().any(|result| matches!(result.outcome, Outcome::Failed | Outcome::Error))
    }

    /// The result of one check.
    pub fn result(&self, id: &str) -> Option<&CheckResult> {
        self.results.iter().find(|result| result.id == id)
    }

    /// Answers a check that the pass left open, see [`crate::Suite::deferred`]. False if there is no such check.
    pub fn supply(&mut self, id: &str, measured: Measured) -> bool {
        let Some(result) = self.results.iter_mut().find(|result| result.id == id && result.about.deferred.is_some())
        else {
            return false;
        };
        let about = result.about.clone();
        *result = match measured {
            Measured::Rows { violations, rows_in_scope, nulls, sample } => {
                let measure = Measure::Rows { violations, nulls, sample: vec![], duplicates: None, rows: vec![] };
                CheckResult { sample, ..settle(&about, rows_in_scope, measure, &[]) }
            }
            Measured::Value(value) => settle(&about, result.rows_in_scope, judge(&about, value), &[]),
            Measured::Failed(message) => settle(&about, result.rows_in_scope, Measure::Failed(message), &[]),
        };
        self.count();
        true
    }

    /// Places (file, row) of samples whose values a pass does not keep: duplicates of text and of several columns.
    /// Read those rows and give them to [`crate::Suite::complete`].
    pub fn incomplete(&self) -> Vec<(u32, u64)> {
        let mut places: Vec<_> =
            self.results.iter().flat_map(|result| &result.sample).filter_map(|sample| sample.place).collect();
        places.sort_unstable();
        places.dedup();
        places
    }

    pub(crate) fn count(&mut self) {
        let ran = |result: &&CheckResult| !result.implied && result.outcome != Outcome::Error;
        self.executed = self.results.iter().filter(ran).count();
        self.score = Score::of(&self.results);
    }
}

impl CheckResult {
    /// Whether it counts rows, and does not judge the table as a whole.
    pub(crate) fn of_rows(&self) -> bool {
        self.about.of_rows
    }
}

impl Sample {
    /// A violating row that the caller found.
    pub fn new(file: impl Into<String>, row: u64, key: Value, value: Value) -> Self {
        Self { file: file.into(), row, key, value, place: None }
    }

    pub(crate) fn of(exhibit: Exhibit, files: &[String]) -> Self {
        let place = exhibit.open.then_some(exhibit.place());
        let file = files.get(exhibit.file as usize).cloned().unwrap_or_else(|| format!("file {}", exhibit.file));
        Self { file, row: exhibit.row, key: exhibit.key, value: exhibit.value, place }
    }
}

fn judge(about: &About, value: Value) -> Measure {
    match &about.deferred {
        Some(CheckKind::Query { bounds, .. }) => match within(bounds, &value) {
            Ok(inside) => Measure::Table { measured: value, violated: !inside, skipped: Default::default() },
            Err(message) => Measure::Failed(message),
        },
        _ => Measure::Failed("a number of violating rows was expected".into()),
    }
}

fn severity<S: Serializer>(severity: &Severity, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Error => "error",
    })
}

fn dimension<S: Serializer>(dimension: &Dimension, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match dimension {
        Dimension::Accuracy => "accuracy",
        Dimension::Completeness => "completeness",
        Dimension::Conformity => "conformity",
        Dimension::Consistency => "consistency",
        Dimension::Coverage => "coverage",
        Dimension::Timeliness => "timeliness",
        Dimension::Uniqueness => "uniqueness",
    })
}

fn owner<S: Serializer>(owner: &FixOwner, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match owner {
        FixOwner::Internal => "internal",
        FixOwner::External => "external",
    })
}

fn span<S: Serializer>(span: &Span, serializer: S) -> Result<S::Ok, S::Error> {
    let mut fields = serializer.serialize_struct("Span", 3)?;
    fields.serialize_field("file", &span.file)?;
    fields.serialize_field("start", &span.start)?;
    fields.serialize_field("end", &span.end)?;
    fields.end()
}
