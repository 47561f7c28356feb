//! Parquet files into ports, by the library's own writer.
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Instant;

use arrow::datatypes::{DataType, SchemaRef};
use futures::StreamExt;
use meshwright_engine::{Batches, TableWriter};
use meshwright_spec::{Contract, Sources, WriteMode};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReaderBuilder};
use serde_json::{Value, json};

use crate::{open, peak};

pub(crate) async fn write(home: &str, contract: &str, file: &str, mode: &str) -> Value {
    let contract = parsed("rows", std::fs::read_to_string(contract).unwrap());
    let catalog = open(home).await;
    let mut writer = TableWriter::new(&catalog, "bench.tables.rows".parse().unwrap(), &contract);
    writer.mode = match mode {
        "append" => WriteMode::Append,
        "upsert" => WriteMode::Upsert,
        _ => WriteMode::Replace,
    };
    let started = Instant::now();
    let (schema, streams) = halves(Path::new(file));
    let written = writer.write(schema, streams).await.unwrap();
    let seconds = started.elapsed().as_secs_f64();
    let rows = &written.table.metadata().snapshot_by_id(written.snapshot_id).unwrap().summary().additional_properties;
    json!({ "seconds": seconds, "peak": peak(), "rows": rows["total-records"].parse::<u64>().unwrap(), "removed": written.rows_removed })
}

pub(crate) async fn load(home: &str, folder: &str) -> Value {
    let catalog = open(home).await;
    let mut rows = serde_json::Map::new();
    for file in files(folder) {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let (schema, streams) = halves(&file);
        let contract = parsed(&name, contract_of(&schema));
        let port = format!("bench.tpch.{name}").parse().unwrap();
        let written = TableWriter::new(&catalog, port, &contract).write(schema, streams).await.unwrap();
        rows.insert(name, written.rows.into());
    }
    json!({ "rows": rows, "peak": peak() })
}

/// The Parquet files of a folder.
pub(crate) fn files(folder: &str) -> Vec<PathBuf> {
    let all = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = all.filter(|path| path.extension().is_some_and(|e| e == "parquet")).collect();
    files.sort();
    files
}

fn parsed(name: &str, text: String) -> Contract {
    let mut sources = Sources::default();
    let at = sources.add(name, text);
    Contract::parse(&name.parse().unwrap(), at, &sources).0.unwrap()
}

fn contract_of(schema: &SchemaRef) -> String {
    let start =
        "[contract]\nversion = \"1.0.0\"\nstatus = \"active\"\ndescription = \"A table of TPC-H.\"\n\n[columns]\n";
    schema.fields().iter().fold(start.to_owned(), |text, field| {
        let kind = match field.data_type() {
            DataType::Int32 => "int".to_owned(),
            DataType::Int64 => "long".to_owned(),
            DataType::Date32 => "date".to_owned(),
            DataType::Decimal128(precision, scale) => format!("decimal({precision}, {scale})"),
            DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8 => "string".to_owned(),
            other => panic!("`{}` is of type {other}", field.name()),
        };
        format!("{text}{} = \"{kind}\"\n", field.name())
    })
}

/// A file's rows as two streams.
fn halves(file: &Path) -> (SchemaRef, Vec<Batches>) {
    let metadata = ArrowReaderMetadata::load(&File::open(file).unwrap(), Default::default()).unwrap();
    let groups: Vec<usize> = (0..metadata.metadata().num_row_groups()).collect();
    let half = groups.len().div_ceil(2).max(1);
    let streams = groups.chunks(half).map(|groups| -> Batches {
        let rows = ParquetRecordBatchReaderBuilder::new_with_metadata(File::open(file).unwrap(), metadata.clone());
        futures::stream::iter(rows.with_row_groups(groups.to_vec()).build().unwrap()).boxed()
    });
    let streams = streams.collect();
    (metadata.schema().clone(), streams)
}
