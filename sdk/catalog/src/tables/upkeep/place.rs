//! Paths as storage lists them and as tables name them.
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use futures::TryStreamExt;
use meshwright_storage::Place;

use crate::{Error, Kind, Result};

/// A file as storage lists it.
#[derive(Debug, Clone)]
pub struct StoredFile {
    /// Its normal path, see [`normal`].
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// When it was last written.
    pub modified: SystemTime,
}

/// One spelling for one file: `file:/x`, `file:///x`, `/x`, `/y/../x` and `//x` are all `/x`.
pub fn normal(path: &str) -> String {
    let Some(local) = local(path) else { return path.to_owned() };
    let mut parts: Vec<&str> = vec![];
    for part in local.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// The local path that a location names; none: it is on another storage.
pub fn local(location: &str) -> Option<&str> {
    match location.strip_prefix("file:") {
        Some(rest) => rest.strip_prefix("//localhost").or_else(|| rest.strip_prefix("//")).or(Some(rest)),
        None if location.contains("://") => None,
        None => Some(location),
    }
}

/// Whether a file lies below a location, whatever the spelling of both.
pub fn inside(location: &str, path: &str) -> bool {
    let root = normal(location);
    let root = root.trim_end_matches('/');
    normal(path).strip_prefix(root).is_some_and(|rest| rest.starts_with('/') && rest.len() > 1)
}

/// Everything below a location. Links are not followed: they may lead out of it.
///
/// # Errors
/// When the storage cannot be listed.
pub async fn stored_files(location: &str) -> Result<Vec<StoredFile>> {
    let mut out = match local(location) {
        Some(root) => files_below(root)?,
        None => objects_below(location).await?,
    };
    out.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(out)
}

async fn objects_below(location: &str) -> Result<Vec<StoredFile>> {
    let refused = |e: opendal::Error| {
        let about = Error::in_store(&e).unwrap_or_else(|| Error::new(Kind::Unavailable, "the store cannot be listed"));
        about.with("location", location).because(e)
    };
    let place = Place::parse(location).ok_or_else(|| {
        Error::new(Kind::Unsupported, "this version lists folders and buckets only").with("location", location)
    })?;
    let bucket = place.open().map_err(refused)?;
    let mut entries = bucket.lister_with(&place.key("")).recursive(true).await.map_err(refused)?;
    let mut out = vec![];
    while let Some(entry) = entries.try_next().await.map_err(refused)? {
        let about = entry.metadata();
        if about.is_file() {
            let modified = about.last_modified().map_or(SystemTime::UNIX_EPOCH, SystemTime::from);
            let path = format!("s3://{}/{}", place.bucket, entry.path());
            out.push(StoredFile { path, bytes: about.content_length(), modified });
        }
    }
    Ok(out)
}

fn files_below(root: &str) -> Result<Vec<StoredFile>> {
    let mut out = vec![];
    let mut folders = vec![PathBuf::from(root)];
    while let Some(folder) = folders.pop() {
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => continue,
            Err(e) => return Err(Error::from(e).with("folder", folder.display())),
        };
        for entry in entries {
            let path = entry?.path();
            // gone since it was listed: nothing to say about it
            let Ok(about) = std::fs::symlink_metadata(&path) else { continue };
            if about.is_dir() {
                folders.push(path);
            } else if about.is_file() {
                let modified = about.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                out.push(StoredFile { path: spelled(&path), bytes: about.len(), modified });
            }
        }
    }
    Ok(out)
}

fn spelled(path: &Path) -> String {
    normal(&path.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_file_has_one_spelling() {
        for path in ["file:/w/a/x", "file:///w/a/x", "/w/a/x", "/w//a/./x", "/w/b/../a/x", "file://localhost/w/a/x"] {
            assert_eq!(normal(path), "/w/a/x", "{path}");
        }
        assert_eq!(normal("s3://b/w/x"), "s3://b/w/x");
    }

    #[test]
    fn nothing_outside_a_location_is_inside() {
        assert!(inside("file:///w/a", "/w/a/data/x"));
        for path in ["/w/ab/x", "/w/a", "/w/a/../b/x", "file:///w/x", "s3://w/a/x"] {
            assert!(!inside("file:///w/a", path), "{path}");
        }
    }
}
