//! Tables: commits of one writer and of eight on SQLite and on Postgres, a table that grows, appends, upserts, partitions
//! that evolve, going back, readers at work, and the 22 queries of TPC-H.
//!
//! Seconds are what each process measures itself, from the moment when everything is loaded: a Python interpreter that
//! starts is no part of a commit. What was acknowledged is compared with what is there, and answers with answers.
mod commits;
mod evolution;
mod polling;
mod server;
mod tpch;
mod writes;

use std::cell::Cell;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::Bench;
use super::measure::{Patience, Sample};
use super::report::Report;
use crate::checkout::fresh_folder;
use crate::process;

/// A case that can be asked for by its name.
type Case = fn(&Tables<'_>, &mut Report, &mut Patience) -> Result<(), String>;

/// In the order in which they are measured.
const CASES: &[(&str, Case)] = &[
    ("commits", commits::sqlite),
    ("growth", commits::growth),
    ("postgres", commits::postgres),
    ("append", writes::append),
    ("upsert", writes::upsert),
    ("evolution", evolution::measure),
    ("polling", polling::measure),
    ("tpch", tpch::measure),
];

pub(super) fn measure(bench: &Bench, report: &mut Report, patience: &mut Patience) -> Result<(), String> {
    // built with the other programs of the workspace, beside `mesh`
    let ours = bench.mesh.with_file_name(format!("mesh-bench-tables{}", std::env::consts::EXE_SUFFIX));
    if !ours.exists() {
        return Err(format!("there is no {}: `cargo build --workspace --bins` makes it", ours.display()));
    }
    if let Some(unknown) = bench.cases.iter().find(|asked| CASES.iter().all(|(name, _)| name != asked)) {
        let names: Vec<&str> = CASES.iter().map(|(name, _)| *name).collect();
        return Err(format!("there is no case `{unknown}`; there are {}", names.join(", ")));
    }
    let theirs = bench.peers.bin("pyiceberg").map(|bin| bin.join("python"));
    let tables = Tables { bench, ours, theirs, folder: bench.folder.join("work/tables"), homes: Cell::new(0) };
    fresh_folder(&tables.folder)?;
    for (name, case) in CASES {
        if bench.cases.is_empty() || bench.cases.iter().any(|asked| asked == name) {
            case(&tables, report, patience)?;
        }
    }
    Ok(())
}

struct Tables<'a> {
    bench: &'a Bench,
    /// The program of `xtask/tables`.
    ours: PathBuf,
    /// A Python that has pyiceberg.
    theirs: Option<PathBuf>,
    folder: PathBuf,
    /// How many were made. Each is a folder of its own: a file system is slow to make files where many have just gone.
    homes: Cell<u32>,
}

impl Tables<'_> {
    /// A command of ours or of the peer.
    fn command(&self, peer: bool, words: &[&str]) -> Option<Command> {
        let mut command = match (peer, &self.theirs) {
            (false, _) => Command::new(&self.ours),
            (true, Some(python)) => {
                let mut command = Command::new(python);
                command.arg(self.bench.script("tables/pyiceberg_tables.py"));
                command
            }
            (true, None) => return None,
        };
        // an error that is met and mended is not to be traced
        command.env_remove("RUST_BACKTRACE");
        command.args(words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Some(command)
    }

    /// The line of JSON that a command says.
    fn say(&self, peer: bool, words: &[&str]) -> Result<Option<Value>, String> {
        let Some(mut command) = self.command(peer, words) else { return Ok(None) };
        parsed(&process::stdout_of(&mut command)?).map(Some)
    }

    fn home(&self, name: &str, peer: bool) -> Result<String, String> {
        self.homes.set(self.homes.get() + 1);
        let home = self.folder.join(format!("{name}-{}-{}", who(peer), self.homes.get()));
        fresh_folder(&home)?;
        // what a peer leaves to the system to write some time is not written while the next one waits for the disk
        if process::exists("sync") {
            process::run(&mut Command::new("sync"))?;
        }
        Ok(home.to_string_lossy().into_owned())
    }
}

fn parsed(text: &str) -> Result<Value, String> {
    serde_json::from_str(text.trim()).map_err(|e| format!("`{}` is not JSON: {e}", text.trim()))
}

/// Seconds alone.
fn sample(wall: f64, peak: Option<u64>) -> Sample {
    Sample { wall, cpu: None, peak, others: None }
}

fn who(peer: bool) -> &'static str {
    if peer { "pyiceberg" } else { "mesh" }
}
