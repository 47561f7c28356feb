//! The keys of a check's rows: in memory while they are few, in a temporary file by hash when they are many, so that a
//! hundred million rows need no more memory than ten.
//!
//! What is spilled is a segment: the keys of some batches in order of the upper bits of their hashes, and beside each its
//! place among the rows of the segment. Repetitions are then looked for group by group.
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::bits::Bits;
use crate::duplicates::{Block, Counter, Found, Spread, find, first_rows, row_of, scatter, spread_out};
use crate::frame::RowOrigin;
use crate::keys::Key;

/// Upper bits of a hash that say to which group a spilled key belongs.
pub(crate) const GROUP_BITS: u32 = 8;
const GROUPS: usize = 1 << GROUP_BITS;

/// Bytes of keys in a segment: what is read of it for a group is still much at once. Places of rows take 32 bits, so they
/// have to be far fewer than those can count.
const SEGMENT_BYTES: usize = 4 << 20;

/// How much memory the keys of one check may take, in all of its states together.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    held: Arc<AtomicUsize>,
    limit: usize,
    /// A state with less than this is not worth spilling.
    least: usize,
}

impl Default for Budget {
    fn default() -> Self {
        // ten million keys of 64 bits stay in memory
        Self { held: Arc::default(), limit: 80 << 20, least: 8 << 20 }
    }
}

/// Keys put aside, with where their rows are.
#[derive(Debug)]
pub(crate) struct KeyStore<K> {
    blocks: Vec<Block<K>>,
    segments: Vec<Segment>,
    /// Where this store spills to, once it has.
    file: Option<Arc<Mutex<File>>>,
    held: usize,
    budget: Budget,
}

/// Batches whose keys are on disk.
#[derive(Debug)]
struct Segment {
    file: Arc<Mutex<File>>,
    /// Where the keys begin in the file, and the places of their rows.
    keys_at: u64,
    places_at: u64,
    /// Which keys each group has: from one number to the next.
    groups: Vec<u32>,
    batches: Vec<Batch>,
}

/// A batch of a segment: its rows' places begin at `start`.
#[derive(Debug)]
struct Batch {
    start: u32,
    origin: RowOrigin,
    taken: Option<Bits>,
}

impl<K> Drop for KeyStore<K> {
    fn drop(&mut self) {
        self.budget.held.fetch_sub(self.held, Ordering::Relaxed);
    }
}

impl<K: Key> KeyStore<K> {
    pub(crate) fn new(budget: Budget) -> Self {
        Self { blocks: vec![], segments: vec![], file: None, held: 0, budget }
    }

    /// Puts the keys of a batch aside.
    ///
    /// # Errors
    /// One sentence, if memory is used up and the temporary folder takes nothing either.
    pub(crate) fn push(&mut self, block: Block<K>) -> Result<(), String> {
        let bytes = block.bytes();
        self.held += bytes;
        self.blocks.push(block);
        let held = self.budget.held.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if held > self.budget.limit && self.held >= self.budget.least { self.spill() } else { Ok(()) }
    }

    /// Takes over what another store of the same check has.
    pub(crate) fn merge(&mut self, mut other: Self) {
        self.blocks.append(&mut other.blocks);
        self.segments.append(&mut other.segments);
        self.held += std::mem::take(&mut other.held);
    }

    /// Finds the keys that occur more than once.
    ///
    /// # Errors
    /// One sentence, if spilled keys cannot be read again.
    pub(crate) fn find(&mut self, threads: usize) -> Result<Found<K>, String> {
        if self.segments.is_empty() {
            return Ok(find(&self.blocks, threads));
        }
        self.spill()?;
        let next = AtomicUsize::new(0);
        let work = || {
            let mut counter = Counter::default();
            loop {
                let group = next.fetch_add(1, Ordering::Relaxed);
                if group >= GROUPS {
                    return Ok(counter);
                }
                for part in self.partitions(group)? {
                    counter.look_through(std::iter::once(part.as_slice()));
                }
            }
        };
        let counters: Vec<Result<Counter<K>, String>> = std::thread::scope(|scope| {
            let running: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
            running.into_iter().map(|thread| thread.join().expect("looking for duplicates does not panic")).collect()
        });
        let mut found = Found::default();
        for counter in counters {
            found.take_in(counter?);
        }
        found.settle();
        Ok(found)
    }

    /// The first rows, by file and position, whose keys occur more than once.
    ///
    /// # Errors
    /// As [`Self::find`].
    pub(crate) fn first_rows(&mut self, found: &Found<K>, limit: usize) -> Result<Vec<(u32, u64, K)>, String> {
        if self.segments.is_empty() {
            return Ok(first_rows(&mut self.blocks, found, limit));
        }
        let mut rows = vec![];
        if found.is_empty() || limit == 0 {
            return Ok(rows);
        }
        let repeats = found.test();
        for (segment, group) in self.segments.iter().flat_map(|s| (0..GROUPS).map(move |group| (s, group))) {
            let keys: Vec<K> = segment.keys(group)?;
            if !keys.iter().any(&repeats) {
                continue;
            }
            let places = segment.places(group)?;
            let found = keys.iter().zip(places).filter(|(key, _)| repeats(key));
            rows.extend(found.map(|(key, place)| {
                let (file, row) = segment.row(place);
                (file, row, *key)
            }));
            if rows.len() > limit.saturating_mul(2).max(1 << 12) {
                rows.sort_unstable();
                rows.truncate(limit);
            }
        }
        rows.sort_unstable();
        rows.truncate(limit);
        Ok(rows)
    }

    /// How many keys there are.
    pub(crate) fn len(&self) -> usize {
        let spilled = self.segments.iter().map(|segment| segment.groups[GROUPS] as usize);
        self.blocks.iter().map(|block| block.keys.len()).chain(spilled).sum()
    }

    /// Whether some of them are on disk.
    pub(crate) fn is_spilled(&self) -> bool {
        !self.segments.is_empty()
    }

    /// Gives all keys to `each`, in order of the partitions that so many upper bits of the hash make.
    ///
    /// # Errors
    /// As [`Self::find`], and whatever `each` says.
    pub(crate) fn by_partition(
        &mut self,
        bits: u32,
        threads: usize,
        mut each: impl FnMut(&[&[K]]) -> Result<(), String>,
    ) -> Result<(), String> {
        if self.segments.is_empty() {
            let blocks: Vec<&Block<K>> = self.blocks.iter().collect();
            let parts = spread_out(&blocks, Spread::flat(bits), 0, threads);
            return (0..1 << bits).try_for_each(|at| {
                let slices: Vec<&[K]> = parts.iter().map(|part| part[at].as_slice()).collect();
                each(&slices)
            });
        }
        self.spill()?;
        for group in 0..GROUPS {
            let keys = self.group(group)?;
            let spread = Spread { round_bits: GROUP_BITS, partition_bits: bits.saturating_sub(GROUP_BITS) };
            scatter(keys.iter(), keys.len(), spread, group).iter().try_for_each(|part| each(&[part]))?;
        }
        Ok(())
    }

    /// The keys of a group in partitions small enough for the cache.
    fn partitions(&self, group: usize) -> Result<Vec<Vec<K>>, String> {
        let keys = self.group(group)?;
        let spread = Spread { round_bits: GROUP_BITS, partition_bits: Spread::bits_for(keys.len()) };
        Ok(scatter(keys.iter(), keys.len(), spread, group))
    }

    fn group(&self, group: usize) -> Result<Vec<K>, String> {
        let mut all = vec![];
        for segment in &self.segments {
            all.extend(segment.keys::<K>(group)?);
        }
        Ok(all)
    }

    /// Brings the keys that are in memory to disk.
    fn spill(&mut self) -> Result<(), String> {
        if self.blocks.is_empty() {
            return Ok(());
        }
        let failed = |e: std::io::Error| format!("keys cannot be put aside in the temporary folder: {e}");
        let file = match &self.file {
            Some(file) => file.clone(),
            None => Arc::new(Mutex::new(tempfile::tempfile().map_err(failed)?)),
        };
        // piece by piece, for what is written is there twice until it is
        let mut blocks = std::mem::take(&mut self.blocks).into_iter().peekable();
        while blocks.peek().is_some() {
            let (mut piece, mut bytes) = (vec![], 0);
            while let Some(block) = blocks.next_if(|block| bytes == 0 || bytes + block.bytes() <= SEGMENT_BYTES) {
                bytes += block.bytes();
                piece.push(block);
            }
            self.segments.push(Segment::write(&piece, &file).map_err(failed)?);
        }
        self.file = Some(file);
        self.budget.held.fetch_sub(std::mem::take(&mut self.held), Ordering::Relaxed);
        Ok(())
    }
}

impl Segment {
    fn write<K: Key>(blocks: &[Block<K>], file: &Arc<Mutex<File>>) -> std::io::Result<Self> {
        let group_of = |key: &K| (key.spread() >> (64 - GROUP_BITS)) as usize;
        let mut groups = vec![0_u32; GROUPS + 1];
        for key in blocks.iter().flat_map(|block| &block.keys) {
            groups[group_of(key) + 1] += 1;
        }
        for group in 0..GROUPS {
            groups[group + 1] += groups[group];
        }
        let count = groups[GROUPS] as usize;
        let (mut keys, mut places) = (vec![0_u8; count * size_of::<K>()], vec![0_u8; count * 4]);
        let mut free = groups.clone();
        let mut batches = vec![];
        let mut place = 0_u32;
        for block in blocks {
            batches.push(Batch { start: place, origin: block.origin, taken: block.taken.clone() });
            for key in &block.keys {
                let at = &mut free[group_of(key)];
                let here = *at as usize;
                key.put(&mut keys[here * size_of::<K>()..][..size_of::<K>()]);
                places[here * 4..][..4].copy_from_slice(&place.to_le_bytes());
                *at += 1;
                place += 1;
            }
        }
        let mut to = file.lock().unwrap_or_else(PoisonError::into_inner);
        let keys_at = to.seek(SeekFrom::End(0))?;
        to.write_all(&keys)?;
        to.write_all(&places)?;
        drop(to);
        Ok(Self { file: file.clone(), keys_at, places_at: keys_at + keys.len() as u64, groups, batches })
    }

    fn keys<K: Key>(&self, group: usize) -> Result<Vec<K>, String> {
        let bytes = self.read(self.keys_at, group, size_of::<K>())?;
        Ok(bytes.chunks_exact(size_of::<K>()).map(K::get).collect())
    }

    fn places(&self, group: usize) -> Result<Vec<u32>, String> {
        let bytes = self.read(self.places_at, group, 4)?;
        Ok(bytes.as_chunks::<4>().0.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect())
    }

    fn read(&self, at: u64, group: usize, width: usize) -> Result<Vec<u8>, String> {
        let (from, to) = (self.groups[group] as usize, self.groups[group + 1] as usize);
        let mut bytes = vec![0; (to - from) * width];
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(at + (from * width) as u64))
            .and_then(|_| file.read_exact(&mut bytes))
            .map_err(|e| format!("keys that were put aside cannot be read again: {e}"))?;
        Ok(bytes)
    }

    /// File and row of a place.
    fn row(&self, place: u32) -> (u32, u64) {
        let batch = &self.batches[self.batches.partition_point(|batch| batch.start <= place) - 1];
        let key = (place - batch.start) as usize;
        (batch.origin.file, batch.origin.first_row + row_of(batch.taken.as_ref(), key) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that look random, always the same.
    fn numbers(count: usize, below: u64) -> Vec<u64> {
        let mut state = 7_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        (0..count).map(|_| next()).collect()
    }

    fn store(keys: &[u64], limit: usize) -> KeyStore<u64> {
        let budget = Budget { limit, least: 1, ..Budget::default() };
        let mut stores: Vec<KeyStore<u64>> = (0..3).map(|_| KeyStore::new(budget.clone())).collect();
        for (at, batch) in keys.chunks(100).enumerate() {
            let origin = RowOrigin { file: (at % 2) as u32, first_row: at as u64 * 200 };
            // every other row of a batch
            let mut taken = Bits::default();
            taken.reset(200);
            taken.set_where(|row| row % 2 == 1 && row / 2 < batch.len());
            let block = Block::new(origin, Some(taken), batch.to_vec()).unwrap();
            stores[at % 3].push(block).unwrap();
        }
        let mut all = stores.pop().unwrap();
        stores.into_iter().for_each(|other| all.merge(other));
        all
    }

    #[test]
    fn spilled_keys_tell_what_keys_in_memory_tell() {
        for (count, below) in [(20_000, 1 << 40), (20_000, 15_000), (5_000, 3), (150, 1)] {
            let keys = numbers(count, below);
            let (mut memory, mut disk) = (store(&keys, usize::MAX), store(&keys, 10_000));
            assert!(memory.segments.is_empty() && (count < 1_000 || !disk.segments.is_empty()));
            assert_eq!(memory.len(), disk.len());
            let (expected, found) = (memory.find(2).unwrap(), disk.find(2).unwrap());
            assert_eq!(expected.duplicates, found.duplicates);
            for limit in [0, 1, 7, usize::MAX] {
                let expected = memory.first_rows(&expected, limit).unwrap();
                assert_eq!(expected, disk.first_rows(&found, limit).unwrap());
            }
            drop(disk);
        }
    }

    #[test]
    fn memory_is_given_back() {
        let budget = Budget { limit: 1 << 20, least: 1 << 10, ..Budget::default() };
        let mut one = KeyStore::new(budget.clone());
        let mut other = KeyStore::new(budget.clone());
        for at in 0..1_000_u64 {
            let keys = numbers(1_000, u64::MAX);
            let block = Block::new(RowOrigin { file: 0, first_row: at * 1_000 }, None, keys).unwrap();
            if at % 2 == 0 {
                one.push(block).unwrap()
            } else {
                other.push(block).unwrap()
            }
            assert!(budget.held.load(Ordering::Relaxed) <= (1 << 20) + (1 << 10), "after {at}");
        }
        one.merge(other);
        drop(one);
        assert_eq!(budget.held.load(Ordering::Relaxed), 0);
    }
}
