//! Column lineage of ports, and what runs read.
use meshwright_spec::PortName;
use serde::{Deserialize, Serialize};
use sqlx::Row;

use crate::database::Record;
use crate::{Catalog, Result};

/// One column of a port depends on one column of a source or of another port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineageEdge {
    /// `domain.product.port`
    pub port: String,
    /// Its column; `*` when every column depends on it (filters, join keys, groups).
    pub column: String,
    /// `source` (landing) or `port`.
    pub source_kind: String,
    /// `domain.product.port`, or the source's name.
    pub source: String,
    /// The column there.
    pub source_column: String,
    /// `identity`, `transformation`, `aggregation`, `filter`, `join`, `group_by` or `sort`.
    pub transformation: String,
}

/// What a run read through one input port.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InputRecord {
    /// The input's name in the reading product.
    pub input: String,
    /// `domain.product.port`
    pub port: String,
    /// The table's uuid.
    pub table_uuid: String,
    /// The snapshot that was read.
    pub snapshot_id: i64,
    /// The contract version it satisfied.
    pub contract_version: String,
}

impl Catalog {
    /// Where a port's columns come from.
    pub async fn lineage_of(&self, port: &PortName) -> Result<Vec<LineageEdge>> {
        self.edges("SELECT * FROM mesh_lineage WHERE port = $1 ORDER BY column_name, source, source_column", port).await
    }

    /// What is made from a port's columns.
    pub async fn lineage_from(&self, port: &PortName) -> Result<Vec<LineageEdge>> {
        self.edges(
            "SELECT * FROM mesh_lineage WHERE source_kind = 'port' AND source = $1 ORDER BY port, column_name",
            port,
        )
        .await
    }

    /// What a run read.
    pub async fn run_inputs(&self, run: &str) -> Result<Vec<InputRecord>> {
        let rows = sqlx::query("SELECT * FROM mesh_run_inputs WHERE run = $1 ORDER BY input")
            .bind(run)
            .fetch_all(&self.db)
            .await?;
        rows.iter()
            .map(|row| {
                Ok(InputRecord {
                    input: row.try_get("input")?,
                    port: row.try_get("port")?,
                    table_uuid: row.try_get("table_uuid")?,
                    snapshot_id: row.try_get("snapshot_id")?,
                    contract_version: row.try_get("contract_version")?,
                })
            })
            .collect()
    }

    async fn edges(&self, sql: &str, port: &PortName) -> Result<Vec<LineageEdge>> {
        sqlx::query(sql).bind(port.to_string()).fetch_all(&self.db).await?.iter().map(edge_of).collect()
    }
}

fn edge_of(row: &Record) -> Result<LineageEdge> {
    Ok(LineageEdge {
        port: row.try_get("port")?,
        column: row.try_get("column_name")?,
        source_kind: row.try_get("source_kind")?,
        source: row.try_get("source")?,
        source_column: row.try_get("source_column")?,
        transformation: row.try_get("transformation")?,
    })
}
