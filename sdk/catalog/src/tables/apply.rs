//! A change that is decided anew on every state of the table until its commit wins.
use std::time::Duration;

use iceberg::io::FileIO;
use iceberg::table::Table;
use meshwright_spec::PortName;

use super::produce::Change;
use crate::{Catalog, Kind, Result};

/// How often a commit is tried again after another one to the same table won.
const ATTEMPTS: u32 = 20;

/// A change that is committed.
#[derive(Debug)]
pub struct Applied {
    /// The table as the commit left it.
    pub table: Table,
    /// The new snapshot.
    pub snapshot_id: i64,
    /// How many commits of others were waited for.
    pub retries: u32,
}

impl Catalog {
    /// Commits what `decide` makes of the port's newest state: one snapshot on one branch, or nothing.
    ///
    /// When somebody else commits first, `decide` is asked again about the new state: an append gives the same files
    /// once more, a change that depends on what it read gives other ones or a `Conflict`, which ends it.
    ///
    /// # Errors
    /// What `decide` fails with; `Conflict` when others keep winning. Nothing but data files is left behind then.
    pub async fn apply(&self, port: &PortName, decide: impl AsyncFn(&Table) -> Result<Change>) -> Result<Applied> {
        for attempt in 0.. {
            let turn = self.turn(port).await;
            let table = self.load(port).await?;
            let produced = decide(&table).await?.produce(&table).await?;
            match self.commit(produced.change).await {
                Ok(table) => return Ok(Applied { table, snapshot_id: produced.snapshot_id, retries: attempt }),
                Err(e) => {
                    discard(&self.io, &produced.written).await;
                    if e.kind() != Kind::Conflict || attempt >= ATTEMPTS {
                        return Err(e);
                    }
                }
            }
            drop(turn);
            pause(attempt).await;
        }
        unreachable!("the loop ends by returning")
    }
}

/// Removes manifests and lists of an attempt that was lost.
async fn discard(io: &FileIO, written: &[String]) {
    for file in written {
        if let Err(e) = io.delete(file).await {
            tracing::warn!(file, error = %e, "a manifest that nobody names could not be removed");
        }
    }
}

/// 5 ms doubling to about half a second, with jitter from the clock so that writers do not march in step.
async fn pause(attempt: u32) {
    let most = 5_u64 << attempt.min(7);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let jitter = now.map_or(0, |d| u64::from(d.subsec_nanos()) % most);
    tokio::time::sleep(Duration::from_millis(most / 2 + jitter)).await;
}
