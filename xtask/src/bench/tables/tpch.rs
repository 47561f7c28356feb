//! TPC-H at scale factor 1: all 22 queries over ports, and by DataFusion and DuckDB over the bare Parquet files.
//!
//! DataFusion runs in the same process, query by query in turns with us: once as it comes, once with the settings of our
//! sessions (memory bounded, strings that are not views). Answers are compared row by row.
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use serde_json::Value;

use super::super::measure::{Patience, Sample, median};
use super::super::report::{Aim, Report};
use super::{Tables, parsed, sample};
use crate::checkout::fresh_folder;
use crate::process;

/// Ours first. `bare` is DataFusion as it comes, `same` is DataFusion with our settings.
const CONTENDERS: [(&str, &str); 4] =
    [("mesh", "mesh"), ("bare", "datafusion"), ("same", "datafusion, our settings"), ("duckdb", "duckdb")];

pub(super) fn measure(tables: &Tables<'_>, report: &mut Report, patience: &mut Patience) -> Result<(), String> {
    let Some(files) = generated(tables)? else { return Ok(()) };
    let files = files.to_string_lossy().into_owned();
    let home = tables.home("tpch", false)?;
    let started = Instant::now();
    let loaded = tables.say(false, &["load", &home, &files])?.unwrap_or_default();
    let mib = loaded["peak"].as_u64().unwrap_or(0) >> 20;
    println!("TPC-H written to ports in {:.1} s, {mib} MiB", started.elapsed().as_secs_f64());
    let results = tables.folder.join("tpch-results");
    fresh_folder(&results)?;
    let results = results.to_string_lossy().into_owned();
    let sql = tables.bench.script("tables/tpch").to_string_lossy().into_owned();
    let runs = tables.bench.runs.to_string();
    println!("measuring: 22 queries of TPC-H ...");
    patience.wait_for_quiet();
    let mut said =
        tables.say(false, &["queries", &home, &files, &sql, &runs, "mesh,bare,same", &results])?.unwrap_or_default();
    // what each needs by itself
    let mut peaks = vec![];
    for who in ["mesh", "bare", "same"] {
        let alone = tables.say(false, &["queries", &home, &files, &sql, "1", who, &results])?.unwrap_or_default();
        peaks.push(alone["peak"].as_u64());
    }
    if let Some(bin) = tables.bench.peers.bin("duckdb") {
        let mut duckdb = Command::new(bin.join("python"));
        duckdb.arg(tables.bench.script("tables/duckdb_tpch.py")).args([&files, &sql, &runs, &results]);
        let theirs = parsed(&process::stdout_of(&mut duckdb)?)?;
        for (query, seconds) in theirs["seconds"].as_object().into_iter().flatten() {
            said["seconds"][query]["duckdb"] = seconds.clone();
        }
        peaks.push(theirs["peak"].as_u64());
    }
    let contenders = &CONTENDERS[..peaks.len()];
    show(&said["seconds"], contenders);
    let totals = contenders.iter().zip(peaks).map(|((key, name), peak)| {
        let of_run = |run: usize| {
            let queries = said["seconds"].as_object().into_iter().flatten();
            queries.filter_map(|(_, q)| q[key][run].as_f64()).sum()
        };
        ((*name).to_owned(), (0..tables.bench.runs).map(|run| sample(of_run(run), peak)).collect())
    });
    report.add("TPC-H SF1, 22 queries", totals.collect(), &[Aim::NoSlowerThan("datafusion")]);
    single(tables, report, &home)
}

/// A count that no file is opened for, and one query from start to end of its process.
fn single(tables: &Tables<'_>, report: &mut Report, home: &str) -> Result<(), String> {
    let count = "select count(*) from bench.tpch.lineitem";
    let said = tables.say(false, &["times", home, "101", count])?.unwrap_or_default();
    let seconds = said["seconds"].as_array().into_iter().flatten().filter_map(Value::as_f64);
    let seconds: Vec<Sample> = seconds.map(|s| sample(s, said["peak"].as_u64())).collect();
    println!("the first count(*) of a process: {:.1} ms", seconds.first().map_or(f64::NAN, |s| s.wall * 1000.0));
    report.add("count(*) of 6 M rows", vec![("mesh".to_owned(), seconds)], &[Aim::Under(0.001)]);
    let sql = tables.bench.script("tables/tpch/q06.sql");
    let sql = std::fs::read_to_string(&sql).map_err(|e| format!("{}: {e}", sql.display()))?;
    let mut whole = vec![];
    for _ in 0..tables.bench.runs {
        let started = Instant::now();
        process::stdout_of(Command::new(&tables.bench.mesh).args(["query", &sql, "--mesh", home]))?;
        whole.push(sample(started.elapsed().as_secs_f64(), None));
    }
    report.add("query 6, start to end", vec![("mesh query".to_owned(), whole)], &[]);
    Ok(())
}

/// Medians in milliseconds, a line for each query.
fn show(seconds: &Value, contenders: &[(&str, &str)]) {
    println!("\nmedians in ms; in brackets against ours");
    print!("{:<6}", "query");
    contenders.iter().for_each(|(_, name)| print!("{name:>26}"));
    println!();
    for (query, times) in seconds.as_object().into_iter().flatten() {
        let of = |key: &str| {
            let times = times[key].as_array().into_iter().flatten().filter_map(Value::as_f64);
            median(times).unwrap_or(f64::NAN)
        };
        let ours = of("mesh");
        print!("{query:<6}");
        for (key, _) in contenders {
            print!("{:>26}", format!("{:.1} ({:.2})", of(key) * 1000.0, of(key) / ours));
        }
        println!();
    }
}

/// The folder of the eight tables, made once; none where the generator cannot be had.
fn generated(tables: &Tables<'_>) -> Result<Option<PathBuf>, String> {
    let folder = tables.bench.folder.join("data/tpch-sf1");
    if folder.exists() {
        return Ok(Some(folder));
    }
    let Some(bin) = tables.bench.peers.bin("tpchgen") else { return Ok(None) };
    let part: &Path = &folder.with_extension("part");
    fresh_folder(part)?;
    let mut generator = Command::new(bin.join("tpchgen-cli"));
    process::stdout_of(generator.args(["parquet", "-s", "1", "--output-dir"]).arg(part))?;
    std::fs::rename(part, &folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    Ok(Some(folder))
}
