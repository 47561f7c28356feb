//! The peers: each in a Python environment of its own under `target/bench/venv`, installed when first needed.
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process;

/// A peer, what pip calls it and its needs, and the distribution whose version is reported.
const PEERS: &[(&str, &[&str], &str)] = &[
    ("duckdb", &["duckdb"], "duckdb"),
    ("polars", &["polars", "duckdb", "pyarrow", "numpy"], "polars"),
    ("tpchgen", &["tpchgen-cli"], "tpchgen-cli"),
    ("pyiceberg", &["pyiceberg[sql-sqlite,sql-postgres,pyarrow]"], "pyiceberg"),
    // the series in which dbt is Python all through; later ones fetch a binary from elsewhere while they install
    ("dbt", &["dbt-core~=1.10.0", "dbt-duckdb"], "dbt-core"),
    ("sqlmesh", &["sqlmesh[duckdb]"], "sqlmesh"),
    ("datacontract", &["datacontract-cli[duckdb]"], "datacontract-cli"),
    ("soda", &["soda-duckdb"], "soda-core"),
    ("pandera", &["pandera[polars]"], "pandera"),
    ("gx", &["great_expectations", "duckdb-engine", "duckdb"], "great_expectations"),
];

/// Where peers are kept.
pub(super) struct Peers {
    folder: PathBuf,
}

impl Peers {
    pub(super) fn new(bench: &Path) -> Self {
        Self { folder: bench.join("venv") }
    }

    /// The folder of a peer's programs, installing it at need; `None` when it cannot be had here.
    pub(super) fn bin(&self, name: &str) -> Option<PathBuf> {
        let (_, packages, _) = PEERS.iter().find(|(peer, _, _)| *peer == name)?;
        let bin = self.folder.join(name).join("bin");
        if self.version(name).is_some() {
            return Some(bin);
        }
        println!("installing {name} ...");
        match install(&self.folder.join(name), packages) {
            Ok(()) => Some(bin),
            Err(why) => {
                let why = why.lines().last().unwrap_or_default();
                eprintln!("note: {name} is left out, it cannot be installed: {why}");
                None
            }
        }
    }

    /// The installed version.
    fn version(&self, name: &str) -> Option<String> {
        let (_, _, distribution) = PEERS.iter().find(|(peer, _, _)| *peer == name)?;
        let question = format!("from importlib.metadata import version; print(version('{distribution}'))");
        let mut python = Command::new(self.folder.join(name).join("bin/python"));
        Some(process::stdout_of(python.args(["-c", &question])).ok()?.trim().to_owned())
    }

    /// Name and version of those that are there.
    pub(super) fn versions(&self) -> Vec<(String, String)> {
        PEERS.iter().filter_map(|(name, _, _)| Some(((*name).to_owned(), self.version(name)?))).collect()
    }
}

fn install(folder: &Path, packages: &[&str]) -> Result<(), String> {
    process::stdout_of(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder))?;
    let mut pip = Command::new(folder.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(packages);
    process::stdout_of(&mut pip).map(drop)
}
