//! Checks as data: what is to hold, how much may fail, and who mends it. Meanings: `docs/checks.md`.
mod kind;

use crate::{Severity, Span};
pub use kind::CheckKind;

/// One data-quality rule.
#[derive(Debug, Clone)]
pub struct Check {
    /// Unique within the contract.
    pub id: String,
    /// What is to hold.
    pub kind: CheckKind,
    /// SQL predicate that selects the rows it speaks of.
    pub filter: Option<String>,
    /// How many rows may violate it; for row checks only.
    pub tolerance: Tolerance,
    /// What a violation means: errors keep the run from being released.
    pub severity: Severity,
    /// What becomes of the rows that violate it.
    pub on_violation: OnViolation,
    /// Which quality dimension it measures.
    pub dimension: Dimension,
    /// Whose fix it is.
    pub owner: FixOwner,
    /// For people.
    pub description: Option<String>,
    /// The line of the contract that asks for it.
    pub span: Span,
}

/// Bounds, each inclusive, as JSON scalars (numbers; dates and times as RFC 3339 text).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Bounds {
    /// Smallest allowed.
    pub min: Option<serde_json::Value>,
    /// Largest allowed.
    pub max: Option<serde_json::Value>,
}

/// How values should be shared out; shares are of the values that are neither null nor NaN.
#[derive(Debug, Clone, PartialEq)]
pub enum Shares {
    /// Of each of these values; what is left to 1 is the share of all others.
    Values(Vec<(serde_json::Value, f64)>),
    /// Between bounds in their order, each bound part of the bin that ends there: one share more than bounds.
    Bins {
        /// The bounds.
        bounds: Vec<serde_json::Value>,
        /// The shares.
        shares: Vec<f64>,
    },
}

/// How the difference of two distributions is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DriftMethod {
    /// Jensen-Shannon distance, 0 to 1.
    JensenShannon,
    /// Population stability index.
    Psi,
    /// Largest difference of the cumulative shares, 0 to 1; of numbers and times.
    KolmogorovSmirnov,
    /// Cramér's V, 0 to 1, of Pearson's chi-squared.
    ChiSquared,
}

/// How much may fail.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Tolerance {
    /// At most so many rows; 0 is the default.
    Rows(u64),
    /// At most this share of the rows in scope, 0 to 1.
    Share(f64),
}

/// What becomes of rows that violate a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnViolation {
    /// They keep the run from being released, or are only told of, as severity says.
    #[default]
    Block,
    /// They go to the port's side table, and the rest is released.
    Quarantine,
}

/// How two columns of a row compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `=`
    Equal,
    /// `!=`
    Different,
    /// `>=`
    AtLeast,
    /// `>`
    Greater,
}

/// Quality dimensions of ODCS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dimension {
    /// Values are right.
    Accuracy,
    /// Nothing is missing.
    Completeness,
    /// Values have the agreed form.
    Conformity,
    /// Facts agree with each other.
    Consistency,
    /// All of the population is there.
    Coverage,
    /// Data are there in time.
    Timeliness,
    /// Nothing is there twice.
    Uniqueness,
}

/// Whose fix a violation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FixOwner {
    /// Ours.
    Internal,
    /// Whoever delivers the data.
    External,
}

impl Operator {
    /// As it is written in files and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Operator::Less => "<",
            Operator::AtMost => "<=",
            Operator::Equal => "=",
            Operator::Different => "!=",
            Operator::AtLeast => ">=",
            Operator::Greater => ">",
        }
    }
}

impl DriftMethod {
    /// The word for it in files and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            DriftMethod::JensenShannon => "jensen_shannon",
            DriftMethod::Psi => "psi",
            DriftMethod::KolmogorovSmirnov => "kolmogorov_smirnov",
            DriftMethod::ChiSquared => "chi_squared",
        }
    }

    /// The smallest difference that matters unless a contract says otherwise.
    pub fn threshold(self) -> f64 {
        match self {
            DriftMethod::Psi => 0.2,
            DriftMethod::JensenShannon | DriftMethod::KolmogorovSmirnov | DriftMethod::ChiSquared => 0.1,
        }
    }
}

impl Dimension {
    /// The word for it in files and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Dimension::Accuracy => "accuracy",
            Dimension::Completeness => "completeness",
            Dimension::Conformity => "conformity",
            Dimension::Consistency => "consistency",
            Dimension::Coverage => "coverage",
            Dimension::Timeliness => "timeliness",
            Dimension::Uniqueness => "uniqueness",
        }
    }
}

impl FixOwner {
    /// The word for it in files and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            FixOwner::Internal => "internal",
            FixOwner::External => "external",
        }
    }
}
