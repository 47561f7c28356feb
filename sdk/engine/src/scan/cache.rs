//! Immutable files, parsed once per process.
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex};

use iceberg::table::Table;

use super::locked;

/// Which file a path means: the same path on two endpoints, or in two tables that replaced each other, is two files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Origin {
    table: u128,
    storage: u64,
}

impl Origin {
    pub(super) fn of(table: &Table) -> Self {
        // only what names a place: credentials rotate and name nothing
        let mut places: Vec<_> =
            table.file_io().config().props().iter().filter(|(key, _)| key.ends_with("endpoint")).collect();
        places.sort();
        let mut hasher = DefaultHasher::new();
        places.hash(&mut hasher);
        Self { table: table.metadata().uuid().as_u128(), storage: hasher.finish() }
    }
}

type Key = (Origin, Box<str>);

/// Keeps about the most recently used half to whole of `capacity`, in the units in which entries state their cost.
///
/// Two generations: when the young one has filled half of the capacity it becomes the old one, and what was not asked
/// for during a whole generation is gone. That is bounded, constant-time and close enough to least-recently-used.
pub(super) struct Cache<T> {
    capacity: usize,
    generations: Mutex<Generations<T>>,
}

struct Generations<T> {
    young: HashMap<Key, (Arc<T>, usize)>,
    old: HashMap<Key, (Arc<T>, usize)>,
    young_cost: usize,
}

impl<T> Cache<T> {
    pub(super) fn new(capacity: usize) -> Self {
        let generations = Generations { young: HashMap::new(), old: HashMap::new(), young_cost: 0 };
        Self { capacity, generations: Mutex::new(generations) }
    }

    pub(super) fn get(&self, origin: Origin, path: &str) -> Option<Arc<T>> {
        let key = (origin, Box::from(path));
        let mut generations = locked(&self.generations);
        if let Some((value, _)) = generations.young.get(&key) {
            return Some(value.clone());
        }
        let (value, cost) = generations.old.remove(&key)?;
        generations.put(key, value.clone(), cost, self.capacity / 2);
        Some(value)
    }

    pub(super) fn put(&self, origin: Origin, path: &str, value: Arc<T>, cost: usize) {
        locked(&self.generations).put((origin, Box::from(path)), value, cost, self.capacity / 2);
    }
}

impl<T> Generations<T> {
    fn put(&mut self, key: Key, value: Arc<T>, cost: usize, half: usize) {
        if cost > half {
            return;
        }
        if self.young_cost + cost > half {
            self.old = std::mem::take(&mut self.young);
            self.young_cost = 0;
        }
        self.young_cost += cost;
        if let Some((_, before)) = self.young.insert(key, (value, cost)) {
            self.young_cost -= before;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(table: u128) -> Origin {
        Origin { table, storage: 0 }
    }

    #[test]
    fn stays_within_its_capacity_and_keeps_what_is_used() {
        let cache = Cache::new(10);
        for n in 0..100 {
            cache.put(origin(1), &n.to_string(), Arc::new(n), 1);
            assert_eq!(cache.get(origin(1), "0").as_deref(), Some(&0), "used after every insertion");
        }
        let kept = (0..100).filter(|n: &i32| cache.get(origin(1), &n.to_string()).is_some()).count();
        assert!(kept <= 10, "{kept}");
        assert!(cache.get(origin(1), "50").is_none());
        cache.put(origin(1), "big", Arc::new(0), 11);
        assert!(cache.get(origin(1), "big").is_none());
    }

    #[test]
    fn one_path_in_two_tables_is_two_files() {
        let cache = Cache::new(10);
        cache.put(origin(1), "a", Arc::new(1), 1);
        assert!(cache.get(origin(2), "a").is_none());
    }
}
