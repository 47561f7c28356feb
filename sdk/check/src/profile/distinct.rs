//! How many different values there are: exactly while there are few, by a sketch afterwards.
use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

use serde::Serialize;

use crate::store::{Reader, Writer};

/// So many are counted exactly.
const EXACT: usize = 1 << 16;

/// Bits of a hash that choose a register: 16384 registers, 0.81 % standard error.
const BITS: u32 = 14;

/// How many different values a column has.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DistinctCount {
    /// How many.
    pub count: u64,
    /// `exact`, or `sketch` for an estimate (HyperLogLog, 16384 registers).
    pub method: &'static str,
    /// Standard error of the count, as a share of it.
    pub error: f64,
}

/// Hashes of values seen.
#[derive(Debug, Clone)]
pub(crate) enum Distinct {
    Exact(HashSet<u64, BuildHasherDefault<Already>>),
    Sketch(Box<[u8]>),
}

/// The values are hashes already.
#[derive(Debug, Clone, Default)]
pub(crate) struct Already(u64);

impl Hasher for Already {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {}

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

impl Default for Distinct {
    fn default() -> Self {
        Self::Exact(HashSet::default())
    }
}

impl Distinct {
    /// Takes a value's hash.
    pub(crate) fn add(&mut self, hash: u64) {
        match self {
            Self::Sketch(registers) => register(registers, hash),
            Self::Exact(seen) => {
                seen.insert(hash);
                if seen.len() > EXACT {
                    self.sketch();
                }
            }
        }
    }

    /// Takes what another one has seen.
    pub(crate) fn merge(&mut self, other: &Self) {
        match other {
            Self::Exact(seen) => seen.iter().for_each(|hash| self.add(*hash)),
            Self::Sketch(theirs) => {
                self.sketch();
                if let Self::Sketch(mine) = self {
                    mine.iter_mut().zip(theirs).for_each(|(mine, theirs)| *mine = (*mine).max(*theirs));
                }
            }
        }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> DistinctCount {
        match self {
            Self::Exact(seen) => DistinctCount { count: seen.len() as u64, method: "exact", error: 0.0 },
            Self::Sketch(registers) => {
                let m = registers.len() as f64;
                let count = estimate(registers).round() as u64;
                DistinctCount { count, method: "sketch", error: (1.04 / m.sqrt() * 1e4).round() / 1e4 }
            }
        }
    }

    pub(crate) fn save(&self, to: &mut Writer) {
        match self {
            Self::Exact(seen) => {
                to.flag(true);
                to.wholes(&seen.iter().copied().collect::<Vec<_>>());
            }
            Self::Sketch(registers) => {
                to.flag(false);
                to.bytes(registers);
            }
        }
    }

    pub(crate) fn load(from: &mut Reader<'_>) -> Option<Self> {
        if from.flag()? {
            return Some(Self::Exact(from.wholes()?.into_iter().collect()));
        }
        let registers = from.bytes()?;
        (registers.len() == 1 << BITS).then(|| Self::Sketch(registers.into()))
    }

    fn sketch(&mut self) {
        if let Self::Exact(seen) = self {
            let mut registers = vec![0; 1 << BITS].into_boxed_slice();
            seen.iter().for_each(|hash| register(&mut registers, *hash));
            *self = Self::Sketch(registers);
        }
    }
}

fn register(registers: &mut [u8], hash: u64) {
    let at = (hash >> (64 - BITS)) as usize;
    let rank = ((hash << BITS) | (1 << (BITS - 1))).leading_zeros() as u8 + 1;
    registers[at] = registers[at].max(rank);
}

/// Ertl's improved estimator (arXiv:1702.01284, algorithm 6): without bias at any size and without tables.
fn estimate(registers: &[u8]) -> f64 {
    let m = registers.len() as f64;
    let most = (64 - BITS + 1) as usize;
    let mut counts = vec![0.0_f64; most + 1];
    registers.iter().for_each(|rank| counts[usize::from(*rank).min(most)] += 1.0);
    let mut z = m * tau(1.0 - counts[most] / m);
    for count in counts[1..most].iter().rev() {
        z = 0.5 * (z + count);
    }
    z += m * sigma(counts[0] / m);
    m * m / (2.0 * 2.0_f64.ln() * z)
}

fn sigma(mut x: f64) -> f64 {
    if x == 1.0 {
        return f64::INFINITY;
    }
    let (mut y, mut z) = (1.0, x);
    loop {
        x *= x;
        let before = z;
        z += x * y;
        y += y;
        if z == before {
            return z;
        }
    }
}

fn tau(mut x: f64) -> f64 {
    if x == 0.0 || x == 1.0 {
        return 0.0;
    }
    let (mut y, mut z) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = z;
        y *= 0.5;
        z -= (1.0 - x).powi(2) * y;
        if z == before {
            return z / 3.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stable_hash::hash_number;

    #[test]
    fn few_are_exact_and_many_within_the_stated_error() {
        for n in [0_u32, 1, 1000, 65_536, 65_537, 200_000, 1_000_000] {
            let (mut a, mut b) = (Distinct::default(), Distinct::default());
            for at in 0..n {
                let hash = hash_number(i128::from(at), 0);
                // both see some, and each sees some twice
                if at % 3 != 0 {
                    a.add(hash);
                }
                if at % 3 != 1 {
                    b.add(hash);
                }
            }
            a.merge(&b);
            let found = a.count();
            let off = (found.count as f64 - f64::from(n)).abs() / f64::from(n.max(1));
            assert!(off <= 4.0 * found.error, "{n}: {found:?}");
            assert_eq!(found.method == "exact", n <= 65_536, "{n}");
        }
    }
}
