//! Reads data files without the rows that position delete files or deletion vectors name.
use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use arrow::array::{BooleanBufferBuilder, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::SchemaRef as ArrowSchemaRef;
use datafusion::common::stats::Precision;
use datafusion::common::{Result, Statistics};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties};
use futures::{StreamExt, TryStreamExt};
use iceberg::io::FileIO;
use roaring::RoaringTreemap;
use tokio::sync::OnceCell;

use super::parquet::Scan;
use super::snapshot::LiveFile;
use super::{damaged, external};
use crate::deleted_places::{read_file, read_vector};

/// What a position delete file says, read once for all data files of a scan.
type DeleteFile = OnceCell<HashMap<String, RoaringTreemap>>;

/// Whole files from the first row to the last, in as many partitions as wanted. It has no children that an optimizer could
/// cut into pieces or filter, for a row's place is its number in the file.
#[derive(Debug)]
pub(super) struct PositionDeletesExec {
    io: FileIO,
    groups: Vec<Vec<Whole>>,
    delete_files: Arc<BTreeMap<String, DeleteFile>>,
    properties: Arc<PlanProperties>,
    pub(super) metrics: ExecutionPlanMetricsSet,
}

/// A data file and the plan that reads all of it.
#[derive(Debug, Clone)]
struct Whole {
    file: Arc<LiveFile>,
    rows: Arc<dyn ExecutionPlan>,
}

impl PositionDeletesExec {
    pub(super) fn plan(scan: &Scan<'_>, files: &[usize], projection: &[usize]) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = Arc::new(scan.table.arrow.project(projection)?);
        let whole = |at: &usize| Ok(Whole { file: scan.index.files[*at].clone(), rows: scan.whole(*at, projection)? });
        let files = files.iter().map(whole).collect::<Result<Vec<_>>>()?;
        let named = files.iter().flat_map(|whole| &whole.file.deletes.position);
        let delete_files = named.map(|file| (file.path().to_owned(), OnceCell::new())).collect();
        let groups = scan.groups(files, |whole| whole.file.data().file_size_in_bytes());
        Ok(Arc::new(Self {
            io: scan.table.table.file_io().clone(),
            properties: properties(schema, groups.len()),
            groups,
            delete_files: Arc::new(delete_files),
            metrics: ExecutionPlanMetricsSet::new(),
        }))
    }
}

fn properties(schema: ArrowSchemaRef, partitions: usize) -> Arc<PlanProperties> {
    Arc::new(PlanProperties::new(
        EquivalenceProperties::new(schema),
        Partitioning::UnknownPartitioning(partitions),
        EmissionType::Incremental,
        Boundedness::Bounded,
    ))
}

/// The deleted rows of a data file.
async fn deleted(
    io: &FileIO,
    file: &LiveFile,
    delete_files: &BTreeMap<String, DeleteFile>,
) -> iceberg::Result<RoaringTreemap> {
    if let Some(vector) = &file.deletes.vector {
        let rows = read_vector(io, vector.data(), vector.path()).await?;
        if rows.max().is_some_and(|row| row >= file.data().record_count()) {
            let why = format!("it names rows behind the last one of {}", file.path());
            return Err(damaged(format!("deletion vector in {}: {why}", vector.path())));
        }
        return Ok(rows);
    }
    let mut rows = RoaringTreemap::new();
    for delete in &file.deletes.position {
        let Some(known) = delete_files.get(delete.path()) else { continue };
        let places = known.get_or_try_init(|| read_file(io, delete.path())).await?;
        if let Some(more) = places.get(file.path()) {
            rows |= more;
        }
    }
    Ok(rows)
}

/// A batch that begins with row `first` of its file, without the deleted rows.
fn left(batch: &RecordBatch, first: u64, deleted: &RoaringTreemap) -> Result<RecordBatch> {
    let behind = first + batch.num_rows() as u64;
    let mut gone = deleted.iter();
    gone.advance_to(first);
    let mut gone = gone.take_while(|row| *row < behind).peekable();
    if gone.peek().is_none() {
        return Ok(batch.clone());
    }
    let mut stays = BooleanBufferBuilder::new(batch.num_rows());
    stays.append_n(batch.num_rows(), true);
    gone.for_each(|row| stays.set_bit((row - first) as usize, false));
    Ok(filter_record_batch(batch, &stays.finish().into())?)
}

impl DisplayAs for PositionDeletesExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files = || self.groups.iter().flatten();
        let vectors = files().filter(|whole| whole.file.deletes.vector.is_some()).count();
        let (groups, deletes) = (self.groups.len(), self.delete_files.len());
        write!(
            f,
            "PositionDeletesExec: groups={groups}, files={}, deletes={deletes}, vectors={vectors}",
            files().count()
        )
    }
}

impl ExecutionPlan for PositionDeletesExec {
    fn name(&self) -> &str {
        "PositionDeletesExec"
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![]
    }

    fn with_new_children(self: Arc<Self>, _: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn partition_statistics(&self, partition: Option<usize>) -> Result<Statistics> {
        let mut statistics = Statistics::new_unknown(&self.schema());
        let groups = match partition {
            Some(one) => self.groups.get(one).map(std::slice::from_ref).unwrap_or_default(),
            None => &self.groups[..],
        };
        let rows = groups.iter().flatten().map(|whole| whole.file.left()).sum::<Option<usize>>();
        statistics.num_rows = rows.map_or(Precision::Absent, Precision::Exact);
        Ok(statistics)
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let (io, delete_files) = (self.io.clone(), self.delete_files.clone());
        let files = futures::stream::iter(self.groups[partition].clone());
        let batches = files
            .then(move |Whole { file, rows }| {
                let (io, delete_files, context) = (io.clone(), delete_files.clone(), context.clone());
                async move {
                    let deleted = deleted(&io, &file, &delete_files).await.map_err(external)?;
                    let mut first = 0;
                    let batches = rows.execute(0, context)?.map(move |batch| {
                        let batch = batch?;
                        let left = left(&batch, first, &deleted);
                        first += batch.num_rows() as u64;
                        left
                    });
                    Ok::<_, datafusion::error::DataFusionError>(batches)
                }
            })
            .try_flatten()
            .inspect_ok(move |batch| metrics.record_output(batch.num_rows()));
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), batches)))
    }
}
