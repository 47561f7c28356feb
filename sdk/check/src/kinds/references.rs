//! `references`: the values exist together in a row of another port; rows with a null in any of the columns pass. The
//! caller brings the values that are known there; they are kept as keys, so that each row costs one look-up.
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array, ArrayRef};
use hashbrown::HashSet;

use crate::bits::Bits;
use crate::frame::{Frame, RowOrigin, View};
use crate::keys::{KeyMaker, Keys, Memory};
use crate::planner::{Column, Known, Planner};
use crate::rule::{RowCheck, RowRule, Rule};
use crate::text::Dictionary;

struct References {
    columns: Vec<Column>,
    keys: KeyMaker,
    known: Arc<Set>,
    memory: Mutex<Memory>,
}

#[derive(Default)]
struct Set {
    narrow: HashSet<u64, ahash::RandomState>,
    wide: HashSet<u128, ahash::RandomState>,
}

/// Plans the check.
pub(crate) fn plan(columns: &[String], known: &Known, planner: &mut Planner<'_>) -> Result<Box<dyn Rule>, String> {
    let of = columns.iter().map(|name| planner.column(name)).collect::<Result<Vec<_>, _>>()?;
    let shown = columns.iter().map(|name| planner.field(name)).collect::<Result<_, _>>()?;
    let judged = if let [one] = &of[..] { Some(one.index) } else { None };
    let set = Arc::new(Set::of(&known.values, &of)?);
    let rule = References { keys: KeyMaker::new(of.clone())?, columns: of, known: set, memory: Mutex::default() };
    Ok(Box::new(RowCheck { rule: Arc::new(rule), judged, shown }))
}

impl Set {
    fn of(values: &[Vec<ArrayRef>], of: &[Column]) -> Result<Self, String> {
        let place = |(index, column): (usize, &Column)| Column { index, data_type: column.data_type.clone() };
        let keys = KeyMaker::new(of.iter().enumerate().map(place).collect())?;
        let mut set = Self::default();
        for arrays in values {
            let cast = |(array, column): (&ArrayRef, &Column)| {
                let array = arrow::compute::cast(array, &column.data_type).map_err(|error| error.to_string())?;
                Ok(("known".to_owned(), Some(array)))
            };
            let columns = arrays.iter().zip(of).map(cast).collect::<Result<Vec<_>, String>>()?;
            let rows = arrays.first().map_or(0, |array| array.len());
            let frame = Frame { rows, origin: RowOrigin::default(), columns: &columns, predicates: &[], key: &[] };
            let view = View { frame: &frame, scope: None, in_scope: rows as u64 };
            match keys.distinct(&view, &mut Memory::new())?.1 {
                Keys::Narrow(keys) => set.narrow.extend(keys),
                Keys::Wide(keys) => set.wide.extend(keys),
            }
        }
        Ok(set)
    }
}

impl RowRule for References {
    fn judge(&self, view: &View<'_>, _: &mut Dictionary<u8>, out: &mut Bits) -> Result<(), String> {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let (taken, keys) = self.keys.read(view, &mut memory)?;
        let mut unknown = |at: usize, is_known: bool| {
            if !is_known {
                out.set(at);
            }
        };
        let rows: Box<dyn Iterator<Item = usize>> = match &taken {
            Some(taken) => Box::new(taken.iter()),
            None => Box::new(0..view.frame.rows),
        };
        match keys {
            Keys::Narrow(keys) => rows.zip(keys).for_each(|(at, key)| unknown(at, self.known.narrow.contains(&key))),
            Keys::Wide(keys) => rows.zip(keys).for_each(|(at, key)| unknown(at, self.known.wide.contains(&key))),
        }
        Ok(())
    }

    fn unjudged(&self, view: &View<'_>) -> Result<u64, String> {
        let arrays =
            self.columns.iter().map(|column| view.frame.column(column.index)).collect::<Result<Vec<_>, _>>()?;
        let nulls: Vec<_> = arrays.iter().filter_map(|array| array.logical_nulls()).collect();
        let any = |row: &usize| view.has(*row) && nulls.iter().any(|nulls| nulls.is_null(*row));
        Ok((0..view.frame.rows).filter(any).count() as u64)
    }

    // hashes of a dictionary's values are remembered, and threads must not queue for them
    fn for_thread(rule: &Arc<Self>) -> Arc<Self> {
        let (columns, keys) = (rule.columns.clone(), rule.keys.clone());
        Arc::new(Self { columns, keys, known: rule.known.clone(), memory: Mutex::default() })
    }
}
