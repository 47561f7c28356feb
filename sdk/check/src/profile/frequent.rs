//! The most frequent values: exact counts while there are few values, lower bounds afterwards.
use std::borrow::Borrow;
use std::hash::Hash;

use ahash::RandomState;
use hashbrown::HashMap;

use crate::store::{Reader, Writer};

/// Values counted at most; beyond them the rarest half is forgotten.
const COUNTED: usize = 2048;

/// Counts of values in bounded memory (Misra-Gries, forgetting by halves as in arXiv:1705.07001).
#[derive(Debug, Clone)]
pub(crate) struct Frequent<K> {
    counts: HashMap<K, u64, RandomState>,
    /// How much any count may be too low.
    missed: u64,
}

impl<K: Eq + Hash + Ord + Clone> Default for Frequent<K> {
    fn default() -> Self {
        Self { counts: HashMap::with_hasher(RandomState::with_seeds(1, 2, 3, 4)), missed: 0 }
    }
}

impl<K: Eq + Hash + Ord + Clone> Frequent<K> {
    /// Counts a value so many times more; `own` makes a key of it when it is new.
    pub(crate) fn add<Q: Eq + Hash + ?Sized>(&mut self, value: &Q, times: u64, own: impl FnOnce() -> K)
    where
        K: Borrow<Q>,
    {
        match self.counts.get_mut(value) {
            Some(count) => *count += times,
            None => {
                self.counts.insert(own(), times);
                self.forget();
            }
        }
    }

    /// Takes what another one has counted.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.missed += other.missed;
        for (value, count) in &other.counts {
            *self.counts.entry(value.clone()).or_default() += count;
        }
        self.forget();
    }

    /// How much any count may be too low; 0: all are exact and no value is missing.
    pub(crate) fn missed(&self) -> u64 {
        self.missed
    }

    /// Values and counts, the most frequent first, those of equal count in their order.
    pub(crate) fn top(&self) -> Vec<(K, u64)> {
        let mut all: Vec<(K, u64)> = self.counts.iter().map(|(value, count)| (value.clone(), *count)).collect();
        all.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        all
    }

    pub(crate) fn save(&self, to: &mut Writer, key: impl Fn(&K, &mut Writer)) {
        to.whole(self.missed);
        to.whole(self.counts.len() as u64);
        for (value, count) in &self.counts {
            key(value, to);
            to.whole(*count);
        }
    }

    pub(crate) fn load(from: &mut Reader<'_>, key: impl Fn(&mut Reader<'_>) -> Option<K>) -> Option<Self> {
        let mut loaded = Self { missed: from.whole()?, ..Self::default() };
        for _ in 0..from.whole()? {
            let (value, count) = (key(from)?, from.whole()?);
            loaded.counts.insert(value, count);
        }
        Some(loaded)
    }

    fn forget(&mut self) {
        if self.counts.len() <= COUNTED {
            return;
        }
        let mut counts: Vec<u64> = self.counts.values().copied().collect();
        let middle = counts.len() / 2;
        let (_, less, _) = counts.select_nth_unstable(middle);
        let less = *less;
        self.missed += less;
        self.counts.retain(|_, count| {
            *count = count.saturating_sub(less);
            *count > 0
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequent_ones_survive_a_crowd_of_rare_ones() {
        let (mut a, mut b) = (Frequent::<u64>::default(), Frequent::<u64>::default());
        for at in 0..100_000_u64 {
            let part = if at % 2 == 0 { &mut a } else { &mut b };
            let value = if at % 10 < 3 { 7 } else { 1_000 + at };
            part.add(&value, 1, || value);
        }
        a.merge(&b);
        let top = a.top();
        assert_eq!(top[0].0, 7);
        assert!(top[0].1 <= 30_000 && top[0].1 + a.missed() >= 30_000, "{:?}, {} missed", top[0], a.missed());
    }

    #[test]
    fn few_are_exact() {
        let mut counts = Frequent::<u64>::default();
        (0..30_u64).for_each(|at| counts.add(&(at % 3), 1, || at % 3));
        assert_eq!((counts.top(), counts.missed()), (vec![(0, 10), (1, 10), (2, 10)], 0));
    }
}
