//! One column, whatever its type.
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{ArrowNativeType, DataType, Field, Float16Type, Float32Type, Float64Type};

use super::distinct::Distinct;
use super::numbers::Numbers;
use super::report::{ColumnProfile, describe};
use super::texts::Texts;
use crate::integers::{is_integer, with_integers};
use crate::stable_hash::{float_bits, hash, hash_number};
use crate::store::{Reader, Writer};
use crate::text::{is_text, value, with_dictionary};

/// What one thread has seen of a column.
#[derive(Debug, Clone)]
pub(crate) struct ColumnState {
    name: Arc<str>,
    /// Type of its values; for a dictionary that of the values in it.
    pub(super) data_type: DataType,
    pub(super) nulls: u64,
    pub(super) rows: u64,
    pub(super) distinct: Distinct,
    pub(super) values: Values,
}

/// What is counted, by kind of type.
#[derive(Debug, Clone)]
pub(super) enum Values {
    Numbers(Box<Numbers>),
    Texts(Box<Texts>),
    /// Lists, structs, bytes: only nulls are counted.
    Other,
}

impl ColumnState {
    pub(crate) fn new(field: &Field) -> Self {
        let data_type = match field.data_type() {
            DataType::Dictionary(_, values) => values.as_ref().clone(),
            other => other.clone(),
        };
        let values = if is_text(&data_type) {
            Values::Texts(Box::default())
        } else if is_integer(&data_type) || data_type.is_floating() || data_type == DataType::Boolean {
            Values::Numbers(Box::default())
        } else {
            Values::Other
        };
        Self { name: field.name().as_str().into(), data_type, nulls: 0, rows: 0, distinct: Distinct::default(), values }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Rows seen.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// Rows of a batch without the column.
    pub(crate) fn lacking(&mut self, rows: u64) {
        self.rows += rows;
        self.nulls += rows;
    }

    pub(crate) fn update(&mut self, array: &ArrayRef) {
        self.rows += array.len() as u64;
        self.nulls += array.logical_null_count() as u64;
        let Self { distinct, values, data_type, .. } = self;
        match values {
            Values::Texts(texts) => match array.data_type() {
                DataType::Dictionary(key, _) => each_of_dictionary(array, key, |text, times| {
                    distinct.add(hash(text.as_bytes(), 0));
                    texts.add(text, times);
                }),
                _ => {
                    for text in (0..array.len()).filter_map(|row| value(array, row)) {
                        distinct.add(hash(text.as_bytes(), 0));
                        texts.add(text, 1);
                    }
                }
            },
            Values::Numbers(numbers) => {
                let unpacked = match array.data_type() {
                    DataType::Dictionary(..) => arrow::compute::cast(array, data_type).ok(),
                    _ => None,
                };
                each_number(unpacked.as_ref().unwrap_or(array), |number, exact| {
                    distinct.add(hash_number(exact, 0));
                    numbers.add(number, exact);
                });
            }
            Values::Other => {}
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.nulls += other.nulls;
        self.rows += other.rows;
        self.distinct.merge(&other.distinct);
        match (&mut self.values, &other.values) {
            (Values::Numbers(mine), Values::Numbers(theirs)) => mine.merge(theirs),
            (Values::Texts(mine), Values::Texts(theirs)) => mine.merge(theirs),
            _ => {}
        }
    }

    /// Writes what was seen: much less than what was read, because all parts of it are bounded.
    pub(crate) fn save(&self, to: &mut Writer) {
        to.whole(self.rows);
        to.whole(self.nulls);
        self.distinct.save(to);
        match &self.values {
            Values::Numbers(numbers) => numbers.save(to),
            Values::Texts(texts) => texts.save(to),
            Values::Other => {}
        }
    }

    /// What [`Self::save`] wrote of a column of this type; `None` if the bytes are nothing of the kind.
    pub(crate) fn load(field: &Field, from: &mut Reader<'_>) -> Option<Self> {
        let mut loaded = Self::new(field);
        (loaded.rows, loaded.nulls) = (from.whole()?, from.whole()?);
        loaded.distinct = Distinct::load(from)?;
        match &mut loaded.values {
            Values::Numbers(numbers) => **numbers = Numbers::load(from)?,
            Values::Texts(texts) => **texts = Texts::load(from)?,
            Values::Other => {}
        }
        Some(loaded)
    }

    pub(crate) fn finish(self, rows: u64, tagged: bool) -> ColumnProfile {
        describe(self, rows, tagged)
    }
}

/// Calls for every used value of a dictionary of text, with its number of rows.
fn each_of_dictionary(array: &ArrayRef, key: &DataType, mut take: impl FnMut(&str, u64)) {
    with_dictionary!(array, key, dictionary => {
        let mut times = vec![0_u64; dictionary.values().len()];
        for code in dictionary.keys().iter().flatten() {
            times[code.as_usize()] += 1;
        }
        for (at, times) in times.into_iter().enumerate().filter(|(_, times)| *times > 0) {
            if let Some(text) = value(dictionary.values(), at) {
                take(text, times);
            }
        }
    });
}

/// Calls for every number that is not null: as a float, and as it is in memory.
fn each_number(array: &ArrayRef, mut take: impl FnMut(f64, i128)) {
    let mut float = |number: f64| take(number, i128::from(float_bits(number)));
    match array.data_type() {
        DataType::Float16 => array.as_primitive::<Float16Type>().iter().flatten().for_each(|x| float(x.to_f64())),
        DataType::Float32 => array.as_primitive::<Float32Type>().iter().flatten().for_each(|x| float(f64::from(x))),
        DataType::Float64 => array.as_primitive::<Float64Type>().iter().flatten().for_each(float),
        DataType::Boolean => {
            array.as_boolean().iter().flatten().for_each(|x| take(f64::from(u8::from(x)), i128::from(x)))
        }
        DataType::Decimal128(_, scale) => {
            let unit = 10_f64.powi(i32::from(*scale));
            let values = array.as_primitive::<arrow::datatypes::Decimal128Type>();
            values.iter().flatten().for_each(|x| take(x as f64 / unit, x));
        }
        _ => with_integers!(array, values => {
            values.iter().flatten().for_each(|x| {
                let exact = i128::from(x);
                take(exact as f64, exact);
            });
        }, else {}),
    }
}
