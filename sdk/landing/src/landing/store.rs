//! Objects under their hash.
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use sha2::{Digest, Sha256};
use tempfile::{NamedTempFile, TempPath};

use crate::error::LandingError;

/// Bytes read at a time.
const PIECE: usize = 1 << 20;

/// Pieces between the thread that hashes and the one that writes.
const QUEUE: usize = 4;

/// From here on waiting for the disk takes longer than starting a thread that waits.
const LARGE: u64 = 8 << 20;

/// Age of a file that nobody is writing any more.
const ABANDONED: Duration = Duration::from_secs(24 * 3600);

/// The folder of objects below a landing's root.
pub(crate) const OBJECTS: &str = "objects/sha256";

/// The folder of objects.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    root: PathBuf,
}

/// An object that is being written. Dropped without [`Writing::finish`] it leaves nothing.
pub(crate) struct Writing {
    store: Store,
    file: NamedTempFile,
    hash: Sha256,
    bytes: u64,
}

/// A large object on its way to the disk. Its bytes are whole and can be read at [`Settling::path`] at once; they get
/// their lasting name when the disk has them. Dropping it waits for that.
#[derive(Debug)]
pub struct Settling {
    sha256: String,
    path: Arc<TempPath>,
    object: PathBuf,
    work: Option<JoinHandle<io::Result<()>>>,
}

impl Settling {
    fn start(store: &Store, sha256: &str, file: NamedTempFile) -> io::Result<Self> {
        protect(file.as_file())?;
        let object = store.object(sha256);
        let folder = object.parent().unwrap_or(&store.root).to_owned();
        let (file, path) = file.into_parts();
        let path = Arc::new(path);
        let from = path.clone();
        let lasting = object.clone();
        let work = thread::spawn(move || {
            file.sync_all()?;
            fs::create_dir_all(&folder)?;
            match fs::hard_link(&*from, &lasting) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
                _ => File::open(&folder)?.sync_all(),
            }
        });
        Ok(Self { sha256: sha256.to_owned(), path, object, work: Some(work) })
    }

    /// Hash of its bytes.
    pub(crate) fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Where it lies once it is settled.
    pub(crate) fn object(&self) -> &Path {
        &self.object
    }

    /// Where its bytes can be read until it is dropped.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Waits until the disk has it under its lasting name.
    ///
    /// # Errors
    /// When the disk refused: the object is not landed.
    pub fn settle(&mut self) -> Result<(), LandingError> {
        let Some(work) = self.work.take() else { return Ok(()) };
        let done = work.join().unwrap_or_else(|_| Err(io::Error::other("the thread that waits for the disk stopped")));
        done.map_err(|error| LandingError::store(format!("land object {}", self.sha256), error))
    }
}

impl Drop for Settling {
    fn drop(&mut self) {
        if let Err(error) = self.settle() {
            tracing::error!(%error, "a delivery could not be kept");
        }
    }
}

impl Store {
    pub(crate) fn open(root: &Path) -> Result<Self, LandingError> {
        let make = || {
            fs::create_dir_all(root)?;
            let root = root.canonicalize()?;
            fs::create_dir_all(root.join(OBJECTS))?;
            let arriving = root.join("arriving");
            fs::create_dir_all(&arriving)?;
            sweep(&arriving)?;
            Ok(Self { root })
        };
        make().map_err(|error: io::Error| LandingError::store(format!("open the landing `{}`", root.display()), error))
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn object(&self, sha256: &str) -> PathBuf {
        self.root.join(name_of(sha256))
    }

    /// Starts a new object.
    pub(crate) fn write(&self) -> io::Result<Writing> {
        let file = NamedTempFile::new_in(self.root.join("arriving"))?;
        Ok(Writing { store: self.clone(), file, hash: Sha256::new(), bytes: 0 })
    }

    /// Lands a local file in one read: hashed here, written beside by a second thread. A large file that is new comes
    /// back before the disk has it for good; see [`Settling`].
    pub(crate) fn copy(&self, path: &Path) -> io::Result<(String, u64, Option<Settling>)> {
        let mut source = File::open(path)?;
        let mut target = NamedTempFile::new_in(self.root.join("arriving"))?;
        let (out, pieces) = mpsc::sync_channel::<Arc<Vec<u8>>>(QUEUE);
        let (hash, bytes) = thread::scope(|scope| {
            let file = target.as_file_mut();
            let writer = scope.spawn(move || pieces.iter().try_for_each(|piece| file.write_all(&piece)));
            let (mut hash, mut bytes) = (Sha256::new(), 0);
            loop {
                let mut piece = vec![0; PIECE];
                let read = fill(&mut source, &mut piece)?;
                piece.truncate(read);
                let piece = Arc::new(piece);
                // a writer that is gone has failed: its own error says why
                let sent = out.send(piece.clone()).is_ok();
                hash.update(&piece[..]);
                bytes += read as u64;
                if read < PIECE || !sent {
                    break;
                }
            }
            drop(out);
            writer.join().unwrap_or_else(|_| Err(io::Error::other("the writer stopped")))?;
            Ok::<_, io::Error>((hash, bytes))
        })?;
        let writing = Writing { store: self.clone(), file: target, hash, bytes };
        if bytes < LARGE {
            return writing.finish().map(|(sha256, bytes)| (sha256, bytes, None));
        }
        let sha256 = hex(&writing.hash.clone().finalize());
        if self.has(&sha256, bytes) {
            return Ok((sha256, bytes, None));
        }
        let settling = Settling::start(self, &sha256, writing.file)?;
        Ok((sha256, bytes, Some(settling)))
    }

    fn has(&self, sha256: &str, bytes: u64) -> bool {
        fs::metadata(self.object(sha256)).is_ok_and(|found| found.len() == bytes)
    }
}

impl Writing {
    pub(crate) fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
        self.file.write_all(bytes)
    }

    /// Bytes so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Makes the object visible, whole and lasting; returns its hash and size.
    pub(crate) fn finish(self) -> io::Result<(String, u64)> {
        let sha256 = hex(&self.hash.finalize());
        if self.store.has(&sha256, self.bytes) {
            return Ok((sha256, self.bytes));
        }
        let object = self.store.object(&sha256);
        let folder = object.parent().unwrap_or(&self.store.root);
        fs::create_dir_all(folder)?;
        protect(self.file.as_file())?;
        self.file.as_file().sync_all()?;
        self.file.persist(&object).map_err(|error| error.error)?;
        File::open(folder)?.sync_all()?;
        Ok((sha256, self.bytes))
    }
}

/// Fills the buffer unless the file ends.
fn fill(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Nobody may write to it, everybody may read it.
fn protect(file: &File) -> io::Result<()> {
    #[cfg(unix)]
    let permissions = std::os::unix::fs::PermissionsExt::from_mode(0o444);
    #[cfg(not(unix))]
    let permissions = {
        let mut permissions = file.metadata()?.permissions();
        permissions.set_readonly(true);
        permissions
    };
    file.set_permissions(permissions)
}

/// Removes what killed processes left behind a day ago or earlier.
fn sweep(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let age = entry.metadata().and_then(|metadata| metadata.modified()).ok().and_then(|time| time.elapsed().ok());
        if age.is_some_and(|age| age > ABANDONED) {
            // another process may sweep at the same time
            let _ = fs::remove_file(entry.path());
        }
    }
    Ok(())
}

/// What an object is called below its landing's root.
pub(crate) fn name_of(sha256: &str) -> String {
    let part = |range| sha256.get(range).unwrap_or("__");
    format!("{OBJECTS}/{}/{}/{sha256}", part(0..2), part(2..4))
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
