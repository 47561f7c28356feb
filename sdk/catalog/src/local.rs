//! Table files in local folders, on their way to the disk while others are written.
//!
//! What a table's pointer names must survive a power cut, so a file has to be on the disk before the pointer moves. A
//! commit that waits for each of its files in turn waits four times; here the disk begins as each file is closed, and
//! the commit waits once for all of them and for the folders that name them ([`Syncs::wait`]).
use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt, Shared};
use futures::stream::BoxStream;
use iceberg::io::{
    FileMetadata, FileRead, FileWrite, InputFile, LocalFsStorage, OutputFile, Storage, StorageConfig, StorageFactory,
};
use iceberg::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

use crate::tables::local;
use crate::whole_file::WholeFile;

/// One file's way to the disk; the path where it failed.
type Sync = Shared<BoxFuture<'static, std::result::Result<(), Arc<str>>>>;

/// Files that were closed, and folders that name them, which are perhaps not on the disk yet.
#[derive(Clone, Default)]
pub(crate) struct Syncs {
    begun: Arc<Mutex<Vec<Sync>>>,
    folders: Arc<Mutex<BTreeSet<PathBuf>>>,
}

impl std::fmt::Debug for Syncs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} files", self.running().len())
    }
}

impl Syncs {
    /// Begins to bring a closed file to the disk.
    fn begin(&self, file: File, path: String) {
        self.begin_with(path, move || file.sync_all());
    }

    fn begin_with(&self, path: String, sync: impl FnOnce() -> io::Result<()> + Send + 'static) {
        let done = move |e: Option<String>| match e {
            Some(e) => Err(Arc::from(format!("{path}: {e}"))),
            None => Ok(()),
        };
        let sync: Sync = match tokio::runtime::Handle::try_current() {
            Ok(runtime) => {
                let task = runtime.spawn_blocking(move || sync().err().map(|e| e.to_string()));
                task.map(move |ended| done(ended.unwrap_or_else(|e| Some(e.to_string())))).boxed().shared()
            }
            Err(_) => futures::future::ready(done(sync().err().map(|e| e.to_string()))).boxed().shared(),
        };
        self.running().push(sync);
    }

    /// Brings the folders to the disk in which files have got their names since the last time.
    fn begin_folders(&self) {
        let new = std::mem::take(&mut *self.folders.lock().unwrap_or_else(PoisonError::into_inner));
        for folder in new {
            self.begin_with(folder.display().to_string(), move || folder_to_disk(&folder));
        }
    }

    /// Waits until every file that was closed before is on the disk, by its name.
    ///
    /// # Errors
    /// When one did not get there. Nothing can be committed by this process from then on: which of its bytes the disk
    /// lost, nobody knows.
    pub(crate) async fn wait(&self) -> Result<()> {
        self.begin_folders();
        let running = self.running().clone();
        let ended = futures::future::join_all(running).await;
        self.running().retain(|sync| !matches!(sync.peek(), Some(Ok(()))));
        match ended.into_iter().find_map(std::result::Result::err) {
            Some(e) => Err(Error::new(ErrorKind::Unexpected, format!("a file did not reach the disk: {e}"))),
            None => Ok(()),
        }
    }

    fn running(&self) -> MutexGuard<'_, Vec<Sync>> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Brings the names in a folder to the disk.
fn folder_to_disk(folder: &Path) -> io::Result<()> {
    // elsewhere folders cannot be opened, and need not be
    if !cfg!(unix) {
        return Ok(());
    }
    match File::open(folder).and_then(|open| open.sync_all()) {
        // a folder that is gone names no file of ours; some file systems keep names by themselves
        Err(e)
            if matches!(
                e.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported
            ) =>
        {
            Ok(())
        }
        done => done,
    }
}

/// Files as `iceberg` reads them, and as we write them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Local {
    #[serde(skip)]
    syncs: Syncs,
}

impl Local {
    pub(crate) fn new(syncs: &Syncs) -> Self {
        Self { syncs: syncs.clone() }
    }
}

#[typetag::serde(name = "meshwright-local")]
impl StorageFactory for Local {
    fn build(&self, _: &StorageConfig) -> Result<Arc<dyn Storage>> {
        Ok(Arc::new(self.clone()))
    }
}

fn failed(doing: &str, path: &str, e: io::Error) -> Error {
    Error::new(ErrorKind::Unexpected, format!("cannot {doing} `{path}`")).with_source(e)
}

#[async_trait::async_trait]
#[typetag::serde(name = "meshwright-local")]
impl Storage for Local {
    async fn exists(&self, path: &str) -> Result<bool> {
        LocalFsStorage.exists(path).await
    }

    async fn metadata(&self, path: &str) -> Result<FileMetadata> {
        LocalFsStorage.metadata(path).await
    }

    async fn read(&self, path: &str) -> Result<Bytes> {
        LocalFsStorage.read(path).await
    }

    async fn reader(&self, path: &str) -> Result<Box<dyn FileRead>> {
        LocalFsStorage.reader(path).await
    }

    async fn write(&self, path: &str, bytes: Bytes) -> Result<()> {
        let mut writer = self.writer(path).await?;
        writer.write(bytes).await?;
        writer.close().await
    }

    async fn writer(&self, path: &str) -> Result<Box<dyn FileWrite>> {
        let file = WholeFile::create(Path::new(local(path).unwrap_or(path))).map_err(|e| failed("create", path, e))?;
        Ok(Box::new(Writing { file: Some(file), path: path.to_owned(), syncs: self.syncs.clone() }))
    }

    async fn delete(&self, path: &str) -> Result<()> {
        LocalFsStorage.delete(path).await
    }

    async fn delete_prefix(&self, path: &str) -> Result<()> {
        LocalFsStorage.delete_prefix(path).await
    }

    async fn delete_stream(&self, paths: BoxStream<'static, String>) -> Result<()> {
        LocalFsStorage.delete_stream(paths).await
    }

    fn new_input(&self, path: &str) -> Result<InputFile> {
        Ok(InputFile::new(Arc::new(self.clone()), path.to_owned()))
    }

    fn new_output(&self, path: &str) -> Result<OutputFile> {
        Ok(OutputFile::new(Arc::new(self.clone()), path.to_owned()))
    }
}

struct Writing {
    file: Option<WholeFile>,
    path: String,
    syncs: Syncs,
}

#[async_trait::async_trait]
impl FileWrite for Writing {
    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        match &mut self.file {
            Some(file) => file.write(&bytes).map_err(|e| failed("write", &self.path, e)),
            None => Err(Error::new(ErrorKind::Unexpected, format!("`{}` is closed", self.path))),
        }
    }

    async fn close(&mut self) -> Result<()> {
        let Some(file) = self.file.take() else {
            return Err(Error::new(ErrorKind::Unexpected, format!("`{}` is closed", self.path)));
        };
        let folders = file.folders();
        let file = file.finish().map_err(|e| failed("finish", &self.path, e))?;
        self.syncs.begin(file, self.path.clone());
        self.syncs.folders.lock().unwrap_or_else(PoisonError::into_inner).extend(folders);
        Ok(())
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    /// `/dev/null` cannot be brought to a disk.
    #[tokio::test]
    async fn what_does_not_reach_the_disk_stops_every_later_commit() {
        let folder = tempfile::tempdir().unwrap();
        let (syncs, path) = (Syncs::default(), folder.path().join("a/b"));
        let storage = Local::new(&syncs);
        storage.write(path.to_str().unwrap(), Bytes::from_static(b"rows")).await.unwrap();
        let named = [folder.path().to_owned(), folder.path().join("a")];
        assert_eq!(*syncs.folders.lock().unwrap(), BTreeSet::from(named), "the folder that was made has a name too");
        syncs.wait().await.unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"rows");
        assert!(syncs.running().is_empty() && syncs.folders.lock().unwrap().is_empty());
        syncs.begin(File::create("/dev/null").unwrap(), "lost".to_owned());
        for _ in 0..2 {
            let said = syncs.wait().await.unwrap_err().to_string();
            assert!(said.contains("lost"), "{said}");
        }
    }
}
