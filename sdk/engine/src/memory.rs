//! How much memory a session's operators may take.

use std::sync::OnceLock;

use datafusion::common::Result;
use datafusion::execution::memory_pool::{
    FairSpillPool, GreedyMemoryPool, MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation,
};

/// What sorts, groups and merge joins of a run may take together before they go on from disk, in bytes.
const SPILLING: usize = 256 << 20;
/// The memory of a machine that does not say how much it has.
const UNKNOWN: usize = 4 << 30;

/// Two accounts: what can go to disk gets little and goes there, what cannot (the smaller side of a hash join) gets a
/// quarter of the machine before its query fails.
#[derive(Debug)]
pub(crate) struct Memory {
    spilling: FairSpillPool,
    standing: GreedyMemoryPool,
}

impl Memory {
    /// Little for what can go to disk: a run is one of many things that happen on its machine.
    pub(crate) fn for_runs() -> Self {
        Self::new(SPILLING, quarter())
    }

    /// An eighth of the machine for what can go to disk: somebody waits for the answer.
    pub(crate) fn for_queries() -> Self {
        Self::new((quarter() / 2).max(SPILLING), quarter())
    }

    fn new(spilling: usize, standing: usize) -> Self {
        Self { spilling: FairSpillPool::new(spilling), standing: GreedyMemoryPool::new(standing) }
    }

    fn account(&self, consumer: &MemoryConsumer) -> &dyn MemoryPool {
        if consumer.can_spill() { &self.spilling } else { &self.standing }
    }
}

impl MemoryPool for Memory {
    fn register(&self, consumer: &MemoryConsumer) {
        self.account(consumer).register(consumer);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.account(consumer).unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.account(reservation.consumer()).grow(reservation, additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.account(reservation.consumer()).shrink(reservation, shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        self.account(reservation.consumer()).try_grow(reservation, additional)
    }

    fn reserved(&self) -> usize {
        self.spilling.reserved() + self.standing.reserved()
    }

    fn memory_limit(&self) -> MemoryLimit {
        self.standing.memory_limit()
    }
}

/// A quarter of the machine, in bytes.
fn quarter() -> usize {
    // asking the system reads files
    static QUARTER: OnceLock<usize> = OnceLock::new();
    *QUARTER.get_or_init(|| (machine().unwrap_or(UNKNOWN) / 4).max(SPILLING))
}

/// Bytes of this machine, or of the part of it that this process may have.
fn machine() -> Option<usize> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let total = line.split_whitespace().next()?.parse::<usize>().ok()? * 1024;
    let allowed = std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok();
    Some(allowed.and_then(|limit| limit.trim().parse().ok()).map_or(total, |limit: usize| limit.min(total)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// A join's side that does not fit beside full sorts still finds room, and a sort never takes it.
    #[test]
    fn what_cannot_spill_has_room_of_its_own() {
        let pool: Arc<dyn MemoryPool> = Arc::new(Memory::new(1000, 4000));
        let sort = MemoryConsumer::new("sort").with_can_spill(true).register(&pool);
        let join = MemoryConsumer::new("join").register(&pool);
        sort.try_grow(1000).unwrap();
        join.try_grow(4000).unwrap();
        assert!(sort.try_grow(1).is_err() && join.try_grow(1).is_err());
        assert_eq!(pool.reserved(), 5000);
        join.free();
        assert!(sort.try_grow(1).is_err());
        sort.free();
        assert_eq!(pool.reserved(), 0);
    }
}
