//! Table files in an object store: what `iceberg` asks of a storage, answered by OpenDAL. Files that are not in a bucket
//! are local ones ([`Local`]).
//!
//! Upstream's own adapter forces OpenDAL's default features, and with them a second TLS library that needs cmake.
use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use iceberg::io::{
    FileIO, FileIOBuilder, FileMetadata, FileRead, FileWrite, InputFile, OutputFile, Storage, StorageConfig,
    StorageFactory,
};
use iceberg::{Error, ErrorKind, Result};
use meshwright_storage::Place;
use opendal::{Operator, Reader, Writer};
use serde::{Deserialize, Serialize};

use crate::local::{Local, Syncs};

/// Bytes of one part of a large object: a file becomes visible when all its parts are there, or not at all.
const PART: usize = 8 << 20;
/// Parts on their way at the same time.
const AT_ONCE: usize = 4;

/// Access to the files of tables, wherever they are.
pub(crate) fn access(syncs: &Syncs) -> FileIO {
    FileIOBuilder::new(Arc::new(Objects { local: Local::new(syncs), ..Objects::default() })).build()
}

/// Buckets, opened when they are first named, and local files for tables that were made before the warehouse moved.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Objects {
    #[serde(skip)]
    buckets: Arc<Mutex<HashMap<String, Operator>>>,
    #[serde(skip)]
    local: Local,
}

#[typetag::serde(name = "meshwright-objects")]
impl StorageFactory for Objects {
    fn build(&self, _: &StorageConfig) -> Result<Arc<dyn Storage>> {
        Ok(Arc::new(self.clone()))
    }
}

impl Objects {
    /// The bucket and the key in it; none for a local file.
    fn find(&self, path: &str) -> Result<Option<(Operator, String)>> {
        let Some(place) = Place::parse(path) else { return Ok(None) };
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let operator = match buckets.get(&place.bucket) {
            Some(known) => known.clone(),
            None => {
                let opened = place.open().map_err(|e| failed("open the bucket of", path, e))?;
                buckets.insert(place.bucket.clone(), opened.clone());
                opened
            }
        };
        Ok(Some((operator, place.prefix)))
    }
}

fn failed(doing: &str, path: &str, e: opendal::Error) -> Error {
    Error::new(ErrorKind::Unexpected, format!("cannot {doing} `{path}`")).with_source(e)
}

#[async_trait::async_trait]
#[typetag::serde(name = "meshwright-objects")]
impl Storage for Objects {
    async fn exists(&self, path: &str) -> Result<bool> {
        match self.find(path)? {
            Some((bucket, key)) => bucket.exists(&key).await.map_err(|e| failed("look for", path, e)),
            None => self.local.exists(path).await,
        }
    }

    async fn metadata(&self, path: &str) -> Result<FileMetadata> {
        let Some((bucket, key)) = self.find(path)? else { return self.local.metadata(path).await };
        let found = bucket.stat(&key).await.map_err(|e| failed("look at", path, e))?;
        Ok(FileMetadata { size: found.content_length() })
    }

    async fn read(&self, path: &str) -> Result<Bytes> {
        let Some((bucket, key)) = self.find(path)? else { return self.local.read(path).await };
        Ok(bucket.read(&key).await.map_err(|e| failed("read", path, e))?.to_bytes())
    }

    async fn reader(&self, path: &str) -> Result<Box<dyn FileRead>> {
        let Some((bucket, key)) = self.find(path)? else { return self.local.reader(path).await };
        let reader = bucket.reader(&key).await.map_err(|e| failed("open", path, e))?;
        Ok(Box::new(Reading { reader, path: path.to_owned() }))
    }

    async fn write(&self, path: &str, bytes: Bytes) -> Result<()> {
        let Some((bucket, key)) = self.find(path)? else { return self.local.write(path, bytes).await };
        bucket.write(&key, bytes).await.map_err(|e| failed("write", path, e))?;
        Ok(())
    }

    async fn writer(&self, path: &str) -> Result<Box<dyn FileWrite>> {
        let Some((bucket, key)) = self.find(path)? else { return self.local.writer(path).await };
        let writer = bucket.writer_with(&key).chunk(PART).concurrent(AT_ONCE).await;
        let writer = writer.map_err(|e| failed("write", path, e))?;
        Ok(Box::new(Writing { writer, path: path.to_owned() }))
    }

    async fn delete(&self, path: &str) -> Result<()> {
        match self.find(path)? {
            Some((bucket, key)) => bucket.delete(&key).await.map_err(|e| failed("remove", path, e)),
            None => self.local.delete(path).await,
        }
    }

    async fn delete_prefix(&self, path: &str) -> Result<()> {
        let Some((bucket, key)) = self.find(path)? else { return self.local.delete_prefix(path).await };
        let folder = format!("{}/", key.trim_end_matches('/'));
        bucket.delete_with(&folder).recursive(true).await.map_err(|e| failed("remove", path, e))
    }

    async fn delete_stream(&self, mut paths: BoxStream<'static, String>) -> Result<()> {
        while let Some(path) = paths.next().await {
            self.delete(&path).await?;
        }
        Ok(())
    }

    fn new_input(&self, path: &str) -> Result<InputFile> {
        Ok(InputFile::new(Arc::new(self.clone()), path.to_owned()))
    }

    fn new_output(&self, path: &str) -> Result<OutputFile> {
        Ok(OutputFile::new(Arc::new(self.clone()), path.to_owned()))
    }
}

struct Reading {
    reader: Reader,
    path: String,
}

#[async_trait::async_trait]
impl FileRead for Reading {
    async fn read(&self, range: Range<u64>) -> Result<Bytes> {
        let read = self.reader.read(range).await;
        Ok(read.map_err(|e| failed("read", &self.path, e))?.to_bytes())
    }
}

struct Writing {
    writer: Writer,
    path: String,
}

#[async_trait::async_trait]
impl FileWrite for Writing {
    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        self.writer.write(bytes).await.map_err(|e| failed("write", &self.path, e))
    }

    async fn close(&mut self) -> Result<()> {
        self.writer.close().await.map_err(|e| failed("finish", &self.path, e))?;
        Ok(())
    }
}
