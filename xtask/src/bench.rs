//! `cargo xtask bench [ingest|small|tables|checks]`: medians and ratios of one run, peers beside us, printed and kept as JSON.
//!
//! Contenders of a case take turns (A B A B ...), so that a busy minute hits all of them. Every figure is of a whole
//! process, start included. Peers are optional: what pip cannot install is said and left out.
//! `bench checks --case peers`, which takes long, is measured only when it is asked for.
mod checks;
mod ingest;
mod measure;
mod peers;
mod report;
mod small;
mod tables;

use std::path::{Path, PathBuf};

use crate::Outcome;
use crate::checkout::{build_mesh, root, target};
use peers::Peers;
use report::Report;

/// What a benchmark needs.
struct Bench {
    /// The release build of `mesh`.
    mesh: PathBuf,
    /// `target/bench`, where everything is written.
    folder: PathBuf,
    peers: Peers,
    runs: usize,
    /// Cases of a benchmark that has several; none: all.
    cases: Vec<String>,
    /// Also the input ten times larger.
    large: bool,
    /// The Parquet file of three million flights.
    flights: PathBuf,
}

pub(crate) fn go(arguments: &[String]) -> Outcome {
    let folder = target()?.join("bench");
    std::fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut bench = Bench {
        mesh: PathBuf::new(),
        peers: Peers::new(&folder),
        folder,
        runs: 5,
        cases: Vec::new(),
        large: false,
        flights: root().join("../shared/data/vega/flights-3m.parquet"),
    };
    let mut names = Vec::new();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let mut value = || rest.next().ok_or(format!("`{argument}` needs a value"));
        match argument.as_str() {
            "--large" => bench.large = true,
            "--runs" => bench.runs = value()?.parse().map_err(|_| "`--runs` takes a number")?,
            "--case" => bench.cases.push(value()?.clone()),
            "--flights" => bench.flights = PathBuf::from(value()?),
            "--mesh" => bench.mesh = std::path::absolute(value()?).map_err(|e| e.to_string())?,
            name @ ("ingest" | "small" | "tables" | "checks") => names.push(name),
            other => return Err(format!("`{other}` is not understood; {}", crate::usage_of("bench"))),
        }
    }
    if bench.runs == 0 {
        return Err("`--runs` takes a number above zero".to_owned());
    }
    // `--mesh FILE` measures a binary that was built before, such as that of another commit
    if bench.mesh.as_os_str().is_empty() {
        bench.mesh = build_mesh(true)?;
    }
    let asked = |name: &str| names.is_empty() || names.contains(&name);
    let mut report = Report::begin(bench.runs);
    // each benchmark may wait so many seconds in all
    let patience = || measure::Patience::new(120);
    let measured = (|| {
        if asked("small") {
            small::measure(&bench, &mut report, &mut patience())?;
        }
        if asked("ingest") {
            ingest::measure(&bench, &mut report, &mut patience())?;
        }
        if asked("tables") {
            tables::measure(&bench, &mut report, &mut patience())?;
        }
        if asked("checks") {
            checks::measure(&bench, &mut report, &mut patience())?;
        }
        Ok(())
    })();
    // what was measured before something failed is shown all the same
    report.end(&bench.folder, &bench.peers)?;
    measured
}

impl Bench {
    /// A folder of the benchmark's own files, copied to where it may be written to.
    fn project(&self, kept: &str, name: &str) -> Result<PathBuf, String> {
        let to = self.folder.join("work").join(name);
        crate::checkout::fresh_folder(&to)?;
        crate::checkout::copy_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("bench").join(kept), &to)?;
        Ok(to)
    }

    /// One of the benchmark's Python scripts.
    fn script(&self, name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("bench").join(name)
    }
}
