//! The proof: every file of the mesh, and every text of its registry, is searched for the subject.
use std::path::{Path, PathBuf};

use arrow::array::Array;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use meshwright_catalog::{Catalog, Database, local, stored_files};
use meshwright_landing::unpacked;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde::Serialize;

use super::subject::Subject;
use crate::failure::Result;

/// What a search of everything found.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Proof {
    /// Files that were searched.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Texts of the registry that were searched.
    pub texts: u64,
    /// `value`: the value was looked for everywhere, in whatever form files hold it; `records`: only records with all
    /// of the subject's values can tell, so tables and landed objects were read again.
    pub looked_for: &'static str,
    /// Where the subject still is.
    pub hits: Vec<Hit>,
}

/// A place where the subject still is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hit {
    /// A file's path, or `table.column key` of the registry.
    pub place: String,
    /// What it is: `bytes`, `parquet value`, `manifest`, `registry text`, `table rows`, `landed records`.
    pub what: &'static str,
}

impl Proof {
    pub(super) fn is_clean(&self) -> bool {
        self.hits.is_empty()
    }

    /// Looks for the subject in a file, whatever form it has.
    fn look(&mut self, place: &str, bytes: &[u8], subject: &Subject) {
        self.files += 1;
        self.bytes += bytes.len() as u64;
        let plain = unpacked(bytes);
        if subject.is_in_text(place) {
            self.hit(place, "path");
        }
        let found = match std::str::from_utf8(&plain) {
            Ok(text) => subject.is_in_text(text),
            Err(_) => subject.is_in_bytes(&plain),
        };
        if found {
            self.hit(place, "bytes");
        } else if plain.starts_with(b"PAR1") && in_parquet(&plain, subject).unwrap_or(true) {
            // what cannot be read cannot be said to be clean
            self.hit(place, "parquet value");
        }
    }

    fn hit(&mut self, place: impl Into<String>, what: &'static str) {
        let hit = Hit { place: place.into(), what };
        if !self.hits.contains(&hit) {
            self.hits.push(hit);
        }
    }
}

/// Searches every file below the mesh's places, and its registry.
pub(super) async fn search(catalog: &Catalog, subject: &Subject) -> Result<Proof> {
    let mut proof = Proof { looked_for: "records", ..Proof::default() };
    if subject.telling().is_none() {
        return Ok(proof);
    }
    proof.looked_for = "value";
    let home = catalog.home();
    let mut files = vec![];
    let warehouse = local(&home.warehouse).map(PathBuf::from);
    for root in warehouse.into_iter().chain([home.landing.clone(), home.runs.clone()]) {
        below(&root, &mut files)?;
    }
    if let Database::Sqlite(database) = &home.database {
        for suffix in ["", "-wal", "-journal"] {
            let mut name = database.clone().into_os_string();
            name.push(suffix);
            if Path::new(&name).exists() {
                files.push(name.into());
            }
        }
    }
    for path in files {
        let place = path.display().to_string();
        // removed by somebody since it was listed: nothing is left to be found
        let Ok(bytes) = std::fs::read(&path) else { continue };
        proof.look(&place, &bytes, subject);
    }
    if local(&home.warehouse).is_none() {
        for file in stored_files(&home.warehouse).await? {
            let bytes = catalog.files().new_input(&file.path)?.read().await?;
            proof.look(&file.path, &bytes, subject);
        }
    }
    for text in catalog.registry_texts().await? {
        proof.texts += 1;
        if subject.is_in_text(&text.text) {
            proof.hit(format!("{} {}", text.place, text.key.join(" ")), "registry text");
        }
    }
    for port in catalog.tables().await? {
        let table = catalog.load(&port).await?;
        for one in meshwright_catalog::HistoryFile::all(&table, None).await? {
            let about =
                format!("{:?} {:?} {:?}", one.file.lower_bounds(), one.file.upper_bounds(), one.file.partition());
            if subject.is_in_text(&about) {
                proof.hit(one.file.file_path(), "manifest");
            }
        }
    }
    Ok(proof)
}

fn in_parquet(bytes: &[u8], subject: &Subject) -> std::result::Result<bool, Box<dyn std::error::Error>> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::copy_from_slice(bytes))?.build()?;
    let options = FormatOptions::default();
    for batch in reader {
        for column in batch?.columns() {
            let values = ArrayFormatter::try_new(column, &options)?;
            for at in (0..column.len()).filter(|at| column.is_valid(*at)) {
                if subject.is_in_text(&values.value(at).to_string()) {
                    return Ok(true);
                }
            }
        }
    }
    Ok(false)
}

fn below(root: &Path, out: &mut Vec<PathBuf>) -> Result<()> {
    let entries = match std::fs::read_dir(root) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(e.into()),
    };
    for entry in entries {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => below(&entry.path(), out)?,
            false => out.push(entry.path()),
        }
    }
    Ok(())
}
