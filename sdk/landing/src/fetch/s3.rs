//! Objects of S3 and of what speaks its protocol (Ceph RGW, MinIO), configured by the usual `AWS_*` variables.
use futures::TryStreamExt;
use meshwright_storage::bucket as open;
use opendal::ErrorKind as Kind;

use super::{Failure, Fetched, Place, Target, land};
use crate::error::ErrorKind;
use crate::glob;
use crate::landing::Store;

/// Bytes asked for at a time.
const PIECE: usize = 8 << 20;

/// The objects that a key or glob stands for.
pub(super) async fn expand(bucket: String, key: String) -> Result<Vec<Target>, Failure> {
    let target = |key: String| Target {
        address: format!("s3://{bucket}/{key}"),
        place: Place::S3 { bucket: bucket.clone(), key },
    };
    if !glob::is_pattern(&key) {
        return Ok(vec![target(key)]);
    }
    let fixed = key.find(['*', '?', '[']).map_or("", |at| &key[..at]);
    let folder = fixed.rfind('/').map_or("", |at| &fixed[..=at]);
    let operator = open(&bucket)?;
    let mut lister = operator.lister_with(folder).recursive(true).await?;
    let mut found = Vec::new();
    while let Some(entry) = lister.try_next().await? {
        if entry.metadata().is_file() && glob::key_matches(&key, entry.path()) {
            found.push(target(entry.path().to_owned()));
        }
    }
    if found.is_empty() { Err(Failure::new(ErrorKind::NotFound, "no object matches")) } else { Ok(found) }
}

/// Lands one object.
pub(super) async fn fetch(bucket: &str, key: &str, store: &Store) -> Result<Fetched, Failure> {
    let operator = open(bucket)?;
    let known = operator.stat(key).await.map_err(|error| match error.kind() {
        Kind::NotFound => Failure::new(ErrorKind::NotFound, "no such object"),
        _ => Failure::from(error),
    })?;
    let length = known.content_length();
    let mut reading = operator.reader_with(key).chunk(PIECE).concurrent(2);
    if let Some(etag) = known.etag() {
        // all pieces of one version, or nothing
        reading = reading.if_match(etag);
    }
    let stream = reading.await?.into_bytes_stream(0..length).await?;
    let stream =
        stream.map_err(|error| Failure::new(ErrorKind::Unavailable, format!("the delivery broke off: {error}")));
    let (sha256, bytes) = land(stream, Some(length), store).await?;
    Ok(Fetched {
        sha256,
        bytes,
        status: None,
        media_type: known.content_type().map(str::to_owned),
        etag: known.etag().map(str::to_owned),
        last_modified: known.last_modified().map(|time| time.to_string()),
        settling: None,
    })
}
