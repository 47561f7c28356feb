//! A landing in an object store: what was landed here is kept there, under the same names.
use std::future::IntoFuture;
use std::io;
use std::path::Path;

use futures::AsyncWriteExt;
use meshwright_storage::Place;
use opendal::{ErrorKind as Kind, Operator};
use sha2::{Digest, Sha256};
use tokio::io::AsyncReadExt;
use tokio::runtime::Handle;

use super::kept::Entry;
use super::store;
use crate::error::{ErrorKind, LandingError};

/// Bytes of one part: an object becomes visible when all its parts are there, or not at all.
const PART: usize = 8 << 20;
/// Parts on their way at the same time.
const AT_ONCE: usize = 4;

/// The object store that keeps the bytes.
#[derive(Debug, Clone)]
pub(super) struct Far {
    operator: Operator,
    place: Place,
}

impl Far {
    pub(super) fn open(url: &str) -> Result<Self, LandingError> {
        let nowhere = || std::io::Error::other("it is no address of an object store");
        let place = Place::parse(url).ok_or_else(|| LandingError::store(format!("land in `{url}`"), nowhere()))?;
        let operator = place.open().map_err(|error| refused("open", url, error))?;
        Ok(Self { operator, place })
    }

    /// Keeps an object, unless it is there already.
    pub(super) async fn keep(&self, sha256: &str, file: &Path, bytes: u64) -> Result<(), LandingError> {
        let name = store::name_of(sha256);
        match self.operator.stat(&self.place.key(&name)).await {
            Ok(found) if found.content_length() == bytes => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == Kind::NotFound => {}
            Err(error) => return Err(refused("keep", &name, error)),
        }
        self.send(&name, file).await
    }

    /// Writes a local file under a name.
    pub(super) async fn send(&self, name: &str, file: &Path) -> Result<(), LandingError> {
        let key = self.place.key(name);
        let writer = self.operator.writer_with(&key).chunk(PART).concurrent(AT_ONCE).await;
        let mut writer = writer.map_err(|error| refused("keep", name, error))?.into_futures_async_write();
        let local = |error| LandingError::store(format!("send `{name}` to the landing"), error);
        let mut file = tokio::fs::File::open(file).await.map_err(local)?;
        let mut piece = vec![0; PART];
        loop {
            let read = file.read(&mut piece).await.map_err(local)?;
            if read == 0 {
                break;
            }
            writer.write_all(&piece[..read]).await.map_err(|error| stopped(name, error))?;
        }
        writer.close().await.map_err(|error| stopped(name, error))
    }
}

/// The same for threads that may wait: requests are done by the runtime that was there when it was made.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    far: Far,
    runtime: Handle,
}

impl Far {
    pub(super) fn waiting(self) -> Result<Waiting, LandingError> {
        let runtime = Handle::try_current()
            .map_err(|e| LandingError::store("look into a landing in an object store", io::Error::other(e)))?;
        Ok(Waiting { far: self, runtime })
    }
}

impl Waiting {
    pub(super) fn shown(&self, name: &str) -> String {
        format!("s3://{}/{}", self.far.place.bucket, self.far.place.key(name))
    }

    pub(super) fn list(&self, folder: &str) -> Result<Vec<Entry>, LandingError> {
        let (key, root) = (self.far.place.key(&format!("{folder}/")), self.far.place.key(""));
        let found = self.runtime.block_on(self.far.operator.list_with(&key).recursive(true).into_future());
        let found = match found {
            Err(error) if error.kind() == Kind::NotFound => vec![],
            found => found.map_err(|error| refused("list", folder, error))?,
        };
        let files = found.into_iter().filter(|entry| entry.metadata().is_file());
        let named = files.map(|entry| Entry {
            name: entry.path().strip_prefix(&root).unwrap_or(entry.path()).to_owned(),
            bytes: entry.metadata().content_length(),
        });
        Ok(named.collect())
    }

    pub(super) fn read(&self, name: &str) -> Result<Vec<u8>, LandingError> {
        let read = self.runtime.block_on(self.far.operator.read(&self.far.place.key(name)));
        Ok(read.map_err(|error| refused("read", name, error))?.to_vec())
    }

    /// Hash of so many bytes, read piece by piece.
    pub(super) fn hash(&self, name: &str, bytes: u64) -> Result<String, LandingError> {
        let key = self.far.place.key(name);
        let (mut hash, mut from) = (Sha256::new(), 0);
        while from < bytes {
            let to = bytes.min(from + PART as u64);
            let piece = self.runtime.block_on(self.far.operator.read_with(&key).range(from..to).into_future());
            let piece = piece.map_err(|error| refused("read", name, error))?;
            piece.for_each(|part| hash.update(&part));
            from = to;
        }
        Ok(store::hex(&hash.finalize()))
    }

    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), LandingError> {
        let key = self.far.place.key(name);
        let written = self.runtime.block_on(self.far.operator.write(&key, bytes.to_vec()));
        written.map(|_| ()).map_err(|error| refused("write", name, error))
    }

    pub(super) fn remove(&self, name: &str) -> Result<(), LandingError> {
        let removed = self.runtime.block_on(self.far.operator.delete(&self.far.place.key(name)));
        removed.map_err(|error| refused("remove", name, error))
    }
}

fn stopped(name: &str, error: std::io::Error) -> LandingError {
    LandingError { kind: ErrorKind::Unavailable, ..LandingError::store(format!("send `{name}` to the landing"), error) }
}

fn refused(doing: &str, name: &str, error: opendal::Error) -> LandingError {
    let (kind, why) = match error.kind() {
        Kind::PermissionDenied => (ErrorKind::Denied, ", for the object store denies access"),
        Kind::NotFound => (ErrorKind::NotFound, ""),
        _ => (ErrorKind::Unavailable, ""),
    };
    LandingError { kind, ..LandingError::store(format!("{doing} `{name}` in the landing{why}"), error) }
}
