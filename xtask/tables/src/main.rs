//! Writing tables as the benchmark measures it: each command is one process and prints one line of JSON.
//!
//! ```text
//! mesh-bench-tables init HOME                     a table of one column for `commits`
//! mesh-bench-tables commits HOME COUNT GO         appends, one file and one commit each, from the moment GO (seconds since 1970)
//! mesh-bench-tables verify HOME                   rows, snapshots, and files that nobody names
//! mesh-bench-tables write HOME CONTRACT FILE MODE a Parquet file into the port `bench.tables.rows`: append, upsert or replace
//! mesh-bench-tables decode FILE                   decodes a Parquet file and does nothing with it
//! ```
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "its output is for the benchmark that started it")]

mod decode;

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use arrow::array::{Int64Array, RecordBatch};
use futures::StreamExt;
use iceberg::arrow::schema_to_arrow_schema;
use iceberg::spec::{DataFile, DataFileFormat, NestedField, PrimitiveType, Schema, Type};
use iceberg::table::Table;
use iceberg::writer::base_writer::data_file_writer::DataFileWriterBuilder;
use iceberg::writer::file_writer::ParquetWriterBuilder;
use iceberg::writer::file_writer::location_generator::{DefaultFileNameGenerator, DefaultLocationGenerator};
use iceberg::writer::file_writer::rolling_writer::RollingFileWriterBuilder;
use iceberg::writer::{IcebergWriter, IcebergWriterBuilder};
use meshwright_catalog::{Catalog, Change, Home, NewTable};
use meshwright_engine::{Batches, TableWriter};
use meshwright_spec::{Contract, PortName, Sources, WriteMode};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReaderBuilder};
use parquet::file::properties::WriterProperties;
use serde_json::{Value, json};

#[tokio::main]
async fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let said = match words[..] {
        ["init", home] => init(home).await,
        ["commits", home, count, go] => commits(home, count.parse().unwrap(), go.parse().unwrap()).await,
        ["verify", home] => verify(home).await,
        ["write", home, contract, file, mode] => write(home, contract, file, mode).await,
        ["decode", file] => decode::decode(file),
        _ => panic!("see the first lines of xtask/tables/src/main.rs"),
    };
    println!("{said}");
}

async fn open(home: &str) -> Catalog {
    Catalog::open(Home::parse(home, None).unwrap()).await.unwrap()
}

fn ticks() -> PortName {
    "bench.tables.ticks".parse().unwrap()
}

async fn init(home: &str) -> Value {
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

async fn commits(home: &str, count: i64, go: f64) -> Value {
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

async fn verify(home: &str) -> Value {
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

async fn write(home: &str, contract: &str, file: &str, mode: &str) -> Value {
    let mut sources = Sources::default();
    let at = sources.add(contract, std::fs::read_to_string(contract).unwrap());
    let contract = Contract::parse(&"rows".parse().unwrap(), at, &sources).0.unwrap();
    let catalog = open(home).await;
    let mut writer = TableWriter::new(&catalog, "bench.tables.rows".parse().unwrap(), &contract);
    writer.mode = match mode {
        "append" => WriteMode::Append,
        "upsert" => WriteMode::Upsert,
        _ => WriteMode::Replace,
    };
    let started = Instant::now();
    let metadata = ArrowReaderMetadata::load(&std::fs::File::open(file).unwrap(), Default::default()).unwrap();
    let groups: Vec<usize> = (0..metadata.metadata().num_row_groups()).collect();
    let half = groups.len().div_ceil(2).max(1);
    let streams = groups.chunks(half).map(|groups| -> Batches {
        let input = std::fs::File::open(file).unwrap();
        let rows = ParquetRecordBatchReaderBuilder::new_with_metadata(input, metadata.clone());
        futures::stream::iter(rows.with_row_groups(groups.to_vec()).build().unwrap()).boxed()
    });
    let written = writer.write(metadata.schema().clone(), streams.collect()).await.unwrap();
    let seconds = started.elapsed().as_secs_f64();
    let rows = &written.table.metadata().snapshot_by_id(written.snapshot_id).unwrap().summary().additional_properties;
    json!({ "seconds": seconds, "peak": peak(), "rows": rows["total-records"].parse::<u64>().unwrap(), "removed": written.rows_removed })
}

/// Peak resident bytes, where the system says it.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}
