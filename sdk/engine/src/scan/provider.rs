//! The table as DataFusion sees it.
use std::any::Any;
use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use arrow::datatypes::{DataType, FieldRef, Schema, SchemaRef as ArrowSchemaRef};
use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::{DFSchema, Result as DataFusionResult, Statistics};
use datafusion::datasource::{TableProvider, TableType};
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::union::UnionExec;
use iceberg::Result;
use iceberg::arrow::schema_to_arrow_schema;
use iceberg::spec::{SchemaRef, SnapshotRef};
use iceberg::table::Table;
use tokio::sync::OnceCell;

use super::cache::Origin;
use super::column::Columns;
use super::field_ids::FieldIds;
use super::parquet::{Counts, Scan};
use super::pruning::Bounds;
use super::snapshot::{LiveFile, live_files};
use super::{external, merge, names, settings, statistics};

/// One snapshot of an Iceberg table, presented in a schema of the table.
///
/// The manifests are read when the first query is planned, and kept. Filters prune files, row groups and pages;
/// DataFusion still applies them to the rows. `count(*)` without a filter is answered from the manifests.
///
/// # Errors
/// A scan fails when the session was not set up by [`session_config`](super::session_config), when the files found are not
/// those which the snapshot counts, when a file does not hold the rows which its manifest counts, when a deletion vector
/// is not what its entry says, and when the table uses what this reader does not read: files that are not Parquet.
pub struct IcebergTable {
    pub(super) table: Table,
    snapshot: Option<SnapshotRef>,
    /// Schema in which the table is presented.
    pub(super) schema: SchemaRef,
    pub(super) arrow: ArrowSchemaRef,
    pub(super) columns: Arc<Columns>,
    pub(super) field_ids: Arc<FieldIds>,
    pub(super) origin: Origin,
    /// Data files that are not read.
    without: HashSet<String>,
    index: OnceCell<Arc<Index>>,
    pruning: Counters,
}

/// What is known about the files of the snapshot.
pub(super) struct Index {
    pub(super) files: Vec<Arc<LiveFile>>,
    pub(super) bounds: Bounds,
    /// Made for files that are read, when they are.
    statistics: Vec<OnceLock<Arc<Statistics>>>,
}

/// Files seen by the queries planned so far; each query also reports its own in `EXPLAIN ANALYZE`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruning {
    /// Scans planned.
    pub scans: usize,
    /// Files of the snapshot, once for each scan.
    pub files: usize,
    /// Those of them that were left out.
    pub pruned: usize,
}

#[derive(Default)]
struct Counters {
    scans: AtomicUsize,
    files: AtomicUsize,
    pruned: AtomicUsize,
}

impl fmt::Debug for IcebergTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let snapshot = self.snapshot.as_ref().map(|snapshot| snapshot.snapshot_id());
        f.debug_struct("IcebergTable").field("table", self.table.identifier()).field("snapshot", &snapshot).finish()
    }
}

impl IcebergTable {
    /// The table at a snapshot (`None`: without rows), presented in `schema`, one of the table's: the current one for
    /// a head, the snapshot's own for time travel.
    ///
    /// Columns have Arrow's plain types (`Utf8`, not views) and carry their field ids as metadata.
    ///
    /// # Errors
    /// When a column's type has no Arrow equivalent, or the table's name mapping cannot be read.
    pub fn at(table: Table, snapshot: Option<SnapshotRef>, schema: SchemaRef) -> Result<Self> {
        let arrow = Arc::new(schema_to_arrow_schema(&schema)?);
        let columns = Arc::new(Columns::new(&schema, &arrow, table.metadata()));
        let names = names::mapping(table.metadata(), &schema)?;
        Ok(Self {
            field_ids: Arc::new(FieldIds::new(columns.defaults(), names)),
            origin: Origin::of(&table),
            without: HashSet::new(),
            table,
            snapshot,
            schema,
            arrow,
            columns,
            index: OnceCell::new(),
            pruning: Counters::default(),
        })
    }

    /// The same with text as views at the top level, which queries filter, join and group without copying it.
    ///
    /// # Errors
    /// As [`IcebergTable::at`].
    pub fn with_views(mut self) -> Result<Self> {
        let view = |field: &FieldRef| match field.data_type() {
            DataType::Utf8 => Arc::new(field.as_ref().clone().with_data_type(DataType::Utf8View)),
            _ => field.clone(),
        };
        let fields: Vec<FieldRef> = self.arrow.fields().iter().map(view).collect();
        self.arrow = Arc::new(Schema::new_with_metadata(fields, self.arrow.metadata().clone()));
        self.columns = Arc::new(Columns::new(&self.schema, &self.arrow, self.table.metadata()));
        let names = names::mapping(self.table.metadata(), &self.schema)?;
        self.field_ids = Arc::new(FieldIds::new(self.columns.defaults(), names));
        self.index = OnceCell::new();
        Ok(self)
    }

    /// The same table with these files alone.
    pub(super) fn with_files(&self, files: Vec<Arc<LiveFile>>) -> Self {
        Self {
            table: self.table.clone(),
            snapshot: self.snapshot.clone(),
            schema: self.schema.clone(),
            arrow: self.arrow.clone(),
            columns: self.columns.clone(),
            field_ids: self.field_ids.clone(),
            origin: self.origin,
            index: OnceCell::new_with(Some(Arc::new(self.index_of(files)))),
            without: HashSet::new(),
            pruning: Counters::default(),
        }
    }

    fn index_of(&self, files: Vec<Arc<LiveFile>>) -> Index {
        let bounds = Bounds::new(files.clone(), self.columns.clone());
        let statistics = files.iter().map(|_| OnceLock::new()).collect();
        Index { files, bounds, statistics }
    }

    /// The snapshot whose rows it has.
    pub fn snapshot_id(&self) -> Option<i64> {
        self.snapshot.as_ref().map(|snapshot| snapshot.snapshot_id())
    }

    /// The same without the rows of some data files: what two snapshots share need not be read to compare them.
    pub fn without(mut self, files: HashSet<String>) -> Self {
        self.without = files;
        self
    }

    /// How many files the scans of this table considered and left out so far.
    pub fn pruning(&self) -> Pruning {
        Pruning {
            scans: self.pruning.scans.load(Ordering::Relaxed),
            files: self.pruning.files.load(Ordering::Relaxed),
            pruned: self.pruning.pruned.load(Ordering::Relaxed),
        }
    }

    /// How many rows the table has, where the manifests tell; a scan of which no file is read.
    pub(crate) async fn count(&self) -> Result<Option<usize>> {
        let files = &self.index().await?.files;
        let rows: Option<usize> = files.iter().map(|file| file.left()).sum();
        if rows.is_some() {
            self.seen(&Counts { files: files.len(), pruned: files.len() });
        }
        Ok(rows)
    }

    fn seen(&self, counts: &Counts) {
        self.pruning.scans.fetch_add(1, Ordering::Relaxed);
        self.pruning.files.fetch_add(counts.files, Ordering::Relaxed);
        self.pruning.pruned.fetch_add(counts.pruned, Ordering::Relaxed);
    }

    pub(super) async fn index(&self) -> Result<&Arc<Index>> {
        let read = || async {
            let mut files = match &self.snapshot {
                Some(snapshot) => live_files(&self.table, snapshot).await?,
                None => vec![],
            };
            files.retain(|file| !self.without.contains(file.path()));
            Ok(Arc::new(self.index_of(files)))
        };
        self.index.get_or_try_init(read).await
    }

    pub(super) fn file_statistics(&self, index: &Index, at: usize) -> Arc<Statistics> {
        let make = || Arc::new(statistics::of_file(&index.files[at], &self.columns, &self.arrow));
        index.statistics[at].get_or_init(make).clone()
    }
}

#[async_trait]
impl TableProvider for IcebergTable {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn schema(&self) -> ArrowSchemaRef {
        self.arrow.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> DataFusionResult<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        settings::check(state.config_options())?;
        let index = self.index().await.map_err(external)?;
        let predicate = match conjunction(filters.iter().cloned()) {
            Some(filter) => {
                let schema = DFSchema::try_from(self.arrow.as_ref().clone())?;
                Some(state.create_physical_expr(filter, &schema)?)
            }
            None => None,
        };
        let mut keep = match &predicate {
            Some(predicate) => index.bounds.keep(predicate)?,
            None => (0..index.files.len()).collect(),
        };
        let limit = limit.filter(|_| filters.is_empty());
        if let Some(limit) = limit {
            stop_after(limit, &mut keep, &index.files);
        }

        let counts = Counts { files: index.files.len(), pruned: index.files.len() - keep.len() };
        self.seen(&counts);

        let projection = projection.cloned().unwrap_or_else(|| (0..self.arrow.fields().len()).collect());
        let (plain, deleted): (Vec<_>, Vec<_>) = keep.into_iter().partition(|at| index.files[*at].deletes.is_empty());
        let scan = Scan { table: self, index, state, predicate };
        let mut plans = merge::plans(&scan, deleted, &projection)?;
        if !plain.is_empty() || plans.is_empty() {
            plans.push(scan.parquet(&plain, &projection, limit)?);
        }
        counts.report(&plans);
        if plans.len() == 1 { Ok(plans.remove(0)) } else { UnionExec::try_new(plans) }
    }
}

/// Drops the files behind the one with the last row wanted.
fn stop_after(limit: usize, keep: &mut Vec<usize>, files: &[Arc<LiveFile>]) {
    let mut rows = 0;
    keep.retain(|at| {
        let wanted = rows < limit;
        rows += files[*at].left().unwrap_or(0);
        wanted
    });
}
