//! What people decided about releases: going back to an older one, accepting a rejected run.
use std::collections::{BTreeMap, HashMap};

use meshwright_spec::{PortName, ProductName};
use serde::{Deserialize, Serialize};
use sqlx::Row;

use crate::database::{Record, Transaction, now};
use crate::{Catalog, Error, InputRecord, Kind, LineageEdge, NewRelease, ReleasedPort, Result};

/// Why a release is there, where no run that passed its checks made it.
#[derive(Debug, Clone)]
pub struct Decision {
    /// What was decided.
    pub what: Decided,
    /// Why, in a person's words.
    pub reason: Option<String>,
    /// Who decided.
    pub by: String,
}

/// What was decided.
#[derive(Debug, Clone)]
pub enum Decided {
    /// The product went back to what this release was.
    Rollback(i64),
    /// A rejected run was released although these checks do not hold.
    Accept(Vec<Waiver>),
}

/// A check that did not hold and was let pass.
#[derive(Debug, Clone, Serialize)]
pub struct Waiver {
    /// The run it was let pass in.
    pub run: String,
    /// `domain.product.port`
    pub port: String,
    /// The check's id within the contract.
    pub check: String,
    /// Why.
    pub reason: String,
    /// Who let it pass.
    pub by: String,
    /// When, RFC 3339.
    pub at: String,
    /// Until when it may stay so, RFC 3339; none: nobody said.
    pub until: Option<String>,
}

/// Everything that a release of a rejected run would record, kept with its branch.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Held {
    /// The newest release when the run began; 0: none.
    pub stands_on: i64,
    /// Every port of the product.
    pub ports: Vec<ReleasedPort>,
    /// What was read.
    pub inputs: Vec<InputRecord>,
    /// Where each column comes from.
    pub lineage: Vec<LineageEdge>,
    /// Hash of everything the result depends on.
    pub work_key: Option<String>,
}

/// An input port of a product: what it needs of a port.
#[derive(Debug, Clone, Serialize)]
pub struct Need {
    /// The product that reads.
    pub product: String,
    /// Its name for the input.
    pub input: String,
    /// The version requirement.
    pub version: String,
    /// The columns it uses.
    pub columns: Vec<String>,
}

impl Catalog {
    /// Keeps what is needed to release a rejected run after all.
    pub async fn hold_run(&self, run: &str, product: &ProductName, held: &Held) -> Result<()> {
        sqlx::query(
            "INSERT INTO mesh_held_runs (run, product, held, held_at) VALUES ($1, $2, $3, $4) ON CONFLICT (run) DO NOTHING",
        )
        .bind(run)
        .bind(product.to_string())
        .bind(serde_json::to_string(held)?)
        .bind(now())
        .execute(&self.db)
        .await?;
        Ok(())
    }

    /// What was kept of a rejected run.
    pub async fn held_run(&self, run: &str) -> Result<Option<Held>> {
        let held: Option<String> = sqlx::query_scalar("SELECT held FROM mesh_held_runs WHERE run = $1")
            .bind(run)
            .fetch_optional(&self.db)
            .await?;
        Ok(held.map(|h| serde_json::from_str(&h)).transpose()?)
    }

    /// Checks that were let pass in a run, of one port when named.
    pub async fn waivers(&self, run: &str, port: Option<&PortName>) -> Result<Vec<Waiver>> {
        let rows = sqlx::query("SELECT * FROM mesh_waivers WHERE run = $1 ORDER BY port, check_id")
            .bind(run)
            .fetch_all(&self.db)
            .await?;
        let mut waivers = rows.iter().map(waiver_of).collect::<Result<Vec<_>>>()?;
        if let Some(port) = port.map(ToString::to_string) {
            waivers.retain(|w| w.port == port);
        }
        Ok(waivers)
    }

    /// What published products need of a port.
    pub async fn needs(&self, port: &PortName) -> Result<Vec<Need>> {
        let rows = sqlx::query(
            "SELECT product, input, version, columns FROM mesh_consumers WHERE port = $1 ORDER BY product, input",
        )
        .bind(port.to_string())
        .fetch_all(&self.db)
        .await?;
        let need = |row: &Record| {
            Ok(Need {
                product: row.try_get("product")?,
                input: row.try_get("input")?,
                version: row.try_get("version")?,
                columns: serde_json::from_str(&row.try_get::<String, _>("columns")?)?,
            })
        };
        rows.iter().map(need).collect()
    }

    /// Releases of a product that a rollback has taken back, each with the release that did.
    pub async fn withdrawn(&self, product: &ProductName) -> Result<HashMap<i64, i64>> {
        let newest: Option<i64> = sqlx::query_scalar("SELECT max(number) FROM mesh_releases WHERE product = $1")
            .bind(product.to_string())
            .fetch_one(&self.db)
            .await?;
        let rows =
            sqlx::query("SELECT number, back_to FROM mesh_release_notes WHERE product = $1 AND back_to IS NOT NULL")
                .bind(product.to_string())
                .fetch_all(&self.db)
                .await?;
        let rollbacks = rows.iter().map(|r| Ok((r.try_get(0)?, r.try_get(1)?))).collect::<Result<_>>()?;
        Ok(taken_back(newest.unwrap_or(0), &rollbacks))
    }
}

/// Going back from the newest release: a rollback leads to the release it went back to, and skips those between.
fn taken_back(newest: i64, rollbacks: &BTreeMap<i64, i64>) -> HashMap<i64, i64> {
    let mut out = HashMap::new();
    let mut at = newest;
    while at > 0 {
        match rollbacks.get(&at) {
            Some(to) if *to < at => {
                out.extend((to + 1..at).map(|n| (n, at)));
                at = *to;
            }
            _ => at -= 1,
        }
    }
    out
}

/// Records a decision with the release it makes, before the ports' contracts move.
pub(crate) async fn write_decision(
    tx: &mut Transaction<'_>,
    new: &NewRelease,
    number: i64,
    decision: &Decision,
) -> Result<()> {
    let (kind, back_to) = match &decision.what {
        Decided::Rollback(to) => ("rollback", Some(*to)),
        Decided::Accept(_) => ("accept", None),
    };
    sqlx::query(
        "INSERT INTO mesh_release_notes (product, number, kind, back_to, reason, decided_by) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(&new.product)
    .bind(number)
    .bind(kind)
    .bind(back_to)
    .bind(&decision.reason)
    .bind(&decision.by)
    .execute(&mut **tx)
    .await?;
    match &decision.what {
        Decided::Rollback(_) => {
            for port in &new.ports {
                // the published promise that the older state does not keep waits for a release that does
                sqlx::query(
                    "UPDATE mesh_ports SET pending_version = current_version, pending_checksum = current_checksum
                     WHERE port = $1 AND published_at IS NOT NULL AND pending_checksum IS NULL AND current_checksum <> $2",
                )
                .bind(&port.port)
                .bind(&port.contract_checksum)
                .execute(&mut **tx)
                .await?;
            }
        }
        Decided::Accept(waivers) => {
            for w in waivers {
                sqlx::query(
                    "INSERT INTO mesh_waivers (run, port, check_id, reason, waived_by, waived_at, waived_until)
                     VALUES ($1, $2, $3, $4, $5, $6, $7)",
                )
                .bind(&w.run)
                .bind(&w.port)
                .bind(&w.check)
                .bind(&w.reason)
                .bind(&w.by)
                .bind(&w.at)
                .bind(&w.until)
                .execute(&mut **tx)
                .await?;
            }
            sqlx::query("DELETE FROM mesh_held_runs WHERE run = $1").bind(&new.run).execute(&mut **tx).await?;
        }
    }
    Ok(())
}

/// The run of an accepted release: it was rejected, and is released from here on.
pub(crate) async fn end_accepted(tx: &mut Transaction<'_>, new: &NewRelease, number: i64) -> Result<()> {
    let done = sqlx::query(
        "UPDATE mesh_runs SET outcome = 'released', release = $2, message = $3, work_key = $4
         WHERE run = $1 AND outcome = 'rejected'",
    )
    .bind(&new.run)
    .bind(number)
    .bind(&new.finish.message)
    .bind(&new.finish.work_key)
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() != 1 {
        return Err(Error::new(Kind::Conflict, format!("run `{}` is not a rejected one any more", new.run)));
    }
    Ok(())
}

fn waiver_of(row: &Record) -> Result<Waiver> {
    Ok(Waiver {
        run: row.try_get("run")?,
        port: row.try_get("port")?,
        check: row.try_get("check_id")?,
        reason: row.try_get("reason")?,
        by: row.try_get("waived_by")?,
        at: row.try_get("waived_at")?,
        until: row.try_get("waived_until")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_rollback_takes_back_comes_back_with_it() {
        let taken = |newest, rollbacks: &[(i64, i64)]| {
            let mut out: Vec<_> = taken_back(newest, &rollbacks.iter().copied().collect()).into_iter().collect();
            out.sort_unstable();
            out
        };
        assert_eq!(taken(3, &[]), []);
        assert_eq!(taken(4, &[(4, 1)]), [(2, 4), (3, 4)]);
        // back again to what was taken back
        assert_eq!(taken(5, &[(4, 1), (5, 3)]), [(4, 5)]);
        // a rollback to a rollback
        assert_eq!(taken(7, &[(4, 1), (7, 4)]), [(2, 4), (3, 4), (5, 7), (6, 7)]);
    }
}
