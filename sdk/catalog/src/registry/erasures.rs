//! Erasures: what was done, without saying to whom; and what the registry itself must forget.
use std::collections::BTreeMap;

use meshwright_spec::PortName;
use serde::Serialize;
use sqlx::Row;

use crate::database::{Record, now};
use crate::tables::{Staged, move_pointers};
use crate::{Catalog, Result};

/// One erasure. The subject is kept as a salted hash: enough to recognise it when it is named again, not to find it.
#[derive(Debug, Clone, Serialize)]
pub struct ErasureRecord {
    /// Its id, sortable by time.
    pub erasure: String,
    /// RFC 3339.
    pub at: String,
    /// Random, of this erasure alone.
    pub salt: String,
    /// `sha256:<hex>` of salt and subject.
    pub subject: String,
    /// Why, in the words of who asked; must not name the subject.
    pub reason: String,
    /// `committed`: no reader sees the subject, files may still hold it; `done`: proved to be gone.
    pub state: String,
    /// What was touched: ports, snapshots, rows, landed objects by hash.
    pub detail: serde_json::Value,
    /// Files that are still to be removed; empty once it is done.
    #[serde(skip)]
    pub pending: Vec<String>,
}

/// A text of the registry and where it stands.
#[derive(Debug, Clone)]
pub struct RegistryText {
    /// `table.column`
    pub place: String,
    /// What identifies the row, in the order of the table's key.
    pub key: Vec<String>,
    /// The text.
    pub text: String,
}

/// Texts that come from data: (table, column, key columns).
const FROM_DATA: [(&str, &str, &[&str]); 3] = [
    ("mesh_check_results", "result", &["run", "port", "check_id"]),
    ("mesh_runs", "message", &["run"]),
    ("mesh_runs", "detail", &["run"]),
];
/// Texts that people wrote.
const FROM_PEOPLE: [(&str, &str, &[&str]); 5] = [
    ("mesh_waivers", "reason", &["run", "port", "check_id"]),
    ("mesh_products", "description", &["product"]),
    ("mesh_products", "title", &["product"]),
    ("mesh_contracts", "text", &["port", "version"]),
    ("mesh_consumers", "columns", &["product", "input"]),
];

impl Catalog {
    /// All erasures, newest first.
    pub async fn erasures(&self) -> Result<Vec<ErasureRecord>> {
        let rows = sqlx::query("SELECT * FROM mesh_erasures ORDER BY erasure DESC").fetch_all(&self.db).await?;
        rows.iter()
            .map(|row| {
                Ok(ErasureRecord {
                    erasure: row.try_get("erasure")?,
                    at: row.try_get("at")?,
                    salt: row.try_get("salt")?,
                    subject: row.try_get("subject")?,
                    reason: row.try_get("reason")?,
                    state: row.try_get("state")?,
                    detail: serde_json::from_str(row.try_get("detail")?)?,
                    pending: serde_json::from_str(row.try_get("pending")?)?,
                })
            })
            .collect()
    }

    /// Makes an erasure what readers see: the tables' new histories, the rows that releases count, texts of the registry
    /// and the record, in one transaction.
    ///
    /// `rows` are (port, snapshot) and their new counts; `redact` gives a text without the subject where it had it.
    ///
    /// # Errors
    /// `Conflict` when a table moved since its history was told; nothing has changed then.
    pub async fn commit_erasure(
        &self,
        record: &ErasureRecord,
        staged: Vec<Staged>,
        rows: &BTreeMap<(PortName, i64), i64>,
        redact: &(dyn Fn(&RegistryText) -> Option<String> + Sync),
    ) -> Result<()> {
        let outcome = async {
            let mut tx = self.begin().await?;
            move_pointers(&mut tx, &staged).await?;
            for ((port, snapshot), count) in rows {
                sqlx::query("UPDATE mesh_release_ports SET row_count = $3 WHERE port = $1 AND snapshot_id = $2")
                    .bind(port.to_string())
                    .bind(snapshot)
                    .bind(count)
                    .execute(&mut *tx)
                    .await?;
            }
            for (table, column, keys) in FROM_DATA {
                let list = keys.join(", ");
                let found = sqlx::query(&format!("SELECT {list}, {column} FROM {table} WHERE {column} IS NOT NULL"))
                    .fetch_all(&mut *tx)
                    .await?;
                for row in found {
                    let Some(text) = redact(&text_of(&row, table, column, keys)?) else { continue };
                    let same: Vec<String> =
                        keys.iter().enumerate().map(|(i, key)| format!("{key} = ${}", i + 2)).collect();
                    let update = format!("UPDATE {table} SET {column} = $1 WHERE {}", same.join(" AND "));
                    let mut query = sqlx::query(&update).bind(text);
                    for key in keys {
                        query = query.bind(row.try_get::<String, _>(*key)?);
                    }
                    query.execute(&mut *tx).await?;
                }
            }
            sqlx::query("INSERT INTO mesh_erasures VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
                .bind(&record.erasure)
                .bind(&record.at)
                .bind(&record.salt)
                .bind(&record.subject)
                .bind(&record.reason)
                .bind(&record.state)
                .bind(record.detail.to_string())
                .bind(serde_json::to_string(&record.pending)?)
                .execute(&mut *tx)
                .await?;
            tx.commit().await?;
            Ok(())
        };
        let outcome = outcome.await;
        self.settle(&staged, outcome).await
    }

    /// Records how the proof of an erasure ended; with nothing found it is done, and nothing is pending.
    pub async fn prove_erasure(&self, erasure: &str, proof: &serde_json::Value, done: bool) -> Result<()> {
        let detail: String = sqlx::query_scalar("SELECT detail FROM mesh_erasures WHERE erasure = $1")
            .bind(erasure)
            .fetch_one(&self.db)
            .await?;
        let mut detail: serde_json::Value = serde_json::from_str(&detail)?;
        if let Some(detail) = detail.as_object_mut() {
            detail.insert("proof".to_owned(), proof.clone());
            detail.insert("proved_at".to_owned(), now().into());
        }
        sqlx::query("UPDATE mesh_erasures SET state = $2, detail = $3 WHERE erasure = $1")
            .bind(erasure)
            .bind(if done { "done" } else { "committed" })
            .bind(detail.to_string())
            .execute(&self.db)
            .await?;
        Ok(())
    }

    /// Records that the files which an erasure replaced are gone.
    pub async fn nothing_pending(&self, erasure: &str) -> Result<()> {
        sqlx::query("UPDATE mesh_erasures SET pending = '[]' WHERE erasure = $1")
            .bind(erasure)
            .execute(&self.db)
            .await?;
        Ok(())
    }

    /// Deleted rows stay in a database's files until those are written anew.
    pub async fn forget(&self) -> Result<()> {
        self.dialect.forget(&self.db).await
    }

    /// Every text of the registry that could name somebody.
    pub async fn registry_texts(&self) -> Result<Vec<RegistryText>> {
        let mut out = vec![];
        for (table, column, keys) in FROM_DATA.into_iter().chain(FROM_PEOPLE) {
            let list = keys.join(", ");
            let rows = sqlx::query(&format!("SELECT {list}, {column} FROM {table} WHERE {column} IS NOT NULL"))
                .fetch_all(&self.db)
                .await?;
            for row in rows {
                out.push(text_of(&row, table, column, keys)?);
            }
        }
        Ok(out)
    }

    /// Texts anywhere in a database that is a file of the mesh which hold one of two strings, with their columns.
    pub async fn database_texts_with(&self, wanted: [&str; 2]) -> Result<Vec<(String, String)>> {
        self.dialect.texts_with(&self.db, wanted).await
    }

    /// Snapshots of a port that the newest release of another product was made from, and which product that is.
    pub async fn read_by(&self, port: &PortName) -> Result<Vec<(i64, String)>> {
        let rows = sqlx::query(
            "SELECT i.snapshot_id, r.product FROM mesh_run_inputs i JOIN mesh_releases r ON r.run = i.run
             WHERE i.port = $1 AND r.number = (SELECT max(number) FROM mesh_releases n WHERE n.product = r.product)
             ORDER BY r.product",
        )
        .bind(port.to_string())
        .fetch_all(&self.db)
        .await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
    }

    /// Ports whose released rows were made from a port, by lineage or by what runs read.
    pub async fn readers_of(&self, port: &PortName) -> Result<Vec<String>> {
        Ok(sqlx::query_scalar(
            "SELECT port FROM mesh_lineage WHERE source_kind = 'port' AND source = $1
             UNION SELECT p.port FROM mesh_run_inputs i JOIN mesh_releases r ON r.run = i.run
             JOIN mesh_release_ports p ON p.product = r.product AND p.number = r.number WHERE i.port = $1 ORDER BY 1",
        )
        .bind(port.to_string())
        .fetch_all(&self.db)
        .await?)
    }
}

fn text_of(row: &Record, table: &str, column: &str, keys: &[&str]) -> Result<RegistryText> {
    let key = keys.iter().map(|name| row.try_get::<String, _>(*name)).collect::<std::result::Result<_, _>>()?;
    Ok(RegistryText { place: format!("{table}.{column}"), key, text: row.try_get(column)? })
}
