//! What a mesh has stored, seen from outside: a folder, or a bucket of an endpoint that others run.
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use meshwright_storage::Place;

use crate::upkeep::files;

pub enum Stored {
    Folder(PathBuf),
    /// Opened by the variables of the process that runs the tests.
    Bucket(Place),
}

impl Stored {
    /// A folder in it.
    pub fn below(&self, name: &str) -> Self {
        match self {
            Self::Folder(folder) => Self::Folder(folder.join(name)),
            Self::Bucket(place) => Self::Bucket(Place { bucket: place.bucket.clone(), prefix: place.key(name) }),
        }
    }

    /// All files, by their names in it. The in-process endpoint's own notes begin with a dot.
    pub fn all(&self) -> BTreeMap<String, Vec<u8>> {
        match self {
            Self::Folder(folder) if !folder.exists() => BTreeMap::new(),
            Self::Folder(folder) => {
                let name = |path: &Path| path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                let named = files(folder).into_iter().map(|path| (name(&path), path));
                let visible = named.filter(|(name, _)| !name.split('/').any(|part| part.starts_with('.')));
                visible.map(|(name, path)| (name, fs::read(path).unwrap())).collect()
            }
            Self::Bucket(place) => waiting(async {
                let (bucket, root) = (place.open().unwrap(), place.key(""));
                let mut out = BTreeMap::new();
                for entry in bucket.list_with(&root).recursive(true).await.unwrap() {
                    if entry.metadata().is_file() {
                        let bytes = bucket.read(entry.path()).await.unwrap().to_vec();
                        out.insert(entry.path().strip_prefix(&root).unwrap().to_owned(), bytes);
                    }
                }
                out
            }),
        }
    }

    pub fn put(&self, name: &str, bytes: Vec<u8>) {
        match self {
            Self::Folder(folder) => {
                // landed files are read-only
                let _ = fs::remove_file(folder.join(name));
                fs::write(folder.join(name), bytes).unwrap();
            }
            Self::Bucket(place) => waiting(async {
                place.open().unwrap().write(&place.key(name), bytes).await.unwrap();
            }),
        }
    }

    pub fn remove(&self, name: &str) {
        match self {
            Self::Folder(folder) => fs::remove_file(folder.join(name)).unwrap(),
            Self::Bucket(place) => waiting(async { place.open().unwrap().delete(&place.key(name)).await.unwrap() }),
        }
    }
}

fn waiting<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}
