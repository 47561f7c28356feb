//! Local files and globs.
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use chrono::{DateTime, SecondsFormat, Utc};
use meshwright_spec::nearest;

use super::{Failure, Fetched, Place, Target};
use crate::error::ErrorKind;
use crate::glob;
use crate::landing::Store;

/// The files that a path or glob stands for. They are shown as people write them: relative to the product's folder.
pub(super) fn expand(path: &Path, shown: &str, base_dir: &Path) -> Result<Vec<Target>, Failure> {
    // a file whose name happens to hold a bracket is meant literally
    let files = if glob::is_pattern(shown) && !path.exists() {
        glob::files(path).map_err(|error| Failure::io("cannot list files", error))?
    } else if path.is_dir() {
        let help = format!("write `{}/*` for the files in it", shown.trim_end_matches('/'));
        return Err(Failure::new(ErrorKind::Invalid, "it is a folder").help(help));
    } else if path.exists() {
        vec![path.to_owned()]
    } else {
        vec![]
    };
    if files.is_empty() {
        return Err(nothing(path));
    }
    let target = |file: std::path::PathBuf| {
        let address = file.strip_prefix(base_dir).unwrap_or(&file).to_string_lossy().into_owned();
        Target { address, place: Place::Local(file) }
    };
    Ok(files.into_iter().map(target).collect())
}

/// Nothing is there; says what is.
fn nothing(path: &Path) -> Failure {
    let failure = Failure::new(ErrorKind::NotFound, "no file matches");
    let (Some(folder), Some(name)) = (path.parent(), path.file_name().map(|name| name.to_string_lossy())) else {
        return failure;
    };
    let Ok(entries) = fs::read_dir(folder) else {
        return failure.help("its folder does not exist");
    };
    let mut names: Vec<String> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    if let Some(meant) = nearest(&name, names.iter().map(String::as_str)) {
        return failure.help(format!("did you mean `{meant}`?"));
    }
    match names.len() {
        0 => failure.help("its folder is empty"),
        count => {
            let more = if count > 5 { ", …" } else { "" };
            failure.help(format!("its folder holds {}{more}", names[..count.min(5)].join(", ")))
        }
    }
}

/// Lands one file.
pub(super) fn fetch(path: &Path, store: &Store) -> Result<Fetched, Failure> {
    let (sha256, bytes, settling) = store.copy(path).map_err(|error| Failure::io("cannot read", error))?;
    let modified = fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    let last_modified =
        modified.map(|time: SystemTime| DateTime::<Utc>::from(time).to_rfc3339_opts(SecondsFormat::Secs, true));
    Ok(Fetched { sha256, bytes, last_modified, settling, ..Fetched::default() })
}
