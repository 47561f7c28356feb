//! What checks found over time.
use std::path::PathBuf;

use meshwright_spec::PortName;
use serde::Serialize;
use sqlx::Row;

use crate::{Catalog, CheckRecord, Result};

/// The checks of one port in one run.
#[derive(Debug, Clone, Serialize)]
pub struct CheckedRun {
    /// The run.
    pub run: String,
    /// How it ended: `released`, `rejected`, ...
    pub outcome: String,
    /// When it began.
    pub started_at: String,
    /// The release it made.
    pub release: Option<i64>,
    /// How good the data were: of the port and by dimension; null for runs that did not keep it.
    pub score: serde_json::Value,
    /// Its results, by the checks' ids.
    pub checks: Vec<CheckRecord>,
}

impl Catalog {
    /// The newest runs that checked a port, newest first, at most so many.
    pub async fn check_history(&self, port: &PortName, limit: i64) -> Result<Vec<CheckedRun>> {
        let rows = sqlx::query(
            "SELECT run, outcome, started_at, release, detail FROM mesh_runs
             WHERE run IN (SELECT run FROM mesh_check_results WHERE port = $1)
             ORDER BY started_at DESC, run DESC LIMIT $2",
        )
        .bind(port.to_string())
        .bind(limit)
        .fetch_all(&self.db)
        .await?;
        let mut history = vec![];
        for row in rows {
            let run: String = row.try_get("run")?;
            let detail: serde_json::Value = serde_json::from_str(row.try_get("detail")?)?;
            history.push(CheckedRun {
                checks: self.check_results(&run, Some(port)).await?,
                outcome: row.try_get("outcome")?,
                started_at: row.try_get("started_at")?,
                release: row.try_get("release")?,
                score: detail["scores"][port.to_string()].clone(),
                run,
            });
        }
        Ok(history)
    }

    /// Where what checks found in data files is kept on this machine. It may be deleted at any time.
    pub fn check_states(&self) -> PathBuf {
        self.home.runs.with_file_name("checks")
    }
}
