//! `fingerprint`: the column's values, each with its row's key, are those that they were.
use meshwright_spec::Contract;

use crate::frame::View;
use crate::planner::{Column, Planner};
use crate::rule::{End, Measure, Rule, Skipped, State, same};
use crate::stable_hash::{hash_number, row_hashes};
use crate::store::{Reader, Writer};

struct Fingerprint {
    /// The key's columns, then the column itself.
    columns: Vec<Column>,
    value: String,
}

struct Sum {
    columns: Vec<Column>,
    value: String,
    low: u64,
    high: u64,
    hashes: Vec<u64>,
    rows: Vec<u64>,
}

pub(super) fn plan(column: &str, value: &str, planner: &mut Planner<'_>) -> Result<Box<dyn Rule>, String> {
    let Contract { key, .. } = planner.contract();
    let names: Vec<String> = key.iter().filter(|name| *name != column).cloned().chain([column.to_owned()]).collect();
    let columns = names.iter().map(|name| planner.column(name)).collect::<Result<_, _>>()?;
    Ok(Box::new(Fingerprint { columns, value: value.to_owned() }))
}

impl Rule for Fingerprint {
    fn start(&self, _: usize) -> Box<dyn State> {
        let (columns, value) = (self.columns.clone(), self.value.clone());
        Box::new(Sum { columns, value, low: 0, high: 0, hashes: vec![], rows: vec![] })
    }

    fn load(&self, _: usize, from: &mut Reader<'_>, _: u32) -> Option<Box<dyn State>> {
        let (low, high) = (from.whole()?, from.whole()?);
        let (columns, value) = (self.columns.clone(), self.value.clone());
        Some(Box::new(Sum { columns, value, low, high, hashes: vec![], rows: vec![] }))
    }
}

impl State for Sum {
    fn update(&mut self, view: &View<'_>) -> Result<(), String> {
        self.rows.clear();
        self.rows.resize(view.frame.rows, 0);
        for (at, column) in self.columns.iter().enumerate() {
            row_hashes(view.frame.column(column.index)?, &mut self.hashes)?;
            // the place in the key is part of it, so that (1, 2) is not (2, 1)
            for (row, hash) in self.rows.iter_mut().zip(&self.hashes) {
                *row = hash_number(i128::from(*row) << 64 | i128::from(*hash), at as u64);
            }
        }
        for (_, row) in self.rows.iter().enumerate().filter(|(at, _)| view.has(*at)) {
            // a sum: the order of rows and how they are shared between files do not matter
            self.low = self.low.wrapping_add(*row);
            self.high = self.high.wrapping_add(hash_number(i128::from(*row), 1));
        }
        Ok(())
    }

    fn merge(&mut self, other: Box<dyn State>) {
        let other = same::<Self>(other);
        self.low = self.low.wrapping_add(other.low);
        self.high = self.high.wrapping_add(other.high);
    }

    fn save(&self, to: &mut Writer) -> bool {
        to.whole(self.low);
        to.whole(self.high);
        true
    }

    fn finish(self: Box<Self>, _: &End<'_>) -> Measure {
        let found = format!("{:016x}{:016x}", self.high, self.low);
        let violated = found != self.value;
        Measure::Table { measured: found.into(), violated, skipped: Skipped::default() }
    }
}
