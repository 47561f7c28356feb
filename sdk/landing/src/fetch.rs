//! Fetching: one file per kind of location.
mod http;
mod local;
mod s3;

use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures::stream::{Stream, StreamExt};
use meshwright_spec::redact;
use tokio::sync::mpsc;
use url::Url;

use crate::error::ErrorKind;
use crate::landing::{Settling, Store};
use crate::location::{Location, file_name};

/// One thing to fetch.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// As it is logged, before secrets are taken out.
    address: String,
    place: Place,
}

#[derive(Debug, Clone)]
enum Place {
    Local(PathBuf),
    Http(Url),
    S3 { bucket: String, key: String },
}

/// What arrived.
#[derive(Debug, Default)]
pub(crate) struct Fetched {
    pub(crate) sha256: String,
    pub(crate) bytes: u64,
    pub(crate) status: Option<u16>,
    pub(crate) media_type: Option<String>,
    pub(crate) etag: Option<String>,
    pub(crate) last_modified: Option<String>,
    /// For a large local file that is new.
    pub(crate) settling: Option<Settling>,
}

/// Why nothing arrived. The message names no location and holds no secret.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) kind: ErrorKind,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
    pub(crate) status: Option<u16>,
    pub(crate) cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Target {
    /// What is fetched, secrets included: never to be shown.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// What is fetched, for people.
    pub(crate) fn shown(&self) -> String {
        redact(&self.address).into_owned()
    }

    /// The file's own name.
    pub(crate) fn name(&self) -> String {
        match &self.place {
            Place::Local(path) => file_name(&path.to_string_lossy()),
            Place::Http(url) => file_name(url.path()),
            Place::S3 { key, .. } => file_name(key),
        }
    }
}

impl Failure {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), help: None, status: None, cause: None }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// A local file or the landing could not be read or written.
    pub(crate) fn io(doing: &str, error: std::io::Error) -> Self {
        use std::io::ErrorKind as Io;
        let kind = match error.kind() {
            Io::NotFound => ErrorKind::NotFound,
            Io::PermissionDenied => ErrorKind::Denied,
            _ => ErrorKind::Unexpected,
        };
        Self { cause: None, ..Self::new(kind, format!("{doing}: {error}")) }
    }
}

/// The things that a location stands for. A location that stands for nothing is a failure.
pub(crate) async fn expand(text: &str, base_dir: &Path) -> Result<Vec<Target>, Failure> {
    match Location::parse(text, base_dir).map_err(|message| Failure::new(ErrorKind::Invalid, message))? {
        Location::Local { path, shown } => {
            let base_dir = base_dir.to_owned();
            // folders may be big or on a slow disk
            blocking(move || local::expand(&path, &shown, &base_dir)).await
        }
        Location::Http(url) => Ok(vec![Target { address: text.to_owned(), place: Place::Http(url) }]),
        Location::S3 { bucket, key } => s3::expand(bucket, key).await,
    }
}

/// Brings one thing to the landing.
pub(crate) async fn fetch(target: &Target, store: &Store) -> Result<Fetched, Failure> {
    match &target.place {
        Place::Local(path) => {
            let (path, store) = (path.clone(), store.clone());
            blocking(move || local::fetch(&path, &store)).await
        }
        Place::Http(url) => http::fetch(url, store).await,
        Place::S3 { bucket, key } => s3::fetch(bucket, key, store).await,
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Failure> + Send + 'static) -> Result<T, Failure> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(Failure::new(ErrorKind::Unexpected, format!("the reading thread died: {error}"))),
    }
}

/// Writes a stream of bytes to the landing. `expected` is the size that was announced: anything else is no delivery.
///
/// Hashing and writing happen on a thread of their own, while the next bytes arrive.
async fn land<E: Into<Failure>>(
    mut stream: impl Stream<Item = Result<Bytes, E>> + Unpin,
    expected: Option<u64>,
    store: &Store,
) -> Result<(String, u64), Failure> {
    let (sender, mut receiver) = mpsc::channel::<Bytes>(16);
    let opened = store.clone();
    let writer = tokio::task::spawn_blocking(move || {
        let mut writing = opened.write()?;
        while let Some(bytes) = receiver.blocking_recv() {
            writing.push(&bytes)?;
        }
        Ok(writing)
    });
    let mut broken = None;
    while let Some(piece) = stream.next().await {
        match piece {
            // a closed channel means that the writer failed: it says why below
            Ok(bytes) => {
                if sender.send(bytes).await.is_err() {
                    break;
                }
            }
            Err(error) => {
                broken = Some(error.into());
                break;
            }
        }
    }
    drop(sender);
    let died = |error| Failure::new(ErrorKind::Unexpected, format!("the writing thread died: {error}"));
    let writing = writer.await.map_err(died)?.map_err(|error| Failure::io("cannot write to the landing", error))?;
    if let Some(failure) = broken {
        return Err(failure);
    }
    let bytes = writing.bytes();
    if expected.is_some_and(|expected| expected != bytes) {
        let message = format!("the delivery broke off: {bytes} of {} bytes arrived", expected.unwrap_or_default());
        return Err(Failure::new(ErrorKind::Unavailable, message));
    }
    blocking(move || writing.finish().map_err(|error| Failure::io("cannot write to the landing", error))).await
}
