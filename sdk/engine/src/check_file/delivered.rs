//! Files to be read: those of this machine where they are, all others brought to a temporary folder first.
use std::path::Path;

use chrono::Utc;
use meshwright_landing::{AttemptContext, ErrorKind, Landing, LandingError, Resource, Settling};
use meshwright_spec::{Diagnostic, Format, Name, Source, Sources, Span};
use tempfile::TempDir;

use crate::failure::{Failure, Findings, Result};

/// Files, readable as long as this lives.
pub(crate) struct Delivered {
    pub(crate) resources: Vec<Resource>,
    _settling: Vec<Settling>,
    _folder: Option<TempDir>,
}

impl Delivered {
    /// Finds files by paths, globs or addresses in place of a source's own locations.
    pub(crate) async fn fetch(files: &[String], base_dir: &Path, source: &Source, sources: &Sources) -> Result<Self> {
        let local: Vec<Option<Resource>> = files.iter().map(|file| local(file, base_dir)).collect();
        if let Some(resources) = local.into_iter().collect::<Option<Vec<_>>>() {
            return Ok(Self { resources, _settling: vec![], _folder: None });
        }
        let folder = tempfile::Builder::new().prefix("mesh-files-").tempdir()?;
        let failed = |e: LandingError| failed(&e, sources);
        let landing = Landing::open(folder.path()).map_err(failed)?;
        let attempt = AttemptContext { run: "check".to_owned(), product: source.name.to_string(), at: Utc::now() };
        let elsewhere = Source { location: files.to_vec(), ..source.clone() };
        let mut collected = landing.collect(&elsewhere, base_dir, &attempt).await.map_err(failed)?;
        let settling = std::mem::take(&mut collected.settling);
        Ok(Self { resources: collected.resources, _settling: settling, _folder: Some(folder) })
    }

    /// Size of all files.
    pub(crate) fn bytes(&self) -> u64 {
        self.resources.iter().map(|resource| resource.bytes).sum()
    }
}

/// A file of this machine, read where it is: nothing is copied or hashed.
fn local(file: &str, base_dir: &Path) -> Option<Resource> {
    let path = base_dir.join(file.strip_prefix("file://").unwrap_or(file));
    let metadata = std::fs::metadata(&path).ok().filter(std::fs::Metadata::is_file)?;
    let name = path.file_name()?.to_string_lossy().into_owned();
    Some(Resource { sha256: String::new(), bytes: metadata.len(), location: file.to_owned(), path, name })
}

/// What cannot be found is said of the files, not of the source that they stand for.
fn failed(e: &LandingError, sources: &Sources) -> Failure {
    let without_place = |d: &Diagnostic| Diagnostic { labels: vec![], ..d.clone() };
    let findings = Findings::many(e.diagnostics.iter().map(without_place).collect(), sources);
    match e.kind {
        ErrorKind::NotFound => Failure::Missing(findings),
        ErrorKind::Invalid => Failure::Usage(findings),
        _ => Failure::Unavailable(findings),
    }
}

/// A source for files that no product declares: their suffix says what they are.
pub(crate) fn bare_source(name: Name, files: &[String]) -> Result<Source> {
    let place = Span { file: usize::MAX, start: 0, end: 0 };
    let Some(format) = Format::of_names(files.iter().map(String::as_str)) else {
        let d = Diagnostic::error("M1302", format!("`{}` does not say what kind of file it is", files.join("`, `")))
            .help("known endings: .csv, .tsv, .ndjson, .jsonl, .json, .parquet, and these with .gz or .zst");
        return Err(Failure::Usage(Findings::one(d, &Sources::default())));
    };
    Ok(Source {
        name,
        location: files.to_vec(),
        format,
        columns: vec![],
        every: None,
        span: place.clone(),
        location_span: place,
    })
}
