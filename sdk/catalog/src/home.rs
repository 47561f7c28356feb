//! Where a mesh lives: one URL decides, and a warehouse where the URL is a database.
use std::fmt;
use std::path::{Path, PathBuf};

use meshwright_spec::{Secret, redact};
use sha2::{Digest, Sha256};

use crate::{Error, Kind, Result};

/// The database that holds table pointers and registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// A file.
    Sqlite(PathBuf),
    /// A server, by its URL, which may hold a password.
    Postgres(Secret),
}

/// As people may see it: a path, or a URL without its secrets.
impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(file) => write!(f, "{}", file.display()),
            Self::Postgres(url) => f.write_str(&without_password(url)),
        }
    }
}

/// The places of one mesh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// Table pointers and registry.
    pub database: Database,
    /// Root URL of table data, without a slash at the end; empty until the mesh is opened when only its database knows it.
    pub warehouse: String,
    /// Whether somebody named the warehouse, rather than leaving it beside the database.
    pub(crate) warehouse_said: bool,
    /// Root of raw bytes as received; where they only pass through when [`Home::far_landing`] keeps them.
    pub landing: PathBuf,
    /// Where raw bytes are kept when the warehouse is an object store: `s3://bucket/prefix/_landing`.
    pub far_landing: Option<String>,
    /// Lock files of running runs and what they spool; on this machine always.
    pub runs: PathBuf,
}

impl Home {
    /// From a URL or path: `file:///srv/mesh`, `/srv/mesh`, `sqlite:///srv/mesh/catalog.db`, `postgres://user@host/db`.
    ///
    /// A directory holds `catalog.db`, `warehouse/` and `landing/`. `warehouse` overrides where table data lie; a
    /// database that is no file needs it the first time.
    ///
    /// # Errors
    /// `Unsupported` for other schemes.
    pub fn parse(url: &str, warehouse: Option<&str>) -> Result<Self> {
        let warehouse_said = warehouse.is_some();
        let named = warehouse.map(place).transpose()?;
        let (dir, database) = match url.split_once("://") {
            Some(("file", path)) => (PathBuf::from(decode(path)), None),
            Some(("sqlite", path)) => {
                let file = PathBuf::from(decode(path));
                (file.parent().unwrap_or(Path::new(".")).to_owned(), Some(file))
            }
            Some(("postgres" | "postgresql", _)) => return Self::server(url, named),
            Some((scheme, _)) => {
                return Err(Error::new(Kind::Unsupported, format!("this version opens no mesh at `{scheme}://`"))
                    .help("use a directory, `file:///path/to/mesh`, or a database, `postgres://user@host/db`"));
            }
            None => (PathBuf::from(url), None),
        };
        let dir = std::path::absolute(&dir)?;
        let mut home = Self {
            database: Database::Sqlite(std::path::absolute(database.unwrap_or_else(|| dir.join("catalog.db")))?),
            warehouse: String::new(),
            warehouse_said,
            landing: dir.join("landing"),
            far_landing: None,
            runs: dir.join("runs"),
        };
        home.set_warehouse(named.unwrap_or_else(|| format!("file://{}", dir.join("warehouse").display())));
        Ok(home)
    }

    /// A database server; its tables' data lie in a warehouse, which the mesh itself remembers.
    fn server(url: &str, warehouse: Option<String>) -> Result<Self> {
        let url = Secret::new(url);
        let here = local(&without_password(&url));
        let warehouse_said = warehouse.is_some();
        let mut home = Self {
            database: Database::Postgres(url),
            warehouse: String::new(),
            warehouse_said,
            landing: here.join("landing"),
            far_landing: None,
            runs: here.join("runs"),
        };
        if let Some(warehouse) = warehouse {
            home.set_warehouse(warehouse);
        }
        Ok(home)
    }

    /// Takes a warehouse, said or remembered.
    pub(crate) fn set_warehouse(&mut self, warehouse: String) {
        if let (Database::Postgres(_), Some(path)) = (&self.database, warehouse.strip_prefix("file://")) {
            self.landing = Path::new(path).join("_landing");
        }
        // no domain's name begins with `_`
        self.far_landing = (!warehouse.starts_with("file://")).then(|| format!("{warehouse}/_landing"));
        self.warehouse = warehouse;
    }

    /// The user's own embedded mesh: `<XDG data home>/meshwright`.
    ///
    /// # Errors
    /// `Invalid` when neither `XDG_DATA_HOME` nor `HOME` is set.
    pub fn of_user(warehouse: Option<&str>) -> Result<Self> {
        let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        let data = set("XDG_DATA_HOME").or_else(|| set("HOME").map(|h| h.join(".local/share")));
        let Some(data) = data else {
            return Err(Error::new(
                Kind::Invalid,
                "no place for the embedded mesh: neither XDG_DATA_HOME nor HOME is set",
            )
            .help("name a mesh with `--mesh URL` or `MESH_URL`"));
        };
        Self::parse(&data.join("meshwright").to_string_lossy(), warehouse)
    }
}

/// A warehouse as a URL: `s3://bucket/prefix`, `file:///srv/data` or a path.
fn place(warehouse: &str) -> Result<String> {
    let url = match warehouse.split_once("://") {
        Some(("file", path)) => format!("file://{}", std::path::absolute(decode(path))?.display()),
        Some((scheme, rest)) => {
            if scheme != "s3" || rest.trim_matches('/').is_empty() {
                return Err(Error::new(Kind::Unsupported, "this version keeps table data in files and in S3")
                    .with("warehouse", redact(warehouse))
                    .help("for example `s3://bucket/mesh` or `/srv/mesh/warehouse`"));
            }
            warehouse.to_owned()
        }
        None => format!("file://{}", std::path::absolute(warehouse)?.display()),
    };
    Ok(url.trim_end_matches('/').to_owned())
}

/// A folder on this machine for what belongs to a mesh elsewhere.
fn local(mesh: &str) -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let caches = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|h| h.join(".cache")));
    let hash = Sha256::digest(mesh.as_bytes());
    let name: String = hash.iter().take(8).map(|b| format!("{b:02x}")).collect();
    caches.unwrap_or_else(std::env::temp_dir).join("meshwright").join(name)
}

/// A database's URL as people may see it and as it names the same mesh whoever opens it.
fn without_password(url: &Secret) -> String {
    let Some((scheme, rest)) = url.expose().split_once("://") else { return redact(url.expose()).into_owned() };
    let (place, query) = rest.split_once('?').map_or((rest, None), |(p, q)| (p, Some(q)));
    let (user, host) = place.rsplit_once('@').map_or((None, place), |(u, h)| (Some(u), h));
    let user = user.map(|u| u.split(':').next().unwrap_or_default());
    let kept = query.into_iter().flat_map(|q| q.split('&')).filter(|pair| !pair.contains("password"));
    let kept: Vec<&str> = kept.collect();
    let user = user.map(|u| format!("{u}@")).unwrap_or_default();
    let query = if kept.is_empty() { String::new() } else { format!("?{}", kept.join("&")) };
    format!("{scheme}://{user}{host}{query}")
}

/// `%20` and the like, as browsers and `file://` URLs write them.
fn decode(path: &str) -> String {
    let bytes = path.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let hex = (bytes[i] == b'%').then(|| path.get(i + 1..i + 3)).flatten();
        match hex.and_then(|h| u8::from_str_radix(h, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                i += 3;
            }
            None => {
                out.push(bytes[i]);
                i += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_url_names_all_places() {
        let home = Home::parse("file:///srv/my%20mesh", None).unwrap();
        assert_eq!(home.database, Database::Sqlite("/srv/my mesh/catalog.db".into()));
        assert_eq!(home.warehouse, "file:///srv/my mesh/warehouse");
        assert_eq!(Home::parse("/srv/my mesh", None).unwrap(), home);
        let file = Home::parse("sqlite:///srv/m/x.db", None).unwrap();
        assert_eq!(
            (file.database, file.landing.as_path()),
            (Database::Sqlite("/srv/m/x.db".into()), Path::new("/srv/m/landing"))
        );
    }

    #[test]
    fn foreign_homes_are_refused_by_name() {
        assert_eq!(Home::parse("ftp://x", None).unwrap_err().kind(), Kind::Unsupported);
        assert_eq!(Home::parse("/m", Some("gs://b/w")).unwrap_err().kind(), Kind::Unsupported);
        assert_eq!(Home::parse("/m", Some("s3://")).unwrap_err().kind(), Kind::Unsupported);
    }

    #[test]
    fn a_server_is_shown_without_its_password() {
        let home = Home::parse("postgres://mesh:hunter2@db:5432/m?host=/run/pg&password=x", Some("/srv/w")).unwrap();
        assert_eq!(home.database.to_string(), "postgres://mesh@db:5432/m?host=/run/pg");
        assert!(!format!("{home:?}").contains("hunter2"));
        assert_eq!((home.warehouse.as_str(), home.far_landing.as_deref()), ("file:///srv/w", None));
        let far = Home::parse("/srv/m", Some("s3://lake/mesh/")).unwrap();
        assert_eq!(
            (far.warehouse.as_str(), far.far_landing.as_deref()),
            ("s3://lake/mesh", Some("s3://lake/mesh/_landing"))
        );
        let same = Home::parse("postgres://mesh@db:5432/m?host=/run/pg", None).unwrap();
        assert_eq!((same.runs, same.warehouse.as_str()), (home.runs, ""));
    }
}
