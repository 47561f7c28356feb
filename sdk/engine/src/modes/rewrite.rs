//! Files without the rows that leave.
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::{filter_record_batch, not};
use arrow::datatypes::SchemaRef;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};
use datafusion::prelude::{DataFrame, SessionContext};
use futures::{StreamExt, TryStreamExt};
use meshwright_catalog::{Error, Kind};

use super::Replaced;
use crate::failure::{Failure, Result};
use crate::scan::{FilePart, IcebergTable};
use crate::session::session;
use crate::write::{Target, discard, sorted, write, write_streams};

/// A file of at least this many bytes keeps its order and stays by itself; smaller ones are written together.
const LARGE: u64 = 64 << 20;

/// Decides which rows leave.
pub(crate) trait Leaving: Send + Sync + std::fmt::Debug {
    /// The columns it looks at.
    fn columns(&self) -> Vec<String>;

    /// Whether each row leaves; `rows` has exactly these columns, and the answer is never null.
    fn of(&self, rows: &RecordBatch) -> DataFusionResult<BooleanArray>;

    /// The same as a condition, where it can be said as one: then row groups are left out by their statistics.
    fn condition(&self) -> Option<Expr> {
        None
    }
}

/// Takes the rows that leave out of some files of a table. `sort` is the order of rows within files.
pub(crate) async fn rewrite(
    old: &IcebergTable,
    candidates: Vec<FilePart>,
    leaving: Arc<dyn Leaving>,
    target: &Target,
    sort: &[String],
) -> Result<Replaced> {
    let cores = cores();
    let ctx = one_by_one()?;
    let counts = measure(old, candidates, leaving.clone()).await?;
    let mut replaced = Replaced::default();
    let mut partly = vec![];
    for (part, rows) in counts {
        replaced.removed.insert(part.path().to_owned());
        replaced.rows += rows;
        if part.left() != Some(rows) {
            partly.push(part);
        }
    }
    let (large, small): (Vec<_>, Vec<_>) =
        partly.into_iter().partition(|part| !sort.is_empty() && part.data().file_size_in_bytes() >= LARGE);
    // each chunk's files have names of their own
    let named = |chunk: usize| Target { run: format!("{}-k{chunk}", target.run), ..target.clone() };
    let mut chunks = large.chunks(cores).map(<[FilePart]>::to_vec).collect::<Vec<_>>();
    chunks.extend((!small.is_empty()).then_some(small.clone()));
    for (place, chunk) in chunks.iter().enumerate() {
        let together = place >= large.len().div_ceil(cores);
        let done = match together {
            true => write_together(old, chunk, &leaving, &named(place), sort).await,
            false => write_apart(&ctx, old, chunk, &leaving, &named(place)).await,
        };
        match done {
            Ok(files) => replaced.kept.extend(files),
            Err(e) => {
                discard(&target.table, &replaced.kept).await;
                return Err(e);
            }
        }
    }
    Ok(replaced)
}

/// Files that hold rows which leave, with their number.
pub(crate) async fn measure(
    old: &IcebergTable,
    candidates: Vec<FilePart>,
    leaving: Arc<dyn Leaving>,
) -> Result<Vec<(FilePart, u64)>> {
    let ctx = one_by_one()?;
    let counts = futures::stream::iter(candidates).map(|part| {
        let task = tokio::spawn(count(ctx.clone(), old.only(std::slice::from_ref(&part)), leaving.clone()));
        async move {
            let rows = task.await.map_err(|e| Error::new(Kind::Unexpected, "a reader stopped").because(e))??;
            Ok::<_, Failure>((part, rows))
        }
    });
    let mut counts: Vec<_> = counts.buffered(cores()).try_collect().await?;
    counts.retain(|(_, rows)| *rows > 0);
    Ok(counts)
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

/// Rows of a file that leave.
async fn count(ctx: SessionContext, file: IcebergTable, leaving: Arc<dyn Leaving>) -> Result<u64> {
    let names = leaving.columns();
    let mut frame = ctx.read_table(Arc::new(file))?;
    if let Some(condition) = leaving.condition() {
        return Ok(frame.filter(condition)?.count().await? as u64);
    }
    frame = frame.select_columns(&names.iter().map(String::as_str).collect::<Vec<_>>())?;
    let mut rows = frame.execute_stream().await?;
    let mut count = 0;
    while let Some(batch) = rows.next().await {
        count += leaving.of(&batch?)?.true_count() as u64;
    }
    Ok(count)
}

/// Each file by itself, in its own order.
async fn write_apart(
    ctx: &SessionContext,
    old: &IcebergTable,
    parts: &[FilePart],
    leaving: &Arc<dyn Leaving>,
    target: &Target,
) -> Result<Vec<iceberg::spec::DataFile>> {
    let mut streams = vec![];
    for part in parts {
        let frame = ctx.read_table(Arc::new(old.only(std::slice::from_ref(part))))?;
        streams.push(staying(frame.execute_stream().await?, leaving)?);
    }
    write_streams(streams, target).await
}

/// All files into few, sorted anew where there is an order.
async fn write_together(
    old: &IcebergTable,
    parts: &[FilePart],
    leaving: &Arc<dyn Leaving>,
    target: &Target,
    sort: &[String],
) -> Result<Vec<iceberg::spec::DataFile>> {
    let ctx = if sort.is_empty() || parts.len() > 1 { session()? } else { one_by_one()? };
    let frame = ctx.read_table(Arc::new(old.only(parts)))?;
    let bytes = parts.iter().map(|part| part.data().file_size_in_bytes()).sum::<u64>() * crate::source::PACKED;
    // a file alone is in order already
    let sort = if parts.len() > 1 { sort } else { &[] };
    write_staying(&ctx, frame, leaving, target, sort, bytes).await
}

/// Writes those of a query's rows that stay. `input_bytes` decides whether one core does.
pub(super) async fn write_staying(
    ctx: &SessionContext,
    frame: DataFrame,
    leaving: &Arc<dyn Leaving>,
    target: &Target,
    sort: &[String],
    input_bytes: u64,
) -> Result<Vec<iceberg::spec::DataFile>> {
    let plan = frame.create_physical_plan().await?;
    let partitions = plan.output_partitioning().partition_count();
    let rows: Vec<Arc<dyn PartitionStream>> = (0..partitions)
        .map(|partition| {
            let rows = Staying { plan: plan.clone(), partition, leaving: leaving.clone(), schema: plan.schema() };
            Arc::new(rows) as _
        })
        .collect();
    let frame = ctx.read_table(Arc::new(StreamingTable::try_new(plan.schema(), rows)?))?;
    write(ctx, sorted(frame, sort)?, target, input_bytes).await
}

/// The rows of one partition of a plan that stay.
#[derive(Debug)]
struct Staying {
    plan: Arc<dyn ExecutionPlan>,
    partition: usize,
    leaving: Arc<dyn Leaving>,
    schema: SchemaRef,
}

impl PartitionStream for Staying {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, ctx: Arc<TaskContext>) -> SendableRecordBatchStream {
        let rows = self.plan.execute(self.partition, ctx).and_then(|rows| staying(rows, &self.leaving));
        match rows {
            Ok(rows) => rows,
            Err(e) => {
                let failed = futures::stream::once(async { Err(e) });
                Box::pin(RecordBatchStreamAdapter::new(self.schema.clone(), failed))
            }
        }
    }
}

fn staying(rows: SendableRecordBatchStream, leaving: &Arc<dyn Leaving>) -> DataFusionResult<SendableRecordBatchStream> {
    let schema = rows.schema();
    let places: Vec<usize> =
        leaving.columns().iter().map(|c| schema.index_of(c)).collect::<std::result::Result<_, _>>()?;
    let leaving = leaving.clone();
    let kept = rows.map(move |batch| {
        let batch = batch?;
        let leaves = leaving.of(&batch.project(&places)?)?;
        Ok::<_, DataFusionError>(filter_record_batch(&batch, &not(&leaves)?)?)
    });
    Ok(Box::pin(RecordBatchStreamAdapter::new(schema, kept)))
}

/// A session that reads a file as one stream, in its order.
fn one_by_one() -> Result<SessionContext> {
    let ctx = session()?;
    ctx.state_ref().write().config_mut().options_mut().execution.target_partitions = 1;
    Ok(ctx)
}
