//! A landing in an object store: what was landed here is kept there, under the same names.
use std::path::Path;

use futures::AsyncWriteExt;
use meshwright_storage::Place;
use opendal::{ErrorKind as Kind, Operator};
use tokio::io::AsyncReadExt;

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
        let operator = place.open().map_err(|error| refused(url, error))?;
        Ok(Self { operator, place })
    }

    /// Keeps an object, unless it is there already.
    pub(super) async fn keep(&self, sha256: &str, file: &Path, bytes: u64) -> Result<(), LandingError> {
        let part = |range| sha256.get(range).unwrap_or("__");
        let name = format!("objects/sha256/{}/{}/{sha256}", part(0..2), part(2..4));
        match self.operator.stat(&self.place.key(&name)).await {
            Ok(found) if found.content_length() == bytes => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == Kind::NotFound => {}
            Err(error) => return Err(refused(&name, error)),
        }
        self.send(&name, file).await
    }

    /// Writes a local file under a name.
    pub(super) async fn send(&self, name: &str, file: &Path) -> Result<(), LandingError> {
        let key = self.place.key(name);
        let writer = self.operator.writer_with(&key).chunk(PART).concurrent(AT_ONCE).await;
        let mut writer = writer.map_err(|error| refused(name, error))?.into_futures_async_write();
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

fn stopped(name: &str, error: std::io::Error) -> LandingError {
    LandingError { kind: ErrorKind::Unavailable, ..LandingError::store(format!("send `{name}` to the landing"), error) }
}

fn refused(name: &str, error: opendal::Error) -> LandingError {
    let (kind, why) = match error.kind() {
        Kind::PermissionDenied => (ErrorKind::Denied, ", for the object store denies access"),
        _ => (ErrorKind::Unavailable, ""),
    };
    LandingError { kind, ..LandingError::store(format!("keep `{name}` in the landing{why}"), error) }
}
