//! Opening the database, and its schema.
use std::sync::Arc;
use std::time::{Duration, Instant};

use iceberg::io::FileIO;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};

use crate::{Error, Home, Kind, Result};

/// The catalog's name in the JDBC tables.
pub(crate) const CATALOG: &str = "mesh";
/// Raised when the registry's tables change in a way an older binary would misread.
const VERSION: i64 = 2;
/// How long others may hold the database.
const PATIENCE: Duration = Duration::from_secs(30);

/// One mesh, opened. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Catalog {
    pub(crate) home: Arc<Home>,
    pub(crate) db: SqlitePool,
    pub(crate) io: FileIO,
}

impl Catalog {
    /// Opens a mesh, and makes it where there is none yet.
    ///
    /// # Errors
    /// `Denied`/`Unavailable` when its folder cannot be written, `Unsupported` when a newer version wrote it.
    pub async fn open(home: Home) -> Result<Self> {
        let catalog = Self::connect(home, true).await?;
        catalog.refuse_moved().await?;
        Ok(catalog)
    }

    /// Opens a mesh that exists.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub async fn open_existing(home: Home) -> Result<Self> {
        if !home.database.exists() {
            return Err(Error::new(Kind::NotFound, format!("there is no mesh at {}", home.database.display()))
                .help("`mesh run` in a product's folder makes one; `--mesh URL` or MESH_URL names another"));
        }
        let catalog = Self::connect(home, false).await?;
        catalog.refuse_moved().await?;
        Ok(catalog)
    }

    /// Opens a mesh whose tables may name a place where it no longer is, to mend that.
    pub async fn open_moved(home: Home) -> Result<Self> {
        if !home.database.exists() {
            return Self::open_existing(home).await;
        }
        Self::connect(home, false).await
    }

    /// Its places.
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// Access to table files.
    pub fn files(&self) -> &FileIO {
        &self.io
    }

    async fn connect(home: Home, create: bool) -> Result<Self> {
        if create && let Some(dir) = home.database.parent() {
            std::fs::create_dir_all(dir).map_err(|e| Error::from(e).with("folder", dir.display()))?;
        }
        let options = SqliteConnectOptions::new()
            .filename(&home.database)
            .create_if_missing(create)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(PATIENCE);
        let started = Instant::now();
        let db = loop {
            let made = SqlitePoolOptions::new().max_connections(4).connect_with(options.clone()).await;
            match made.map_err(Error::from) {
                Ok(db) => break db,
                // switching a new database to write-ahead logging does not wait for others who do the same
                Err(e) if e.kind() == Kind::Conflict && started.elapsed() < PATIENCE => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                Err(e) => return Err(e.with("database", home.database.display())),
            }
        };
        let catalog = Self { home: Arc::new(home), db, io: FileIO::new_with_fs() };
        catalog.migrate().await?;
        Ok(catalog)
    }

    async fn migrate(&self) -> Result<()> {
        let found: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&self.db).await?;
        if found == VERSION {
            return Ok(());
        }
        if found > VERSION {
            return Err(Error::new(Kind::Unsupported, "a newer version of mesh wrote this mesh")
                .with("its version", found)
                .with("ours", VERSION)
                .help("upgrade `mesh`"));
        }
        let mut tx = self.db.begin_with("BEGIN IMMEDIATE").await?;
        for statement in SCHEMA.split(";\n").filter(|s| !s.trim().is_empty()) {
            sqlx::query(statement).execute(&mut *tx).await?;
        }
        sqlx::query(&format!("PRAGMA user_version = {VERSION}")).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// Iceberg's JDBC-catalog tables, then ours.
const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS iceberg_tables (
    catalog_name VARCHAR(255) NOT NULL, table_namespace VARCHAR(255) NOT NULL, table_name VARCHAR(255) NOT NULL,
    metadata_location VARCHAR(1000), previous_metadata_location VARCHAR(1000), iceberg_type VARCHAR(5),
    PRIMARY KEY (catalog_name, table_namespace, table_name));
CREATE TABLE IF NOT EXISTS iceberg_namespace_properties (
    catalog_name VARCHAR(255) NOT NULL, namespace VARCHAR(255) NOT NULL, property_key VARCHAR(255) NOT NULL,
    property_value VARCHAR(1000), PRIMARY KEY (catalog_name, namespace, property_key));
CREATE TABLE IF NOT EXISTS mesh_products (
    product TEXT PRIMARY KEY, title TEXT NOT NULL, description TEXT NOT NULL, owner_team TEXT NOT NULL, owner_email TEXT,
    tags TEXT NOT NULL, repository TEXT, git_commit TEXT, template TEXT, published_at TEXT, updated_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS mesh_ports (
    port TEXT PRIMARY KEY, product TEXT NOT NULL, mode TEXT NOT NULL, published_at TEXT,
    current_version TEXT, current_checksum TEXT, pending_version TEXT, pending_checksum TEXT);
CREATE TABLE IF NOT EXISTS mesh_contracts (
    port TEXT NOT NULL, version TEXT NOT NULL, checksum TEXT NOT NULL, text TEXT NOT NULL,
    frozen_at TEXT, registered_at TEXT NOT NULL, PRIMARY KEY (port, version, checksum));
CREATE TABLE IF NOT EXISTS mesh_consumers (
    product TEXT NOT NULL, input TEXT NOT NULL, port TEXT NOT NULL, version TEXT NOT NULL, columns TEXT NOT NULL,
    registered_at TEXT NOT NULL, PRIMARY KEY (product, input));
CREATE TABLE IF NOT EXISTS mesh_runs (
    run TEXT PRIMARY KEY, product TEXT NOT NULL, started_at TEXT NOT NULL, finished_at TEXT, outcome TEXT NOT NULL,
    branch TEXT, work_key TEXT, release INTEGER, git_commit TEXT, message TEXT, detail TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS mesh_runs_by_product ON mesh_runs (product, started_at);
CREATE TABLE IF NOT EXISTS mesh_releases (
    product TEXT NOT NULL, number INTEGER NOT NULL, run TEXT NOT NULL, released_at TEXT NOT NULL,
    PRIMARY KEY (product, number));
CREATE TABLE IF NOT EXISTS mesh_release_notes (
    product TEXT NOT NULL, number BIGINT NOT NULL, kind TEXT NOT NULL, back_to BIGINT, reason TEXT, decided_by TEXT NOT NULL,
    PRIMARY KEY (product, number));
CREATE TABLE IF NOT EXISTS mesh_held_runs (
    run TEXT PRIMARY KEY, product TEXT NOT NULL, held TEXT NOT NULL, held_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS mesh_waivers (
    run TEXT NOT NULL, port TEXT NOT NULL, check_id TEXT NOT NULL, reason TEXT NOT NULL, waived_by TEXT NOT NULL,
    waived_at TEXT NOT NULL, waived_until TEXT, PRIMARY KEY (run, port, check_id));
CREATE TABLE IF NOT EXISTS mesh_release_ports (
    product TEXT NOT NULL, number INTEGER NOT NULL, port TEXT NOT NULL, table_uuid TEXT NOT NULL,
    snapshot_id INTEGER NOT NULL, contract_version TEXT NOT NULL, contract_checksum TEXT NOT NULL, row_count INTEGER NOT NULL,
    PRIMARY KEY (product, number, port));
CREATE INDEX IF NOT EXISTS mesh_release_ports_by_port ON mesh_release_ports (port, number);
CREATE TABLE IF NOT EXISTS mesh_check_results (
    run TEXT NOT NULL, port TEXT NOT NULL, check_id TEXT NOT NULL, outcome TEXT NOT NULL, severity TEXT NOT NULL,
    result TEXT NOT NULL, PRIMARY KEY (run, port, check_id));
CREATE TABLE IF NOT EXISTS mesh_run_inputs (
    run TEXT NOT NULL, input TEXT NOT NULL, port TEXT NOT NULL, table_uuid TEXT NOT NULL, snapshot_id INTEGER NOT NULL,
    contract_version TEXT NOT NULL, PRIMARY KEY (run, input));
CREATE TABLE IF NOT EXISTS mesh_lineage (
    port TEXT NOT NULL, column_name TEXT NOT NULL, source_kind TEXT NOT NULL, source TEXT NOT NULL,
    source_column TEXT NOT NULL, transformation TEXT NOT NULL, run TEXT NOT NULL,
    PRIMARY KEY (port, column_name, source_kind, source, source_column))
";

/// Now, as the registry writes it: RFC 3339, UTC, milliseconds.
pub(crate) fn now() -> String {
    chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

pub(crate) type Record = sqlx::sqlite::SqliteRow;
pub(crate) type Transaction<'a> = sqlx::Transaction<'a, sqlx::Sqlite>;

impl Catalog {
    pub(crate) async fn begin(&self) -> Result<Transaction<'static>> {
        Ok(self.db.begin_with("BEGIN IMMEDIATE").await?)
    }
}
