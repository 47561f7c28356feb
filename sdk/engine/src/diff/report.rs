//! What a comparison found.
use iceberg::spec::Type;
use serde::Serialize;
use serde_json::{Map, Value};

/// Two states of a port, compared.
#[derive(Debug, Clone, Serialize)]
pub struct DiffReport {
    /// `domain.product.port`
    pub port: String,
    /// The older state.
    pub from: StateOf,
    /// The newer state.
    pub to: StateOf,
    /// Neither rows nor columns differ.
    pub same: bool,
    /// Columns by which rows were matched; none: whole rows were compared.
    pub key: Vec<String>,
    /// How many rows differ.
    pub rows: RowCounts,
    /// How many cells differ in rows that both states have, in columns that both states have.
    pub cells: CellCounts,
    /// The same by column, those without a difference left out.
    pub columns: Vec<ColumnDiff>,
    /// How the columns themselves differ.
    pub schema: ColumnChange,
    /// Some differing rows of each kind, in the order of the key.
    pub sample: Vec<RowChange>,
    /// What had to be read.
    pub files: FileCounts,
}

/// A state that was compared.
#[derive(Debug, Clone, Serialize)]
pub struct StateOf {
    /// Its snapshot.
    pub snapshot_id: i64,
    /// The release it is, if it is one.
    pub release: Option<i64>,
    /// The contract version it was made under.
    pub contract_version: Option<String>,
    /// Rows in it.
    pub rows: u64,
}

/// Rows by what became of them.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct RowCounts {
    /// Only the newer state has their key, or more of such rows.
    pub added: u64,
    /// Only the older state has their key, or more of such rows.
    pub removed: u64,
    /// Both have their key, with other cells.
    pub changed: u64,
    /// Both have them as they are.
    pub unchanged: u64,
    /// Keys that more than one row of a state has; such rows are matched as well as can be.
    pub duplicate_keys: u64,
}

/// Cells by what became of them.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct CellCounts {
    /// Null became a value.
    pub added: u64,
    /// A value became null.
    pub removed: u64,
    /// A value became another value.
    pub changed: u64,
}

/// What became of one column's cells.
#[derive(Debug, Clone, Serialize)]
pub struct ColumnDiff {
    /// As the newer state calls it.
    pub name: String,
    /// How many cells.
    #[serde(flatten)]
    pub cells: CellCounts,
}

/// Columns that only one state has, or that are called or typed otherwise.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ColumnChange {
    /// Only the newer state has them.
    pub added: Vec<String>,
    /// Only the older state has them.
    pub removed: Vec<String>,
    /// The same column under another name.
    pub renamed: Vec<Renamed>,
    /// The same name with another type.
    pub retyped: Vec<Retyped>,
}

/// A column with another name.
#[derive(Debug, Clone, Serialize)]
pub struct Renamed {
    /// In the older state.
    pub from: String,
    /// In the newer state.
    pub to: String,
}

/// A column with another type.
#[derive(Debug, Clone, Serialize)]
pub struct Retyped {
    /// Its name.
    pub name: String,
    /// In the older state, as Iceberg spells it.
    pub from: String,
    /// In the newer state.
    pub to: String,
}

/// A row that differs.
#[derive(Debug, Clone, Serialize)]
pub struct RowChange {
    /// `added`, `removed` or `changed`.
    pub change: &'static str,
    /// Its key, by column; empty where whole rows are compared.
    pub key: Map<String, Value>,
    /// Cells of an added or removed row; of a changed one `{"from", "to"}` for each cell that differs.
    pub cells: Map<String, Value>,
    /// How many such rows, where whole rows are compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
}

/// Data files of the two states.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct FileCounts {
    /// In both, and not read.
    pub shared: usize,
    /// Only in the older state.
    pub only_before: usize,
    /// Only in the newer state.
    pub only_after: usize,
}

impl CellCounts {
    /// One more cell that differs.
    pub(super) fn count(&mut self, was_null: bool, is_null: bool) {
        match (was_null, is_null) {
            (true, false) => self.added += 1,
            (false, true) => self.removed += 1,
            _ => self.changed += 1,
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.added += other.added;
        self.removed += other.removed;
        self.changed += other.changed;
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.added + self.removed + self.changed
    }
}

impl ColumnChange {
    /// Nothing differs.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.renamed.is_empty() && self.retyped.is_empty()
    }
}

impl Retyped {
    pub(super) fn new(name: &str, from: &Type, to: &Type) -> Self {
        Self { name: name.to_owned(), from: from.to_string(), to: to.to_string() }
    }
}
