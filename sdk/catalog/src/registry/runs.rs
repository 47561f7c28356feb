//! Runs: recorded before work starts, so that one that dies is known.
use std::fs::{File, OpenOptions};
use std::path::PathBuf;

use meshwright_spec::ProductName;
use serde::Serialize;
use sqlx::Row;

use crate::database::{Record, now};
use crate::dialect::Dialect;
use crate::lease::Lease;
use crate::{Catalog, Error, Kind, Result};

/// How a run stands or ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RunOutcome {
    /// At work now.
    Running,
    /// Its ports are published.
    Released,
    /// A check or contract kept it from being released.
    Rejected,
    /// An operation failed.
    Failed,
    /// Its process ended without a word.
    Interrupted,
    /// The newest release has the same inputs, code and contract.
    NothingToDo,
}

impl RunOutcome {
    /// As stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Released => "released",
            Self::Rejected => "rejected",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
            Self::NothingToDo => "nothing_to_do",
        }
    }

    fn parse(text: &str) -> Self {
        [Self::Running, Self::Released, Self::Rejected, Self::Failed, Self::NothingToDo]
            .into_iter()
            .find(|o| o.as_str() == text)
            .unwrap_or(Self::Interrupted)
    }
}

/// One run.
#[derive(Debug, Clone, Serialize)]
pub struct RunRecord {
    /// Its id, sortable by time.
    pub run: String,
    /// `domain.product`
    pub product: String,
    /// RFC 3339.
    pub started_at: String,
    /// RFC 3339; none while it runs.
    pub finished_at: Option<String>,
    /// How it stands or ended.
    pub outcome: RunOutcome,
    /// The branch that holds what was rejected, while it is kept.
    pub branch: Option<String>,
    /// Hash of everything the result depends on.
    pub work_key: Option<String>,
    /// The release it made.
    pub release: Option<i64>,
    /// The repository's commit, with `+dirty` when there were uncommitted changes.
    pub git_commit: Option<String>,
    /// One sentence for people.
    pub message: Option<String>,
    /// Facts about the run.
    pub detail: serde_json::Value,
}

/// Shows that a run's process is alive: a locked file, which the operating system unlocks however the process ends, and
/// for other machines a lease.
#[derive(Debug)]
pub struct RunGuard {
    path: PathBuf,
    scratch: PathBuf,
    _locked: File,
    lease: Option<Lease>,
}

impl RunGuard {
    /// The token of its lease, where machines share the mesh: higher than that of every run before it.
    pub fn fence(&self) -> Option<i64> {
        self.lease.as_ref().map(|lease| lease.token)
    }
}

impl Drop for RunGuard {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.scratch);
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Catalog {
    /// Records that a run has started; it counts as alive while the guard lives.
    pub async fn start_run(
        &self,
        run: &str,
        product: &ProductName,
        branch: &str,
        git_commit: Option<&str>,
    ) -> Result<RunGuard> {
        std::fs::create_dir_all(&self.home.runs)?;
        let path = self.lock_path(run);
        let locked = OpenOptions::new().write(true).create_new(true).open(&path)?;
        locked.lock()?;
        let mut guard = RunGuard { path, scratch: self.scratch(run), _locked: locked, lease: None };
        let mut tx = self.begin().await?;
        sqlx::query(
            "INSERT INTO mesh_runs (run, product, started_at, outcome, branch, git_commit, detail)
             VALUES ($1, $2, $3, 'running', $4, $5, '{}')",
        )
        .bind(run)
        .bind(product.to_string())
        .bind(now())
        .bind(branch)
        .bind(git_commit)
        .execute(&mut *tx)
        .await?;
        let token = self.grant(&mut tx, run).await?;
        tx.commit().await?;
        guard.lease = token.map(|token| self.hold(run, token));
        Ok(guard)
    }

    /// Marks runs whose process is gone as interrupted; returns them.
    pub async fn reap_runs(&self) -> Result<Vec<String>> {
        let running: Vec<String> =
            sqlx::query_scalar("SELECT run FROM mesh_runs WHERE outcome = 'running'").fetch_all(&self.db).await?;
        let mut gone = vec![];
        for run in running {
            let dead = match self.is_locked(&run)? {
                Some(locked) => !locked,
                // a run of another machine, unless lock files are all there is
                None => self.dialect == Dialect::Sqlite,
            };
            if !dead && (self.dialect == Dialect::Sqlite || self.has_lease(&run).await?) {
                continue;
            }
            let mut tx = self.begin().await?;
            self.take_away(&mut tx, &run, dead).await?;
            let done = sqlx::query(
                "UPDATE mesh_runs SET outcome = 'interrupted', finished_at = $2,
                 message = 'its process ended without a word; nothing of it is visible' WHERE run = $1
                 AND outcome = 'running' AND NOT EXISTS (SELECT 1 FROM mesh_leases WHERE mesh_leases.run = $1)",
            )
            .bind(&run)
            .bind(now())
            .execute(&mut *tx)
            .await?;
            tx.commit().await?;
            if done.rows_affected() == 1 {
                let _ = std::fs::remove_file(self.lock_path(&run));
                let _ = std::fs::remove_dir_all(self.scratch(&run));
                gone.push(run);
            }
        }
        Ok(gone)
    }

    /// Runs, newest first; of one product when named.
    pub async fn runs(&self, product: Option<&ProductName>, limit: i64) -> Result<Vec<RunRecord>> {
        let rows = sqlx::query(
            "SELECT * FROM mesh_runs WHERE $1 IS NULL OR product = $1 ORDER BY started_at DESC, run DESC LIMIT $2",
        )
        .bind(product.map(ToString::to_string))
        .bind(limit)
        .fetch_all(&self.db)
        .await?;
        rows.iter().map(run_of).collect()
    }

    /// One run.
    pub async fn run(&self, run: &str) -> Result<RunRecord> {
        let row = sqlx::query("SELECT * FROM mesh_runs WHERE run = $1").bind(run).fetch_optional(&self.db).await?;
        row.as_ref()
            .map(run_of)
            .transpose()?
            .ok_or_else(|| Error::new(Kind::NotFound, format!("there is no run `{run}` in this mesh")))
    }

    /// A folder for what a run spools; gone with the run, however it ends.
    pub fn scratch(&self, run: &str) -> PathBuf {
        self.home.runs.join(format!("{run}.scratch"))
    }

    fn lock_path(&self, run: &str) -> PathBuf {
        self.home.runs.join(format!("{run}.lock"))
    }

    /// Whether a process of this machine holds the run's lock; none: there is no such lock here.
    fn is_locked(&self, run: &str) -> Result<Option<bool>> {
        match File::open(self.lock_path(run)) {
            Ok(file) => match file.try_lock() {
                Ok(()) => Ok(Some(false)),
                Err(std::fs::TryLockError::WouldBlock) => Ok(Some(true)),
                Err(std::fs::TryLockError::Error(e)) => Err(e.into()),
            },
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e.into()),
        }
    }
}

fn run_of(row: &Record) -> Result<RunRecord> {
    Ok(RunRecord {
        run: row.try_get("run")?,
        product: row.try_get("product")?,
        started_at: row.try_get("started_at")?,
        finished_at: row.try_get("finished_at")?,
        outcome: RunOutcome::parse(row.try_get("outcome")?),
        branch: row.try_get("branch")?,
        work_key: row.try_get("work_key")?,
        release: row.try_get("release")?,
        git_commit: row.try_get("git_commit")?,
        message: row.try_get("message")?,
        detail: serde_json::from_str(row.try_get("detail")?)?,
    })
}
