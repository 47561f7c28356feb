//! Many small commits to one table, as several processes make them at once.
use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use arrow::array::{Int64Array, RecordBatch};
use iceberg::arrow::schema_to_arrow_schema;
use iceberg::spec::{DataFile, DataFileFormat, NestedField, PrimitiveType, Schema, Type};
use iceberg::table::Table;
use iceberg::writer::base_writer::data_file_writer::DataFileWriterBuilder;
use iceberg::writer::file_writer::ParquetWriterBuilder;
use iceberg::writer::file_writer::location_generator::{DefaultFileNameGenerator, DefaultLocationGenerator};
use iceberg::writer::file_writer::rolling_writer::RollingFileWriterBuilder;
use iceberg::writer::{IcebergWriter, IcebergWriterBuilder};
use meshwright_catalog::{Change, NewTable};
use meshwright_spec::PortName;
use parquet::file::properties::WriterProperties;
use serde_json::{Value, json};

use crate::{open, peak};

fn ticks() -> PortName {
    "bench.tables.ticks".parse().unwrap()
}

pub(crate) async fn init(home: &str) -> Value {
    let id = NestedField::required(1, "id", Type::Primitive(PrimitiveType::Long));
    let schema = Schema::builder().with_fields([Arc::new(id)]).build().unwrap();
    let new = NewTable { schema, partition: None, sort: None, properties: HashMap::new() };
    open(home).await.create(&ticks(), new).await.unwrap();
    json!({})
}

/// One row in a file of its own.
async fn one_row(table: &Table, id: i64) -> DataFile {
    let schema = table.metadata().current_schema().clone();
    let arrow = Arc::new(schema_to_arrow_schema(&schema).unwrap());
    let name = format!("{}-{id}", std::process::id());
    let rolling = RollingFileWriterBuilder::new_with_default_file_size(
        ParquetWriterBuilder::new(WriterProperties::builder().build(), schema),
        table.file_io().clone(),
        DefaultLocationGenerator::new(table.metadata()).unwrap(),
        DefaultFileNameGenerator::new(name, None, DataFileFormat::Parquet),
    );
    let mut writer = DataFileWriterBuilder::new(rolling).build(None).await.unwrap();
    writer.write(RecordBatch::try_new(arrow, vec![Arc::new(Int64Array::from(vec![id]))]).unwrap()).await.unwrap();
    writer.close().await.unwrap().pop().unwrap()
}

pub(crate) async fn commits(home: &str, count: i64, go: f64) -> Value {
    let catalog = open(home).await;
    let table = catalog.load(&ticks()).await.unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
    tokio::time::sleep(Duration::from_secs_f64((go - now).max(0.0))).await;
    let started = Instant::now();
    let (mut at, mut retries) = (vec![], 0);
    for id in 0..count {
        let file = one_row(&table, id).await;
        let append = async |_: &Table| Ok(Change::append(vec![file.clone()]));
        retries += catalog.apply(&ticks(), append).await.unwrap().retries;
        at.push(started.elapsed().as_secs_f64());
    }
    let end = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
    // seconds of the first and of the last hundred, for a table that grows
    let hundred = |from: usize| at.get(from + 99).map(|end| end - if from == 0 { 0.0 } else { at[from - 1] });
    let last = hundred(at.len().saturating_sub(100));
    json!({ "done": count, "end": end, "retries": retries, "first": hundred(0), "last": last, "peak": peak() })
}

pub(crate) async fn verify(home: &str) -> Value {
    let table = open(home).await.load(&ticks()).await.unwrap();
    let local = |path: &str| path.trim_start_matches("file://").to_owned();
    let mut named = BTreeSet::from([local(table.metadata_location().unwrap())]);
    named.extend(table.metadata().metadata_log().iter().map(|log| local(&log.metadata_file)));
    let mut manifests = HashMap::new();
    for snapshot in table.metadata().snapshots() {
        named.insert(local(snapshot.manifest_list()));
        for manifest in table.manifest_list_reader(snapshot).load().await.unwrap().entries() {
            named.insert(local(&manifest.manifest_path));
            manifests.insert(manifest.manifest_path.clone(), manifest.clone());
        }
    }
    for manifest in manifests.into_values() {
        let manifest = manifest.load_manifest(table.file_io()).await.unwrap();
        named.extend(manifest.entries().iter().map(|entry| local(entry.file_path())));
    }
    let head = table.metadata().current_snapshot().unwrap();
    let rows = head.summary().additional_properties["total-records"].parse::<u64>().unwrap();
    let mut found = vec![];
    walk(Path::new(&local(table.metadata().location())), &mut found);
    let unnamed = found.iter().filter(|file| !named.contains(*file)).count();
    json!({ "rows": rows, "snapshots": table.metadata().snapshots().len(), "files": found.len(), "unnamed": unnamed })
}

fn walk(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { walk(&path, found) } else { found.push(path.to_str().unwrap().to_owned()) }
    }
}
