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
    /// Row: the value is none of these (JSON scalars of the column's type).
    NotValues {
        /// The column.
        column: String,
        /// All that are not allowed.
        values: Vec<serde_json::Value>,
    },
    /// Row: the pattern is not found in the text.
    NotPattern {
        /// The column.
        column: String,
        /// The regular expression.
        pattern: String,
    },
    /// Row: the text is there: neither null, nor blank, nor one of the words that stand for nothing.
    NotMissing {
        /// The column.
        column: String,
        /// Words such as `n/a`; surrounding blanks and case do not count.
        missing: Vec<String>,
    },
    /// Row: the number is neither NaN nor infinite.
    Finite {
        /// The column.
        column: String,
    },
    /// Row: the column compares with another one; rows with a null in either pass.
    Compare {
        /// The column.
        column: String,
        /// How.
        operator: Operator,
        /// The other column.
        other: String,
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
    /// Table: the number of rows has not dropped or risen by more than a share since the last release.
    RowCountChange {
        /// Greatest allowed drop, 0 to 1.
        max_drop: Option<f64>,
        /// Greatest allowed rise; 1.0 is twice as many rows.
        max_rise: Option<f64>,
    },
    /// Table: the data have these columns.
    Columns {
        /// Their names; empty for all columns of the contract.
        columns: Vec<String>,
        /// Whether the data may have others too.
        extra: bool,
        /// Whether they must come in this order.
        ordered: bool,
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
    /// Row: a query over the port (table `port`) returns the rows that violate; none is right.
    QueryRows {
        /// The statement.
        sql: String,
    },
    /// Table: an aggregate of a column lies within the bounds, see [`crate::AGGREGATES`] and `p1` to `p99.99`.
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
            CheckKind::NotValues { .. } => "not_values",
            CheckKind::NotPattern { .. } => "not_pattern",
            CheckKind::NotMissing { .. } => "not_missing",
            CheckKind::Finite { .. } => "finite",
            CheckKind::Compare { .. } => "compare",
            CheckKind::Unique { .. } => "unique",
            CheckKind::RowCountChange { .. } => "row_count_change",
            CheckKind::Columns { .. } => "columns",
            CheckKind::QueryRows { .. } => "query_rows",
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
            | CheckKind::NotValues { column, .. }
            | CheckKind::NotPattern { column, .. }
            | CheckKind::NotMissing { column, .. }
            | CheckKind::Finite { column }
            | CheckKind::Aggregate { column, .. }
            | CheckKind::Fingerprint { column, .. }
            | CheckKind::References { column, .. } => vec![column],
            CheckKind::Freshness { column, .. } => column.iter().map(String::as_str).collect(),
            CheckKind::Compare { column, other, .. } => vec![column, other],
            CheckKind::Unique { columns } => columns.iter().map(String::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether single rows violate it, which can be named, tolerated and taken out.
    pub fn names_rows(&self) -> bool {
        !matches!(
            self,
            CheckKind::RowCount { .. }
                | CheckKind::RowCountChange { .. }
                | CheckKind::Columns { .. }
                | CheckKind::Query { .. }
                | CheckKind::QueryRows { .. }
                | CheckKind::Aggregate { .. }
                | CheckKind::Fingerprint { .. }
                | CheckKind::Freshness { .. }
                | CheckKind::Program { .. }
        )
    }
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
