//! The kinds of checks, each with what it asks for.
use super::{Bounds, DriftMethod, Operator, Shares};
use crate::{Duration, PortName};

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
    /// Row: the values exist together in a row of another port; rows with a null in any of the columns pass.
    References {
        /// The columns.
        columns: Vec<String>,
        /// The other port.
        port: PortName,
        /// The columns there, one for each of ours.
        targets: Vec<String>,
    },
    /// Row: in the order of another column, the value never goes back; rows with a null in any of the columns are left
    /// out.
    Monotonic {
        /// The column.
        column: String,
        /// The column that puts the rows in order.
        by: String,
        /// Columns whose values start an order of their own.
        group: Vec<String>,
        /// Whether values go down and not up.
        falling: bool,
        /// Whether the same value twice is a violation.
        strict: bool,
    },
    /// Table: the column's values are distributed as the contract says.
    Distribution {
        /// The column.
        column: String,
        /// What is expected.
        expected: Shares,
        /// Smallest Jensen-Shannon distance that matters.
        threshold: f64,
        /// Chance of an alarm when the data are as expected.
        level: f64,
    },
    /// Table: the column's values are distributed as they were in another state of the port.
    Drift {
        /// The column.
        column: String,
        /// Release, tag, branch, snapshot or time; none for the newest release.
        baseline: Option<String>,
        /// How the difference is measured.
        method: DriftMethod,
        /// Smallest difference that matters.
        threshold: f64,
        /// Chance of an alarm when nothing has changed.
        level: f64,
    },
    /// Table: a number is not unusual after those of the releases before.
    Anomaly {
        /// `row_count`, `null_share`, or an aggregate as in [`CheckKind::Aggregate`].
        metric: String,
        /// The column; none for `row_count`.
        column: Option<String>,
        /// Chance of an alarm when nothing is wrong.
        level: f64,
        /// Newest releases that are looked at.
        window: u64,
    },
    /// A check that the product's own program makes, by its name there.
    Program {
        /// Its name in the program.
        name: String,
    },
}

/// The columns of a kind of check, borrowed as the kind is.
macro_rules! columns_of {
    ($kind:expr, $iter:ident) => {
        match $kind {
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
            | CheckKind::Distribution { column, .. }
            | CheckKind::Drift { column, .. } => vec![column],
            CheckKind::Freshness { column, .. } | CheckKind::Anomaly { column, .. } => column.$iter().collect(),
            CheckKind::Compare { column, other, .. } => vec![column, other],
            CheckKind::Unique { columns }
            | CheckKind::Columns { columns, .. }
            | CheckKind::References { columns, .. } => columns.$iter().collect(),
            CheckKind::Monotonic { column, by, group, .. } => [column, by].into_iter().chain(group.$iter()).collect(),
            CheckKind::RowCount { .. }
            | CheckKind::RowCountChange { .. }
            | CheckKind::Expression { .. }
            | CheckKind::Query { .. }
            | CheckKind::QueryRows { .. }
            | CheckKind::Program { .. } => vec![],
        }
    };
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
            CheckKind::Monotonic { .. } => "monotonic",
            CheckKind::Distribution { .. } => "distribution",
            CheckKind::Drift { .. } => "drift",
            CheckKind::Anomaly { .. } => "anomaly",
            CheckKind::Program { .. } => "program",
        }
    }

    /// The columns that it names; none for checks in SQL and those that speak of no column.
    pub fn columns(&self) -> Vec<&str> {
        columns_of!(self, iter).into_iter().map(String::as_str).collect()
    }

    /// The same, for columns that get other names.
    pub(crate) fn columns_mut(&mut self) -> Vec<&mut String> {
        columns_of!(self, iter_mut)
    }

    /// Whether it counts rows, some of which may be tolerated, and does not judge the table as a whole.
    pub fn counts_rows(&self) -> bool {
        self.names_rows()
            || matches!(self, CheckKind::QueryRows { .. } | CheckKind::Monotonic { .. } | CheckKind::Program { .. })
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
                | CheckKind::Monotonic { .. }
                | CheckKind::Distribution { .. }
                | CheckKind::Drift { .. }
                | CheckKind::Anomaly { .. }
                | CheckKind::Program { .. }
        )
    }
}
