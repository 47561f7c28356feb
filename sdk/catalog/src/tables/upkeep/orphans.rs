//! Files in a table's folder that no state of it needs.
use std::time::{Duration, SystemTime};

use meshwright_spec::PortName;
use serde::Serialize;

use super::{Reach, StoredFile, stored_files};
use crate::{Catalog, Result, RunOutcome};

/// A file that nobody names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Orphan {
    /// Its normal path.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// Why it may go.
    pub why: &'static str,
}

/// What lies in a table's folder beside its files.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Leftovers {
    /// May go.
    pub orphans: Vec<Orphan>,
    /// Named by nobody yet, but young, or of a run that is at work.
    pub left_alone: u64,
}

impl Catalog {
    /// Files in the folder of a port's table that no state of it needs.
    ///
    /// Those of dead runs may go at once, those of live ones never, others when they are older than `age`: whoever
    /// wrote them may be about to commit. The folder is listed before the table is loaded, so that what was committed in
    /// between is found to be reachable.
    pub async fn leftovers(&self, port: &PortName, age: Duration) -> Result<Leftovers> {
        let Some(before) = self.try_load(port).await? else { return Ok(Leftovers::default()) };
        let found = stored_files(before.metadata().location()).await?;
        self.reap_runs().await?;
        let runs = self.runs(Some(&port.product), i64::MAX).await?;
        let Some(table) = self.try_load(port).await? else { return Ok(Leftovers::default()) };
        let reach = Reach::of(&table).await?;
        let now = SystemTime::now();
        let mut out = Leftovers::default();
        for file in found.into_iter().filter(|f| !reach.has(&f.path)) {
            let run = runs.iter().find(|r| name_of(&file).starts_with(&r.run));
            let old = now.duration_since(file.modified).is_ok_and(|a| a >= age);
            let why = match run.map(|r| r.outcome) {
                Some(RunOutcome::Running) => None,
                Some(_) => Some("its run has ended without it"),
                None => old.then_some("nobody names it"),
            };
            match why {
                Some(why) => out.orphans.push(Orphan { path: file.path, bytes: file.bytes, why }),
                None => out.left_alone += 1,
            }
        }
        Ok(out)
    }
}

fn name_of(file: &StoredFile) -> &str {
    file.path.rsplit('/').next().unwrap_or_default()
}
