//! What SQLite and Postgres say differently; every other statement is the same text for both.
use std::time::{Duration, Instant};

use sqlx::any::AnyPoolOptions;
use sqlx::{Any, AnyConnection, Connection, Executor, Pool};

use crate::database::{Record, Transaction};
use crate::home::Database;
use crate::schema::{SCHEMA, VERSION};
use crate::{Error, Kind, Result};

/// How long others may hold the database.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// For every connection to SQLite: wait for others, and a commit that survives a power cut.
const SQLITE: &str = "PRAGMA busy_timeout = 30000; PRAGMA synchronous = FULL";
/// For every connection to Postgres: who stops while holding locks lets go of them.
const POSTGRES: &str = "SET lock_timeout = '30s'; SET idle_in_transaction_session_timeout = '60s';
    SET client_min_messages = warning; SET application_name = 'mesh'";

/// Which database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    pub(crate) fn of(database: &Database) -> Self {
        match database {
            Database::Sqlite(_) => Self::Sqlite,
            Database::Postgres(_) => Self::Postgres,
        }
    }

    /// Connections that are opened when they are needed.
    pub(crate) fn pool(self) -> AnyPoolOptions {
        let settings = match self {
            Self::Sqlite => SQLITE,
            Self::Postgres => POSTGRES,
        };
        AnyPoolOptions::new()
            .max_connections(4)
            .acquire_timeout(PATIENCE)
            // a connection to a file does not break while nobody looks
            .test_before_acquire(self == Self::Postgres)
            .after_connect(move |c, _| Box::pin(async move { c.execute(settings).await.map(|_| ()) }))
    }

    /// A transaction that reads one state of the database.
    pub(crate) async fn begin_read(self, db: &Pool<Any>) -> Result<Transaction<'static>> {
        let statement = match self {
            Self::Sqlite => "BEGIN",
            Self::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        };
        Ok(db.begin_with(statement).await?)
    }

    /// A transaction that writes. Postgres has many writers at once: rows are compared as they are changed.
    pub(crate) async fn begin(self, db: &Pool<Any>) -> Result<Transaction<'static>> {
        let statement = match self {
            Self::Sqlite => "BEGIN IMMEDIATE",
            Self::Postgres => "BEGIN",
        };
        Ok(db.begin_with(statement).await?)
    }

    /// At the end of a `SELECT` in a transaction that writes: waits for whoever is changing its rows. SQLite has waited
    /// when the transaction began.
    pub(crate) fn for_update(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " FOR UPDATE",
        }
    }

    /// Keeps other writers of the same thing out until the transaction ends; SQLite has one writer at a time anyway.
    pub(crate) async fn lock(self, db: &mut AnyConnection, what: &str) -> Result<()> {
        if self == Self::Postgres {
            let sql = "SELECT pg_advisory_xact_lock(hashtextextended('mesh:' || $1, 0))::text";
            sqlx::query(sql).bind(what).execute(db).await?;
        }
        Ok(())
    }

    /// The database's clock in milliseconds: the one that all its users share.
    pub(crate) fn clock(self) -> &'static str {
        match self {
            Self::Sqlite => "CAST((julianday('now') - 2440587.5) * 86400000 AS BIGINT)",
            Self::Postgres => "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)",
        }
    }

    /// Writes the files anew, so that deleted rows are no longer in them, nor in SQLite's journal.
    pub(crate) async fn forget(self, db: &Pool<Any>) -> Result<()> {
        match self {
            Self::Sqlite => {
                sqlx::query("VACUUM").execute(db).await?;
                sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_all(db).await?;
            }
            Self::Postgres => {
                sqlx::query("VACUUM FULL").execute(db).await?;
            }
        }
        Ok(())
    }

    /// Texts in any column of any table that hold one of two strings, with the columns' names; of a database that is a file
    /// among the mesh's own. Definitions of tables are texts too.
    pub(crate) async fn texts_with(self, db: &Pool<Any>, wanted: [&str; 2]) -> Result<Vec<(String, String)>> {
        let mut out = vec![];
        if self == Self::Postgres {
            return Ok(out);
        }
        let tables: Vec<String> =
            sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'table'").fetch_all(db).await?;
        for table in tables.into_iter().chain(["sqlite_schema".to_owned()]) {
            let columns: Vec<String> =
                sqlx::query_scalar("SELECT name FROM pragma_table_info($1)").bind(&table).fetch_all(db).await?;
            for column in columns {
                let (t, c) = (table.replace('"', "\"\""), column.replace('"', "\"\""));
                let sql = format!(
                    "SELECT \"{c}\" FROM \"{t}\" WHERE typeof(\"{c}\") = 'text'
                     AND (instr(\"{c}\", $1) > 0 OR instr(\"{c}\", $2) > 0)"
                );
                let found: Vec<String> = sqlx::query_scalar(&sql).bind(wanted[0]).bind(wanted[1]).fetch_all(db).await?;
                out.extend(found.into_iter().map(|text| (format!("{table}.{column}"), text)));
            }
        }
        Ok(out)
    }

    /// The version of the mesh's tables; none: there is no mesh here.
    pub(crate) async fn version(self, db: &mut AnyConnection) -> Result<Option<i64>> {
        let sql = match self {
            Self::Sqlite => "PRAGMA user_version",
            // read as rows: a name that was once looked up in vain is not looked up again before somebody's commit is
            // noticed, which waiting for a lock of ours is not enough for
            Self::Postgres => {
                "SELECT count(*) FROM pg_catalog.pg_tables
                 WHERE tablename = 'mesh_home' AND schemaname = ANY (current_schemas(false))"
            }
        };
        let found: i64 = sqlx::query_scalar(sql).fetch_one(&mut *db).await?;
        if self == Self::Sqlite || found == 0 {
            return Ok((found != 0).then_some(found));
        }
        let said: Option<Record> =
            sqlx::query("SELECT value FROM mesh_home WHERE name = 'version'").fetch_optional(db).await?;
        said.map(|r| sqlx::Row::try_get::<String, _>(&r, 0)).transpose()?.map(|v| number(&v)).transpose()
    }

    /// Makes the tables or brings them up to date; several processes may try at once.
    pub(crate) async fn migrate(self, db: &mut AnyConnection) -> Result<()> {
        if self.is_current(db).await? {
            return Ok(());
        }
        let mut tx = match self {
            Self::Sqlite => {
                write_ahead(db).await?;
                db.begin_with("BEGIN IMMEDIATE").await?
            }
            Self::Postgres => db.begin().await?,
        };
        self.lock(&mut tx, "tables").await?;
        if self.is_current(&mut tx).await? {
            return Ok(());
        }
        for statement in SCHEMA.split(";\n").filter(|s| !s.trim().is_empty()) {
            // SQLite compares bytes; Postgres' default depends on the server's language
            let statement = match self {
                Self::Sqlite => statement.to_owned(),
                Self::Postgres => statement.replace(" TEXT", " TEXT COLLATE \"C\""),
            };
            sqlx::query(&statement).execute(&mut *tx).await?;
        }
        let version = match self {
            Self::Sqlite => format!("PRAGMA user_version = {VERSION}"),
            Self::Postgres => format!(
                "INSERT INTO mesh_home VALUES ('version', '{VERSION}')
                 ON CONFLICT (name) DO UPDATE SET value = '{VERSION}'"
            ),
        };
        sqlx::query(&version).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn is_current(self, db: &mut AnyConnection) -> Result<bool> {
        match self.version(db).await? {
            Some(found) if found > VERSION => {
                Err(Error::new(Kind::Unsupported, "a newer version of mesh wrote this mesh")
                    .with("its version", found)
                    .with("ours", VERSION)
                    .help("upgrade `mesh`"))
            }
            found => Ok(found == Some(VERSION)),
        }
    }
}

/// Readers and one writer at once; the file keeps this. Switching does not wait for others who do the same.
async fn write_ahead(db: &mut AnyConnection) -> Result<()> {
    let started = Instant::now();
    loop {
        match sqlx::query("PRAGMA journal_mode = WAL").execute(&mut *db).await.map_err(Error::from) {
            Err(e) if e.kind() == Kind::Conflict && started.elapsed() < PATIENCE => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            other => return other.map(|_| ()),
        }
    }
}

fn number(text: &str) -> Result<i64> {
    text.parse().map_err(|_| Error::new(Kind::Unexpected, "the mesh's version is not a number").with("version", text))
}
