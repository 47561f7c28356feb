//! `unique`: no two rows in scope have the same values. Rows with a null in any of the columns are left out; nulls are
//! `not_null`'s business. All three ways to count are reported, the tolerance speaks of the excess.
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::bits::Bits;
use crate::duplicates::Block;
use crate::evidence::{Exhibit, Field, masked};
use crate::frame::{RowOrigin, View};
use crate::key_index;
use crate::key_store::{Budget, KeyStore};
use crate::keys::{Key, KeyMaker, Keys, Memory};
use crate::planner::Planner;
use crate::report::Duplicates;
use crate::rule::{End, Measure, Rule, State, same};
use crate::store::{Reader, Writer};

struct Unique {
    keys: KeyMaker,
    shown: Arc<[Field]>,
    budget: Budget,
}

/// Plans the check.
pub(crate) fn plan(columns: &[String], planner: &mut Planner<'_>) -> Result<Box<dyn Rule>, String> {
    let known = columns.iter().map(|name| planner.column(name)).collect::<Result<_, _>>()?;
    let shown = columns.iter().map(|name| planner.field(name)).collect::<Result<_, _>>()?;
    Ok(Box::new(Unique { keys: KeyMaker::new(known)?, shown, budget: Budget::default() }))
}

impl Rule for Unique {
    fn start(&self, limit: usize) -> Box<dyn State> {
        Box::new(self.state(limit, 0))
    }

    fn load(&self, limit: usize, from: &mut Reader<'_>, _: u32) -> Option<Box<dyn State>> {
        let nulls = from.whole()?;
        Some(Box::new(self.state(limit, nulls)))
    }

    fn keeps_keys(&self) -> bool {
        true
    }
}

impl Unique {
    fn state(&self, limit: usize, nulls: u64) -> UniqueState {
        let stores = match self.keys.is_wide() {
            true => Stores::Wide(KeyStore::new(self.budget.clone())),
            false => Stores::Narrow(KeyStore::new(self.budget.clone())),
        };
        UniqueState {
            keys: self.keys.clone(),
            shown: self.shown.clone(),
            key_fields: Arc::new([]),
            limit,
            memory: Memory::new(),
            stores,
            nulls,
            all_rows: false,
        }
    }
}

struct UniqueState {
    keys: KeyMaker,
    shown: Arc<[Field]>,
    /// The contract's key, as the frames have it.
    key_fields: Arc<[Field]>,
    limit: usize,
    memory: Memory,
    stores: Stores,
    nulls: u64,
    /// Whether every row of a repeated value is asked for.
    all_rows: bool,
}

enum Stores {
    Narrow(KeyStore<u64>),
    Wide(KeyStore<u128>),
}

impl State for UniqueState {
    fn update(&mut self, view: &View<'_>) -> Result<(), String> {
        if self.key_fields.is_empty() {
            self.key_fields = view.frame.key.into();
        }
        let (taken, keys) = self.keys.read(view, &mut self.memory)?;
        let origin = view.frame.origin;
        let count = match (&mut self.stores, keys) {
            (Stores::Narrow(store), Keys::Narrow(keys)) => put_aside(store, origin, taken, keys)?,
            (Stores::Wide(store), Keys::Wide(keys)) => put_aside(store, origin, taken, keys)?,
            _ => return Err("the width of keys changed".into()),
        };
        self.nulls += view.in_scope - count as u64;
        Ok(())
    }

    fn merge(&mut self, other: Box<dyn State>) {
        let other = same::<Self>(other);
        self.nulls += other.nulls;
        self.all_rows |= other.all_rows;
        if self.key_fields.is_empty() {
            self.key_fields = other.key_fields;
        }
        match (&mut self.stores, other.stores) {
            (Stores::Narrow(store), Stores::Narrow(more)) => store.merge(more),
            (Stores::Wide(store), Stores::Wide(more)) => store.merge(more),
            _ => unreachable!("states of one check have keys of one width"),
        }
    }

    /// Only what has to be known beside the keys, which are kept by themselves.
    fn save(&self, to: &mut Writer) -> bool {
        to.whole(self.nulls);
        true
    }

    fn keep_keys(&mut self, threads: usize, to: &Path) -> std::io::Result<()> {
        match &mut self.stores {
            Stores::Narrow(store) => key_index::write(store, threads, to),
            Stores::Wide(store) => key_index::write(store, threads, to),
        }
    }

    fn has_kept_keys(&mut self, threads: usize, kept: &Path) -> std::io::Result<bool> {
        match &mut self.stores {
            Stores::Narrow(store) => key_index::has_any(store, threads, kept),
            Stores::Wide(store) => key_index::has_any(store, threads, kept),
        }
    }

    fn remember_rows(&mut self) {
        self.all_rows = true;
    }

    fn finish(mut self: Box<Self>, end: &End<'_>) -> Measure {
        let all = if self.all_rows { usize::MAX } else { self.limit };
        let found = match &mut self.stores {
            Stores::Narrow(store) => repeated(store, end.threads, all, u128::from),
            Stores::Wide(store) => repeated(store, end.threads, all, |key| key),
        };
        let (duplicates, found) = match found {
            Ok(found) => found,
            Err(message) => return Measure::Failed(message),
        };
        let shown = found.iter().take(self.limit);
        let sample = shown.map(|(file, row, key)| self.exhibit(*file, *row, *key)).collect();
        let rows = if self.all_rows { found.iter().map(|(file, row, _)| (*file, *row)).collect() } else { vec![] };
        let violations = duplicates.excess;
        Measure::Rows { violations, nulls: self.nulls, sample, duplicates: Some(duplicates), rows }
    }
}

/// Puts the keys of a batch aside and says how many there are.
fn put_aside<K: Key>(
    store: &mut KeyStore<K>,
    origin: RowOrigin,
    taken: Option<Bits>,
    keys: Vec<K>,
) -> Result<usize, String> {
    let count = keys.len();
    if let Some(block) = Block::new(origin, taken, keys) {
        store.push(block)?;
    }
    Ok(count)
}

/// How many keys are repeated, and rows of these: file, place and key.
type Repeated = (Duplicates, Vec<(u32, u64, u128)>);

/// Finds the keys that are repeated, and so many of their rows.
fn repeated<K: Key>(
    store: &mut KeyStore<K>,
    threads: usize,
    limit: usize,
    widen: impl Fn(K) -> u128,
) -> Result<Repeated, String> {
    let found = store.find(threads)?;
    let rows = store.first_rows(&found, limit)?;
    Ok((found.duplicates, rows.into_iter().map(|(file, row, key)| (file, row, widen(key))).collect()))
}

impl UniqueState {
    /// Values are known where keys are exact; the rest is left for [`crate::Suite::complete`].
    fn exhibit(&self, file: u32, row: u64, key: u128) -> Exhibit {
        let mut open = false;
        let values: Option<Map<String, Value>> = self.keys.values(key).map(|values| {
            let shown = self.shown.iter().zip(values);
            shown.map(|(field, value)| (field.name.clone(), masked(value, field.masked))).collect()
        });
        let key = match &values {
            _ if self.key_fields.is_empty() => Value::Null,
            Some(values) if self.key_fields.iter().all(|field| values.contains_key(&field.name)) => {
                self.key_fields.iter().map(|field| (field.name.clone(), values[&field.name].clone())).collect()
            }
            _ => {
                open = true;
                Value::Null
            }
        };
        let value = match values {
            Some(values) if self.shown.len() == 1 => values.into_iter().next().map_or(Value::Null, |(_, value)| value),
            Some(values) => Value::Object(values),
            None => {
                open = true;
                Value::Null
            }
        };
        Exhibit { file, row, key, value, open }
    }
}
