//! What checks found in data files, kept on this machine: a data file never changes, so its part of an answer holds for
//! as long as it lives, and an append is checked by reading what was appended.
//!
//! One file per data file, under the table's id: a name of the question, the answer's bytes, and a sum over all of it.
//! Beside it lie the keys of checks that compare the rows of all files, and for each such check the files of which it is
//! known that they share no key. Whatever is missing, unreadable or of another version is asked anew; nothing depends on
//! what is kept.
use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::EVIDENCE;

/// Age of a file that nobody is writing any more.
const ABANDONED: Duration = Duration::from_secs(24 * 3600);

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
        read(&self.place(path, size))
    }

    /// Keeps answers. That they cannot be written costs time later, and nothing else.
    pub(super) fn write(&self, path: &str, size: u64, answers: &Answers) {
        self.put(&self.place(path, size), |staged| std::fs::write(staged, encode(answers)));
    }

    /// Where the keys that a question asks for are kept.
    pub(super) fn keys(&self, path: &str, size: u64, question: &str) -> PathBuf {
        self.folder.join(format!("{}-{}.keys", self.stem(path, size), short(question)))
    }

    /// Keeps the keys that `write` writes to where it is told.
    pub(super) fn write_keys(&self, place: &Path, write: impl FnOnce(&Path) -> std::io::Result<()>) {
        self.put(place, write);
    }

    /// The files that share no key, as far as a question has been answered.
    pub(super) fn distinct(&self, question: &str) -> BTreeSet<String> {
        let kept = read(&self.distinct_place(question)).remove(question).unwrap_or_default();
        String::from_utf8(kept).map(|text| text.lines().map(str::to_owned).collect()).unwrap_or_default()
    }

    /// Keeps that these files share no key.
    pub(super) fn are_distinct<'a>(&self, question: &str, files: impl Iterator<Item = (&'a str, u64)>) {
        let stems: Vec<String> = files.map(|(path, size)| self.stem(path, size)).collect();
        let answers = Answers::from([(question.to_owned(), stems.join("\n").into_bytes())]);
        self.put(&self.distinct_place(question), |staged| std::fs::write(staged, encode(&answers)));
    }

    fn distinct_place(&self, question: &str) -> PathBuf {
        self.folder.join(format!("{}.distinct", short(question)))
    }

    fn put(&self, place: &Path, write: impl FnOnce(&Path) -> std::io::Result<()>) {
        let staged = place.with_extension(format!("{}.new", std::process::id()));
        let written = std::fs::create_dir_all(&self.folder)
            .and_then(|()| write(&staged))
            .and_then(|()| std::fs::rename(&staged, place));
        if let Err(e) = written {
            tracing::debug!(error = %e, "what checks found in a file could not be kept");
            let _ = std::fs::remove_file(&staged);
        }
    }

    /// Forgets the answers for files that are not among these, and keys that no question asks for.
    pub(super) fn keep_only<'a>(&self, live: impl Iterator<Item = (&'a str, u64)>, questions: &[String]) {
        let live: HashSet<String> = live.map(|(path, size)| self.stem(path, size)).collect();
        let asked: HashSet<String> = questions.iter().map(|question| short(question)).collect();
        let is_wanted = |name: &str, age: Duration| match name.rsplit_once('.') {
            Some((stem, "state")) => live.contains(stem),
            Some((stem, "keys")) => stem.split_once('-').is_some_and(|(s, q)| live.contains(s) && asked.contains(q)),
            Some((question, "distinct")) => asked.contains(question),
            // what a killed run was writing
            Some((_, "new")) => age < ABANDONED,
            _ => true,
        };
        let Ok(entries) = std::fs::read_dir(&self.folder) else { return };
        for entry in entries.flatten() {
            let changed = entry.metadata().and_then(|about| about.modified()).ok();
            let age = changed.and_then(|at| at.elapsed().ok()).unwrap_or_default();
            if !entry.file_name().to_str().is_none_or(|name| is_wanted(name, age)) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }

    fn place(&self, path: &str, size: u64) -> PathBuf {
        self.folder.join(format!("{}.state", self.stem(path, size)))
    }

    /// What a data file is called here.
    pub(super) fn stem(&self, path: &str, size: u64) -> String {
        let version = env!("CARGO_PKG_VERSION");
        short(&format!("{version} {EVIDENCE} {size} {path}"))
    }
}

/// A short name for a text.
fn short(text: &str) -> String {
    Sha256::digest(text)[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

fn read(place: &Path) -> Answers {
    std::fs::read(place).ok().and_then(|bytes| decode(&bytes)).unwrap_or_default()
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
        let keys = states.keys("y.parquet", 1, "unique id");
        states.write_keys(&keys, |place| std::fs::write(place, "keys"));
        states.are_distinct("unique id", [("x.parquet", 10), ("y.parquet", 1)].into_iter());
        assert!(states.distinct("unique id").contains(&states.stem("y.parquet", 1)));
        states.keep_only([("y.parquet", 1)].into_iter(), &["unique id".to_owned()]);
        assert!(!place.exists() && states.read("y.parquet", 1) == answers);
        assert!(keys.exists() && states.distinct("unique id").len() == 2);
        let staged = |name: &str, hours: u64| {
            let file = std::fs::File::create(states.folder.join(name)).unwrap();
            file.set_modified(std::time::SystemTime::now() - Duration::from_secs(hours * 3600)).unwrap();
            states.folder.join(name)
        };
        let (writing, killed) = (staged("a.1.new", 1), staged("b.2.new", 25));
        states.keep_only([("y.parquet", 1)].into_iter(), &[]);
        assert!(writing.exists() && !killed.exists());
        assert!(!keys.exists() && states.distinct("unique id").is_empty());
    }
}
