//! Local files that are there as a whole or not at all, whenever their writer dies.
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What a file is called until all of it is there.
const UNFINISHED: &str = "part";

/// A file on its way: written beside its place, then given its name. Dropped unfinished it leaves nothing.
#[derive(Debug)]
pub(crate) struct WholeFile {
    file: Option<File>,
    beside: PathBuf,
    path: PathBuf,
    /// How many folders above it were made for it.
    made: usize,
}

impl WholeFile {
    /// Starts a file, in a folder that is made if it is not there.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let mut beside = path.as_os_str().to_owned();
        beside.push(".");
        beside.push(UNFINISHED);
        let beside = PathBuf::from(beside);
        let mut made = 0;
        let file = match File::create(&beside) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                made = path.ancestors().skip(1).take_while(|above| !above.exists()).count();
                fs::create_dir_all(path.parent().unwrap_or(Path::new("/")))?;
                File::create(&beside)?
            }
            made => made?,
        };
        Ok(Self { file: Some(file), beside, path: path.to_owned(), made })
    }

    /// The folders that have a new entry when the file has its name: its own, and those above folders that were made.
    pub(crate) fn folders(&self) -> Vec<PathBuf> {
        self.path.ancestors().skip(1).take(self.made + 1).map(Path::to_owned).collect()
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.as_mut().ok_or_else(closed)?.write_all(bytes)
    }

    /// Gives the file its name. The disk may not have its bytes yet: whoever points to it has to wait for that.
    pub(crate) fn finish(mut self) -> io::Result<File> {
        let file = self.file.take().ok_or_else(closed)?;
        fs::rename(&self.beside, &self.path).inspect_err(|_| self.forget())?;
        Ok(file)
    }

    fn forget(&self) {
        if let Err(error) = fs::remove_file(&self.beside) {
            tracing::debug!(file = %self.beside.display(), %error, "an unfinished file could not be removed");
        }
    }
}

fn closed() -> io::Error {
    io::Error::other("the file is finished")
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            self.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_for_all_of_the_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b.json");
        let mut file = WholeFile::create(&path).unwrap();
        file.write(b"half").unwrap();
        assert!(!path.exists());
        assert_eq!(file.folders(), [path.parent().unwrap(), dir.path()]);
        file.write(b" and half").unwrap();
        file.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"half and half");
        let given_up = WholeFile::create(&path).unwrap();
        assert_eq!(given_up.folders(), [path.parent().unwrap()]);
        drop(given_up);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "what was given up leaves nothing");
    }
}
