//! Reads data files without the rows that position delete files name.
use std::any::Any;
use std::fmt;
use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::compute::cast;
use arrow::datatypes::{DataType, SchemaRef as ArrowSchemaRef};
use datafusion::common::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties};
use futures::TryStreamExt;
use iceberg::arrow::ArrowReaderBuilder;
use iceberg::io::FileIO;
use iceberg::scan::{FileScanTask, FileScanTaskDeleteFile};
use iceberg::spec::{DataFileFormat, Type};

use super::field_ids::field_id;
use super::parquet::Scan;
use super::snapshot::LiveFile;
use super::{external, unsupported};

/// The Iceberg crate's reader, whole files in as many partitions as wanted.
#[derive(Debug)]
pub(super) struct PositionDeletesExec {
    io: FileIO,
    groups: Vec<Vec<FileScanTask>>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl PositionDeletesExec {
    pub(super) fn plan(scan: &Scan<'_>, files: &[usize], projection: &[usize]) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = Arc::new(scan.table.arrow.project(projection)?);
        let ids: Vec<i32> = schema.fields().iter().filter_map(|field| field_id(field)).collect();
        let tasks = files.iter().map(|at| task(scan, &scan.index.files[*at], &ids)).collect::<Result<Vec<_>>>()?;
        let groups = scan.groups(tasks, |task| task.file_size_in_bytes);
        Ok(Arc::new(Self {
            io: scan.table.table.file_io().clone(),
            properties: properties(schema, groups.len()),
            groups,
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

fn task(scan: &Scan<'_>, file: &LiveFile, ids: &[i32]) -> Result<FileScanTask> {
    let table = &scan.table.table;
    for id in ids {
        // that reader maps the members of nested columns by name
        let Some(now) = scan.table.schema.field_by_id(*id).filter(|field| is_nested(&field.field_type)) else {
            continue;
        };
        let metadata = table.metadata();
        let changed = metadata
            .schemas_iter()
            .chain([&file.schema])
            .any(|schema| schema.field_by_id(*id).is_some_and(|then| then.field_type != now.field_type));
        if changed {
            return Err(external(unsupported(format!(
                "table {}: column {} has changed inside, and rows of a file written before are deleted by position; \
                 compact the table with the engine that wrote it: {}",
                table.identifier(),
                now.name,
                file.path()
            ))));
        }
    }
    let deletes = file.deletes.position.iter().map(|delete| {
        FileScanTaskDeleteFile::builder()
            .with_file_path(delete.path().to_string())
            .with_file_size_in_bytes(delete.data().file_size_in_bytes())
            .with_file_type(delete.data().content_type())
            .with_partition_spec_id(delete.spec_id)
            .build()
    });
    Ok(FileScanTask::builder()
        .with_file_size_in_bytes(file.data().file_size_in_bytes())
        .with_start(0)
        .with_length(file.data().file_size_in_bytes())
        .with_record_count(Some(file.data().record_count()))
        .with_data_file_path(file.path().to_string())
        .with_data_file_format(DataFileFormat::Parquet)
        .with_schema(scan.table.schema.clone())
        .with_project_field_ids(ids.to_vec())
        .with_deletes(deletes.collect())
        .with_partition(Some(file.data().partition().clone()))
        .with_partition_spec(table.metadata().partition_spec_by_id(file.spec_id).cloned())
        .with_name_mapping(Some(scan.table.field_ids.names()))
        .with_case_sensitive(true)
        .build())
}

fn is_nested(data_type: &Type) -> bool {
    data_type.as_primitive_type().is_none()
}

impl DisplayAs for PositionDeletesExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tasks = || self.groups.iter().flatten();
        let deletes: usize = tasks().map(|task| task.deletes.len()).sum();
        write!(f, "PositionDeletesExec: groups={}, files={}, deletes={deletes}", self.groups.len(), tasks().count())
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

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let tasks = self.groups[partition].clone();
        let runtime = iceberg::Runtime::try_current().map_err(external)?;
        let reader = ArrowReaderBuilder::new(self.io.clone(), runtime)
            .with_data_file_concurrency_limit(1)
            .with_batch_size(context.session_config().batch_size())
            .build();
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let schema = self.schema();
        let batches = reader
            .read(Box::pin(futures::stream::iter(tasks.into_iter().map(Ok))))
            .map_err(external)?
            .stream()
            .map_err(external)
            .and_then(move |batch| std::future::ready(presented(&schema, &batch)))
            .inspect_ok(move |batch| metrics.record_output(batch.num_rows()));
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), batches)))
    }
}

/// What that reader gives, with text as the table presents it.
fn presented(schema: &ArrowSchemaRef, batch: &RecordBatch) -> Result<RecordBatch> {
    let columns = batch.columns().iter().zip(schema.fields()).map(|(column, field)| match field.data_type() {
        DataType::Utf8View if column.data_type() == &DataType::Utf8 => cast(column, &DataType::Utf8View),
        _ => Ok(column.clone()),
    });
    let columns = columns.collect::<std::result::Result<Vec<_>, _>>()?;
    let schema = if columns.iter().zip(batch.columns()).all(|(new, old)| new.data_type() == old.data_type()) {
        batch.schema()
    } else {
        schema.clone()
    };
    let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(schema, columns, &rows)?)
}
