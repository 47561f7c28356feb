//! Whether what lies in the landing is still what was received.
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::kept::Entry;
use super::store::{OBJECTS, name_of};
use super::{Attempt, Kept};
use crate::error::LandingError;

/// The folder of the collection log below a landing's root.
pub(super) const LOG: &str = "log";
/// The folder of what erasures took.
pub(super) const REDACTIONS: &str = "redactions";

/// A landed object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LandedObject {
    /// The hash that is its name.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
    /// Where it lies: a path, or an address in an object store.
    pub path: String,
    /// What it is called below the landing's root.
    #[serde(skip)]
    pub(super) name: String,
}

/// What became of an object from which an erasure took something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redacted {
    /// Hash of the bytes as received, which are gone.
    pub sha256: String,
    /// Hash of the object that takes its place; none: nothing of it could be kept.
    pub becomes: Option<String>,
    /// Records that were taken out; none where the format could not be read.
    pub records: Option<u64>,
    /// RFC 3339.
    pub at: String,
    /// The erasure, as the registry knows it.
    pub erasure: String,
    /// Why.
    pub reason: String,
}

/// One object that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Damage {
    /// The hash that was received.
    pub sha256: String,
    /// `changed`: other bytes than its name says; `missing`: logged, and not there; `stray`: a file that is no object.
    pub kind: &'static str,
    /// Where it lies or should lie.
    pub path: String,
    /// Hash of the bytes that are there now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// Where it came from, as the collection log says: it may be fetched there again.
    pub locations: BTreeSet<String>,
}

/// What a verification found.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Verification {
    /// Objects that were hashed again.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Those that were taken back by an erasure: gone as they should be.
    pub redacted: u64,
    /// What is not as it should be.
    pub damaged: Vec<Damage>,
}

impl Kept {
    /// Every landed object, by hash. Files that are no objects come with an empty hash.
    ///
    /// # Errors
    /// When the landing cannot be listed.
    pub fn objects(&self) -> Result<Vec<LandedObject>, LandingError> {
        let object = |entry: Entry| {
            let name = entry.name.rsplit('/').next().unwrap_or_default();
            let hash = name.len() == 64 && name.bytes().all(|b| b.is_ascii_hexdigit());
            let sound = hash && name_of(name) == entry.name;
            let sha256 = if sound { name.to_owned() } else { String::new() };
            LandedObject { sha256, bytes: entry.bytes, path: self.shown(&entry.name), name: entry.name }
        };
        Ok(self.list(OBJECTS)?.into_iter().map(object).collect())
    }

    /// The collection log: every attempt of every run, oldest first.
    ///
    /// # Errors
    /// When a log file cannot be read. A line that a killed run left unfinished is passed over.
    pub fn attempts(&self) -> Result<Vec<Attempt>, LandingError> {
        let mut out: Vec<Attempt> = vec![];
        for entry in self.list(LOG)? {
            let bytes = self.read(&entry.name)?;
            let lines = bytes.split(|b| *b == b'\n');
            out.extend(lines.filter_map(|line| serde_json::from_slice(line).ok()));
        }
        out.sort_by_key(|attempt| attempt.at);
        Ok(out)
    }

    /// Objects that erasures took something from, by the hash that was received.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub fn redactions(&self) -> Result<BTreeMap<String, Redacted>, LandingError> {
        let mut out = BTreeMap::new();
        for entry in self.list(REDACTIONS)?.into_iter().filter(|entry| entry.name.ends_with(".json")) {
            let fail = |e| LandingError::store(format!("read `{}`", self.shown(&entry.name)), io::Error::other(e));
            let record: Redacted = serde_json::from_slice(&self.read(&entry.name)?).map_err(fail)?;
            out.insert(record.sha256.clone(), record);
        }
        Ok(out)
    }

    /// Hashes every object again, on all cores, and compares with its name and with the collection log.
    ///
    /// # Errors
    /// When an object cannot be read at all.
    pub fn verify(&self) -> Result<Verification, LandingError> {
        let (objects, redactions) = (self.objects()?, self.redactions()?);
        let mut logged: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for attempt in self.attempts()? {
            if let Some(sha256) = attempt.sha256 {
                logged.entry(sha256).or_default().insert(attempt.location);
            }
        }
        let from = |sha256: &str| logged.get(sha256).cloned().unwrap_or_default();
        let mut out = Verification::default();
        for (object, found) in objects.iter().zip(self.hashes(&objects)?) {
            out.objects += 1;
            out.bytes += object.bytes;
            let kind = match object.sha256.as_str() {
                "" => "stray",
                name if name != found => "changed",
                _ => continue,
            };
            out.damaged.push(Damage {
                sha256: object.sha256.clone(),
                kind,
                path: object.path.clone(),
                found: Some(found),
                locations: from(&object.sha256),
            });
        }
        let there: BTreeSet<&str> = objects.iter().map(|o| o.sha256.as_str()).collect();
        let replaced = redactions.values().filter_map(|r| r.becomes.as_ref());
        let expected: BTreeSet<&String> = logged.keys().chain(replaced).collect();
        for sha256 in expected.into_iter().filter(|hash| !there.contains(hash.as_str())) {
            if redactions.contains_key(sha256) {
                out.redacted += 1;
                continue;
            }
            let path = self.shown(&name_of(sha256));
            let locations = from(sha256);
            out.damaged.push(Damage { sha256: sha256.clone(), kind: "missing", path, found: None, locations });
        }
        Ok(out)
    }

    /// The hash of each object's bytes, in their order.
    fn hashes(&self, objects: &[LandedObject]) -> Result<Vec<String>, LandingError> {
        let (next, found) = (AtomicUsize::new(0), Mutex::new(vec![String::new(); objects.len()]));
        let workers = std::thread::available_parallelism().map_or(2, usize::from).min(objects.len().max(1));
        let work = || -> Result<(), LandingError> {
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(object) = objects.get(at) else { return Ok(()) };
                let hash = self.hash(&object.name, object.bytes)?;
                found.lock().unwrap_or_else(PoisonError::into_inner)[at] = hash;
            }
        };
        let stopped = || LandingError::store("read the landed objects", io::Error::other("a thread stopped"));
        std::thread::scope(|scope| {
            let running: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
            running.into_iter().try_for_each(|one| one.join().unwrap_or_else(|_| Err(stopped())))
        })?;
        Ok(found.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}
