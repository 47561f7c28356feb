//! The collection log: one row per attempt.
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use chrono::{DateTime, Utc};
use meshwright_spec::{Source, redact};
use serde::{Deserialize, Serialize};

use super::AttemptContext;
use crate::error::LandingError;
use crate::fetch::{Failure, Fetched, Target};

/// One row of the collection log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// When it ended.
    pub at: DateTime<Utc>,
    /// The run's id.
    pub run: String,
    /// The product's full name.
    pub product: String,
    /// The source's name.
    pub source: String,
    /// What was fetched, without secrets.
    pub location: String,
    /// HTTP status, where there is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub status: Option<u16>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<String>,
    /// How long it took.
    pub elapsed_ms: u64,
    /// Size of what arrived.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub bytes: Option<u64>,
    /// Hash of what arrived: the name of the landed object.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sha256: Option<String>,
    /// As the server said.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub media_type: Option<String>,
    /// As the server said.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub etag: Option<String>,
    /// As the server said, or the file's own time.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_modified: Option<String>,
}

/// An open log file.
pub(super) struct Log {
    file: File,
    path: PathBuf,
    name: String,
    run: String,
    product: String,
    source: String,
}

impl Log {
    pub(super) fn open(root: &Path, attempt: &AttemptContext, source: &Source) -> Result<Self, LandingError> {
        let safe = |text: &str| text.replace(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-', "_");
        let folder = format!("log/{}", attempt.at.format("%Y-%m-%d"));
        let name = format!("{folder}/{}-{}.ndjson", safe(&attempt.run), source.name);
        let (folder, path) = (root.join(folder), root.join(&name));
        let file = fs::create_dir_all(&folder)
            .and_then(|()| OpenOptions::new().create(true).append(true).open(&path))
            .map_err(|error| LandingError::store(format!("open the collection log `{}`", path.display()), error))?;
        let (run, product, source) = (attempt.run.clone(), attempt.product.clone(), source.name.to_string());
        Ok(Self { file, path, name, run, product, source })
    }

    /// Where it lies.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Its path within the landing.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Logs a delivery.
    pub(super) fn arrived(&self, target: &Target, started: Instant, got: &Fetched) -> Result<Attempt, LandingError> {
        self.write(Attempt {
            status: got.status,
            bytes: Some(got.bytes),
            sha256: Some(got.sha256.clone()),
            media_type: got.media_type.clone(),
            etag: got.etag.clone(),
            last_modified: got.last_modified.clone(),
            ..self.row(target.address(), started)
        })
    }

    /// Logs a failure; `address` may still hold secrets.
    pub(super) fn failed(&self, address: &str, started: Instant, failure: &Failure) -> Result<Attempt, LandingError> {
        self.write(Attempt {
            status: failure.status,
            error: Some(failure.message.clone()),
            ..self.row(address, started)
        })
    }

    fn row(&self, address: &str, started: Instant) -> Attempt {
        Attempt {
            at: Utc::now(),
            run: self.run.clone(),
            product: self.product.clone(),
            source: self.source.clone(),
            location: redact(address).to_string(),
            status: None,
            error: None,
            elapsed_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            bytes: None,
            sha256: None,
            media_type: None,
            etag: None,
            last_modified: None,
        }
    }

    /// One write per row, so that rows of several processes do not mix.
    fn write(&self, attempt: Attempt) -> Result<Attempt, LandingError> {
        let fail = |error: std::io::Error| LandingError::store("write the collection log", error);
        let mut line = serde_json::to_vec(&attempt).map_err(|error| fail(error.into()))?;
        line.push(b'\n');
        (&self.file).write_all(&line).map_err(fail)?;
        Ok(attempt)
    }

    /// Makes the rows outlive a power cut.
    pub(super) fn sync(&self) -> Result<(), LandingError> {
        self.file.sync_data().map_err(|error| LandingError::store("sync the collection log", error))
    }
}
