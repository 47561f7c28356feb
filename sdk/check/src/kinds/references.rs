//! `references`: the value exists in a column of another port; nulls pass. The caller brings the values that are known
//! there; they are kept as keys, so that each row costs one look-up.
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{ArrayRef, RecordBatch};
use hashbrown::HashSet;

use crate::bits::Bits;
use crate::frame::{Frame, RowOrigin, View};
use crate::keys::{KeyMaker, Keys, Memory};
use crate::planner::{Column, Known, Planner};
use crate::rule::{RowCheck, RowRule, Rule};
use crate::text::Dictionary;

struct References {
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
pub(crate) fn plan(column: &str, known: &Known, planner: &mut Planner<'_>) -> Result<Box<dyn Rule>, String> {
    let of = planner.column(column)?;
    let field = planner.field(column)?;
    let keys = KeyMaker::new(vec![of.clone()])?;
    let set = Arc::new(Set::of(&known.values, &of)?);
    let rule = References { keys, known: set, memory: Mutex::default() };
    Ok(Box::new(RowCheck { rule: Arc::new(rule), judged: Some(field.index), shown: [field].into() }))
}

impl Set {
    fn of(values: &[ArrayRef], of: &Column) -> Result<Self, String> {
        let column = Column { index: 0, data_type: of.data_type.clone() };
        let keys = KeyMaker::new(vec![column])?;
        let mut set = Self::default();
        for array in values {
            let array = arrow::compute::cast(array, &of.data_type).map_err(|error| error.to_string())?;
            let batch = RecordBatch::try_from_iter_with_nullable([("known", array.clone(), true)])
                .map_err(|error| error.to_string())?;
            let columns = [("known".to_owned(), Some(array))];
            let origin = RowOrigin::default();
            let frame = Frame { rows: batch.num_rows(), origin, columns: &columns, predicates: &[], key: &[] };
            let view = View { frame: &frame, scope: None, in_scope: batch.num_rows() as u64 };
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

    // hashes of a dictionary's values are remembered, and threads must not queue for them
    fn for_thread(rule: &Arc<Self>) -> Arc<Self> {
        Arc::new(Self { keys: rule.keys.clone(), known: rule.known.clone(), memory: Mutex::default() })
    }
}
