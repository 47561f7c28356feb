//! Opening a mesh's database.
use std::sync::Arc;

use iceberg::io::FileIO;
use meshwright_spec::Secret;
use meshwright_storage::secret;
use sqlx::any::AnyConnectOptions;
use sqlx::{Any, AnyConnection, ConnectOptions, Connection, Pool};

use crate::dialect::Dialect;
use crate::home::Database;
use crate::lease::Held;
use crate::local::Syncs;
use crate::{Error, Home, Kind, Result, objects};

/// The catalog's name in the JDBC tables.
pub(crate) const CATALOG: &str = "mesh";

/// A row of the database.
pub(crate) type Record = sqlx::any::AnyRow;
/// A transaction; dropped without `commit`, nothing of it has happened.
pub(crate) type Transaction<'a> = sqlx::Transaction<'a, Any>;

/// One mesh, opened. Cheap to clone.
///
/// SQL is one text for SQLite and Postgres: parameters are `$1`, `$2`; `ON CONFLICT (...) DO ...` instead of `INSERT OR
/// ...`; columns are TEXT or BIGINT; in `DO UPDATE SET` an old value is named with its table. What cannot be said so is
/// in `dialect`.
#[derive(Debug, Clone)]
pub struct Catalog {
    pub(crate) home: Arc<Home>,
    pub(crate) db: Pool<Any>,
    pub(crate) dialect: Dialect,
    pub(crate) io: FileIO,
    /// Files of `io` that a commit has to wait for.
    pub(crate) syncs: Syncs,
    pub(crate) held: Held,
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
        let catalog = Self::open_moved(home).await?;
        catalog.refuse_moved().await?;
        Ok(catalog)
    }

    /// Opens a mesh if there is one.
    ///
    /// # Errors
    /// When it is there and cannot be opened.
    pub async fn find(home: Home) -> Result<Option<Self>> {
        match Self::open_existing(home).await {
            Ok(catalog) => Ok(Some(catalog)),
            Err(e) if e.kind() == Kind::NotFound && e.page().is_none() => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Opens a mesh whose tables may name a place where it no longer is, to mend that.
    pub async fn open_moved(home: Home) -> Result<Self> {
        match &home.database {
            Database::Sqlite(file) if !file.exists() => Err(missing(&home)),
            _ => Self::connect(home, false).await,
        }
    }

    /// Its places.
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// Access to table files.
    pub fn files(&self) -> &FileIO {
        &self.io
    }

    /// A transaction that writes. What it decides by must be compared in its statements: others write at the same time.
    pub(crate) async fn begin(&self) -> Result<Transaction<'static>> {
        self.dialect.begin(&self.db).await
    }

    /// A transaction that alone writes what `what` names (a product, a port): it may read first and write then.
    pub(crate) async fn begin_alone(&self, what: impl std::fmt::Display) -> Result<Transaction<'static>> {
        let mut tx = self.begin().await?;
        self.dialect.lock(&mut tx, &what.to_string()).await?;
        Ok(tx)
    }

    /// A transaction whose statements all read one state of the database.
    pub(crate) async fn begin_read(&self) -> Result<Transaction<'static>> {
        self.dialect.begin_read(&self.db).await
    }

    async fn connect(mut home: Home, create: bool) -> Result<Self> {
        sqlx::any::install_default_drivers();
        if create
            && let Database::Sqlite(file) = &home.database
            && let Some(dir) = file.parent()
        {
            std::fs::create_dir_all(dir).map_err(|e| Error::from(e).with("folder", dir.display()))?;
        }
        let dialect = Dialect::of(&home.database);
        let options = options(&home.database, create)?;
        if dialect == Dialect::Postgres {
            // a pool would try for long what one connection knows at once
            let first = options.connect().await.map_err(|e| Error::from(e).with("database", &home.database))?;
            let _ = first.close().await;
        }
        let db = dialect.pool().connect_lazy_with(options);
        let mut connection = db.acquire().await.map_err(|e| Error::from(e).with("database", &home.database))?;
        if !create && dialect.version(&mut connection).await?.is_none() {
            return Err(missing(&home));
        }
        dialect.migrate(&mut connection).await.map_err(|e| e.with("database", &home.database))?;
        settle_warehouse(&mut home, &mut connection).await?;
        drop(connection);
        let syncs = Syncs::default();
        let io = objects::access(&syncs);
        Ok(Self { home: Arc::new(home), db, dialect, io, syncs, held: Held::default() })
    }
}

fn missing(home: &Home) -> Error {
    Error::new(Kind::NotFound, format!("there is no mesh at {}", home.database))
        .help("`mesh run` in a product's folder makes one; `--mesh URL` or MESH_URL names another")
}

fn options(database: &Database, create: bool) -> Result<AnyConnectOptions> {
    let url = match database {
        Database::Sqlite(file) => {
            let mode = if create { "rwc" } else { "rw" };
            format!("sqlite://{}?mode={mode}", encode(file.as_os_str().as_encoded_bytes()))
        }
        Database::Postgres(url) => with_password(url),
    };
    let options: AnyConnectOptions = url.parse().map_err(|e: sqlx::Error| {
        Error::new(Kind::Invalid, "the mesh's URL cannot be read").with("database", database).because(e)
    })?;
    Ok(options.disable_statement_logging())
}

/// The server's URL with the password of the secrets file, unless it has one or the environment does.
fn with_password(url: &Secret) -> String {
    let said = url.expose();
    let (Some((scheme, rest)), Some(password)) = (said.split_once("://"), secret("PGPASSWORD")) else {
        return said.to_owned();
    };
    let (place, query) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    match place.rsplit_once('@') {
        Some((user, host)) if !user.contains(':') => {
            format!("{scheme}://{user}:{}@{host}{query}", encode(password.expose().as_bytes()))
        }
        _ => said.to_owned(),
    }
}

/// The database remembers where its tables' data lie, so that only who makes a mesh has to say it.
async fn settle_warehouse(home: &mut Home, db: &mut AnyConnection) -> Result<()> {
    if home.warehouse_said {
        sqlx::query("INSERT INTO mesh_home VALUES ('warehouse', $1) ON CONFLICT (name) DO NOTHING")
            .bind(&home.warehouse)
            .execute(&mut *db)
            .await?;
    }
    let known: Option<String> =
        sqlx::query_scalar("SELECT value FROM mesh_home WHERE name = 'warehouse'").fetch_optional(db).await?;
    match known {
        Some(known) if home.warehouse_said && known != home.warehouse => {
            Err(Error::new(Kind::Invalid, "this mesh keeps its tables elsewhere")
                .with("warehouse", known)
                .with("not", &home.warehouse)
                .help("leave the warehouse out: the mesh knows it"))
        }
        Some(known) => {
            home.set_warehouse(known);
            Ok(())
        }
        None if home.warehouse.is_empty() => {
            Err(Error::new(Kind::Invalid, "a mesh in a database needs a place for its tables' data")
                .help("add `warehouse = \"s3://bucket/mesh\"` to [mesh], or set MESH_WAREHOUSE"))
        }
        None => Ok(()),
    }
}

/// As a part of a URL.
fn encode(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut out, b| {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => out.push(char::from(*b)),
            _ => {
                let _ = write!(out, "%{b:02X}");
            }
        }
        out
    })
}

/// Now, as the registry writes it: RFC 3339, UTC, milliseconds.
pub(crate) fn now() -> String {
    chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}
