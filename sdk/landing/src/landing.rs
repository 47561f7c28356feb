//! The landing: raw bytes under their hash, and the collection log.
mod far;
mod kept;
mod log;
mod redact;
mod store;
mod verify;

use std::path::{Path, PathBuf};
use std::time::Instant;

use chrono::{DateTime, Utc};
use futures::stream::{StreamExt, TryStreamExt, iter};
use meshwright_spec::{Diagnostic, Source};
use sha2::{Digest, Sha256};

pub use kept::Kept;
pub use log::Attempt;
pub use redact::{Remains, Wanted, redact, unpacked};
pub use store::Settling;
pub(crate) use store::Store;
pub use verify::{Damage, LandedObject, Redacted, Verification};

use crate::code;
use crate::error::{ErrorKind, LandingError};
use crate::fetch::{self, Failure, Fetched, Target};

/// Locations fetched at the same time.
const AT_ONCE: usize = 4;

/// Store of raw bytes: a folder with `objects/sha256/ab/cd/<hash>` and `log/<yyyy-mm-dd>/<run>-<source>.ndjson`.
///
/// # Contract
/// - An object's bytes are exactly those received, its name is their sha256, and it is never rewritten.
/// - An object exists only whole: it is written aside and synced before it gets its name. Large ones are read from aside
///   while the disk takes them, see [`Collected::settling`]: whoever publishes what was made of them waits for it first.
/// - Every attempt is logged, failed ones too; locations in the log carry no secrets.
#[derive(Debug, Clone)]
pub struct Landing {
    store: Store,
    far: Option<far::Far>,
}

/// On whose behalf bytes are collected.
#[derive(Debug, Clone)]
pub struct AttemptContext {
    /// The run's id.
    pub run: String,
    /// The product's full name.
    pub product: String,
    /// When the run started; its day names the log's folder.
    pub at: DateTime<Utc>,
}

/// One distinct landed file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// Lower-case hexadecimal hash of its bytes.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
    /// The landed object.
    pub path: PathBuf,
    /// Where it came from, without secrets.
    pub location: String,
    /// Its own name there; the suffix tells the compression.
    pub name: String,
}

/// A location that delivered the same bytes as another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duplicate {
    /// The location that is not parsed again.
    pub location: String,
    /// The location that stands for both.
    pub same_as: String,
    /// Hash of their bytes.
    pub sha256: String,
}

/// What a collection brought.
#[derive(Debug)]
pub struct Collected {
    /// Distinct files, sorted by location.
    pub resources: Vec<Resource>,
    /// Locations whose bytes are already among the resources.
    pub duplicates: Vec<Duplicate>,
    /// The rows written to the collection log, sorted by location.
    pub attempts: Vec<Attempt>,
    /// Large new objects that the disk does not have for good yet. Their resources can be read while these live.
    pub settling: Vec<Settling>,
}

impl Collected {
    /// Waits until the disk has everything; the resources are then at their lasting places.
    ///
    /// # Errors
    /// When the disk refused an object.
    pub fn settled(mut self) -> Result<Vec<Resource>, LandingError> {
        for one in &mut self.settling {
            one.settle()?;
            for resource in self.resources.iter_mut().filter(|resource| resource.sha256 == one.sha256()) {
                one.object().clone_into(&mut resource.path);
            }
        }
        Ok(self.resources)
    }

    /// Hash over the hashes of the resources: equal when the same bytes were delivered, whatever the files are called.
    pub fn fingerprint(&self) -> String {
        let mut hashes: Vec<&str> = self.resources.iter().map(|resource| resource.sha256.as_str()).collect();
        hashes.sort_unstable();
        let mut hash = Sha256::new();
        for one in hashes {
            hash.update(one);
            hash.update("\n");
        }
        store::hex(&hash.finalize())
    }
}

impl Landing {
    /// Opens the landing in a folder, which is made if it is not there.
    pub fn open(root: impl AsRef<Path>) -> Result<Self, LandingError> {
        Ok(Self { store: Store::open(root.as_ref())?, far: None })
    }

    /// Opens the landing in an object store, `s3://bucket/prefix`. Bytes pass through a folder, from which they are
    /// parsed; when [`Landing::collect`] returns, the store has them.
    pub fn open_far(url: &str, passing: impl AsRef<Path>) -> Result<Self, LandingError> {
        Ok(Self { store: Store::open(passing.as_ref())?, far: Some(far::Far::open(url)?) })
    }

    /// The folder it lies in.
    pub fn root(&self) -> &Path {
        self.store.root()
    }

    /// Where the object with this hash lies, whether it exists or not.
    pub fn object(&self, sha256: &str) -> PathBuf {
        self.store.object(sha256)
    }

    /// Brings everything at the source's locations to the landing.
    ///
    /// All locations are tried and logged even when one of them fails; then the whole collection fails.
    pub async fn collect(
        &self,
        source: &Source,
        base_dir: &Path,
        attempt: &AttemptContext,
    ) -> Result<Collected, LandingError> {
        let log = log::Log::open(self.root(), attempt, source)?;
        let (mut targets, mut failures) = (Vec::new(), Vec::new());
        for text in &source.location {
            let started = Instant::now();
            match fetch::expand(text, base_dir).await {
                Ok(some) => targets.extend(some),
                Err(failure) => failures.push((log.failed(text, started, &failure)?, failure)),
            }
        }
        // overlapping patterns name a file twice; one delivery is one attempt
        targets.sort_by(|a, b| a.address().cmp(b.address()));
        targets.dedup_by(|a, b| a.address() == b.address());

        let mut done = iter(targets)
            .map(|target| async move {
                let started = Instant::now();
                let result = fetch::fetch(&target, &self.store).await;
                (target, started, result)
            })
            .buffer_unordered(AT_ONCE);
        let mut arrived: Vec<(Resource, Attempt)> = Vec::new();
        let mut settling: Vec<Settling> = Vec::new();
        while let Some((target, started, result)) = done.next().await {
            match result {
                Ok(mut fetched) => {
                    settling.extend(fetched.settling.take());
                    let attempt = log.arrived(&target, started, &fetched)?;
                    arrived.push((self.resource(&target, &fetched), attempt));
                }
                Err(failure) => failures.push((log.failed(target.address(), started, &failure)?, failure)),
            }
        }
        log.sync()?;
        let outcome =
            if failures.is_empty() { Ok(collected(arrived, settling)) } else { Err(failed(source, failures)) };
        if let Some(far) = &self.far {
            let arrived = outcome.iter().flat_map(|collected| &collected.resources);
            let sending: Vec<_> = arrived.map(|one| far.keep(&one.sha256, &one.path, one.bytes)).collect();
            iter(sending).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
            far.send(log.name(), log.path()).await?;
        }
        outcome
    }

    fn resource(&self, target: &Target, fetched: &Fetched) -> Resource {
        Resource {
            sha256: fetched.sha256.clone(),
            bytes: fetched.bytes,
            path: self.store.object(&fetched.sha256),
            location: target.shown(),
            name: target.name(),
        }
    }
}

/// Keeps the first of those with the same bytes.
fn collected(mut arrived: Vec<(Resource, Attempt)>, settling: Vec<Settling>) -> Collected {
    for (resource, _) in &mut arrived {
        if let Some(one) = settling.iter().find(|one| one.sha256() == resource.sha256) {
            one.path().clone_into(&mut resource.path);
        }
    }
    arrived.sort_by(|(a, _), (b, _)| a.location.cmp(&b.location));
    let mut collected = Collected { resources: Vec::new(), duplicates: Vec::new(), attempts: Vec::new(), settling };
    let mut first = std::collections::HashMap::new();
    for (resource, attempt) in arrived {
        collected.attempts.push(attempt);
        match first.get(&resource.sha256) {
            None => {
                first.insert(resource.sha256.clone(), resource.location.clone());
                collected.resources.push(resource);
            }
            Some(same_as) => collected.duplicates.push(Duplicate {
                location: resource.location,
                same_as: String::clone(same_as),
                sha256: resource.sha256,
            }),
        }
    }
    collected
}

/// One error for all locations that failed.
fn failed(source: &Source, mut failures: Vec<(Attempt, Failure)>) -> LandingError {
    failures.sort_by(|(a, _), (b, _)| a.location.cmp(&b.location));
    let kind = failures.first().map_or(ErrorKind::Unexpected, |(_, failure)| failure.kind);
    let diagnostics = failures.iter().map(|(attempt, failure)| {
        let code = if failure.kind == ErrorKind::NotFound { code::NO_FILE } else { code::UNREACHABLE };
        Diagnostic::error(code, format!("cannot collect `{}`: {}", attempt.location, failure.message))
            .at(source.location_span.clone(), format!("source `{}`", source.name))
            .help_if(failure.help.clone())
    });
    let diagnostics = diagnostics.collect();
    let cause = failures.into_iter().find_map(|(_, failure)| failure.cause);
    LandingError { kind, diagnostics, doing: format!("collect source `{}`", source.name), cause }
}
