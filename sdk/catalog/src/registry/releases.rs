//! Releases: atomically published states of a product's ports.
use meshwright_spec::{PortName, ProductName};
use serde::{Deserialize, Serialize};
use sqlx::Row;

use crate::database::{Record, Transaction};
use crate::{Catalog, Result};

/// One port within a release.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ReleasedPort {
    /// `domain.product.port`
    pub port: String,
    /// The table's uuid.
    pub table_uuid: String,
    /// The snapshot readers see.
    pub snapshot_id: i64,
    /// The contract it satisfies.
    pub contract_version: String,
    /// Checksum of that contract.
    pub contract_checksum: String,
    /// Rows in the snapshot.
    pub rows: i64,
}

/// One release as seen from one port.
#[derive(Debug, Clone, Serialize)]
pub struct ReleaseRecord {
    /// `domain.product`
    pub product: String,
    /// Counted from 1.
    pub number: i64,
    /// The run that made it.
    pub run: String,
    /// RFC 3339.
    pub released_at: String,
    /// What made it: `run`, `rollback` or `accept`.
    pub kind: String,
    /// The release that a rollback went back to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub back_to: Option<i64>,
    /// Why a person decided so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The release that took this one back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withdrawn_by: Option<i64>,
    /// The port's part.
    #[serde(flatten)]
    pub port: ReleasedPort,
}

const SELECT: &str = "SELECT r.product, r.number, r.run, r.released_at, p.port, p.table_uuid, p.snapshot_id,
    p.contract_version, p.contract_checksum, p.row_count, n.kind, n.back_to, n.reason, n.decided_by FROM mesh_releases r
    JOIN mesh_release_ports p ON p.product = r.product AND p.number = r.number
    LEFT JOIN mesh_release_notes n ON n.product = r.product AND n.number = r.number";

impl Catalog {
    /// Releases of a port, newest first.
    pub async fn releases(&self, port: &PortName) -> Result<Vec<ReleaseRecord>> {
        let rows = sqlx::query(&format!("{SELECT} WHERE p.port = $1 ORDER BY r.number DESC"))
            .bind(port.to_string())
            .fetch_all(&self.db)
            .await?;
        self.marked(&port.product, rows.iter().map(release_of).collect::<Result<_>>()?).await
    }

    /// Releases of a product, newest first, one record per port.
    pub async fn product_releases(&self, product: &ProductName) -> Result<Vec<ReleaseRecord>> {
        let rows = sqlx::query(&format!("{SELECT} WHERE r.product = $1 ORDER BY r.number DESC, p.port"))
            .bind(product.to_string())
            .fetch_all(&self.db)
            .await?;
        self.marked(product, rows.iter().map(release_of).collect::<Result<_>>()?).await
    }

    async fn marked(&self, product: &ProductName, mut releases: Vec<ReleaseRecord>) -> Result<Vec<ReleaseRecord>> {
        let withdrawn = self.withdrawn(product).await?;
        for release in &mut releases {
            release.withdrawn_by = withdrawn.get(&release.number).copied();
        }
        Ok(releases)
    }

    /// The newest release of a product, one record per port.
    pub async fn newest_release(&self, product: &ProductName) -> Result<Vec<ReleaseRecord>> {
        let rows = sqlx::query(&format!(
            "{SELECT} WHERE r.product = $1 AND r.number = (SELECT max(number) FROM mesh_releases WHERE product = $1)
             ORDER BY p.port"
        ))
        .bind(product.to_string())
        .fetch_all(&self.db)
        .await?;
        rows.iter().map(release_of).collect()
    }

    /// The work key of the run that made a product's newest release.
    pub async fn released_work_key(&self, product: &ProductName) -> Result<Option<String>> {
        Ok(sqlx::query_scalar(
            "SELECT u.work_key FROM mesh_releases r JOIN mesh_runs u ON u.run = r.run WHERE r.product = $1
             ORDER BY r.number DESC LIMIT 1",
        )
        .bind(product.to_string())
        .fetch_optional(&self.db)
        .await?
        .flatten())
    }
}

/// Releases of a port within a transaction, newest first; which of them were taken back is not said.
pub(crate) async fn releases_in(tx: &mut Transaction<'_>, port: &PortName) -> Result<Vec<ReleaseRecord>> {
    let rows = sqlx::query(&format!("{SELECT} WHERE p.port = $1 ORDER BY r.number DESC"))
        .bind(port.to_string())
        .fetch_all(&mut **tx)
        .await?;
    rows.iter().map(release_of).collect()
}

fn release_of(row: &Record) -> Result<ReleaseRecord> {
    Ok(ReleaseRecord {
        product: row.try_get("product")?,
        number: row.try_get("number")?,
        run: row.try_get("run")?,
        released_at: row.try_get("released_at")?,
        kind: row.try_get::<Option<String>, _>("kind")?.unwrap_or_else(|| "run".to_owned()),
        back_to: row.try_get("back_to")?,
        reason: row.try_get("reason")?,
        by: row.try_get("decided_by")?,
        withdrawn_by: None,
        port: ReleasedPort {
            port: row.try_get("port")?,
            table_uuid: row.try_get("table_uuid")?,
            snapshot_id: row.try_get("snapshot_id")?,
            contract_version: row.try_get("contract_version")?,
            contract_checksum: row.try_get("contract_checksum")?,
            rows: row.try_get("row_count")?,
        },
    })
}
