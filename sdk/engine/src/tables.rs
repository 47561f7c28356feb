//! Writing a port's table from Rust, without a run: for tools, tests and benchmarks.
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use futures::StreamExt;
use futures::stream::BoxStream;
use iceberg::spec::{DataFile, MAIN_BRANCH, Operation};
use iceberg::table::Table;
use meshwright_catalog::{Catalog, Change, Error, Kind};
use meshwright_spec::{Contract, FileLayout, PortName, WriteMode};

use crate::evolve::{Shaped, remember, shape};
use crate::failure::Result;
use crate::modes::{Replaced, replace_partitions, upsert};
use crate::session::session;
use crate::write::{Target, discard, promised, write};

/// Rows on their way into a table.
pub type Batches = BoxStream<'static, std::result::Result<RecordBatch, ArrowError>>;

/// Writes rows to a port's table: one snapshot a call, on any branch.
///
/// # Contract
/// - The table is made, and evolves, as the contract says; columns of the rows are found by name.
/// - Nothing is checked and nothing is released: that is what a run does. On `main`, readers see the rows at once.
/// - When others commit first, an append joins them; what depends on rows that they changed is a `Conflict`.
#[derive(Debug)]
pub struct TableWriter<'a> {
    /// The mesh.
    pub catalog: &'a Catalog,
    /// Whose table.
    pub port: PortName,
    /// Its columns, key, partitioning and order.
    pub contract: &'a Contract,
    /// What happens to rows that are there already.
    pub mode: WriteMode,
    /// How rows lie in files.
    pub files: FileLayout,
    /// Where the snapshot goes; a new branch starts from main's head.
    pub branch: String,
    /// Summary properties of the snapshot.
    pub properties: HashMap<String, String>,
}

/// A snapshot that was written.
#[derive(Debug)]
pub struct TableWritten {
    /// The table as the commit left it.
    pub table: Table,
    /// The new snapshot.
    pub snapshot_id: i64,
    /// Rows that were brought.
    pub rows: u64,
    /// Rows that left: replaced ones too.
    pub rows_removed: u64,
    /// Files that were there before and are no longer.
    pub files_removed: usize,
}

impl<'a> TableWriter<'a> {
    /// Appends to `main`, files as they come.
    pub fn new(catalog: &'a Catalog, port: PortName, contract: &'a Contract) -> Self {
        let (files, branch, properties) = (FileLayout::default(), MAIN_BRANCH.to_owned(), HashMap::new());
        Self { catalog, port, contract, mode: WriteMode::Append, files, branch, properties }
    }

    /// Writes rows, several streams of them beside each other.
    ///
    /// # Errors
    /// `Conflict` when somebody else changed what the new rows were compared with.
    pub async fn write(&self, schema: SchemaRef, streams: Vec<Batches>) -> Result<TableWritten> {
        let shaped = shape(self.catalog, &self.port, self.contract, self.files.format_version).await?;
        let main = shaped.table.metadata().current_snapshot_id();
        let id = uuid::Uuid::now_v7().simple().to_string();
        let target = Target::of(&shaped, &self.files, &id);
        let ctx = session()?;
        let streams = streams.into_iter().map(|rows| {
            Arc::new(Once { schema: schema.clone(), rows: Mutex::new(Some(rows)) }) as Arc<dyn PartitionStream>
        });
        let table = StreamingTable::try_new(schema.clone(), streams.collect())?;
        let frame = promised(ctx.read_table(Arc::new(table))?, self.contract)?;
        let files = write(&ctx, frame, &target, u64::MAX).await?;
        let replaced = match self.replaced(&shaped, &files, &target).await {
            Ok(replaced) => replaced,
            Err(e) => {
                discard(&shaped.table, &files).await;
                return Err(e);
            }
        };
        let compared = self.mode == WriteMode::Upsert || !replaced.kept.is_empty() || !replaced.removed.is_empty();
        let decide = async |table: &Table| {
            let moved = table.metadata().current_snapshot_id() != main;
            let reshaped = shaped.next.is_some() || shaped.layout.spec.is_some();
            if moved && (compared || reshaped) {
                return Err(Error::new(Kind::Invalid, format!("somebody else wrote to `{}` first", self.port)));
            }
            Ok(self.change(&shaped, &files, &replaced))
        };
        match self.catalog.apply(&self.port, decide).await {
            Ok(applied) => {
                let updates = remember(&applied.table, &self.files);
                let table = if updates.is_empty() {
                    applied.table
                } else {
                    let change = meshwright_catalog::TableChange { base: applied.table, requirements: vec![], updates };
                    self.catalog.commit(change).await?
                };
                Ok(TableWritten {
                    table,
                    snapshot_id: applied.snapshot_id,
                    rows: files.iter().map(DataFile::record_count).sum(),
                    rows_removed: replaced.rows,
                    files_removed: replaced.removed.len(),
                })
            }
            Err(e) => {
                discard(&shaped.table, &files).await;
                discard(&shaped.table, &replaced.kept).await;
                let lost = e.kind() == Kind::Invalid;
                let conflict =
                    || Error::new(Kind::Conflict, e.message()).help("write again: the rows are compared anew");
                Err(if lost { conflict() } else { e }.into())
            }
        }
    }

    async fn replaced(&self, shaped: &Shaped, files: &[DataFile], target: &Target) -> Result<Replaced> {
        match self.mode {
            WriteMode::Append | WriteMode::Replace => Ok(Replaced::default()),
            WriteMode::Upsert => upsert(shaped, files, target, self.contract).await,
            WriteMode::ReplacePartitions => replace_partitions(shaped, files, target, &self.contract.sort).await,
        }
    }

    fn change(&self, shaped: &Shaped, files: &[DataFile], replaced: &Replaced) -> Change {
        let mut change = Change::append(files.iter().chain(&replaced.kept).cloned().collect());
        change.branch.clone_from(&self.branch);
        change.schema.clone_from(&shaped.next);
        change.spec.clone_from(&shaped.layout.spec);
        change.sort.clone_from(&shaped.layout.sort);
        change.properties.clone_from(&self.properties);
        if self.mode != WriteMode::Append {
            change.operation = Operation::Overwrite;
            change.remove_all = self.mode == WriteMode::Replace;
            change.removed.clone_from(&replaced.removed);
        }
        change
    }
}

/// A stream as a partition of a table that is read once.
struct Once {
    schema: SchemaRef,
    rows: Mutex<Option<Batches>>,
}

impl std::fmt::Debug for Once {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("rows that are read once")
    }
}

impl PartitionStream for Once {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner).take();
        let rows = rows.unwrap_or_else(|| futures::stream::empty().boxed());
        let rows = rows.map(|batch| batch.map_err(DataFusionError::from));
        Box::pin(RecordBatchStreamAdapter::new(self.schema.clone(), rows))
    }
}
