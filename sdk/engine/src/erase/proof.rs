//! The proof: every file of the mesh, and every text of its registry, is searched for the subject.
use std::path::{Path, PathBuf};

use arrow::array::Array;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use meshwright_catalog::{Catalog, Database, local, stored_files};
use meshwright_landing::unpacked;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde::Serialize;

use super::subject::Subject;
use super::words::{Bytes, Words};
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

    fn hit(&mut self, place: impl Into<String>, what: &'static str) {
        let hit = Hit { place: place.into(), what };
        if !self.hits.contains(&hit) {
            self.hits.push(hit);
        }
    }
}

/// A search that is going on.
struct Search<'a> {
    subject: &'a Subject,
    proof: Proof,
    words: Words,
    /// Files that are no text and hold the value, perhaps as a part of a longer word.
    doubtful: Vec<String>,
}

impl Search<'_> {
    /// Looks for the subject in a file, whatever form it has.
    fn look(&mut self, place: &str, bytes: &[u8]) {
        self.proof.files += 1;
        self.proof.bytes += bytes.len() as u64;
        let plain = unpacked(bytes);
        if self.is_in(place) {
            self.proof.hit(place, "path");
        }
        if let Ok(text) = std::str::from_utf8(&plain) {
            if self.is_in(text) {
                self.proof.hit(place, "bytes");
            }
            return;
        }
        let parquet = plain.starts_with(b"PAR1");
        // what cannot be read cannot be said to be clean
        if parquet && self.is_in_parquet(&plain).unwrap_or(true) {
            self.proof.hit(place, "parquet value");
        } else if (self.subject.is_long() || !parquet) && self.subject.is_in_bytes(&plain) {
            match self.subject.is_long() {
                true => self.proof.hit(place, "bytes"),
                false => self.doubtful.push(place.to_owned()),
            }
        }
    }

    /// Whether a text names the subject; words that only have its value in them are kept.
    fn is_in(&mut self, text: &str) -> bool {
        self.words.learn(text, self.subject);
        self.subject.is_in_text(text)
    }

    /// Whether a value of a Parquet file, or what its footer says of them, names the subject. Its pages are packed: a short
    /// value in their bytes is chance.
    fn is_in_parquet(&mut self, bytes: &[u8]) -> std::result::Result<bool, Box<dyn std::error::Error>> {
        let builder = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::copy_from_slice(bytes))?;
        let footer = builder.metadata().clone();
        let more = footer.file_metadata().key_value_metadata().into_iter().flatten();
        let mut found = more.filter_map(|more| more.value.as_deref()).any(|text| self.is_in(text));
        for statistics in footer.row_groups().iter().flat_map(|g| g.columns()).filter_map(|c| c.statistics()) {
            let bounds = statistics.min_bytes_opt().into_iter().chain(statistics.max_bytes_opt());
            found |= bounds.filter_map(|bound| std::str::from_utf8(bound).ok()).any(|text| self.is_in(text));
        }
        let options = FormatOptions::default();
        for batch in builder.build()? {
            for column in batch?.columns() {
                let values = ArrayFormatter::try_new(column, &options)?;
                for at in (0..column.len()).filter(|at| column.is_valid(*at)) {
                    if found || self.is_in(&values.value(at).to_string()) {
                        return Ok(true);
                    }
                }
            }
        }
        Ok(found)
    }
}

/// Searches every file below the mesh's places, and its registry.
pub(super) async fn search(catalog: &Catalog, subject: &Subject) -> Result<Proof> {
    let proof = Proof { looked_for: "records", ..Proof::default() };
    let Some(value) = subject.telling() else { return Ok(proof) };
    let mut search = Search { subject, proof, words: Words::default(), doubtful: vec![] };
    search.proof.looked_for = "value";
    let home = catalog.home();
    let mut files = vec![];
    let warehouse = local(&home.warehouse).map(PathBuf::from);
    for root in warehouse.into_iter().chain([home.landing.clone(), home.runs.clone()]) {
        below(&root, &mut files)?;
    }
    let mut database_files = vec![];
    if let Database::Sqlite(database) = &home.database {
        for suffix in ["", "-wal", "-journal"] {
            let mut name = database.clone().into_os_string();
            name.push(suffix);
            if Path::new(&name).exists() {
                database_files.push(PathBuf::from(name));
            }
        }
    }
    for path in files.iter().chain(&database_files) {
        if let Some(bytes) = bytes_of(path)? {
            search.look(&path.display().to_string(), &bytes);
        }
    }
    if local(&home.warehouse).is_none() {
        for file in stored_files(&home.warehouse).await? {
            let bytes = catalog.files().new_input(&file.path)?.read().await?;
            search.look(&file.path, &bytes);
        }
    }
    for text in catalog.registry_texts().await? {
        search.proof.texts += 1;
        if search.is_in(&text.text) {
            search.proof.hit(format!("{} {}", text.place, text.key.join(" ")), "registry text");
        }
    }
    let forms = subject.forms();
    let other = forms.iter().find(|form| *form != value).map_or(value, String::as_str);
    for (place, text) in catalog.database_texts_with([value, other]).await? {
        let told = |hit: &Hit| hit.what == "registry text" && hit.place.split(' ').next() == Some(place.as_str());
        if search.is_in(&text) && !search.proof.hits.iter().any(told) {
            search.proof.hit(place, "registry text");
        }
    }
    for port in catalog.tables().await? {
        let table = catalog.load(&port).await?;
        for one in meshwright_catalog::HistoryFile::all(&table, None).await? {
            let about =
                format!("{:?} {:?} {:?}", one.file.lower_bounds(), one.file.upper_bounds(), one.file.partition());
            if search.is_in(&about) {
                search.proof.hit(one.file.file_path(), "manifest");
            }
        }
    }
    // now that all texts are known, whose words may explain what stands in bytes
    for place in std::mem::take(&mut search.doubtful) {
        let bytes = match local(&place) {
            Some(path) => match bytes_of(Path::new(path))? {
                Some(bytes) => bytes.into(),
                None => continue,
            },
            None => catalog.files().new_input(&place)?.read().await?,
        };
        let database = database_files.iter().any(|file| file.display().to_string() == place);
        let kind = if database { Bytes::Database } else { Bytes::Other };
        if search.words.hold(&unpacked(&bytes), kind, subject) {
            search.proof.hit(place, "bytes");
        }
    }
    Ok(search.proof)
}

/// A file's bytes; none if somebody has removed it since it was listed, for then nothing is left to be found.
fn bytes_of(path: &Path) -> Result<Option<Vec<u8>>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e.into()),
    }
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
