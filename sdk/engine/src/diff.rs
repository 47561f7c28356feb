//! Two states of a port, compared by its key: rows and cells added, removed, changed.
//!
//! Both states are read in one schema, columns matched by field id, so that a rename changes no cell. Data files that
//! both states share are not read at all; the rows of the others are sorted by key, spilling to disk, and compared as
//! they stream by. Without a key, rows are compared as multisets.
mod canonical;
mod columns;
mod compare;
mod groups;
mod report;
mod sides;
mod whole_rows;

use std::collections::HashSet;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use futures::StreamExt;
use iceberg::spec::Schema;
use iceberg::table::Table;
use meshwright_catalog::{Catalog, Error, Kind, ReleaseRecord, same_rows};
use meshwright_spec::{Diagnostic, PortName, Sources, nearest};

pub use report::{
    CellCounts, ColumnChange, ColumnDiff, DiffReport, FileCounts, Renamed, Retyped, RowChange, RowCounts, StateOf,
};

use crate::failure::{Failure, Findings, Result};
use crate::session::session;
use crate::when::{State, When, state_at};
use columns::Columns;
use compare::Comparison;

/// What `mesh diff` can be told.
#[derive(Debug, Clone, Default)]
pub struct DiffOptions {
    /// The older state; none: the release before `to`, or what readers see when `to` is no release.
    pub from: Option<String>,
    /// The newer state; none: what readers see.
    pub to: Option<String>,
    /// Columns that identify a row, instead of the contract's key.
    pub key: Vec<String>,
    /// Compare whole rows, whatever the contract says.
    pub no_key: bool,
    /// Differing rows that the report shows, of each kind.
    pub sample: usize,
    /// At most so many differing rows are handed out.
    pub limit: Option<usize>,
}

/// Two states of a port, found and about to be compared.
pub struct Diff {
    port: PortName,
    table: Table,
    from: State,
    to: State,
    columns: Columns,
    options: DiffOptions,
}

/// Finds the two states.
///
/// # Errors
/// [`Failure::Missing`] for a state that is not there, [`Failure::Usage`] for a key that is no key of both.
pub async fn diff(catalog: &Catalog, port: &PortName, options: DiffOptions) -> Result<Diff> {
    crate::describe::known(catalog, port).await?;
    let (table, releases) =
        catalog.load_states(std::slice::from_ref(port), true).await?.pop().unwrap_or((None, vec![]));
    let Some(table) = table else {
        let d = Diagnostic::error("M1002", format!("port `{port}` has no release yet"));
        return Err(missing(d.help("its owner makes one with `mesh run`")));
    };
    let to_text = options.to.clone().unwrap_or_else(|| "main".to_owned());
    let to = state_at(port, &table, &releases, &When::parse(&to_text))?;
    let from_text = match &options.from {
        Some(text) => text.clone(),
        None => before(port, &releases, &to)?,
    };
    let from = state_at(port, &table, &releases, &When::parse(&from_text))?;
    let mut columns = Columns::merge(&from.schema, &to.schema)?;
    if !options.no_key {
        let key = match options.key.is_empty() {
            true => key_of(catalog, port, &to, &from, &columns).await?,
            false => options.key.clone(),
        };
        columns.identify_by(&key).map_err(|column| no_column(port, &column, &columns))?;
    }
    Ok(Diff { port: port.clone(), table, from, to, columns, options })
}

/// What a state is compared with when nobody says: the release before it, or what readers see.
fn before(port: &PortName, releases: &[ReleaseRecord], to: &State) -> Result<String> {
    let Some(release) = &to.release else { return Ok("main".to_owned()) };
    match releases.iter().find(|r| r.number < release.number) {
        Some(previous) => Ok(format!("r{}", previous.number)),
        None => {
            let d = Diagnostic::error("M1002", format!("`{port}` has no release before r{}", release.number));
            Err(missing(d.help("name the state to compare with: `--from WHEN`")))
        }
    }
}

/// The key that the newer state's contract promises, else the older one's; only what both states have counts.
async fn key_of(
    catalog: &Catalog,
    port: &PortName,
    to: &State,
    from: &State,
    columns: &Columns,
) -> Result<Vec<String>> {
    for (state, newer) in [(to, true), (from, false)] {
        let checksum = state.snapshot.summary().additional_properties.get("mesh.contract-checksum");
        let promised = match checksum {
            Some(checksum) => catalog.contract(port, checksum).await?.map(|c| c.parse()).transpose()?.map(|c| c.key),
            None => None,
        };
        let names = promised.unwrap_or_else(|| identifiers(&state.schema));
        let shown: Option<Vec<String>> = names.iter().map(|n| columns.in_both(n, newer)).collect();
        if let Some(key) = shown.filter(|key| !key.is_empty()) {
            return Ok(key);
        }
    }
    Ok(vec![])
}

/// The table's own word for a key, for states that no contract of this mesh describes.
fn identifiers(schema: &Schema) -> Vec<String> {
    schema.identifier_field_ids().filter_map(|id| schema.name_by_field_id(id).map(str::to_owned)).collect()
}

fn no_column(port: &PortName, column: &str, columns: &Columns) -> Failure {
    let both: Vec<&str> = columns.shared_names().collect();
    let near = nearest(column, both.iter().copied()).map(|n| format!("did you mean `{n}`?"));
    let d =
        Diagnostic::error("M1004", format!("`{column}` cannot identify rows of `{port}`: not a column of both states"));
    Failure::Usage(Findings::one(
        d.help(near.unwrap_or_else(|| format!("both have: {}", both.join(", ")))),
        &Sources::default(),
    ))
}

fn missing(d: Diagnostic) -> Failure {
    Failure::Missing(Findings::one(d, &Sources::default()))
}

impl Diff {
    /// Columns of the differing rows: `change` (`added`, `removed`, `before`, `after`), then those of both states.
    pub fn schema(&self) -> SchemaRef {
        self.columns.shown()
    }

    /// Compares, handing out differing rows as they are found; none are made when nobody `wants` them.
    ///
    /// # Errors
    /// [`Failure::Usage`] when the key is shared by very many rows, and what reading and `wants` fail with.
    pub async fn compare(self, mut wants: Option<&mut dyn FnMut(RecordBatch) -> Result<()>>) -> Result<DiffReport> {
        let Self { port, table, from, to, columns, options } = self;
        let mut files = FileCounts::default();
        let mut shared_rows = 0;
        let mut shared = HashSet::new();
        let rows_of = |state: &State| same_rows(table.metadata(), state.snapshot.snapshot_id());
        if rows_of(&from) != rows_of(&to) {
            let (before, after) =
                (crate::scan::files(&table, &from.snapshot).await?, crate::scan::files(&table, &to.snapshot).await?);
            // rows that were deleted from a file since are only found by reading it
            let whole: HashSet<&str> = before.iter().filter(|f| !f.has_deletes).map(|f| f.path.as_str()).collect();
            for file in after.iter().filter(|f| columns.shares_files && !f.has_deletes) {
                if whole.contains(file.path.as_str()) {
                    shared_rows += file.rows;
                    shared.insert(file.path.clone());
                }
            }
            files = FileCounts {
                shared: shared.len(),
                only_before: before.len() - shared.len(),
                only_after: after.len() - shared.len(),
            };
        } else {
            let live = crate::scan::files(&table, &from.snapshot).await?;
            files.shared = live.len();
            shared_rows = sides::rows(&from).unwrap_or_else(|| live.iter().map(|f| f.rows).sum());
        }
        let mut comparison = Comparison::new(&columns, &options, wants.is_some());
        if files.only_before + files.only_after > 0 {
            let ctx = session()?;
            let mut sorted = sides::sorted(&ctx, &table, &from, &to, &columns, shared).await?;
            while let Some(batch) = sorted.next().await {
                let rows = comparison.push(batch?).map_err(|e| explained(e, &port))?;
                hand_out(rows, &mut wants)?;
            }
            let rows = comparison.finish().map_err(|e| explained(e, &port))?;
            hand_out(rows, &mut wants)?;
        }
        Ok(comparison.report(&port, (&from, &to), shared_rows, files))
    }
}

fn hand_out(rows: Option<RecordBatch>, wants: &mut Option<&mut dyn FnMut(RecordBatch) -> Result<()>>) -> Result<()> {
    match (rows, wants) {
        (Some(rows), Some(wants)) => wants(rows),
        _ => Ok(()),
    }
}

/// Why rows could not be compared.
pub(super) enum Trouble {
    /// Very many rows of one state have the same key.
    Crowded(String),
    /// An operation on columns failed.
    Arrow(arrow::error::ArrowError),
}

impl From<arrow::error::ArrowError> for Trouble {
    fn from(e: arrow::error::ArrowError) -> Self {
        Self::Arrow(e)
    }
}

fn explained(trouble: Trouble, port: &PortName) -> Failure {
    match trouble {
        Trouble::Crowded(key) => {
            let d = Diagnostic::error("M1004", format!("too many rows of `{port}` have the key {key} to be matched"));
            let d = d.help("compare whole rows, `--no-key`, or by other columns, `--key a,b`");
            Failure::Usage(Findings::one(d, &Sources::default()))
        }
        Trouble::Arrow(e) => Error::new(Kind::Unexpected, "rows cannot be compared").because(e).into(),
    }
}
