//! Three million flights, ingested, checked and released, against a plain copy with the same checks in SQL.
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Bench;
use super::measure::{Contender, Patience, in_turns};
use super::report::{Aim, Report};
use crate::checkout::fresh_folder;
use crate::process;

/// More memory than this is too much, however large the input.
const MEMORY: u64 = 500 << 20;

const FACTS: &str = "select count(*), sum(delay), sum(distance), count(distinct origin), count(distinct destination) \
                     from bench.flights.flights";

pub(super) fn measure(bench: &Bench, report: &mut Report, patience: &mut Patience) -> Result<(), String> {
    let flights = bench.flights.canonicalize().map_err(|e| {
        format!("{}: {e}; `--flights FILE` names flights-3m.parquet of vega-datasets", bench.flights.display())
    })?;
    case(bench, report, patience, "ingest parquet, 3 M rows", &flights, bench.runs, true)?;
    let Some(csv) = as_csv(bench, &flights, 1)? else { return Ok(()) };
    case(bench, report, patience, "ingest csv, 3 M rows", &csv, bench.runs, true)?;
    if bench.large {
        let Some(csv) = as_csv(bench, &flights, 10)? else { return Ok(()) };
        case(bench, report, patience, "ingest csv, 30 M rows", &csv, bench.runs.min(3), false)?;
    }
    Ok(())
}

/// The rows as CSV, written once; `None` without DuckDB.
fn as_csv(bench: &Bench, flights: &Path, times: u32) -> Result<Option<PathBuf>, String> {
    let csv = bench.folder.join(format!("data/flights-{}m.csv", 3 * times));
    if csv.exists() {
        return Ok(Some(csv));
    }
    let Some(bin) = bench.peers.bin("duckdb") else {
        eprintln!("note: without duckdb there is no CSV to read");
        return Ok(None);
    };
    std::fs::create_dir_all(bench.folder.join("data")).map_err(|e| e.to_string())?;
    // under another name first: a half-written file must not be taken for the whole
    let part = csv.with_extension("part");
    let mut python = Command::new(bin.join("python"));
    process::run(python.arg(bench.script("flights_csv.py")).arg(flights).arg(&part).arg(times.to_string()))?;
    std::fs::rename(&part, &csv).map_err(|e| format!("{}: {e}", csv.display()))?;
    Ok(Some(csv))
}

fn case(
    bench: &Bench,
    report: &mut Report,
    patience: &mut Patience,
    name: &str,
    input: &Path,
    runs: usize,
    against_duckdb: bool,
) -> Result<(), String> {
    println!("measuring: {name} ...");
    let format = input.extension().and_then(|e| e.to_str()).unwrap_or_default();
    let product = bench.project("ingest", "ingest")?;
    fill(&product.join("product.toml"), input, format)?;
    let work = bench.folder.join("work");
    let home = work.join("ingest-mesh");
    let mut contenders = vec![Contender {
        name: "mesh run".to_owned(),
        expected: 0,
        prepare: Box::new(|| {
            fresh_folder(&home)?;
            let mut command = Command::new(&bench.mesh);
            command.current_dir(&product).args(["run", "--mesh"]).arg(&home);
            Ok(command)
        }),
    }];
    let peer = |folder: PathBuf, python: PathBuf, script: &'static str, output: &'static str| {
        move || {
            fresh_folder(&folder)?;
            let mut command = Command::new(&python);
            command.arg(bench.script(script)).arg(input).arg(folder.join(output));
            Ok(command)
        }
    };
    if let Some(bin) = bench.peers.bin("duckdb") {
        let prepare = peer(work.join("ingest-duckdb"), bin.join("python"), "ingest_duckdb.py", "flights.parquet");
        contenders.push(Contender { name: "duckdb copy + checks".to_owned(), expected: 0, prepare: Box::new(prepare) });
    }
    if let Some(bin) = bench.peers.bin("pyiceberg") {
        let prepare = peer(work.join("ingest-pyiceberg"), bin.join("python"), "ingest_pyiceberg.py", "");
        contenders.push(Contender { name: "pyiceberg append".to_owned(), expected: 0, prepare: Box::new(prepare) });
    }
    let results = in_turns(contenders, runs, patience)?;
    same_rows(bench, &home, input)?;
    let mut aims = vec![Aim::Peak(MEMORY)];
    if against_duckdb {
        aims.push(Aim::NoSlowerThan("duckdb copy + checks"));
    }
    report.add(name, results, &aims);
    Ok(())
}

/// What was released holds what was delivered: a fast run that loses rows is no run.
fn same_rows(bench: &Bench, home: &Path, input: &Path) -> Result<(), String> {
    let Some(bin) = bench.peers.bin("duckdb") else { return Ok(()) };
    let mut query = Command::new(&bench.mesh);
    query.args(["query", FACTS, "--format", "csv", "--mesh"]).arg(home);
    let ours = process::stdout_of(&mut query)?;
    let ours = ours.lines().nth(1).unwrap_or_default().to_owned();
    let theirs = FACTS.replace("bench.flights.flights", &format!("'{}'", input.display()));
    let mut python = Command::new(bin.join("python"));
    let program = "import duckdb, sys\nduckdb.execute('set enable_progress_bar = false')\n\
                   print(*duckdb.execute(sys.argv[1]).fetchone(), sep=',')";
    let theirs = process::stdout_of(python.args(["-c", program, &theirs]))?;
    if ours == theirs.trim() { Ok(()) } else { Err(format!("released {ours}, delivered {}", theirs.trim())) }
}

pub(super) fn fill(file: &Path, input: &Path, format: &str) -> Result<(), String> {
    let failed = |e: std::io::Error| format!("{}: {e}", file.display());
    let text = std::fs::read_to_string(file).map_err(failed)?;
    let text = text.replace("@LOCATION@", &input.to_string_lossy()).replace("@FORMAT@", format);
    std::fs::write(file, text).map_err(failed)
}
