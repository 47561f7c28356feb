//! Rows of a query become data files of a table, on all cores, in bounded memory.
mod fan;
mod spill;

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
use iceberg::arrow::schema_to_arrow_schema;
use iceberg::spec::{DataFile, DataFileFormat, PartitionSpecRef, SchemaRef as IcebergSchemaRef};
use iceberg::table::Table;
use iceberg::writer::base_writer::data_file_writer::DataFileWriterBuilder;
use iceberg::writer::file_writer::ParquetWriterBuilder;
use iceberg::writer::file_writer::location_generator::{DefaultFileNameGenerator, DefaultLocationGenerator};
use iceberg::writer::file_writer::rolling_writer::RollingFileWriterBuilder;
use iceberg::writer::{IcebergWriter, IcebergWriterBuilder};
use meshwright_catalog::{Error, Kind};
use meshwright_spec::{Contract, FileLayout};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use crate::columns::{arrow_type, relaxed};
use crate::evolve::Shaped;
use crate::failure::{Failure, Result};
use fan::Fan;
pub(crate) use fan::Partitions;

/// Below this many input bytes one file is written: two small ones cost every reader more than a second core wins.
const SMALL: u64 = 32 << 20;
/// Rows of a Parquet row group: what a writer holds in memory, encoded.
const ROW_GROUP: usize = 512 * 1024;
/// Bytes of a row group while many partitions are written at once.
const ROW_GROUP_OF_MANY: usize = 8 << 20;
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
    sorted(frame.select(columns)?, &contract.sort)
}

/// Rows in the order of some columns, nulls last.
pub(crate) fn sorted(frame: DataFrame, columns: &[String]) -> Result<DataFrame> {
    if columns.is_empty() {
        return Ok(frame);
    }
    let order = columns.iter().map(|c| Expr::Column(Column::new_unqualified(c)).sort(true, false)).collect();
    Ok(frame.sort(order)?)
}

/// What is written where.
#[derive(Clone)]
pub(crate) struct Target {
    /// The table.
    pub(crate) table: Table,
    /// The schema of the new snapshot; the table's own or one that joins with the commit.
    pub(crate) schema: IcebergSchemaRef,
    /// The partitioning of the new files, likewise.
    pub(crate) spec: PartitionSpecRef,
    /// How rows lie in files.
    pub(crate) files: FileLayout,
    /// The run: part of the files' names.
    pub(crate) run: String,
}

impl Target {
    /// The files of a run's next snapshot.
    pub(crate) fn of(shaped: &Shaped, files: &FileLayout, run: &str) -> Self {
        let (schema, spec) = (shaped.schema(), shaped.spec());
        Self { table: shaped.table.clone(), schema, spec, files: files.clone(), run: run.to_owned() }
    }
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
    let streams = (0..plan.output_partitioning().partition_count()).map(|p| plan.execute(p, ctx.task_ctx()));
    write_streams(streams.collect::<std::result::Result<_, _>>()?, target).await
}

/// Writes streams of rows beside each other, each into files of its own.
pub(crate) async fn write_streams(streams: Vec<SendableRecordBatchStream>, target: &Target) -> Result<Vec<DataFile>> {
    let mut tasks = tokio::task::JoinSet::new();
    for (place, stream) in streams.into_iter().enumerate() {
        let writer = FileSet::new(target, place)?;
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

/// Writes rows as they come; `partition` keeps the files' names apart.
pub(crate) async fn write_rows(
    rows: SendableRecordBatchStream,
    target: &Target,
    partition: usize,
) -> Result<Vec<DataFile>> {
    FileSet::new(target, partition)?.write(rows).await
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
    builder: Builder,
}

type Builder = DataFileWriterBuilder<ParquetWriterBuilder, DefaultLocationGenerator, DefaultFileNameGenerator>;

impl FileSet {
    fn new(target: &Target, place: usize) -> Result<Self> {
        let schema = Arc::new(relaxed(&target.schema)?);
        let parquet = ParquetWriterBuilder::new(properties(target)?, schema.clone());
        let name = DefaultFileNameGenerator::new(format!("{}-{place}", target.run), None, DataFileFormat::Parquet);
        let rolling = RollingFileWriterBuilder::new(
            parquet,
            target.files.size.map_or(FILE_SIZE, |size| size as usize),
            target.table.file_io().clone(),
            DefaultLocationGenerator::new(target.table.metadata())?,
            name,
        );
        Ok(Self {
            arrow: Arc::new(schema_to_arrow_schema(&schema)?),
            spec: target.spec.clone(),
            builder: DataFileWriterBuilder::new(rolling),
            schema,
        })
    }

    async fn write(self, mut rows: SendableRecordBatchStream) -> Result<Vec<DataFile>> {
        if self.spec.is_unpartitioned() {
            let mut writer = self.builder.build(None).await?;
            while let Some(batch) = rows.next().await {
                writer.write(conform(&self.arrow, &batch?)?).await?;
            }
            return Ok(writer.close().await?);
        }
        let mut fan = Fan::new(self.schema, self.spec, self.builder)?;
        while let Some(batch) = rows.next().await {
            fan.write(conform(&self.arrow, &batch?)?).await?;
        }
        fan.close().await
    }
}

fn properties(target: &Target) -> Result<WriterProperties> {
    let level = ZstdLevel::try_new(1).map_err(|e| Error::new(Kind::Unexpected, "no such level").because(e))?;
    let layout = &target.files;
    let many = (!target.spec.is_unpartitioned()).then_some(ROW_GROUP_OF_MANY);
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .set_max_row_group_bytes(layout.row_group.map(|bytes| bytes as usize).or(many))
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_created_by(format!("meshwright {}", env!("CARGO_PKG_VERSION")));
    if let Some(columns) = &layout.dictionary {
        properties = properties.set_dictionary_enabled(false);
        for (column, _) in columns {
            properties = properties.set_column_dictionary_enabled(ColumnPath::from(column.as_str()), true);
        }
    }
    for (column, _) in &layout.bloom {
        properties = properties.set_column_bloom_filter_enabled(ColumnPath::from(column.as_str()), true);
    }
    Ok(properties.build())
}

/// A batch with the table's field ids, which the Parquet writer takes from the schema.
fn conform(arrow: &SchemaRef, batch: &RecordBatch) -> Result<RecordBatch> {
    let options = CastOptions { safe: false, ..Default::default() };
    let columns = arrow
        .fields()
        .iter()
        .zip(batch.columns())
        .map(|(f, c)| match c.data_type() == f.data_type() {
            true => Ok(c.clone()),
            false => cast_with_options(c, f.data_type(), &options),
        })
        .collect::<std::result::Result<Vec<_>, _>>()?;
    Ok(RecordBatch::try_new(arrow.clone(), columns)?)
}
