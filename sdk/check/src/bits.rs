//! Bitmaps over the rows of one batch: which rows violate, which are in scope.
use arrow::array::{Array, BooleanArray};
use arrow::buffer::{BooleanBuffer, NullBuffer};

/// One bit per row, 64 rows to a word; bits behind the last row are 0.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Bits {
    words: Vec<u64>,
    rows: usize,
}

impl Bits {
    /// Makes room for so many rows, all 0. Keeps the memory of the batch before.
    pub(crate) fn reset(&mut self, rows: usize) {
        self.words.clear();
        self.words.resize(rows.div_ceil(64), 0);
        self.rows = rows;
    }

    /// The rows for which the array is true, not null.
    pub(crate) fn of_true(array: &BooleanArray) -> Self {
        let mut bits = Self { words: words(array.values()), rows: array.len() };
        if let Some(nulls) = array.nulls() {
            bits.keep_valid(nulls);
        }
        bits
    }

    /// The rows set.
    pub(crate) fn count(&self) -> u64 {
        self.words.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    /// Whether no row is set.
    pub(crate) fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// Whether the row is set.
    pub(crate) fn get(&self, row: usize) -> bool {
        self.words[row / 64] >> (row % 64) & 1 == 1
    }

    /// Sets every row.
    pub(crate) fn set_all(&mut self) {
        self.words.fill(u64::MAX);
        self.trim();
    }

    /// Sets the rows for which `test` holds.
    #[inline]
    pub(crate) fn set_where(&mut self, mut test: impl FnMut(usize) -> bool) {
        let rows = self.rows;
        for (at, word) in self.words.iter_mut().enumerate() {
            let start = at * 64;
            let mut bits = 0;
            for row in start..rows.min(start + 64) {
                bits |= u64::from(test(row)) << (row - start);
            }
            *word = bits;
        }
    }

    /// Sets the rows whose value fails. Violations are rare, so 64 values are first looked at together, which the
    /// compiler turns into vector instructions, and taken apart only where one of them fails.
    #[inline]
    pub(crate) fn set_values<T: Copy>(&mut self, values: &[T], fails: impl Fn(T) -> bool) {
        for (word, chunk) in values.chunks(64).enumerate() {
            if chunk.iter().fold(false, |any, value| any | fails(*value)) {
                let bits = chunk.iter().enumerate().fold(0, |bits, (at, value)| bits | u64::from(fails(*value)) << at);
                self.words[word] = bits;
            }
        }
    }

    /// Clears rows that the other does not have.
    pub(crate) fn keep(&mut self, other: &Self) {
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word &= other;
        }
    }

    /// Sets rows that the other has.
    pub(crate) fn add(&mut self, other: &Self) {
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word |= other;
        }
    }

    /// Sets one row.
    #[inline]
    pub(crate) fn set(&mut self, row: usize) {
        self.words[row / 64] |= 1 << (row % 64);
    }

    /// Clears rows that the other has.
    pub(crate) fn remove(&mut self, other: &Self) {
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word &= !other;
        }
    }

    /// Clears rows that are null.
    pub(crate) fn keep_valid(&mut self, nulls: &NullBuffer) {
        if nulls.null_count() > 0 && !self.is_empty() {
            for (word, valid) in self.words.iter_mut().zip(nulls.inner().bit_chunks().iter_padded()) {
                *word &= valid;
            }
        }
    }

    /// Sets exactly the rows that are null.
    pub(crate) fn set_nulls(&mut self, nulls: &NullBuffer) {
        for (word, valid) in self.words.iter_mut().zip(nulls.inner().bit_chunks().iter_padded()) {
            *word = !valid;
        }
        self.trim();
    }

    /// The rows set, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().flat_map(|(at, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let row = (left != 0).then(|| at * 64 + left.trailing_zeros() as usize);
                left &= left.wrapping_sub(1);
                row
            })
        })
    }

    fn trim(&mut self) {
        if let (Some(last), used @ 1..) = (self.words.last_mut(), self.rows % 64) {
            *last &= (1 << used) - 1;
        }
    }
}

fn words(buffer: &BooleanBuffer) -> Vec<u64> {
    let mut words: Vec<u64> = buffer.bit_chunks().iter_padded().collect();
    words.truncate(buffer.len().div_ceil(64));
    words
}
