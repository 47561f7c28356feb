//! Whether what lies in the landing is still what was received.
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Attempt, Landing, store};
use crate::error::LandingError;

/// A landed object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LandedObject {
    /// The hash that is its name.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
    /// Where it lies.
    pub path: PathBuf,
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
    pub path: PathBuf,
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

impl Landing {
    /// Every landed object, by hash. Files that are no objects come with an empty hash.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub fn objects(&self) -> Result<Vec<LandedObject>, LandingError> {
        let root = self.root().join("objects/sha256");
        let fail = |e| LandingError::store(format!("list the objects of `{}`", root.display()), e);
        let mut out = vec![];
        for path in files_below(&root).map_err(fail)? {
            let bytes = fs::metadata(&path).map_err(fail)?.len();
            let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            let sound = name.len() == 64 && name.bytes().all(|b| b.is_ascii_hexdigit()) && self.object(&name) == path;
            out.push(LandedObject { sha256: if sound { name } else { String::new() }, bytes, path });
        }
        out.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(out)
    }

    /// The collection log: every attempt of every run, oldest first.
    ///
    /// # Errors
    /// When a log file cannot be read. A line that a killed run left unfinished is passed over.
    pub fn attempts(&self) -> Result<Vec<Attempt>, LandingError> {
        let root = self.root().join("log");
        let fail = |e| LandingError::store(format!("read the collection log `{}`", root.display()), e);
        let mut out: Vec<Attempt> = vec![];
        for path in files_below(&root).map_err(fail)? {
            let text = fs::read_to_string(&path).map_err(fail)?;
            out.extend(text.lines().filter_map(|line| serde_json::from_str(line).ok()));
        }
        out.sort_by_key(|attempt| attempt.at);
        Ok(out)
    }

    /// Objects that erasures took something from, by the hash that was received.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub fn redactions(&self) -> Result<BTreeMap<String, Redacted>, LandingError> {
        let root = self.root().join("redactions");
        let fail = |e| LandingError::store(format!("read `{}`", root.display()), e);
        let mut out = BTreeMap::new();
        for path in files_below(&root).map_err(fail)?.into_iter().filter(|p| p.extension().is_some_and(|e| e == "json"))
        {
            let record: Redacted =
                serde_json::from_slice(&fs::read(&path).map_err(fail)?).map_err(|e| fail(io::Error::other(e)))?;
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
        for (object, found) in objects.iter().zip(hashes(&objects)?) {
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
            let path = self.object(sha256);
            let locations = from(sha256);
            out.damaged.push(Damage { sha256: sha256.clone(), kind: "missing", path, found: None, locations });
        }
        Ok(out)
    }
}

/// The hash of each object's bytes, in their order.
fn hashes(objects: &[LandedObject]) -> Result<Vec<String>, LandingError> {
    let (next, found) = (AtomicUsize::new(0), Mutex::new(vec![String::new(); objects.len()]));
    let workers = std::thread::available_parallelism().map_or(2, usize::from).min(objects.len().max(1));
    let work = || -> io::Result<()> {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(object) = objects.get(at) else { return Ok(()) };
            let hash = hash_of(&object.path)?;
            found.lock().unwrap_or_else(std::sync::PoisonError::into_inner)[at] = hash;
        }
    };
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        for one in running {
            let done = one.join().unwrap_or_else(|_| Err(io::Error::other("a thread stopped")));
            done.map_err(|e| LandingError::store("read the landed objects", e))?;
        }
        Ok(())
    })?;
    Ok(found.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner))
}

fn hash_of(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let (mut hash, mut piece) = (Sha256::new(), vec![0; 1 << 20]);
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(store::hex(&hash.finalize())),
            read => hash.update(&piece[..read]),
        }
    }
}

/// All files below a folder that may not be there, in the order of their paths.
pub(super) fn files_below(root: &Path) -> io::Result<Vec<PathBuf>> {
    let (mut out, mut folders) = (vec![], vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
            Err(e) => return Err(e),
        };
        for entry in entries {
            let entry = entry?;
            if entry.file_type()?.is_dir() { folders.push(entry.path()) } else { out.push(entry.path()) }
        }
    }
    out.sort();
    Ok(out)
}
