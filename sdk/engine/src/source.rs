//! Landed sources as tables of a session: parsed while they are read, only the columns that are asked for.
use std::any::Any;
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use meshwright_landing::{DataError, Resource, Split};
use meshwright_spec::{DataType, Format, Source};

use crate::columns::arrow_schema;
use crate::failure::{Failure, Findings};

/// What a source delivered, and how it is read.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub(crate) source: Source,
    pub(crate) columns: Vec<(String, DataType)>,
    pub(crate) resources: Arc<Vec<Resource>>,
}

impl Delivery {
    pub(crate) fn schema(&self) -> SchemaRef {
        arrow_schema(&self.columns)
    }

    /// About how many bytes its rows are; compressed files hold more than their size.
    pub(crate) fn bytes(&self) -> u64 {
        let packed =
            |r: &Resource| self.source.format == Format::Parquet || r.name.ends_with(".gz") || r.name.ends_with(".zst");
        self.resources.iter().map(|r| if packed(r) { r.bytes * PACKED } else { r.bytes }).sum()
    }
}

/// How many times its size a compressed file holds, about.
pub(crate) const PACKED: u64 = 4;

/// A delivery as a table.
#[derive(Debug)]
pub(crate) struct SourceTable {
    delivery: Delivery,
    schema: SchemaRef,
}

impl SourceTable {
    pub(crate) fn new(delivery: Delivery) -> Self {
        Self { schema: delivery.schema(), delivery }
    }
}

#[async_trait]
impl TableProvider for SourceTable {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        limit: Option<usize>,
    ) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        let schema = match projection {
            Some(p) => Arc::new(self.schema.project(p)?),
            None => self.schema.clone(),
        };
        let workers = state.config().target_partitions().max(1);
        let d = &self.delivery;
        let splits =
            meshwright_landing::reader(&d.resources, &d.source, &d.columns, projection.map(Vec::as_slice), workers)
                .map_err(defect)?;
        let workers = workers.min(splits.len()).max(1);
        let queue = Arc::new(Mutex::new(VecDeque::from(splits)));
        let partitions = (0..workers)
            .map(|_| Arc::new(Worker { schema: schema.clone(), queue: queue.clone() }) as Arc<dyn PartitionStream>)
            .collect();
        Ok(Arc::new(StreamingTableExec::try_new(schema, partitions, None, vec![], false, limit)?))
    }
}

/// Takes splits from a common queue until none is left.
struct Worker {
    schema: SchemaRef,
    queue: Arc<Mutex<VecDeque<Split>>>,
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Worker")
    }
}

impl PartitionStream for Worker {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut builder = RecordBatchReceiverStreamBuilder::new(self.schema.clone(), 4);
        let (out, queue) = (builder.tx(), self.queue.clone());
        builder.spawn_blocking(move || {
            loop {
                let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                let Some(split) = next else { return Ok(()) };
                for batch in split {
                    if out.blocking_send(batch.map_err(defect)).is_err() {
                        // nobody listens any more: a limit was reached, or another worker failed
                        return Ok(());
                    }
                }
            }
        });
        builder.build()
    }
}

/// A defect of delivered data on its way through a query.
#[derive(Debug)]
struct Defect(Box<DataError>);

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.diagnostic.message)
    }
}

impl std::error::Error for Defect {}

fn defect(e: Box<DataError>) -> DataFusionError {
    DataFusionError::External(Box::new(Defect(e)))
}

/// Takes a defect of delivered data out of a failed query.
pub(crate) fn defect_in(e: DataFusionError) -> Result<Failure, Box<DataFusionError>> {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(&e);
    while let Some(cause) = next {
        if let Some(Defect(found)) = cause.downcast_ref::<Defect>() {
            return Ok(data_failure(found));
        }
        next = match cause.downcast_ref::<DataFusionError>() {
            Some(DataFusionError::Shared(inner)) => Some(inner.as_ref()),
            _ => cause.source(),
        };
    }
    Err(Box::new(e))
}

/// A defect of delivered data as a failure.
pub(crate) fn data_failure(e: &DataError) -> Failure {
    let facts = serde_json::json!({
        "code": e.diagnostic.code, "file": e.file, "line": e.line, "byte_offset": e.byte_offset, "column": e.column,
    });
    Failure::Data(Findings { diagnostics: vec![e.diagnostic.clone()], sources: Default::default(), facts: vec![facts] })
}
