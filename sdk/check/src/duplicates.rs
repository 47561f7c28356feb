//! Finds keys that occur more than once, exactly and in bounded memory.
//!
//! While the data pass by, keys are only put aside, batch by batch, 8 or 16 bytes a row. At the end, batches that are
//! sorted and overlap no other are done with. The keys of the others are spread over partitions small enough for the
//! cache, and each partition is looked through with one small table. Positions are not kept with the keys: they follow
//! from a key's place in its batch, and are worked out only for the few rows that are shown.
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::bits::Bits;
use crate::frame::RowOrigin;
use crate::keys::Key;
use crate::report::Duplicates;

/// The keys of one batch.
#[derive(Debug)]
pub(crate) struct Block<K> {
    pub(crate) origin: RowOrigin,
    /// Which rows of the batch the keys belong to, if not all.
    pub(crate) taken: Option<Bits>,
    pub(crate) keys: Vec<K>,
    /// Each key is greater than the one before.
    ascending: bool,
    pub(crate) min: K,
    pub(crate) max: K,
}

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Found<K> {
    /// How many.
    pub(crate) duplicates: Duplicates,
    /// The keys that occur more than once, in order.
    repeated: Vec<K>,
}

impl<K: Key> Found<K> {
    /// Whether no key occurs more than once.
    pub(crate) fn is_empty(&self) -> bool {
        self.repeated.is_empty()
    }

    /// Adds what one thread found in partitions of its own.
    pub(crate) fn take_in(&mut self, mut counter: Counter<K>) {
        self.duplicates.excess += counter.excess;
        self.repeated.append(&mut counter.repeated);
    }

    /// Counts what was found, when all of it is there.
    pub(crate) fn settle(&mut self) {
        self.duplicates.values = self.repeated.len() as u64;
        self.duplicates.rows = self.duplicates.excess + self.duplicates.values;
        self.repeated.sort_unstable();
    }

    /// Whether a key is one of the repeated. Nearly all keys are single: a bitmap of hashes tells that faster than a
    /// search.
    pub(crate) fn test(&self) -> impl Fn(&K) -> bool + '_ {
        let mut maybe = vec![0_u64; 1 << 10];
        for key in &self.repeated {
            let at = key.spread() >> 48;
            maybe[at as usize / 64] |= 1 << (at % 64);
        }
        move |key| {
            let at = key.spread() >> 48;
            maybe[at as usize / 64] >> (at % 64) & 1 == 1 && self.repeated.binary_search(key).is_ok()
        }
    }
}

/// The row of a batch that a key belongs to, by its number among the keys.
pub(crate) fn row_of(taken: Option<&Bits>, key: usize) -> usize {
    taken.map_or(key, |taken| taken.iter().nth(key).unwrap_or_default())
}

/// Memory for spreading keys in one round.
const ROUND_BYTES: usize = 64 << 20;
/// Keys per partition: a table twice as large still fits into the second-level cache.
const PARTITION_KEYS: usize = 1 << 13;
/// Below so many keys another thread costs more than it saves.
const THREAD_KEYS: usize = 1 << 16;

impl<K: Key> Block<K> {
    /// Puts the keys of a batch aside; `None` if there are none.
    pub(crate) fn new(origin: RowOrigin, taken: Option<Bits>, keys: Vec<K>) -> Option<Self> {
        let (mut min, mut max) = (*keys.first()?, *keys.last()?);
        let ascending = keys.array_windows().all(|[a, b]| a < b);
        if !ascending {
            (min, max) = keys.iter().fold((min, max), |(min, max), key| (min.min(*key), max.max(*key)));
        }
        Some(Self { origin, taken, keys, ascending, min, max })
    }

    /// Bytes of its keys.
    pub(crate) fn bytes(&self) -> usize {
        self.keys.len() * size_of::<K>()
    }

    fn place(&self) -> (u32, u64) {
        (self.origin.file, self.origin.first_row)
    }
}

/// Finds the keys that occur more than once.
pub(crate) fn find<K: Key>(blocks: &[Block<K>], threads: usize) -> Found<K> {
    let blocks = suspects(blocks);
    let keys: usize = blocks.iter().map(|block| block.keys.len()).sum();
    let threads = threads.min(keys / THREAD_KEYS).max(1);
    let rounds = (keys * size_of::<K>()).div_ceil(ROUND_BYTES).next_power_of_two();
    let partitions = (keys / rounds / PARTITION_KEYS).next_power_of_two();
    let spread = Spread { round_bits: rounds.ilog2(), partition_bits: partitions.ilog2() };
    let mut found = Found { duplicates: Duplicates::default(), repeated: Vec::new() };
    for round in 0..if keys == 0 { 0 } else { rounds } {
        let parts = spread_out(&blocks, spread, round, threads);
        count(&parts, partitions, threads, &mut found);
    }
    found.settle();
    found
}

/// The first rows, by file and position, whose keys occur more than once.
pub(crate) fn first_rows<K: Key>(blocks: &mut [Block<K>], found: &Found<K>, limit: usize) -> Vec<(u32, u64, K)> {
    let mut rows = Vec::new();
    if found.repeated.is_empty() || limit == 0 {
        return rows;
    }
    let repeats = found.test();
    blocks.sort_by_key(|block| block.place());
    for block in blocks.iter() {
        let mut at_row: Box<dyn Iterator<Item = usize>> = match &block.taken {
            Some(taken) => Box::new(taken.iter()),
            None => Box::new(0..block.keys.len()),
        };
        for key in &block.keys {
            let row = at_row.next().unwrap_or_default();
            if repeats(key) {
                rows.push((block.origin.file, block.origin.first_row + row as u64, *key));
                if rows.len() == limit {
                    return rows;
                }
            }
        }
    }
    rows
}

/// Leaves out batches that are sorted within themselves and overlap no other in their range of keys.
fn suspects<K: Key>(blocks: &[Block<K>]) -> Vec<&Block<K>> {
    let mut sorted: Vec<_> = blocks.iter().collect();
    sorted.sort_by_key(|block| (block.min, block.max));
    let mut suspects = Vec::new();
    let mut start = 0;
    while start < sorted.len() {
        let (mut end, mut reach) = (start + 1, sorted[start].max);
        while end < sorted.len() && sorted[end].min <= reach {
            reach = reach.max(sorted[end].max);
            end += 1;
        }
        if end - start > 1 || !sorted[start].ascending {
            suspects.extend_from_slice(&sorted[start..end]);
        }
        start = end;
    }
    suspects
}

/// Where hashes send their keys.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) round_bits: u32,
    pub(crate) partition_bits: u32,
}

impl Spread {
    /// One round only.
    pub(crate) fn flat(partition_bits: u32) -> Self {
        Self { round_bits: 0, partition_bits }
    }

    /// Enough partitions for so many keys.
    pub(crate) fn bits_for(keys: usize) -> u32 {
        (keys / PARTITION_KEYS).next_power_of_two().ilog2()
    }

    /// The round in the upper bits, the partition in the lower ones.
    #[inline]
    fn slot<K: Key>(self, key: K) -> usize {
        let bits = self.round_bits + self.partition_bits;
        // in two steps, because shifting by all 64 bits is not defined
        (key.spread() >> 1 >> (63 - bits)) as usize
    }
}

/// Sends keys of one round to their partitions.
pub(crate) fn scatter<'a, K: Key>(
    keys: impl Iterator<Item = &'a K>,
    count: usize,
    spread: Spread,
    round: usize,
) -> Vec<Vec<K>> {
    let partitions = 1 << spread.partition_bits;
    let expected = count / partitions;
    let mut parts: Vec<Vec<K>> = (0..partitions).map(|_| Vec::with_capacity(expected + expected / 8 + 8)).collect();
    for key in keys {
        let slot = spread.slot(*key);
        if slot >> spread.partition_bits == round {
            parts[slot & (partitions - 1)].push(*key);
        }
    }
    parts
}

/// Spreads the keys of one round over partitions: one set of partitions per thread.
pub(crate) fn spread_out<K: Key>(
    blocks: &[&Block<K>],
    spread: Spread,
    round: usize,
    threads: usize,
) -> Vec<Vec<Vec<K>>> {
    let share = blocks.len().div_ceil(threads).max(1);
    let work = |blocks: &[&Block<K>]| {
        let keys: usize = blocks.iter().map(|block| block.keys.len()).sum();
        let keys_of_round = keys >> spread.round_bits;
        scatter(blocks.iter().flat_map(|block| &block.keys), keys_of_round, spread, round)
    };
    if threads == 1 {
        return vec![work(blocks)];
    }
    std::thread::scope(|scope| {
        let running: Vec<_> = blocks.chunks(share).map(|blocks| scope.spawn(move || work(blocks))).collect();
        running.into_iter().map(|thread| thread.join().expect("spreading keys does not panic")).collect()
    })
}

/// Counts repetitions in every partition.
fn count<K: Key>(parts: &[Vec<Vec<K>>], partitions: usize, threads: usize, found: &mut Found<K>) {
    let next = AtomicUsize::new(0);
    let found = Mutex::new(found);
    let work = || {
        let mut counter = Counter::default();
        loop {
            let partition = next.fetch_add(1, Ordering::Relaxed);
            if partition >= partitions {
                break;
            }
            counter.look_through(parts.iter().map(|part| part[partition].as_slice()));
        }
        found.lock().expect("counting keys does not panic").take_in(counter);
    };
    if threads == 1 {
        return work();
    }
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
}

/// One thread's table, used for partition after partition.
#[derive(Debug, Default)]
pub(crate) struct Counter<K> {
    table: Vec<K>,
    excess: u64,
    repeated: Vec<K>,
}

impl<K: Key> Counter<K> {
    /// Counts repetitions in one partition.
    pub(crate) fn look_through<'a>(&mut self, slices: impl Iterator<Item = &'a [K]> + Clone) {
        let keys: usize = slices.clone().map(<[K]>::len).sum();
        let mask = (keys * 2).next_power_of_two().max(16) - 1;
        self.table.clear();
        self.table.resize(mask + 1, K::default());
        let before = self.repeated.len();
        let mut compact_at = before + PARTITION_KEYS;
        let mut zero_seen = false;
        for key in slices.flatten().copied() {
            if self.is_repeated(key, mask, &mut zero_seen) {
                self.excess += 1;
                self.repeated.push(key);
                // a value that fills a partition must not be written down once per row
                if self.repeated.len() >= compact_at {
                    self.compact(before);
                    compact_at = before + (self.repeated.len() - before) * 2 + PARTITION_KEYS;
                }
            }
        }
        self.compact(before);
    }

    /// Enters the key into the table; true if it is there already. The empty entry is 0, so 0 has a flag of its own.
    #[inline]
    fn is_repeated(&mut self, key: K, mask: usize, zero_seen: &mut bool) -> bool {
        if key == K::default() {
            return std::mem::replace(zero_seen, true);
        }
        // the upper bits chose the partition, so the lower ones choose the entry
        let mut at = key.spread() as usize & mask;
        loop {
            let entry = &mut self.table[at & mask];
            if *entry == K::default() {
                *entry = key;
                return false;
            }
            if *entry == key {
                return true;
            }
            at += 1;
        }
    }

    fn compact(&mut self, from: usize) {
        self.repeated[from..].sort_unstable();
        let mut kept = from;
        for at in from..self.repeated.len() {
            if kept == from || self.repeated[at] != self.repeated[kept - 1] {
                self.repeated[kept] = self.repeated[at];
                kept += 1;
            }
        }
        self.repeated.truncate(kept);
    }
}
