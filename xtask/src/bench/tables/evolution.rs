//! Partitions that evolve, and going back.
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use serde_json::Value;

use super::super::measure::{Patience, Sample};
use super::super::report::{Aim, Report};
use super::{Tables, parsed, sample};
use crate::process;

/// Three million flights by month become flights by day: the same counts, and a day is read from few files.
pub(super) fn measure(tables: &Tables<'_>, report: &mut Report, _: &mut Patience) -> Result<(), String> {
    println!("measuring: months become days ...");
    let flights = tables.bench.flights.canonicalize().map_err(|e| {
        format!("{}: {e}; `--flights FILE` names flights-3m.parquet of vega-datasets", tables.bench.flights.display())
    })?;
    let product = tables.bench.project("ingest", "tables-flights")?;
    super::super::ingest::fill(&product.join("product.toml"), &flights, "parquet")?;
    let home = tables.home("evolution", false)?;
    let contract = product.join("contracts/flights.toml");
    let edit = |from: &str, to: &str| {
        let text = std::fs::read_to_string(&contract).map_err(|e| e.to_string())?;
        std::fs::write(&contract, text.replacen(from, to, 1)).map_err(|e| e.to_string())
    };
    let mesh = |words: &[&str]| {
        let mut command = Command::new(&tables.bench.mesh);
        process::stdout_of(command.current_dir(&product).args(words).args(["--mesh", &home]))
    };
    let per_day =
        "select date_trunc('day', date) as day, count(*) as n from bench.flights.flights group by 1 order by 1";
    edit("[columns]", "partition   = [\"month(date)\"]\n\n[columns]")?;
    mesh(&["run"])?;
    let before = mesh(&["query", per_day, "--format", "csv"])?;
    edit("month(date)", "day(date)")?;
    mesh(&["run"])?;
    if mesh(&["query", per_day, "--format", "csv"])? != before {
        return Err("flights by day are not those by month".to_owned());
    }
    let day = "select count(*) from bench.flights.flights where date >= timestamp '2001-03-05' and date < timestamp '2001-03-06'";
    let mut said = Value::Null;
    let one_day = times(tables, || {
        said = parsed(&mesh(&["query", day, "--json"])?)?;
        Ok(())
    })?;
    let read = &said["metrics"]["reads"][0];
    let (files, opened) = (read["files"].as_f64().unwrap_or(0.0), read["files_read"].as_f64().unwrap_or(f64::NAN));
    println!("one day of flights: {opened} of {files} files, {:.2} %", 100.0 * opened / files);
    if opened.is_nan() || opened / files >= 0.02 {
        return Err(format!("one day of flights was read from {opened} of {files} files"));
    }
    report.add("one day of flights", vec![("mesh query".to_owned(), one_day)], &[Aim::Under(0.2)]);
    let mut to = ["r1", "r2"].into_iter().cycle();
    let files = || count_data(Path::new(&home));
    let before = files()?;
    let back = times(tables, || mesh(&["rollback", "bench.flights", "--to", to.next().unwrap_or("r1")]).map(drop))?;
    if files()? != before {
        return Err("going back wrote data files".to_owned());
    }
    report.add("3 M rows go back", vec![("mesh rollback".to_owned(), back)], &[Aim::Under(1.0)]);
    Ok(())
}

/// Whole processes, one after the other.
fn times(tables: &Tables<'_>, mut run: impl FnMut() -> Result<(), String>) -> Result<Vec<Sample>, String> {
    let one = |_| {
        let started = Instant::now();
        run()?;
        Ok(sample(started.elapsed().as_secs_f64(), None))
    };
    (0..tables.bench.runs).map(one).collect()
}

/// Parquet files of tables in a folder.
fn count_data(folder: &Path) -> Result<usize, String> {
    let entries = std::fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    entries.filter_map(Result::ok).map(|entry| entry.path()).try_fold(0, |found, path| {
        let data = path.extension().is_some_and(|e| e == "parquet");
        Ok(found + if path.is_dir() { count_data(&path)? } else { usize::from(data) })
    })
}
