use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use iceberg::arrow::{RecordBatchPartitionSplitter, schema_to_arrow_schema};
use iceberg::io::FileIO;
use iceberg::spec::*;
use iceberg::table::Table;
use iceberg::writer::base_writer::data_file_writer::DataFileWriterBuilder;
use iceberg::writer::file_writer::location_generator::{DefaultFileNameGenerator, DefaultLocationGenerator};
use iceberg::writer::file_writer::rolling_writer::RollingFileWriterBuilder;
use iceberg::writer::file_writer::{FileWriter, FileWriterBuilder, ParquetWriterBuilder};
use iceberg::writer::partitioning::PartitioningWriter;
use iceberg::writer::partitioning::fanout_writer::FanoutWriter;
use iceberg::writer::{IcebergWriter, IcebergWriterBuilder};
use iceberg::{Runtime, TableIdent};
use parquet::file::properties::WriterProperties;
use tempfile::TempDir;

pub(super) struct TestTable {
    pub(super) table: Table,
    files: usize,
    _dir: TempDir,
}

pub(super) fn with_metadata(table: &Table, metadata: TableMetadata) -> Table {
    Table::builder()
        .file_io(table.file_io().clone())
        .identifier(table.identifier().clone())
        .metadata(metadata)
        .runtime(Runtime::current())
        .build()
        .unwrap()
}

impl TestTable {
    pub(super) fn new(schema: Schema, spec: UnboundPartitionSpec, version: FormatVersion) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let location = format!("file://{}", dir.path().display());
        let order = SortOrder::unsorted_order();
        let metadata = TableMetadataBuilder::new(schema, spec, order, location, version, HashMap::new());
        let table = Table::builder()
            .file_io(FileIO::new_with_fs())
            .identifier(TableIdent::from_strs(["test", "t"]).unwrap())
            .metadata(metadata.unwrap().build().unwrap().metadata)
            .runtime(Runtime::current())
            .build()
            .unwrap();
        Self { table, files: 0, _dir: dir }
    }

    pub(super) fn unpartitioned(fields: Vec<NestedFieldRef>) -> Self {
        let schema = Schema::builder().with_fields(fields).build().unwrap();
        Self::new(schema, UnboundPartitionSpec::default(), FormatVersion::V2)
    }

    pub(super) fn schema(&self) -> &SchemaRef {
        self.table.metadata().current_schema()
    }

    pub(super) fn path(&mut self, extension: &str) -> String {
        self.files += 1;
        format!("{}/{}.{extension}", self.table.metadata().location(), self.files)
    }

    pub(super) fn change(
        &mut self,
        change: impl FnOnce(TableMetadataBuilder) -> iceberg::Result<TableMetadataBuilder>,
    ) {
        let builder = self.table.metadata().clone().into_builder(None);
        let metadata = change(builder).unwrap().build().unwrap().metadata;
        self.table = with_metadata(&self.table, metadata);
    }

    pub(super) fn evolve(&mut self, fields: Vec<NestedFieldRef>) {
        let id = self.table.metadata().current_schema_id() + 1;
        let schema = Schema::builder().with_schema_id(id).with_fields(fields).build().unwrap();
        self.change(|metadata| metadata.add_schema(schema)?.set_current_schema(-1));
    }

    /// Data files as the crate writes them, one per partition value.
    pub(super) async fn write(&mut self, batch: &RecordBatch) -> Vec<DataFile> {
        let metadata = self.table.metadata_ref();
        self.files += 1;
        let rolling = RollingFileWriterBuilder::new_with_default_file_size(
            ParquetWriterBuilder::new(WriterProperties::default(), self.schema().clone()),
            self.table.file_io().clone(),
            DefaultLocationGenerator::new(&metadata).unwrap(),
            DefaultFileNameGenerator::new(format!("d{}", self.files), None, DataFileFormat::Parquet),
        );
        let builder = DataFileWriterBuilder::new(rolling);
        let spec = metadata.default_partition_spec();
        if spec.is_unpartitioned() {
            let mut writer = builder.build(None).await.unwrap();
            writer.write(batch.clone()).await.unwrap();
            return writer.close().await.unwrap();
        }
        let schema = self.schema().clone();
        let splitter = RecordBatchPartitionSplitter::try_new_with_computed_values(schema, spec.clone()).unwrap();
        let mut writer = FanoutWriter::new(builder);
        for (key, part) in splitter.split(batch).unwrap() {
            writer.write(key, part).await.unwrap();
        }
        writer.close().await.unwrap()
    }

    /// One file, whatever it holds; without counts of NaN and bounds if `about` says so.
    pub(super) async fn write_as(
        &mut self,
        schema: &SchemaRef,
        batch: &RecordBatch,
        properties: WriterProperties,
        about: impl Fn(&mut DataFileBuilder),
    ) -> DataFile {
        let path = self.path("parquet");
        let out = self.table.file_io().new_output(path).unwrap();
        let mut writer = ParquetWriterBuilder::new(properties, schema.clone()).build(out).await.unwrap();
        writer.write(batch).await.unwrap();
        let mut file = writer.close().await.unwrap().remove(0);
        file.content(DataContentType::Data).partition(Struct::empty()).partition_spec_id(0);
        about(&mut file);
        file.build().unwrap()
    }

    /// A snapshot with these files more.
    pub(super) async fn commit(&mut self, data: Vec<DataFile>, deletes: Vec<DataFile>) -> SnapshotRef {
        let metadata = self.table.metadata_ref();
        let parent = metadata.current_snapshot().cloned();
        let id = parent.as_ref().map_or(1, |parent| parent.snapshot_id() + 1);
        let mut manifests = match &parent {
            Some(parent) => self.table.manifest_list_reader(parent).load().await.unwrap().entries().to_vec(),
            None => vec![],
        };
        let (schema, spec) = (metadata.current_schema(), metadata.default_partition_spec());
        let v3 = metadata.format_version() == FormatVersion::V3;
        for (files, is_data) in [(&data, true), (&deletes, false)] {
            if files.is_empty() {
                continue;
            }
            let path = self.path("avro");
            let out = self.table.file_io().new_output(path).unwrap();
            let builder = ManifestWriterBuilder::new(out, Some(id), schema.clone(), spec.as_ref().clone());
            let mut writer = match (is_data, v3) {
                (true, false) => builder.build_v2_data(),
                (true, true) => builder.build_v3_data(),
                (false, false) => builder.build_v2_deletes(),
                (false, true) => builder.build_v3_deletes(),
            };
            for file in files {
                writer.add_file(file.clone(), -1).unwrap();
            }
            manifests.push(writer.write_manifest_file().await.unwrap());
        }
        let path = self.path("avro");
        let out = self.table.file_io().new_output(&path).unwrap().writer().await.unwrap();
        let (sequence, parent_id) = (metadata.next_sequence_number(), parent.as_ref().map(|p| p.snapshot_id()));
        let first_row = metadata.next_row_id();
        let mut list = if v3 {
            ManifestListWriter::v3(out, id, parent_id, sequence, Some(first_row))
        } else {
            ManifestListWriter::v2(out, id, parent_id, sequence)
        };
        list.add_manifests(manifests.into_iter()).unwrap();
        let next_row = list.next_row_id();
        list.close().await.unwrap();

        let rows = |files: &[DataFile]| files.iter().map(|file| file.record_count()).sum::<u64>();
        let totals = [
            ("total-data-files", data.len() as u64),
            ("total-delete-files", deletes.len() as u64),
            ("total-records", rows(&data)),
        ];
        let before = |key| parent.as_ref().map_or(0, |parent| total(parent, key));
        let totals = totals.map(|(key, added)| (key.to_string(), (before(key) + added).to_string()));
        let snapshot = Snapshot::builder()
            .with_manifest_list(path)
            .with_snapshot_id(id)
            .with_parent_snapshot_id(parent_id)
            .with_sequence_number(sequence)
            .with_summary(Summary { operation: Operation::Append, additional_properties: totals.into() })
            .with_schema_id(metadata.current_schema_id())
            .with_timestamp_ms(metadata.last_updated_ms() + 1);
        let snapshot = match next_row {
            Some(next) => snapshot.with_row_range(first_row, next - first_row).build(),
            None => snapshot.build(),
        };
        let main = SnapshotReference::new(id, SnapshotRetention::branch(None, None, None));
        self.change(|metadata| metadata.add_snapshot(snapshot)?.set_ref(MAIN_BRANCH, main));
        self.table.metadata().current_snapshot().unwrap().clone()
    }

    pub(super) fn batch(&self, columns: Vec<arrow::array::ArrayRef>) -> RecordBatch {
        RecordBatch::try_new(Arc::new(schema_to_arrow_schema(self.schema()).unwrap()), columns).unwrap()
    }
}

fn total(snapshot: &SnapshotRef, key: &str) -> u64 {
    snapshot.summary().additional_properties[key].parse().unwrap()
}
