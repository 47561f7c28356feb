//! Checks in code.
use crate::{Batches, Describe, Record, Result};

/// Most samples that an outcome keeps.
const SAMPLES: usize = 10;

/// Says whether the rows of a port are fit to be released, beyond what the contract can say.
///
/// # Contract
/// - Same rows, same outcome.
/// - Counts every violation, or says in the message that it stopped early; samples may be few.
/// - Sees the rows as they will be released; they are not yet visible to anybody else.
/// - An error means that the check could not be made, not that the rows are bad; neither leads to a release.
///
/// ```
/// use meshwright::prelude::*;
///
/// #[derive(Debug, Clone, PartialEq, Record)]
/// struct Daily {
///     station: String,
///     mean: f64,
/// }
///
/// /// No mean below absolute zero.
/// #[derive(Describe)]
/// struct Physical;
///
/// impl Validate for Physical {
///     fn port(&self) -> &str {
///         "daily"
///     }
///
///     fn check(&self, rows: Batches) -> Result<CheckOutcome> {
///         CheckOutcome::of_each(rows, |row: &Daily| (row.mean < -273.15).then(|| format!("{}: {}", row.station, row.mean)))
///     }
/// }
///
/// let outcome = meshwright::testing::check(&Physical, &[Daily { station: "Faya".into(), mean: -300.0 }]);
/// assert_eq!((outcome.rows, outcome.violations), (1, 1));
/// assert_eq!(outcome.samples, ["Faya: -300"]);
/// ```
pub trait Validate: Describe + Send + Sync {
    /// The output port whose rows it sees.
    fn port(&self) -> &str;

    /// What a violation means for the release.
    fn severity(&self) -> Severity {
        Severity::Error
    }

    /// Looks at the rows.
    fn check(&self, rows: Batches) -> Result<CheckOutcome>;
}

/// What a violation means for the release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Released, with a warning.
    Warning,
    /// Not released.
    Error,
}

impl Severity {
    /// The word for it in files and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }

    #[cfg(feature = "host")]
    pub(crate) fn from_word(word: &str) -> Self {
        match word {
            "info" => Severity::Info,
            "warning" => Severity::Warning,
            _ => Severity::Error,
        }
    }
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CheckOutcome {
    /// Rows looked at.
    pub rows: u64,
    /// Rows, or groups of rows, that break the rule.
    pub violations: u64,
    /// The first of them, in words for people.
    pub samples: Vec<String>,
    /// What else is to be said.
    pub message: Option<String>,
}

impl CheckOutcome {
    /// Nothing looked at yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Looks at every row by itself; `rule` says what is wrong with one, if anything.
    pub fn of_each<T: Record>(rows: Batches, mut rule: impl FnMut(&T) -> Option<String>) -> Result<Self> {
        let mut outcome = Self::new();
        for row in rows.records::<T>() {
            let row = row?;
            outcome.rows += 1;
            if let Some(sample) = rule(&row) {
                outcome.violation(sample);
            }
        }
        Ok(outcome)
    }

    /// Counts a violation; the first ten are kept in words.
    pub fn violation(&mut self, sample: impl Into<String>) {
        self.violations += 1;
        if self.samples.len() < SAMPLES {
            self.samples.push(sample.into());
        }
    }

    /// Whether the rule holds.
    pub fn holds(&self) -> bool {
        self.violations == 0
    }
}
