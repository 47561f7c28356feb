//! Checks as data: what is to hold, how much may fail, and who mends it. Meanings: `docs/checks.md`.
use crate::{Duration, PortName, Severity, Span};

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
    /// Which quality dimension it measures.
    pub dimension: Dimension,
    /// Whose fix it is.
    pub owner: FixOwner,
    /// For people.
    pub description: Option<String>,
    /// The line of the contract that asks for it.
    pub span: Span,
}

/// What is to hold. Row checks judge rows one by one; null values pass all but `NotNull`.
#[derive(Debug, Clone, PartialEq)]
pub enum CheckKind {
    /// Row: the column is not null.
    NotNull {
        /// The column.
        column: String,
    },
    /// Row: the value lies within the bounds, both inclusive; NaN violates.
    Range {
        /// The column.
        column: String,
        /// What it lies within.
        bounds: Bounds,
    },
    /// Row: the length in characters lies within the bounds, both inclusive.
    Length {
        /// The column.
        column: String,
        /// Smallest allowed.
        min: Option<u64>,
        /// Largest allowed.
        max: Option<u64>,
    },
    /// Row: the pattern is found in the text (search; `\d \w \s \b` are ASCII).
    Pattern {
        /// The column.
        column: String,
        /// The regular expression.
        pattern: String,
    },
    /// Row: the text's form is one of email, uuid, uri, hostname, ipv4, ipv6, date, country, currency, ...
    Format {
        /// The column.
        column: String,
        /// The name of the form.
        format: String,
    },
    /// Row: the value is one of these (JSON scalars of the column's type).
    Values {
        /// The column.
        column: String,
        /// All that are allowed.
        values: Vec<serde_json::Value>,
    },
    /// Row: no other row has the same values; rows with a null in any of the columns are left out.
    Unique {
        /// The columns.
        columns: Vec<String>,
    },
    /// Table: the number of rows.
    RowCount {
        /// Smallest allowed.
        min: Option<u64>,
        /// Largest allowed.
        max: Option<u64>,
    },
    /// Row: the SQL predicate is true; null counts as a violation unless the predicate says otherwise.
    Expression {
        /// The statement or predicate.
        sql: String,
    },
    /// Table: a query over the port (table `port`) that returns one number, within the bounds.
    Query {
        /// The statement or predicate.
        sql: String,
        /// What it lies within.
        bounds: Bounds,
    },
    /// Table: an aggregate (min, max, sum, avg, count_distinct, stddev) of a column lies within the bounds.
    Aggregate {
        /// The column.
        column: String,
        /// The name of the aggregate.
        function: String,
        /// What it lies within.
        bounds: Bounds,
    },
    /// Table: the column's values, each with its row's key, have this fingerprint: none was restated.
    Fingerprint {
        /// The column.
        column: String,
        /// 32 hexadecimal digits.
        value: String,
    },
    /// Table: the newest value of the column is no older than this; without a column, the last release.
    Freshness {
        /// The column.
        column: Option<String>,
        /// Greatest age.
        max_age: Duration,
    },
    /// Row: the value exists in another port's column.
    References {
        /// The column.
        column: String,
        /// The other port.
        port: PortName,
        /// The column there.
        target: String,
    },
    /// A check that the product's own program makes, by its name there.
    Program {
        /// Its name in the program.
        name: String,
    },
}

/// Bounds, each inclusive, as JSON scalars (numbers; dates and times as RFC 3339 text).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Bounds {
    /// Smallest allowed.
    pub min: Option<serde_json::Value>,
    /// Largest allowed.
    pub max: Option<serde_json::Value>,
}

/// How much may fail.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Tolerance {
    /// At most so many rows; 0 is the default.
    Rows(u64),
    /// At most this share of the rows in scope, 0 to 1.
    Share(f64),
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

impl CheckKind {
    /// The word for it in files and messages.
    pub fn as_str(&self) -> &'static str {
        match self {
            CheckKind::NotNull { .. } => "not_null",
            CheckKind::Range { .. } => "range",
            CheckKind::Length { .. } => "length",
            CheckKind::Pattern { .. } => "pattern",
            CheckKind::Format { .. } => "format",
            CheckKind::Values { .. } => "values",
            CheckKind::Unique { .. } => "unique",
            CheckKind::RowCount { .. } => "row_count",
            CheckKind::Expression { .. } => "expression",
            CheckKind::Query { .. } => "query",
            CheckKind::Aggregate { .. } => "aggregate",
            CheckKind::Fingerprint { .. } => "fingerprint",
            CheckKind::Freshness { .. } => "freshness",
            CheckKind::References { .. } => "references",
            CheckKind::Program { .. } => "program",
        }
    }

    /// The columns that it names; none for checks in SQL or of the whole table.
    pub fn columns(&self) -> Vec<&str> {
        match self {
            CheckKind::NotNull { column }
            | CheckKind::Range { column, .. }
            | CheckKind::Length { column, .. }
            | CheckKind::Pattern { column, .. }
            | CheckKind::Format { column, .. }
            | CheckKind::Values { column, .. }
            | CheckKind::Aggregate { column, .. }
            | CheckKind::Fingerprint { column, .. }
            | CheckKind::References { column, .. } => vec![column],
            CheckKind::Freshness { column, .. } => column.iter().map(String::as_str).collect(),
            CheckKind::Unique { columns } => columns.iter().map(String::as_str).collect(),
            _ => Vec::new(),
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
