//! `unique`: no two rows in scope have the same values. Rows with a null in any of the columns are left out; nulls are
//! `not_null`'s business. All three ways to count are reported, the tolerance speaks of the excess.
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::duplicates::{Block, find, first_rows};
use crate::evidence::{Exhibit, Field, masked};
use crate::frame::View;
use crate::keys::{Key, KeyMaker, Keys, Memory};
use crate::planner::Planner;
use crate::rule::{End, Measure, Rule, State, same};
use crate::store::{Reader, Writer};

struct Unique {
    keys: KeyMaker,
    shown: Arc<[Field]>,
}

/// Plans the check.
pub(crate) fn plan(columns: &[String], planner: &mut Planner<'_>) -> Result<Box<dyn Rule>, String> {
    let known = columns.iter().map(|name| planner.column(name)).collect::<Result<_, _>>()?;
    let shown = columns.iter().map(|name| planner.field(name)).collect::<Result<_, _>>()?;
    Ok(Box::new(Unique { keys: KeyMaker::new(known)?, shown }))
}

impl Rule for Unique {
    fn start(&self, limit: usize) -> Box<dyn State> {
        let blocks = if self.keys.is_wide() { Blocks::Wide(Vec::new()) } else { Blocks::Narrow(Vec::new()) };
        Box::new(UniqueState {
            keys: self.keys.clone(),
            shown: self.shown.clone(),
            key_fields: Arc::new([]),
            limit,
            memory: Memory::new(),
            blocks,
            nulls: 0,
            all_rows: false,
        })
    }

    fn load(&self, limit: usize, from: &mut Reader<'_>, file: u32) -> Option<Box<dyn State>> {
        let nulls = from.whole()?;
        let mut key_fields = Vec::new();
        for _ in 0..from.whole()? {
            let (index, name) = (from.whole()? as usize, String::from_utf8(from.bytes()?.to_vec()).ok()?);
            key_fields.push(Field { index, name, masked: from.flag()? });
        }
        let blocks = match from.flag()? {
            true => Blocks::Wide(load(from, file, |from| from.wides())?),
            false => Blocks::Narrow(load(from, file, |from| from.wholes())?),
        };
        Some(Box::new(UniqueState {
            keys: self.keys.clone(),
            shown: self.shown.clone(),
            key_fields: key_fields.into(),
            limit,
            memory: Memory::new(),
            blocks,
            nulls,
            all_rows: false,
        }))
    }
}

fn load<K: Key>(
    from: &mut Reader<'_>,
    file: u32,
    keys: impl Fn(&mut Reader<'_>) -> Option<Vec<K>>,
) -> Option<Vec<Block<K>>> {
    let count = from.whole()?;
    (0..count).map(|_| Block::load(from, file, &keys)).collect()
}

struct UniqueState {
    keys: KeyMaker,
    shown: Arc<[Field]>,
    /// The contract's key, as the frames have it.
    key_fields: Arc<[Field]>,
    limit: usize,
    memory: Memory,
    blocks: Blocks,
    nulls: u64,
    /// Whether every row of a repeated value is asked for.
    all_rows: bool,
}

enum Blocks {
    Narrow(Vec<Block<u64>>),
    Wide(Vec<Block<u128>>),
}

impl State for UniqueState {
    fn update(&mut self, view: &View<'_>) -> Result<(), String> {
        if self.key_fields.is_empty() {
            self.key_fields = view.frame.key.into();
        }
        let (taken, keys) = self.keys.read(view, &mut self.memory)?;
        let origin = view.frame.origin;
        let count = match (&mut self.blocks, keys) {
            (Blocks::Narrow(blocks), Keys::Narrow(keys)) => {
                let count = keys.len();
                blocks.extend(Block::new(origin, taken, keys));
                count
            }
            (Blocks::Wide(blocks), Keys::Wide(keys)) => {
                let count = keys.len();
                blocks.extend(Block::new(origin, taken, keys));
                count
            }
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
        match (&mut self.blocks, other.blocks) {
            (Blocks::Narrow(blocks), Blocks::Narrow(more)) => blocks.extend(more),
            (Blocks::Wide(blocks), Blocks::Wide(more)) => blocks.extend(more),
            _ => unreachable!("states of one check have keys of one width"),
        }
    }

    fn save(&self, to: &mut Writer) -> bool {
        to.whole(self.nulls);
        to.whole(self.key_fields.len() as u64);
        for field in self.key_fields.iter() {
            to.whole(field.index as u64);
            to.bytes(field.name.as_bytes());
            to.flag(field.masked);
        }
        match &self.blocks {
            Blocks::Wide(blocks) => {
                to.flag(true);
                to.whole(blocks.len() as u64);
                blocks.iter().for_each(|block| block.save(to, |to, keys| to.wides(keys)));
            }
            Blocks::Narrow(blocks) => {
                to.flag(false);
                to.whole(blocks.len() as u64);
                blocks.iter().for_each(|block| block.save(to, |to, keys| to.wholes(keys)));
            }
        }
        true
    }

    fn remember_rows(&mut self) {
        self.all_rows = true;
    }

    fn finish(mut self: Box<Self>, end: &End<'_>) -> Measure {
        match std::mem::replace(&mut self.blocks, Blocks::Narrow(Vec::new())) {
            Blocks::Narrow(blocks) => self.measure(blocks, end, u128::from),
            Blocks::Wide(blocks) => self.measure(blocks, end, |key| key),
        }
    }
}

impl UniqueState {
    fn measure<K: Key>(&self, mut blocks: Vec<Block<K>>, end: &End<'_>, widen: impl Fn(K) -> u128) -> Measure {
        let found = find(&blocks, end.threads);
        let limit = if self.all_rows { usize::MAX } else { self.limit };
        let found_rows = first_rows(&mut blocks, &found, limit);
        let shown = found_rows.iter().take(self.limit);
        let sample = shown.map(|(file, row, key)| self.exhibit(*file, *row, widen(*key))).collect();
        let rows = if self.all_rows { found_rows.iter().map(|(file, row, _)| (*file, *row)).collect() } else { vec![] };
        let duplicates = Some(found.duplicates);
        Measure::Rows { violations: found.duplicates.excess, nulls: self.nulls, sample, duplicates, rows }
    }

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
