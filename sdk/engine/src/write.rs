//! Rows of a query become data files of a table, on all cores, in bounded memory.
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::SchemaRef;
use datafusion::common::Column;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::{Expr, cast};
use datafusion::physical_plan::ExecutionPlanProperties;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::prelude::{DataFrame, SessionContext};
use futures::StreamExt;
use iceberg::arrow::{RecordBatchPartitionSplitter, schema_to_arrow_schema};
use iceberg::spec::{DataFile, DataFileFormat, PartitionSpecRef, SchemaRef as IcebergSchemaRef};
use iceberg::table::Table;
use iceberg::writer::base_writer::data_file_writer::DataFileWriterBuilder;
use iceberg::writer::file_writer::ParquetWriterBuilder;
use iceberg::writer::file_writer::location_generator::{DefaultFileNameGenerator, DefaultLocationGenerator};
use iceberg::writer::file_writer::rolling_writer::RollingFileWriterBuilder;
use iceberg::writer::partitioning::PartitioningWriter;
use iceberg::writer::partitioning::fanout_writer::FanoutWriter;
use iceberg::writer::{IcebergWriter, IcebergWriterBuilder};
use meshwright_catalog::{Error, Kind};
use meshwright_spec::Contract;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};

use crate::columns::{arrow_type, relaxed};
use crate::failure::{Failure, Result};

/// Below this many input bytes one file is written: two small ones cost every reader more than a second core wins.
const SMALL: u64 = 32 << 20;
/// Rows of a Parquet row group: what a writer holds in memory, encoded.
const ROW_GROUP: usize = 512 * 1024;
/// Bytes of a data file before the next one is begun.
const FILE_SIZE: usize = 256 << 20;

/// A query's rows in the columns, types and order that a contract promises.
pub(crate) fn promised(frame: DataFrame, contract: &Contract) -> Result<DataFrame> {
    let columns: Vec<Expr> = contract
        .columns
        .iter()
        .map(|c| {
            let column = Expr::Column(Column::new_unqualified(&c.name));
            let wanted = arrow_type(&c.data_type);
            let same = frame.schema().field_with_unqualified_name(&c.name).is_ok_and(|f| *f.data_type() == wanted);
            if same { column } else { cast(column, wanted).alias(&c.name) }
        })
        .collect();
    let mut frame = frame.select(columns)?;
    if !contract.sort.is_empty() {
        let order = contract.sort.iter().map(|c| Expr::Column(Column::new_unqualified(c)).sort(true, false)).collect();
        frame = frame.sort(order)?;
    }
    Ok(frame)
}

/// What is written where.
pub(crate) struct Target {
    /// The table.
    pub(crate) table: Table,
    /// The schema of the new snapshot; the table's own or one that joins with the commit.
    pub(crate) schema: IcebergSchemaRef,
    /// The run: part of the files' names.
    pub(crate) run: String,
}

/// Writes a query's rows; returns the data files, which nobody sees yet. `input_bytes` decides whether one core does.
pub(crate) async fn write(
    ctx: &SessionContext,
    frame: DataFrame,
    target: &Target,
    input_bytes: u64,
) -> Result<Vec<DataFile>> {
    let mut plan = frame.create_physical_plan().await?;
    if input_bytes < SMALL && plan.output_partitioning().partition_count() > 1 {
        plan = Arc::new(CoalescePartitionsExec::new(plan));
    }
    let partitions = plan.output_partitioning().partition_count();
    let mut tasks = tokio::task::JoinSet::new();
    for partition in 0..partitions {
        let stream = plan.execute(partition, ctx.task_ctx())?;
        let writer = FileSet::new(target, partition)?;
        tasks.spawn(writer.write(stream));
    }
    let mut files = vec![];
    let mut failed: Option<Failure> = None;
    while let Some(done) = tasks.join_next().await {
        let done = done.map_err(|e| Failure::Operation(Error::new(Kind::Unexpected, "a writer stopped").because(e)));
        match done.and_then(|r| r) {
            Ok(more) => files.extend(more),
            Err(e) => {
                // what fails first is the cause; what it cancels is not
                failed.get_or_insert(e);
                tasks.abort_all();
            }
        }
    }
    if let Some(e) = failed {
        discard(&target.table, &files).await;
        return Err(e);
    }
    files.sort_by(|a, b| a.file_path().cmp(b.file_path()));
    Ok(files)
}

/// Removes data files that no snapshot names.
pub(crate) async fn discard(table: &Table, files: &[DataFile]) {
    for file in files {
        if let Err(e) = table.file_io().delete(file.file_path()).await {
            tracing::warn!(file = file.file_path(), error = %e, "a data file that nobody names could not be removed");
        }
    }
}

/// The files of one partition of the work.
struct FileSet {
    schema: IcebergSchemaRef,
    arrow: SchemaRef,
    spec: PartitionSpecRef,
    builder: Option<Builder>,
}

type Builder = DataFileWriterBuilder<ParquetWriterBuilder, DefaultLocationGenerator, DefaultFileNameGenerator>;

impl FileSet {
    fn new(target: &Target, partition: usize) -> Result<Self> {
        let metadata = target.table.metadata();
        let schema = Arc::new(relaxed(&target.schema)?);
        let level = ZstdLevel::try_new(1).map_err(|e| Error::new(Kind::Unexpected, "no such level").because(e))?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(level))
            .set_max_row_group_row_count(Some(ROW_GROUP))
            .set_statistics_enabled(EnabledStatistics::Page)
            .set_created_by(format!("meshwright {}", env!("CARGO_PKG_VERSION")))
            .build();
        let parquet = ParquetWriterBuilder::new(properties, schema.clone());
        let name = DefaultFileNameGenerator::new(format!("{}-{partition}", target.run), None, DataFileFormat::Parquet);
        let rolling = RollingFileWriterBuilder::new(
            parquet,
            FILE_SIZE,
            target.table.file_io().clone(),
            DefaultLocationGenerator::new(metadata)?,
            name,
        );
        Ok(Self {
            arrow: Arc::new(schema_to_arrow_schema(&schema)?),
            spec: metadata.default_partition_spec().clone(),
            builder: Some(DataFileWriterBuilder::new(rolling)),
            schema,
        })
    }

    async fn write(mut self, mut rows: SendableRecordBatchStream) -> Result<Vec<DataFile>> {
        let Some(builder) = self.builder.take() else { return Ok(vec![]) };
        if self.spec.is_unpartitioned() {
            let mut writer = builder.build(None).await?;
            while let Some(batch) = rows.next().await {
                writer.write(self.conform(&batch?)?).await?;
            }
            return Ok(writer.close().await?);
        }
        let splitter =
            RecordBatchPartitionSplitter::try_new_with_computed_values(self.schema.clone(), self.spec.clone())?;
        let mut writer = FanoutWriter::new(builder);
        while let Some(batch) = rows.next().await {
            for (key, part) in splitter.split(&self.conform(&batch?)?)? {
                writer.write(key, part).await?;
            }
        }
        Ok(writer.close().await?)
    }

    /// A batch with the table's field ids, which the Parquet writer takes from the schema.
    fn conform(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let options = CastOptions { safe: false, ..Default::default() };
        let columns = self
            .arrow
            .fields()
            .iter()
            .zip(batch.columns())
            .map(|(f, c)| match c.data_type() == f.data_type() {
                true => Ok(c.clone()),
                false => cast_with_options(c, f.data_type(), &options),
            })
            .collect::<std::result::Result<Vec<_>, _>>()?;
        Ok(RecordBatch::try_new(self.arrow.clone(), columns)?)
    }
}
