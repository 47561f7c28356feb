//! The place of the new product: prepared beside it, moved into it whole, never over anything.
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::{ErrorKind, ScaffoldError};

/// A folder that will become the product's, on the same file system; dropped before [`Place::fill`] it leaves nothing.
pub(crate) struct Place {
    destination: PathBuf,
    exists: bool,
    staging: TempDir,
}

impl Place {
    /// Finds out whether the destination is free, touching nothing.
    pub(crate) fn check(destination: &Path) -> Result<(), ScaffoldError> {
        let taken = |what: &str| {
            ScaffoldError::new(ErrorKind::Conflict, format!("`{}` {what}", destination.display()))
                .help("choose another folder with `--into DIR`")
        };
        match fs::read_dir(destination) {
            Ok(mut entries) => entries.next().map_or(Ok(()), |_| Err(taken("is not empty"))),
            Err(_) if fs::symlink_metadata(destination).is_ok() => Err(taken("exists already")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(ScaffoldError::io("look at", destination, &error)),
        }
    }

    /// Makes room next to the destination, or in it when it is an empty folder.
    pub(crate) fn prepare(destination: &Path) -> Result<Self, ScaffoldError> {
        Self::check(destination)?;
        let home = nearest(destination);
        let staging = tempfile::Builder::new()
            .prefix(".mesh-new-")
            .tempdir_in(home)
            .map_err(|error| ScaffoldError::io("create a folder in", home, &error))?;
        Ok(Self { destination: destination.to_owned(), exists: destination.is_dir(), staging })
    }

    /// Where to make the product; does not exist yet.
    pub(crate) fn folder(&self) -> PathBuf {
        self.staging.path().join("product")
    }

    /// Moves the product to its destination.
    pub(crate) fn fill(self) -> Result<(), ScaffoldError> {
        let wrong = |error: io::Error| match error.kind() {
            io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
                let message = format!("`{}` was taken meanwhile", self.destination.display());
                ScaffoldError::new(ErrorKind::Conflict, message).help("choose another folder with `--into DIR`")
            }
            _ => ScaffoldError::io("move the product to", &self.destination, &error),
        };
        if self.exists {
            // the folder may be somebody's working directory or a mount: it stays, its content arrives
            return move_entries(&self.folder(), &self.destination).map_err(wrong);
        }
        let parent = self.destination.parent().unwrap_or(Path::new("."));
        let missing: Vec<_> = parent.ancestors().take_while(|folder| !folder.exists()).collect();
        fs::create_dir_all(parent)
            .and_then(|()| fs::rename(self.folder(), &self.destination))
            .inspect_err(|_| {
                for folder in missing {
                    // only those that we made are empty
                    let _ = fs::remove_dir(folder);
                }
            })
            .map_err(wrong)
    }
}

/// The destination or its nearest ancestor that exists.
pub(crate) fn nearest(destination: &Path) -> &Path {
    destination.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("."))
}

/// Moves everything in one folder into another, or nothing.
fn move_entries(from: &Path, to: &Path) -> io::Result<()> {
    let names = fs::read_dir(from)?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<Vec<_>>>()?;
    for (done, name) in names.iter().enumerate() {
        let free = match fs::symlink_metadata(to.join(name)) {
            Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
            Err(_) => Ok(()),
        };
        if let Err(error) = free.and_then(|()| fs::rename(from.join(name), to.join(name))) {
            for name in &names[..done] {
                let _ = fs::rename(to.join(name), from.join(name));
            }
            return Err(error);
        }
    }
    Ok(())
}
