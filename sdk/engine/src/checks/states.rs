//! What checks found in data files, kept on this machine: a data file never changes, so its part of an answer holds for
//! as long as it lives, and an append is checked by reading what was appended.
//!
//! One file per data file, under the table's id: a name of the question, the answer's bytes, and a sum over all of it.
//! Whatever is missing, unreadable or of another version is asked anew; nothing depends on what is kept.
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::EVIDENCE;

/// The answers kept for one table.
#[derive(Debug, Clone)]
pub(super) struct States {
    folder: PathBuf,
}

/// Answers for one data file, by the name of the question.
pub(super) type Answers = HashMap<String, Vec<u8>>;

impl States {
    pub(super) fn of_table(root: &Path, table: &str) -> Self {
        Self { folder: root.join(table) }
    }

    /// The answers kept for a data file; none where there are none.
    pub(super) fn read(&self, path: &str, size: u64) -> Answers {
        std::fs::read(self.place(path, size)).ok().and_then(|bytes| decode(&bytes)).unwrap_or_default()
    }

    /// Keeps answers. That they cannot be written costs time later, and nothing else.
    pub(super) fn write(&self, path: &str, size: u64, answers: &Answers) {
        let place = self.place(path, size);
        let staged = place.with_extension(format!("{}.new", std::process::id()));
        let written = std::fs::create_dir_all(&self.folder)
            .and_then(|()| std::fs::write(&staged, encode(answers)))
            .and_then(|()| std::fs::rename(&staged, &place));
        if let Err(e) = written {
            tracing::debug!(error = %e, "what checks found in a file could not be kept");
            let _ = std::fs::remove_file(&staged);
        }
    }

    /// Forgets the answers for files that are not among these.
    pub(super) fn keep_only<'a>(&self, live: impl Iterator<Item = (&'a str, u64)>) {
        let live: HashSet<PathBuf> = live.map(|(path, size)| self.place(path, size)).collect();
        let Ok(entries) = std::fs::read_dir(&self.folder) else { return };
        for entry in entries.flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|e| e == "state") && !live.contains(&path) {
                let _ = std::fs::remove_file(path);
            }
        }
    }

    fn place(&self, path: &str, size: u64) -> PathBuf {
        let version = env!("CARGO_PKG_VERSION");
        let name = Sha256::digest(format!("{version} {EVIDENCE} {size} {path}"));
        let hex: String = name[..16].iter().map(|byte| format!("{byte:02x}")).collect();
        self.folder.join(format!("{hex}.state"))
    }
}

fn encode(answers: &Answers) -> Vec<u8> {
    let mut out = vec![];
    for (name, bytes) in answers {
        out.extend((name.len() as u64).to_le_bytes());
        out.extend(name.as_bytes());
        out.extend((bytes.len() as u64).to_le_bytes());
        out.extend(bytes);
    }
    let sum = sum(&out);
    out.extend(sum.to_le_bytes());
    out
}

fn decode(bytes: &[u8]) -> Option<Answers> {
    let (mut rest, kept) = bytes.split_last_chunk::<8>()?;
    if sum(rest) != u64::from_le_bytes(*kept) {
        return None;
    }
    let mut answers = Answers::new();
    while !rest.is_empty() {
        let name = String::from_utf8(take(&mut rest)?.to_vec()).ok()?;
        answers.insert(name, take(&mut rest)?.to_vec());
    }
    Some(answers)
}

fn take<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, after) = rest.split_first_chunk::<8>()?;
    let (taken, after) = after.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
    *rest = after;
    Some(taken)
}

/// Against torn and rotten files, not against people.
fn sum(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let mix = |sum: u64, word: u64| (sum ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(23);
    let whole = words.iter().fold(bytes.len() as u64, |sum, word| mix(sum, u64::from_le_bytes(*word)));
    rest.iter().fold(whole, |sum, byte| mix(sum, u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let states = States::of_table(folder.path(), "t");
        let answers = Answers::from([("a".to_owned(), vec![1, 2, 3]), ("b".to_owned(), vec![])]);
        states.write("x.parquet", 10, &answers);
        assert_eq!(states.read("x.parquet", 10), answers);
        assert!(states.read("x.parquet", 11).is_empty());
        let place = states.place("x.parquet", 10);
        let mut bytes = std::fs::read(&place).unwrap();
        for at in 0..bytes.len() {
            bytes[at] ^= 1;
            std::fs::write(&place, &bytes).unwrap();
            assert!(states.read("x.parquet", 10).is_empty(), "byte {at}");
            bytes[at] ^= 1;
        }
        std::fs::write(&place, &bytes[..5]).unwrap();
        assert!(states.read("x.parquet", 10).is_empty());
        states.write("y.parquet", 1, &answers);
        states.keep_only([("y.parquet", 1)].into_iter());
        assert!(!place.exists() && states.read("y.parquet", 1) == answers);
    }
}
