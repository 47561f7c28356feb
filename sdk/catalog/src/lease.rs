//! Leases: how the users of a mesh that is no directory know that a run is at work.
//!
//! A run renews its lease while it works. Whoever finds one that ran out takes it away and calls the run interrupted;
//! the release transaction gives the lease back, by the token it was given for, so that a process that slept through
//! this publishes nothing when it wakes.
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::{Any, Pool, Row};
use tokio::task::JoinHandle;

use crate::database::{Catalog, Transaction};
use crate::dialect::Dialect;
use crate::{Error, Kind, Result};

/// How long a run may be silent, in seconds, unless `MESH_LEASE` says otherwise.
const USUAL: u64 = 60;

/// A lease held by this process; renewed until it is dropped.
#[derive(Debug)]
pub(crate) struct Lease {
    run: String,
    pub(crate) token: i64,
    held: Held,
    renewing: JoinHandle<()>,
}

/// Tokens of the runs that this process has started.
pub(crate) type Held = Arc<Mutex<HashMap<String, i64>>>;

impl Drop for Lease {
    fn drop(&mut self) {
        self.renewing.abort();
        self.held.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.run);
    }
}

impl Catalog {
    /// Writes a run's lease, in the transaction that records the run; none where lock files tell.
    pub(crate) async fn grant(&self, tx: &mut Transaction<'_>, run: &str) -> Result<Option<i64>> {
        if self.dialect == Dialect::Sqlite {
            return Ok(None);
        }
        // every token is higher than all before it
        let counted = sqlx::query(
            "INSERT INTO mesh_home VALUES ('fence', '1')
             ON CONFLICT (name) DO UPDATE SET value = CAST(CAST(mesh_home.value AS BIGINT) + 1 AS TEXT) RETURNING value",
        )
        .fetch_one(&mut **tx)
        .await?;
        let token: i64 = counted
            .try_get::<String, _>(0)?
            .parse()
            .map_err(|_| Error::new(Kind::Unexpected, "the mesh's counter of leases is not a number"))?;
        sqlx::query(&format!("INSERT INTO mesh_leases VALUES ($1, $2, {} + $3)", self.dialect.clock()))
            .bind(run)
            .bind(token)
            .bind(length().as_millis() as i64)
            .execute(&mut **tx)
            .await?;
        Ok(Some(token))
    }

    /// Renews a granted lease from now on.
    pub(crate) fn hold(&self, run: &str, token: i64) -> Lease {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).insert(run.to_owned(), token);
        let renewing = tokio::spawn(renew(self.db.clone(), self.dialect, run.to_owned(), token));
        Lease { run: run.to_owned(), token, held: self.held.clone(), renewing }
    }

    /// Gives a lease back within the transaction that ends the run.
    ///
    /// # Errors
    /// `Conflict` when it ran out and somebody took it away.
    pub(crate) async fn give_back(&self, tx: &mut Transaction<'_>, run: &str) -> Result<()> {
        let token = self.held.lock().unwrap_or_else(PoisonError::into_inner).get(run).copied();
        let Some(token) = token else { return Ok(()) };
        let done = sqlx::query("DELETE FROM mesh_leases WHERE run = $1 AND token = $2")
            .bind(run)
            .bind(token)
            .execute(&mut **tx)
            .await?;
        match done.rows_affected() {
            1 => Ok(()),
            _ => Err(Error::new(Kind::Conflict, format!("run `{run}` was silent for too long and lost its lease"))
                .help("run again: another run may have published meanwhile")
                .lasting()),
        }
    }

    /// Whether a run's lease has not run out.
    pub(crate) async fn has_lease(&self, run: &str) -> Result<bool> {
        let sql = format!("SELECT count(*) FROM mesh_leases WHERE run = $1 AND expires_at >= {}", self.dialect.clock());
        let count: i64 = sqlx::query_scalar(&sql).bind(run).fetch_one(&self.db).await?;
        Ok(count > 0)
    }

    /// Takes away a lease that ran out, or one whose process is known to be dead.
    pub(crate) async fn take_away(&self, tx: &mut Transaction<'_>, run: &str, dead: bool) -> Result<()> {
        let expired = format!("expires_at < {}", self.dialect.clock());
        let which = if dead { "1 = 1" } else { expired.as_str() };
        sqlx::query(&format!("DELETE FROM mesh_leases WHERE run = $1 AND {which}"))
            .bind(run)
            .execute(&mut **tx)
            .await?;
        Ok(())
    }
}

fn length() -> Duration {
    let said = std::env::var("MESH_LEASE").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(said.filter(|seconds| *seconds > 0).unwrap_or(USUAL))
}

async fn renew(db: Pool<Any>, dialect: Dialect, run: String, token: i64) {
    let sql = format!("UPDATE mesh_leases SET expires_at = {} + $3 WHERE run = $1 AND token = $2", dialect.clock());
    loop {
        tokio::time::sleep(length() / 3).await;
        let done = sqlx::query(&sql).bind(&run).bind(token).bind(length().as_millis() as i64).execute(&db).await;
        match done {
            Ok(done) if done.rows_affected() == 0 => {
                tracing::warn!(run, "the run's lease was taken away; nothing of it will be published");
                return;
            }
            Ok(_) => {}
            Err(e) => tracing::warn!(run, error = %e, "the run's lease could not be renewed"),
        }
    }
}
