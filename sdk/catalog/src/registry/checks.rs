//! Check results of runs.
use meshwright_spec::PortName;
use serde::Serialize;
use sqlx::Row;

use crate::{Catalog, Result};

/// The result of one check in one run.
#[derive(Debug, Clone, Serialize)]
pub struct CheckRecord {
    /// `domain.product.port`
    pub port: String,
    /// The check's id within the contract.
    pub check: String,
    /// `passed`, `failed`, `warned`, `error` or `not_evaluated`.
    pub outcome: String,
    /// `error`, `warning` or `info`.
    pub severity: String,
    /// Measured, expected, counts, sample.
    pub result: serde_json::Value,
}

impl Catalog {
    /// The results of one run, of one port when named.
    pub async fn check_results(&self, run: &str, port: Option<&PortName>) -> Result<Vec<CheckRecord>> {
        let rows = sqlx::query(
            "SELECT * FROM mesh_check_results WHERE run = $1 AND ($2 IS NULL OR port = $2) ORDER BY port, check_id",
        )
        .bind(run)
        .bind(port.map(ToString::to_string))
        .fetch_all(&self.db)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(CheckRecord {
                    port: row.try_get("port")?,
                    check: row.try_get("check_id")?,
                    outcome: row.try_get("outcome")?,
                    severity: row.try_get("severity")?,
                    result: serde_json::from_str(row.try_get("result")?)?,
                })
            })
            .collect()
    }
}
