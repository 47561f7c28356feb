//! Where a mesh lives: one URL decides.
use std::path::{Path, PathBuf};

use crate::{Error, Kind, Result};

/// The places of one mesh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// The SQLite file.
    pub database: PathBuf,
    /// Root URL of table data, without a slash at the end.
    pub warehouse: String,
    /// Root of raw bytes as received.
    pub landing: PathBuf,
    /// Lock files of running runs.
    pub runs: PathBuf,
}

impl Home {
    /// From a URL or path: `file:///srv/mesh`, `/srv/mesh`, `sqlite:///srv/mesh/catalog.db`.
    ///
    /// A directory holds `catalog.db`, `warehouse/` and `landing/`. `warehouse` overrides where table data lie.
    ///
    /// # Errors
    /// `Unsupported` for other schemes.
    pub fn parse(url: &str, warehouse: Option<&str>) -> Result<Self> {
        let (dir, database) = match url.split_once("://") {
            Some(("file", path)) => (PathBuf::from(decode(path)), None),
            Some(("sqlite", path)) => {
                let file = PathBuf::from(decode(path));
                (file.parent().unwrap_or(Path::new(".")).to_owned(), Some(file))
            }
            Some((scheme, _)) => {
                return Err(Error::new(Kind::Unsupported, format!("this version opens no mesh at `{scheme}://`"))
                    .help("use a directory: `file:///path/to/mesh`"));
            }
            None => (PathBuf::from(url), None),
        };
        let dir = std::path::absolute(&dir)?;
        let warehouse = match warehouse {
            Some(w) if w.contains("://") => w.trim_end_matches('/').to_owned(),
            Some(w) => format!("file://{}", std::path::absolute(w)?.display()),
            None => format!("file://{}", dir.join("warehouse").display()),
        };
        if !warehouse.starts_with("file://") {
            return Err(Error::new(Kind::Unsupported, "this version keeps table data in local files only")
                .with("warehouse", &warehouse));
        }
        Ok(Self {
            database: std::path::absolute(database.unwrap_or_else(|| dir.join("catalog.db")))?,
            warehouse,
            landing: dir.join("landing"),
            runs: dir.join("runs"),
        })
    }

    /// The user's own embedded mesh: `<XDG data home>/meshwright`.
    ///
    /// # Errors
    /// `Invalid` when neither `XDG_DATA_HOME` nor `HOME` is set.
    pub fn of_user() -> Result<Self> {
        let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        let data = set("XDG_DATA_HOME").or_else(|| set("HOME").map(|h| h.join(".local/share")));
        let Some(data) = data else {
            return Err(Error::new(
                Kind::Invalid,
                "no place for the embedded mesh: neither XDG_DATA_HOME nor HOME is set",
            )
            .help("name a mesh with `--mesh URL` or `MESH_URL`"));
        };
        Self::parse(&data.join("meshwright").to_string_lossy(), None)
    }
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
        assert_eq!(home.database, Path::new("/srv/my mesh/catalog.db"));
        assert_eq!(home.warehouse, "file:///srv/my mesh/warehouse");
        assert_eq!(Home::parse("/srv/my mesh", None).unwrap(), home);
        let file = Home::parse("sqlite:///srv/m/x.db", None).unwrap();
        assert_eq!(
            (file.database.as_path(), file.landing.as_path()),
            (Path::new("/srv/m/x.db"), Path::new("/srv/m/landing"))
        );
    }

    #[test]
    fn foreign_homes_are_refused_by_name() {
        assert_eq!(Home::parse("ftp://x", None).unwrap_err().kind(), Kind::Unsupported);
        assert_eq!(Home::parse("/m", Some("s3://b/w")).unwrap_err().kind(), Kind::Unsupported);
    }
}
