//! `cargo xtask interop gx`: our verdicts and counts beside those of Great Expectations, on real files.
//!
//! Every check of the contracts in `xtask/interop/gx` has a namesake in `gx.py`. Verdicts must be equal, and so must the
//! numbers of violating rows; where the two count another thing by definition, the line says so and the thing that both
//! know is compared.
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::Outcome;
use crate::checkout::{build_mesh, copy_folder, fresh_folder, root, target};
use crate::process;

/// Folder, port, and the file below the folder of real data.
const SETS: &[(&str, &str, &str)] = &[
    ("gppd", "plants", "gppd/source_databases_csv/database_USA.csv"),
    ("owid", "emissions", "owid-co2/owid-co2-data_2020-08-07_9f743dc.csv"),
];

/// Where the two mean something else by the same word.
const DIFFERENCES: &[(&str, &str)] = &[
    ("unique", "it counts every row of a repeated value, we those beyond the first and report both"),
    ("median", "it takes the mean of the two in the middle, we a value of the data, shown to one percent"),
    ("p95", "it takes the value nearest to the rank from 0, we the nearest rank, shown to one percent"),
];

pub(crate) fn go(arguments: &[String]) -> Outcome {
    let mut mesh = None;
    let mut data = root().join("../shared/data");
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let mut value = || rest.next().ok_or(format!("`{argument}` needs a value"));
        match argument.as_str() {
            "--mesh" => mesh = Some(std::path::absolute(value()?).map_err(|e| e.to_string())?),
            "--data" => data = PathBuf::from(value()?),
            other => return Err(format!("`{other}` is not understood; {}", crate::usage_of("interop"))),
        }
    }
    let mesh = mesh.map_or_else(|| build_mesh(true), Ok)?;
    let python = great_expectations()?;
    let (mut compared, mut wrong) = (0, Vec::new());
    for (set, port, file) in SETS {
        let file = data.join(file);
        let file = file.canonicalize().map_err(|e| format!("{}: {e}; `--data` names its folder", file.display()))?;
        let ours = ours(&mesh, set, port, &file)?;
        let theirs = theirs(&python, set, &file)?;
        println!("\n{set}: {} beside Great Expectations {}", file.display(), theirs["version"].as_str().unwrap_or("?"));
        println!("{:<22}{:>10}{:>10}{:>14}{:>14}  remark", "check", "ours", "theirs", "ours", "theirs");
        for result in &ours {
            let id = result["id"].as_str().unwrap_or_default();
            let line = Line::of(id, result, &theirs["results"][id]);
            compared += 1;
            println!("{line}");
            if !line.agrees {
                wrong.push(format!("{set}: {id}"));
            }
        }
    }
    println!("\n{compared} checks compared, {} differ", wrong.len());
    if compared < 25 {
        return Err(format!("only {compared} checks were compared"));
    }
    if wrong.is_empty() { Ok(()) } else { Err(format!("not the same: {}", wrong.join(", "))) }
}

/// Results of `mesh check FILE`, which writes nothing.
fn ours(mesh: &Path, set: &str, port: &str, file: &Path) -> Result<Vec<Value>, String> {
    let work = target()?.join("interop").join(set);
    fresh_folder(&work)?;
    copy_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/gx").join(set), &work)?;
    let mut command = Command::new(mesh);
    command.current_dir(&work).arg("check").arg(file).args(["--port", port, "--json"]);
    command.env("MESH_URL", work.join("mesh")).env("XDG_DATA_HOME", &work);
    let said: Value = serde_json::from_str(&process::stdout_of(&mut command)?).map_err(|e| e.to_string())?;
    let results = said["port"]["results"].as_array().ok_or_else(|| format!("no results in {said}"))?;
    Ok(results.iter().filter(|r| r["implied"] != true).cloned().collect())
}

fn theirs(python: &Path, set: &str, file: &Path) -> Result<Value, String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/gx/gx.py");
    let text = process::stdout_of(Command::new(python).arg(script).arg(set).arg(file))?;
    let last = text.lines().last().unwrap_or_default();
    serde_json::from_str(last).map_err(|e| format!("gx.py: {e}: {last}"))
}

/// Its own Python environment under `target/`.
fn great_expectations() -> Result<PathBuf, String> {
    let folder = target()?.join("interop/gx");
    let python = folder.join("bin/python");
    let there = Command::new(&python).args(["-c", "import great_expectations"]).output();
    if !there.is_ok_and(|out| out.status.success()) {
        println!("installing great_expectations ...");
        process::stdout_of(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
        let mut pip = Command::new(&python);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "great_expectations", "pandas<3"]);
        process::stdout_of(&mut pip)?;
    }
    Ok(python)
}

/// One check as both see it.
struct Line {
    id: String,
    ours: (bool, Option<f64>),
    theirs: (bool, Option<f64>),
    remark: &'static str,
    agrees: bool,
}

impl Line {
    fn of(id: &str, ours: &Value, theirs: &Value) -> Self {
        let kind = ours["kind"].as_str().unwrap_or_default();
        let word = if kind == "aggregate" { id.rsplit('-').next().unwrap_or_default() } else { kind };
        let remark = DIFFERENCES.iter().find(|(name, _)| *name == word).map_or("", |(_, remark)| remark);
        let number = |value: &Value| value.as_f64();
        let mine = match kind {
            "row_count" | "aggregate" => number(&ours["measured"]),
            "columns" => None,
            "unique" => number(&ours["duplicates"]["rows"]),
            _ => number(&ours["violations"]),
        };
        let yours = match kind {
            "row_count" | "aggregate" => number(&theirs["value"]),
            "columns" => None,
            _ => number(&theirs["count"]),
        };
        let passes = (ours["outcome"] == "passed", theirs["success"] == true);
        let exact = remark.is_empty() || kind == "unique";
        let close = |a: f64, b: f64| (a - b).abs() <= 1e-9 * a.abs().max(b.abs());
        let same = match (mine, yours) {
            (Some(a), Some(b)) => !exact || close(a, b),
            (None, None) => kind == "columns",
            _ => false,
        };
        let agrees = passes.0 == passes.1 && same && !theirs["success"].is_null();
        Self { id: id.to_owned(), ours: (passes.0, mine), theirs: (passes.1, yours), remark, agrees }
    }
}

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let word = |passes| if passes { "holds" } else { "fails" };
        let number = |n: Option<f64>| {
            n.map_or_else(
                || "-".to_owned(),
                |n| format!("{n:.6}").trim_end_matches('0').trim_end_matches('.').to_owned(),
            )
        };
        let Self { id, ours, theirs, remark, agrees } = self;
        let mark = if *agrees { "" } else { "DIFFERS " };
        write!(
            f,
            "{id:<22}{:>10}{:>10}{:>14}{:>14}  {mark}{remark}",
            word(ours.0),
            word(theirs.0),
            number(ours.1),
            number(theirs.1)
        )
    }
}
