//! A folder that only this user can enter and that goes away with its owner.
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use crate::error::{Error, Kind};

/// Paths of Unix sockets have 104 bytes at most on some systems; names in the folder need a few.
const LONGEST: usize = 60;

pub(super) struct Folder {
    path: PathBuf,
}

impl Folder {
    /// A new one in the system's folder for such things.
    pub(super) fn new() -> Result<Self, Error> {
        let home = std::env::temp_dir();
        Self::within(&home)
    }

    /// A new one whose path is short enough for a socket.
    pub(super) fn short() -> Result<Self, Error> {
        let home = std::env::temp_dir();
        let long = home.as_os_str().len() > LONGEST;
        Self::within(if long { Path::new("/tmp") } else { &home })
    }

    fn within(home: &Path) -> Result<Self, Error> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |now| now.subsec_nanos());
        loop {
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            let path = home.join(format!("mesh-{}-{count}-{now:x}", std::process::id()));
            match DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => return Ok(Self { path }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => {
                    let message = format!("no temporary folder can be made in `{}`", home.display());
                    return Err(Error::new(Kind::Unavailable, message).because(error));
                }
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // left to the system's own cleaning if it does not work
        let _ = fs::remove_dir_all(&self.path);
    }
}
