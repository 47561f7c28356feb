//! Twenty checks of ten million rows of twelve columns: against decoding them, Polars and DuckDB by hand; a clean file;
//! a clean file whose contract asks only what footers and dictionaries can prove; and an append of one percent to a port
//! that was checked before. Every contender must find every planted mistake. `--case peers`: the dirty file alone, beside
//! programs made for checking.
mod peers;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::Bench;
use super::measure::{Contender, Patience, in_turns, median};
use super::report::{Aim, Report};
use crate::checkout::fresh_folder;
use crate::process;

const ROWS: u64 = 10_000_000;
const MEMORY: u64 = 250 << 20;

pub(super) fn measure(bench: &Bench, report: &mut Report, patience: &mut Patience) -> Result<(), String> {
    let Some(bin) = bench.peers.bin("polars") else { return Err("without pyarrow there are no rows to check".into()) };
    if let Some(unknown) = bench.cases.iter().find(|asked| *asked != "peers") {
        return Err(format!("there is no case `{unknown}`; there is peers, measured only when it is asked for"));
    }
    let rows = if bench.large { ROWS * 10 } else { ROWS };
    // built with the other programs of the workspace, beside `mesh`
    let decode = bench.mesh.with_file_name(format!("mesh-bench-tables{}", std::env::consts::EXE_SUFFIX));
    let dirty = orders(bench, &bin, rows, 0, "dirty")?;
    if !bench.cases.is_empty() {
        return peers::measure(bench, report, patience, &decode, &dirty);
    }
    let clean = orders(bench, &bin, rows, 0, "clean")?;
    let cases = [
        ("checks, dirty", "checks", &dirty, 65, 1.4),
        ("checks, clean", "checks", &clean, 0, 1.4),
        ("checks, proved", "proved", &clean, 0, 0.7),
    ];
    for (name, project, file, expected, most) in cases {
        println!("measuring: {name} ...");
        if project == "proved" {
            // what metadata do not prove is still found
            every_mistake(check(bench, project, &dirty)?, &dirty, false)?;
        }
        let results = case(bench, patience, project, (&bin, &decode), file, expected)?;
        let wall = |who: &str| {
            let found = results.iter().find(|(name, _)| name == who);
            found.and_then(|(_, samples)| median(samples.iter().map(|s| s.wall)))
        };
        if let (Some(ours), Some(floor)) = (wall("mesh check"), wall("decode")) {
            let met = if ours <= floor * most { "met" } else { "NOT MET" };
            println!("{name}: {:.2} x decode, aim {most}: {met}", ours / floor);
        }
        report.add(name, results, &[Aim::Peak(MEMORY)]);
    }
    append(bench, &bin, &clean, rows)
}

/// The rows as Parquet, written once.
fn orders(bench: &Bench, bin: &Path, rows: u64, first: u64, kind: &str) -> Result<PathBuf, String> {
    let file = bench.folder.join(format!("data/orders-{rows}-{first}-{kind}.parquet"));
    if file.exists() {
        return Ok(file);
    }
    println!("writing {} ...", file.display());
    std::fs::create_dir_all(bench.folder.join("data")).map_err(|e| e.to_string())?;
    // under another name first: a half-written file must not be taken for the whole
    let part = file.with_extension("part");
    let mut python = Command::new(bin.join("python"));
    python.arg(bench.script("checks/orders.py")).args([rows.to_string(), first.to_string(), kind.to_owned()]);
    process::run(python.arg(&part))?;
    let failed = |e: std::io::Error| format!("{}: {e}", file.display());
    std::fs::rename(part.with_extension("part.json"), file.with_extension("parquet.json")).map_err(failed)?;
    std::fs::rename(&part, &file).map_err(failed)?;
    Ok(file)
}

/// Everybody's figures for one file, ours first.
fn case(
    bench: &Bench,
    patience: &mut Patience,
    project: &str,
    (bin, decode): (&Path, &Path),
    file: &Path,
    expected: i32,
) -> Result<Vec<(String, Vec<super::measure::Sample>)>, String> {
    let mut contenders = ours(bench, project, decode, file, expected)?;
    // by hand it is the twenty checks that are written, and a hundred million rows take them tens of gigabytes
    for who in ["polars", "duckdb"].into_iter().filter(|_| project == "checks" && !bench.large) {
        let python = bin.join("python");
        let prepare = move || {
            let mut command = Command::new(&python);
            // DuckDB spills into the folder that it is started in
            command.current_dir(&bench.folder).arg(bench.script("checks/by_hand.py")).arg(who).arg(file);
            Ok(command)
        };
        contenders.push(Contender { name: format!("{who} by hand"), expected: 0, prepare: Box::new(prepare) });
    }
    in_turns(contenders, bench.runs, patience)
}

/// `mesh check`, which finds every mistake, and the decoding that it is held against.
fn ours<'a>(
    bench: &'a Bench,
    project: &'a str,
    decode: &'a Path,
    file: &'a Path,
    expected: i32,
) -> Result<Vec<Contender<'a>>, String> {
    every_mistake(check(bench, project, file)?, file, project == "checks")?;
    let floor = move || {
        let mut command = Command::new(decode);
        command.arg("decode").arg(file);
        Ok(command)
    };
    Ok(vec![
        Contender { name: "mesh check".to_owned(), expected, prepare: Box::new(move || check(bench, project, file)) },
        Contender { name: "decode".to_owned(), expected: 0, prepare: Box::new(floor) },
    ])
}

/// `mesh check` of a file by a project's contract.
fn check(bench: &Bench, project: &str, file: &Path) -> Result<Command, String> {
    let product = product(bench, project, project, file, "replace")?;
    let home = bench.folder.join("work/checks-mesh");
    fresh_folder(&home)?;
    let mut command = Command::new(&bench.mesh);
    command.current_dir(&product).arg("check").arg(file).args(["--port", "orders"]).env("MESH_URL", &home);
    Ok(command)
}

/// Our counts are those that were planted; `all` of them, or those that the contract has a check for.
fn every_mistake(mut command: Command, file: &Path, all: bool) -> Result<(), String> {
    let expected = std::fs::read_to_string(file.with_extension("parquet.json")).map_err(|e| e.to_string())?;
    let expected: Value = serde_json::from_str(&expected).map_err(|e| e.to_string())?;
    let said = command.arg("--json").output().map_err(|e| e.to_string())?;
    let said: Value = serde_json::from_slice(&said.stdout).map_err(|e| format!("mesh check: {e}"))?;
    let results = said["port"]["results"].as_array().ok_or_else(|| format!("no results in {said}"))?;
    for (id, planted) in expected.as_object().into_iter().flatten() {
        let result = match results.iter().find(|r| r["id"] == id.as_str()) {
            Some(result) => result,
            None if all => return Err(format!("no check `{id}`")),
            None => continue,
        };
        let measured = ["rows", "mean-price"].contains(&id.as_str());
        let found = if measured { &result["measured"] } else { &result["violations"] };
        let (found, planted) = (found.as_f64().unwrap_or(f64::NAN), planted.as_f64().unwrap_or(f64::NAN));
        if (found - planted).abs() > 1e-9 * planted.abs().max(1.0) || found.is_nan() {
            return Err(format!("`{id}`: found {found}, planted {planted}"));
        }
    }
    if said["port"]["executed"] != said["port"]["declared"] {
        return Err(format!("{} of {} checks ran", said["port"]["executed"], said["port"]["declared"]));
    }
    Ok(())
}

/// How long checking takes inside of a run: of everything, and after one percent was appended.
fn append(bench: &Bench, bin: &Path, all: &Path, rows: u64) -> Result<(), String> {
    println!("measuring: checks after an append ...");
    let more = orders(bench, bin, rows / 100, rows, "clean")?;
    let home = bench.folder.join("work/checks-append");
    fresh_folder(&home)?;
    let checked = |file: &Path| {
        let product = product(bench, "checks", "checks-append", file, "append")?;
        let mut command = Command::new(&bench.mesh);
        command.current_dir(product).args(["run", "--events", "ndjson"]).env("MESH_URL", &home);
        let said = process::stdout_of(&mut command)?;
        let mut events = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let event = events.find(|e| e["event"] == "port.checked");
        event.and_then(|e| e["ms"].as_f64()).ok_or("the run told nothing of its checks".to_owned())
    };
    let (full, again) = (checked(all)?, checked(&more)?);
    let share = again / full * 100.0;
    let met = if share < 3.0 { "met" } else { "NOT MET" };
    println!("checks of all rows {full} ms, after an append of 1 % {again} ms: {share:.1} %, aim 3 %: {met}");
    Ok(())
}

fn product(bench: &Bench, project: &str, name: &str, file: &Path, mode: &str) -> Result<PathBuf, String> {
    let product = bench.project(project, name)?;
    let toml = product.join("product.toml");
    let text = std::fs::read_to_string(&toml).map_err(|e| e.to_string())?;
    let text = text.replace("@LOCATION@", &file.to_string_lossy()).replace("@MODE@", mode);
    std::fs::write(&toml, text).map_err(|e| e.to_string())?;
    Ok(product)
}
