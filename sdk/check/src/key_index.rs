//! The keys of one data file on disk, kept so that later rows can be held against them without reading the file again.
//!
//! Keys lie in partitions by the upper bits of their hashes, each behind a filter of sixteen bits per key. Whoever asks
//! reads the filters of the partitions that its own keys fall into, and the keys only where a filter says "perhaps",
//! which it does for one foreign key in a thousand. Everything that is read is held against a sum.
use std::fs::File;
use std::io::{BufWriter, Error, ErrorKind, Read, Result, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::key_store::{GROUP_BITS, KeyStore};
use crate::keys::Key;
use crate::stable_hash::hash;

const MAGIC: u64 = u64::from_le_bytes(*b"mwkeys\0\x01");
/// Keys of a partition, about.
const PARTITION: usize = 1 << 12;
const MOST_BITS: u32 = 16;
const FILTER_BITS_PER_KEY: usize = 16;
const PROBES: u32 = 6;

/// One partition in the table at the end of the file.
#[derive(Debug, Clone, Copy, Default)]
struct Partition {
    keys: u64,
    /// Where the filter begins; the keys follow it.
    at: u64,
    filter_sum: u64,
    keys_sum: u64,
}

/// What the file says of itself in its last bytes.
#[derive(Debug, Clone, Copy)]
struct Tail {
    width: u64,
    bits: u64,
    table_sum: u64,
}

const TAIL: usize = 6 * 8;
const ENTRY: usize = 4 * 8;

/// Writes the keys of one file.
pub(crate) fn write<K: Key>(keys: &mut KeyStore<K>, threads: usize, to: &Path) -> Result<()> {
    let bits = (keys.len() / PARTITION).next_power_of_two().ilog2().min(MOST_BITS);
    // spilled keys come in groups of their first bits
    let bits = if keys.is_spilled() { bits.max(GROUP_BITS) } else { bits };
    let mut file = BufWriter::with_capacity(1 << 20, File::create(to)?);
    let (mut table, mut at) = (vec![], 0);
    let mut failed = None;
    let (mut bytes, mut filter) = (vec![], Filter::default());
    let written = keys.by_partition(bits, threads, |slices| {
        let count: usize = slices.iter().map(|slice| slice.len()).sum();
        filter.clear(count);
        bytes.clear();
        bytes.resize(count * size_of::<K>(), 0);
        for (key, place) in slices.iter().copied().flatten().zip(bytes.chunks_exact_mut(size_of::<K>())) {
            filter.enter(*key);
            key.put(place);
        }
        let filter = filter.bytes();
        table.push(Partition { keys: count as u64, at, filter_sum: sum(&filter), keys_sum: sum(&bytes) });
        at += (filter.len() + bytes.len()) as u64;
        file.write_all(&filter).and_then(|()| file.write_all(&bytes)).map_err(|e| {
            let said = e.to_string();
            failed = Some(e);
            said
        })
    });
    if let Err(message) = written {
        return Err(failed.unwrap_or_else(|| Error::other(message)));
    }
    let words = |p: &Partition| [p.keys, p.at, p.filter_sum, p.keys_sum];
    let table: Vec<u8> = table.iter().flat_map(words).flat_map(u64::to_le_bytes).collect();
    file.write_all(&table)?;
    let tail = [MAGIC, size_of::<K>() as u64, u64::from(bits), at, sum(&table)];
    let tail: Vec<u8> = tail.into_iter().flat_map(u64::to_le_bytes).collect();
    file.write_all(&tail)?;
    file.write_all(&sum(&tail).to_le_bytes())?;
    file.flush()
}

/// Whether any of the keys is in the file.
pub(crate) fn has_any<K: Key>(keys: &mut KeyStore<K>, threads: usize, kept: &Path) -> Result<bool> {
    let (tail, table) = open(kept)?;
    if tail.width != size_of::<K>() as u64 {
        return Err(damaged());
    }
    let mut asked: Vec<Vec<K>> = Vec::with_capacity(table.len());
    keys.by_partition(tail.bits as u32, threads, |slices| {
        asked.push(slices.concat());
        Ok(())
    })
    .map_err(Error::other)?;
    if asked.len() != table.len() {
        return Err(damaged());
    }
    let (next, met) = (AtomicUsize::new(0), AtomicBool::new(false));
    let work = || -> Result<()> {
        let mut file = File::open(kept)?;
        let (mut filter, mut bytes) = (Filter::default(), vec![]);
        loop {
            // neighbours together: reads go forward
            let first = next.fetch_add(64, Ordering::Relaxed);
            if first >= table.len() || met.load(Ordering::Relaxed) {
                return Ok(());
            }
            for (partition, asked) in table.iter().zip(&asked).skip(first).take(64) {
                if asked.is_empty() || partition.keys == 0 {
                    continue;
                }
                filter.clear(partition.keys as usize);
                filter.read(&mut file, partition)?;
                let perhaps: Vec<K> = asked.iter().copied().filter(|key| filter.may_have(*key)).collect();
                if !perhaps.is_empty() && partition.has_any(&perhaps, &filter, &mut file, &mut bytes)? {
                    met.store(true, Ordering::Relaxed);
                }
            }
        }
    };
    let few = asked.iter().map(Vec::len).sum::<usize>() < 1 << 12;
    let outcomes: Vec<Result<()>> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..if few { 1 } else { threads.max(1) }).map(|_| scope.spawn(work)).collect();
        running.into_iter().map(|thread| thread.join().expect("looking keys up does not panic")).collect()
    });
    outcomes.into_iter().collect::<Result<()>>()?;
    Ok(met.into_inner())
}

impl Partition {
    fn has_any<K: Key>(&self, asked: &[K], filter: &Filter, file: &mut File, bytes: &mut Vec<u8>) -> Result<bool> {
        bytes.resize(self.keys as usize * size_of::<K>(), 0);
        file.seek(SeekFrom::Start(self.at + filter.size() as u64))?;
        file.read_exact(bytes)?;
        if sum(bytes) != self.keys_sum {
            return Err(damaged());
        }
        Ok(bytes.chunks_exact(size_of::<K>()).map(K::get).any(|key| asked.contains(&key)))
    }
}

fn open(kept: &Path) -> Result<(Tail, Vec<Partition>)> {
    let mut file = File::open(kept)?;
    let size = file.metadata()?.len();
    if size < TAIL as u64 {
        return Err(damaged());
    }
    file.seek(SeekFrom::End(-(TAIL as i64)))?;
    let mut bytes = [0; TAIL];
    file.read_exact(&mut bytes)?;
    let words = words(&bytes);
    let [magic, width, bits, table_at, table_sum, tail_sum] = words[..] else { return Err(damaged()) };
    let tail = Tail { width, bits, table_sum };
    let table = (size - TAIL as u64).checked_sub(table_at);
    if magic != MAGIC
        || sum(&bytes[..TAIL - 8]) != tail_sum
        || bits > u64::from(MOST_BITS)
        || table != Some(ENTRY as u64 * (1 << bits))
    {
        return Err(damaged());
    }
    file.seek(SeekFrom::Start(table_at))?;
    let mut bytes = vec![0; ENTRY << bits];
    file.read_exact(&mut bytes)?;
    if sum(&bytes) != tail.table_sum {
        return Err(damaged());
    }
    let partition = |entry: &[u64]| match *entry {
        [keys, at, filter_sum, keys_sum] => Partition { keys, at, filter_sum, keys_sum },
        _ => Partition::default(),
    };
    Ok((tail, self::words(&bytes).chunks_exact(4).map(partition).collect()))
}

fn words(bytes: &[u8]) -> Vec<u64> {
    bytes.as_chunks::<8>().0.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect()
}

fn sum(bytes: &[u8]) -> u64 {
    hash(bytes, 0)
}

fn damaged() -> Error {
    Error::new(ErrorKind::InvalidData, "kept keys are damaged")
}

/// A Bloom filter over the keys of one partition.
#[derive(Debug, Default)]
struct Filter {
    words: Vec<u64>,
}

impl Filter {
    /// An empty filter for so many keys.
    fn clear(&mut self, keys: usize) {
        self.words.clear();
        self.words.resize((keys * FILTER_BITS_PER_KEY).div_ceil(64), 0);
    }

    fn size(&self) -> usize {
        self.words.len() * 8
    }

    fn bytes(&self) -> Vec<u8> {
        self.words.iter().copied().flat_map(u64::to_le_bytes).collect()
    }

    fn read(&mut self, file: &mut File, partition: &Partition) -> Result<()> {
        let mut bytes = vec![0; self.size()];
        file.seek(SeekFrom::Start(partition.at))?;
        file.read_exact(&mut bytes)?;
        if sum(&bytes) != partition.filter_sum {
            return Err(damaged());
        }
        self.words.iter_mut().zip(words(&bytes)).for_each(|(word, read)| *word = read);
        Ok(())
    }

    /// The bits that a key sets. The upper bits of its hash are the partition's, so they are mixed away.
    fn places<K: Key>(&self, key: K) -> impl Iterator<Item = usize> + use<K> {
        let hash = key.spread();
        let mixed = (hash ^ (hash >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let (start, step) = ((mixed >> 32) as u32, mixed as u32 | 1);
        let bits = self.words.len() as u64 * 64;
        (0..PROBES).map(move |at| {
            let spot = start.wrapping_add(at.wrapping_mul(step));
            ((u64::from(spot) * bits) >> 32) as usize
        })
    }

    fn enter<K: Key>(&mut self, key: K) {
        for place in self.places(key) {
            self.words[place / 64] |= 1 << (place % 64);
        }
    }

    fn may_have<K: Key>(&self, key: K) -> bool {
        self.places(key).all(|place| self.words[place / 64] >> (place % 64) & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::duplicates::Block;
    use crate::frame::RowOrigin;
    use crate::key_store::Budget;

    fn store(keys: &[u64]) -> KeyStore<u64> {
        let mut store = KeyStore::new(Budget::default());
        keys.chunks(1000)
            .for_each(|keys| store.push(Block::new(RowOrigin::default(), None, keys.into()).unwrap()).unwrap());
        store
    }

    #[test]
    fn kept_keys_are_met_and_others_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let kept = folder.path().join("a.keys");
        for count in [0_u64, 1, 100, 50_000] {
            let keys: Vec<u64> = (0..count).map(|at| at.wrapping_mul(0x9E37_79B9_7F4A_7C15)).collect();
            write(&mut store(&keys), 2, &kept).unwrap();
            for key in keys.iter().step_by(997) {
                assert!(has_any(&mut store(&[1, *key, 3]), 2, &kept).unwrap(), "{key} of {count}");
            }
            let others: Vec<u64> = (count..count + 20_000).map(|at| at.wrapping_mul(0x9E37_79B9_7F4A_7C15)).collect();
            assert!(!has_any(&mut store(&others), 2, &kept).unwrap(), "of {count}");
        }
    }

    #[test]
    fn a_filter_rarely_sends_for_the_keys() {
        let key = |at: u64| at.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut filter = Filter::default();
        filter.clear(4096);
        (0..4096).for_each(|at| filter.enter(key(at)));
        assert!((0..4096).all(|at| filter.may_have(key(at))));
        let wrong = (4096..104_096).filter(|at| filter.may_have(key(*at))).count();
        assert!(wrong < 300, "{wrong} of 100,000");
    }

    #[test]
    fn damage_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let kept = folder.path().join("a.keys");
        write(&mut store(&[5, 6, 7]), 1, &kept).unwrap();
        let whole = std::fs::read(&kept).unwrap();
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 4;
            std::fs::write(&kept, &bytes).unwrap();
            assert!(!matches!(has_any(&mut store(&[6]), 1, &kept), Ok(false)), "byte {at}");
        }
        std::fs::write(&kept, &whole[..20]).unwrap();
        assert!(has_any(&mut store(&[6]), 1, &kept).is_err());
    }
}
