//! What dead runs and lost attempts left behind, all over the mesh.
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use meshwright_catalog::{Catalog, Leftovers, Removed, RunOutcome};
use meshwright_spec::PortName;
use serde::Serialize;

use crate::failure::Result;

/// A file or folder beside the tables that nobody uses any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Scratch {
    /// Where it is.
    pub path: PathBuf,
    /// Its bytes, with everything in it.
    pub bytes: u64,
    /// Why it may go.
    pub why: &'static str,
}

/// What garbage collection found, and whether it is gone.
#[derive(Debug, Clone, Default, Serialize)]
pub struct GcReport {
    /// Whether it was removed.
    pub applied: bool,
    /// Files of tables, by port; ports without any are left out.
    pub tables: Vec<(String, Leftovers)>,
    /// Spooled rows and lock files of dead runs, and deliveries that broke off.
    pub scratch: Vec<Scratch>,
    /// Files that were removed.
    pub removed: Removed,
}

impl GcReport {
    /// Whether there is or was anything to do.
    pub fn has_work(&self) -> bool {
        !self.scratch.is_empty() || self.tables.iter().any(|(_, l)| !l.orphans.is_empty())
    }
}

/// Finds what dead runs and lost attempts left behind, and removes it when asked to. Nothing of a live run is touched;
/// what no run is known for must be older than `age`.
///
/// # Errors
/// When a table or folder cannot be read; what was removed before stays removed.
pub async fn gc(catalog: &Catalog, age: Duration, apply: bool) -> Result<GcReport> {
    let mut out = GcReport { applied: apply, scratch: scratch(catalog, age).await?, ..GcReport::default() };
    for port in catalog.tables().await? {
        let leftovers = catalog.leftovers(&port, age).await?;
        if apply {
            let more = remove(catalog, &port, &leftovers).await?;
            out.removed = Removed { files: out.removed.files + more.files, bytes: out.removed.bytes + more.bytes };
        }
        if !leftovers.orphans.is_empty() || leftovers.left_alone > 0 {
            out.tables.push((port.to_string(), leftovers));
        }
    }
    for one in out.scratch.iter().filter(|_| apply) {
        let gone = match one.path.is_dir() {
            true => std::fs::remove_dir_all(&one.path),
            false => std::fs::remove_file(&one.path),
        };
        match gone {
            Ok(()) => out.removed = Removed { files: out.removed.files + 1, bytes: out.removed.bytes + one.bytes },
            Err(e) => {
                tracing::warn!(path = %one.path.display(), error = %e, "what a dead run left could not be removed")
            }
        }
    }
    Ok(out)
}

/// Removes orphans of a port's table.
pub(super) async fn remove(catalog: &Catalog, port: &PortName, leftovers: &Leftovers) -> Result<Removed> {
    let table = catalog.load(port).await?;
    let files = leftovers.orphans.iter().map(|o| (o.path.clone(), o.bytes));
    Ok(catalog.remove_files(table.metadata().location(), files).await)
}

async fn scratch(catalog: &Catalog, age: Duration) -> Result<Vec<Scratch>> {
    catalog.reap_runs().await?;
    let runs = catalog.runs(None, i64::MAX).await?;
    let mut out = vec![];
    for path in entries(&catalog.home().runs)? {
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let Some(run) = name.strip_suffix(".scratch").or_else(|| name.strip_suffix(".lock")) else { continue };
        let known = runs.iter().find(|r| r.run == run);
        let ended = match known.map(|r| r.outcome) {
            Some(RunOutcome::Running) => false,
            Some(_) => true,
            // recorded a moment after its lock is made
            None => older(&path, age),
        };
        if ended {
            out.push(Scratch { bytes: size(&path), path, why: "its run has ended" });
        }
    }
    for path in entries(&catalog.home().landing.join("arriving"))? {
        if older(&path, age) {
            out.push(Scratch { bytes: size(&path), path, why: "its delivery broke off" });
        }
    }
    Ok(out)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    match std::fs::read_dir(folder) {
        Ok(entries) => {
            let mut out = entries.map(|e| Ok(e?.path())).collect::<std::io::Result<Vec<_>>>()?;
            out.sort();
            Ok(out)
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(vec![]),
        Err(e) => Err(e.into()),
    }
}

fn older(path: &Path, age: Duration) -> bool {
    let modified = std::fs::symlink_metadata(path).and_then(|m| m.modified());
    modified.is_ok_and(|m| SystemTime::now().duration_since(m).is_ok_and(|a| a >= age))
}

fn size(path: &Path) -> u64 {
    let Ok(about) = std::fs::symlink_metadata(path) else { return 0 };
    if !about.is_dir() {
        return about.len();
    }
    entries(path).unwrap_or_default().iter().map(|p| size(p)).sum()
}
