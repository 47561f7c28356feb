//! What a landing keeps, wherever it lies: names below its root, each read and written as a whole.
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use super::far::{Far, Waiting};
use super::store::{self, Store};
use crate::error::LandingError;

/// The landing of a mesh as it is looked into, verified and redacted: a folder, or a place in an object store.
///
/// # Contract
/// - Its methods wait for disk and network: call them where that disturbs nobody.
#[derive(Debug, Clone)]
pub struct Kept {
    place: At,
}

#[derive(Debug, Clone)]
enum At {
    Here(Store),
    There(Waiting),
}

/// A name below the landing's root, and its bytes.
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) bytes: u64,
}

impl Kept {
    /// The landing in a folder, which is made if it is not there.
    ///
    /// # Errors
    /// When the folder cannot be made or read.
    pub fn here(root: impl AsRef<Path>) -> Result<Self, LandingError> {
        Ok(Self { place: At::Here(Store::open(root.as_ref())?) })
    }

    /// The landing in an object store, `s3://bucket/prefix`. Call it within a Tokio runtime, which does its requests.
    ///
    /// # Errors
    /// When the address or the configuration of the store makes no sense.
    pub fn there(url: &str) -> Result<Self, LandingError> {
        Ok(Self { place: At::There(Far::open(url)?.waiting()?) })
    }

    /// Where something lies, as people may look for it.
    pub(super) fn shown(&self, name: &str) -> String {
        match &self.place {
            At::Here(store) => store.root().join(name).display().to_string(),
            At::There(far) => far.shown(name),
        }
    }

    /// Everything below a folder, in the order of names. A folder that is not there is empty.
    pub(super) fn list(&self, folder: &str) -> Result<Vec<Entry>, LandingError> {
        let mut out = match &self.place {
            At::Here(store) => {
                let fail = |e| LandingError::store(format!("list `{}`", self.shown(folder)), e);
                files_below(store.root(), folder).map_err(fail)?
            }
            At::There(far) => far.list(folder)?,
        };
        out.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(out)
    }

    pub(super) fn read(&self, name: &str) -> Result<Vec<u8>, LandingError> {
        match &self.place {
            At::Here(store) => {
                let fail = |e| LandingError::store(format!("read `{}`", self.shown(name)), e);
                fs::read(store.root().join(name)).map_err(fail)
            }
            At::There(far) => far.read(name),
        }
    }

    /// The bytes of a landed object.
    ///
    /// # Errors
    /// When it is not there or cannot be read.
    pub fn object(&self, sha256: &str) -> Result<Vec<u8>, LandingError> {
        self.read(&store::name_of(sha256))
    }

    /// Hash of the bytes that are there, read piece by piece.
    pub(super) fn hash(&self, name: &str, bytes: u64) -> Result<String, LandingError> {
        match &self.place {
            At::Here(store) => {
                let fail = |e| LandingError::store(format!("read `{}`", self.shown(name)), e);
                hash_of(&store.root().join(name)).map_err(fail)
            }
            At::There(far) => far.hash(name, bytes),
        }
    }

    /// Keeps bytes as an object; its hash. One that is there already stays.
    pub(super) fn keep(&self, bytes: &[u8]) -> Result<String, LandingError> {
        match &self.place {
            At::Here(store) => {
                let fail = |e| LandingError::store("keep an object in the landing", e);
                let mut object = store.write().map_err(fail)?;
                object.push(bytes).map_err(fail)?;
                Ok(object.finish().map_err(fail)?.0)
            }
            At::There(far) => {
                let sha256 = store::hex(&Sha256::digest(bytes));
                far.write(&store::name_of(&sha256), bytes)?;
                Ok(sha256)
            }
        }
    }

    /// Writes a file of the landing's own, which is there as a whole or as it was before.
    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), LandingError> {
        match &self.place {
            At::Here(store) => {
                let fail = |e| LandingError::store(format!("write `{}`", self.shown(name)), e);
                whole(&store.root().join(name), bytes).map_err(fail)
            }
            At::There(far) => far.write(name, bytes),
        }
    }

    /// Removes something; what is gone already is no error.
    pub(super) fn remove(&self, name: &str) -> Result<(), LandingError> {
        match &self.place {
            At::Here(store) => match fs::remove_file(store.root().join(name)) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => {
                    Err(LandingError::store(format!("remove `{}`", self.shown(name)), e))
                }
                _ => Ok(()),
            },
            At::There(far) => far.remove(name),
        }
    }
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

fn files_below(root: &Path, folder: &str) -> io::Result<Vec<Entry>> {
    let (mut out, mut folders) = (vec![], vec![PathBuf::from(folder)]);
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(root.join(&folder)) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
            Err(e) => return Err(e),
        };
        for entry in entries {
            let entry = entry?;
            let name = folder.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                folders.push(name);
            } else {
                out.push(Entry { name: name.to_string_lossy().into_owned(), bytes: entry.metadata()?.len() });
            }
        }
    }
    Ok(out)
}

fn whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map(|_| ()).map_err(|e| e.error)
}
