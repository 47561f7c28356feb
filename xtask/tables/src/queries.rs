//! Queries over ports, beside the same queries of DataFusion over bare Parquet files, in one process.
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::catalog::{CatalogProvider, MemoryCatalogProvider, MemorySchemaProvider};
use datafusion::prelude::{ParquetReadOptions, SessionConfig, SessionContext};
use futures::TryStreamExt;
use meshwright_catalog::Catalog;
use meshwright_engine::scan::session_config;
use serde_json::{Value, json};

use crate::writes::files;
use crate::{open, peak};

/// Who answers.
enum Who {
    Mesh(Box<Catalog>),
    Bare(SessionContext),
}

impl Who {
    async fn of(name: &str, home: &str, folder: &str) -> Self {
        match name {
            "mesh" => Self::Mesh(Box::new(open(home).await)),
            "bare" => Self::Bare(bare(folder, false).await),
            "same" => Self::Bare(bare(folder, true).await),
            other => panic!("nobody is called `{other}`"),
        }
    }

    async fn rows(&self, sql: &str) -> Vec<RecordBatch> {
        match self {
            Self::Mesh(catalog) => {
                let Ok(rows) = meshwright_engine::query(catalog, sql, None).await else { panic!("not planned: {sql}") };
                let Ok(batches) = rows.batches.try_collect().await else { panic!("not answered: {sql}") };
                batches
            }
            Self::Bare(ctx) => ctx.sql(sql).await.unwrap().collect().await.unwrap(),
        }
    }
}

/// DataFusion as it comes, or with the settings of our sessions, on all cores.
async fn bare(folder: &str, same: bool) -> SessionContext {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let mut config = SessionConfig::new().with_target_partitions(cores);
    if same {
        config = session_config(config);
        let options = config.options_mut();
        options.sql_parser.map_string_types_to_utf8view = false;
        options.execution.parquet.schema_force_view_types = false;
        options.optimizer.repartition_file_min_size = 4 << 20;
    }
    let ctx = SessionContext::new_with_config(config);
    let catalog = MemoryCatalogProvider::new();
    catalog.register_schema("tpch", Arc::new(MemorySchemaProvider::new())).unwrap();
    ctx.register_catalog("bench", Arc::new(catalog));
    for file in files(folder) {
        let name = format!("bench.tpch.{}", file.file_stem().unwrap().to_str().unwrap());
        ctx.register_parquet(name, file.to_str().unwrap(), ParquetReadOptions::default()).await.unwrap();
    }
    ctx
}

/// Each query by each in turns; what the first says is kept as JSON, and the others must say the same.
pub(crate) async fn queries(home: &str, folder: &str, sql: &str, runs: usize, who: &str, results: &str) -> Value {
    let mut all = vec![];
    for name in who.split(',') {
        all.push((name, Who::of(name, home, folder).await));
    }
    let only = std::env::var("BENCH_QUERY").ok();
    let mut queries: Vec<_> = std::fs::read_dir(sql).unwrap().map(|entry| entry.unwrap().path()).collect();
    queries.sort();
    let mut times: BTreeMap<String, BTreeMap<&str, Vec<f64>>> = BTreeMap::new();
    for file in queries {
        let query = file.file_stem().unwrap().to_str().unwrap().to_owned();
        if only.as_ref().is_some_and(|only| *only != query) {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        let mut said: Option<Vec<Vec<String>>> = None;
        for _ in 0..runs {
            for (name, who) in &all {
                let started = Instant::now();
                let batches = who.rows(&text).await;
                times.entry(query.clone()).or_default().entry(name).or_default().push(started.elapsed().as_secs_f64());
                let mut found = cells(&batches);
                found.sort();
                match &said {
                    Some(said) => assert!(*said == found, "{query}: {name} says otherwise"),
                    None => {
                        let kept = format!("{results}/{query}.json");
                        std::fs::write(kept, serde_json::to_string(&found).unwrap()).unwrap();
                        said = Some(found);
                    }
                }
            }
        }
    }
    json!({ "seconds": times, "peak": peak() })
}

pub(crate) async fn times(home: &str, runs: usize, sql: &str) -> Value {
    let who = Who::of("mesh", home, "").await;
    let (mut seconds, mut rows) = (vec![], vec![]);
    for _ in 0..runs {
        let started = Instant::now();
        let batches = who.rows(sql).await;
        seconds.push(started.elapsed().as_secs_f64());
        rows = cells(&batches);
    }
    json!({ "seconds": seconds, "rows": rows, "peak": peak() })
}

fn cells(batches: &[RecordBatch]) -> Vec<Vec<String>> {
    let options = FormatOptions::default();
    let mut out = vec![];
    for batch in batches {
        let columns: Vec<_> = batch.columns().iter().map(|c| ArrayFormatter::try_new(c, &options).unwrap()).collect();
        out.extend((0..batch.num_rows()).map(|row| columns.iter().map(|c| c.value(row).to_string()).collect()));
    }
    out
}
