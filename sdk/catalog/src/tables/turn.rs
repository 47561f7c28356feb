//! Writers of one table take turns, so that nobody's work is lost to a race that a moment of waiting avoids.
use std::fs::{File, OpenOptions};
use std::time::Duration;

use meshwright_spec::PortName;

use crate::Catalog;

/// How long a turn is waited for. A writer that stands still keeps the others no longer than this.
const PATIENCE: Duration = Duration::from_secs(5);

/// A writer's turn at a table; over when it is dropped, or when the process ends.
///
/// A courtesy and no guard: what keeps commits apart is the compare-and-swap of the table's pointer.
#[derive(Debug)]
pub struct Turn {
    _locked: Option<File>,
}

impl Catalog {
    /// Waits for this process's turn at a port's table, a few seconds at most.
    pub async fn turn(&self, port: &PortName) -> Turn {
        let (folder, name) = (self.home.runs.clone(), format!("{port}.turn"));
        let wait = tokio::task::spawn_blocking(move || {
            std::fs::create_dir_all(&folder).ok()?;
            let path = folder.join(name);
            let locked = OpenOptions::new().create(true).append(true).open(path).ok()?;
            locked.lock().ok()?;
            Some(locked)
        });
        // a wait that is given up ends by itself and lets the lock go at once
        let locked = tokio::time::timeout(PATIENCE, wait).await.ok().and_then(Result::ok).flatten();
        Turn { _locked: locked }
    }
}
