//! Rows as keys of fixed size, so that sameness of values is sameness of numbers.
//!
//! One column of up to 64 bits is its own key, exactly; so are one column or two columns of up to 128 bits. Everything
//! else is hashed to 128 bits: among n different values the chance of two falling together is about n^2 / 2^129, for a
//! thousand million rows less than 10^-20, which is far below that of a memory fault during the run.
use std::hash::Hash;

use ahash::RandomState;
use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray};
use arrow::datatypes::{ArrowDictionaryKeyType, ArrowNativeType, DataType, Decimal128Type, Float32Type, Float64Type};
use serde_json::Value;

use crate::bits::Bits;
use crate::evidence::restore;
use crate::frame::View;
use crate::integers::{is_integer, with_integers};
use crate::plain::plain;
use crate::planner::Column;
use crate::text::{Dictionary, is_text, value, with_dictionary};

/// A key: a number of fixed size.
pub(crate) trait Key: Copy + Ord + Hash + Default + Send + Sync + 'static {
    /// A well-mixed hash, for partitions and tables.
    fn spread(self) -> u64;
    /// Writes the key into as many bytes as it has.
    fn put(self, to: &mut [u8]);
    /// Reads the key from its bytes.
    fn get(from: &[u8]) -> Self;
}

macro_rules! bytes_of_key {
    () => {
        #[inline]
        fn put(self, to: &mut [u8]) {
            to.copy_from_slice(&self.to_le_bytes());
        }

        #[inline]
        fn get(from: &[u8]) -> Self {
            from.try_into().map_or(0, Self::from_le_bytes)
        }
    };
}

impl Key for u64 {
    bytes_of_key!();

    #[inline]
    fn spread(self) -> u64 {
        let mixed = self.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (mixed ^ (mixed >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93)
    }
}

impl Key for u128 {
    bytes_of_key!();

    #[inline]
    fn spread(self) -> u64 {
        ((self as u64) ^ ((self >> 64) as u64).wrapping_mul(0xFF51_AFD7_ED55_8CCD).rotate_left(29)).spread()
    }
}

/// Keys of the rows taken from one batch.
pub(crate) enum Keys {
    /// Up to 64 bits.
    Narrow(Vec<u64>),
    /// Up to 128 bits.
    Wide(Vec<u128>),
}

/// How keys are made of columns.
#[derive(Debug, Clone)]
pub(crate) struct KeyMaker {
    columns: Vec<Column>,
    shape: Shape,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// One column of up to 64 bits.
    Narrow,
    /// One column of 128 bits: decimals, UUIDs.
    Wide,
    /// Two columns of up to 64 bits.
    Pair,
    Hashed,
}

/// What is remembered from batch to batch: hashes of dictionaries' values, one entry per column.
pub(crate) type Memory = Vec<Dictionary<Option<u128>>>;

impl KeyMaker {
    /// Chooses the shape; an error if some column's values cannot be compared.
    pub(crate) fn new(columns: Vec<Column>) -> Result<Self, String> {
        let hashable = |column: &Column| {
            let data_type = &column.data_type;
            is_narrow(data_type) || is_wide(data_type) || is_text(data_type) || is_binary(data_type)
        };
        if let Some(column) = columns.iter().find(|column| !hashable(column)) {
            return Err(format!("values of type {} cannot be compared with each other", column.data_type));
        }
        let shape = match columns.as_slice() {
            [] => return Err("no column is named".into()),
            [column] if is_narrow(&column.data_type) => Shape::Narrow,
            [column] if is_wide(&column.data_type) => Shape::Wide,
            [a, b] if is_narrow(&a.data_type) && is_narrow(&b.data_type) => Shape::Pair,
            _ => Shape::Hashed,
        };
        Ok(Self { columns, shape })
    }

    /// Whether keys need 128 bits.
    pub(crate) fn is_wide(&self) -> bool {
        self.shape != Shape::Narrow
    }

    /// Keys of the rows that are in scope and not null in any column, and which rows these are if not all.
    pub(crate) fn read(&self, view: &View<'_>, memory: &mut Memory) -> Result<(Option<Bits>, Keys), String> {
        memory.resize_with(self.columns.len(), Dictionary::default);
        let arrays =
            self.columns.iter().map(|column| view.frame.column(column.index)).collect::<Result<Vec<_>, _>>()?;
        let taken = taken(view, &arrays);
        let keys = match self.shape {
            Shape::Narrow => Keys::Narrow(keep(narrow(arrays[0], &self.columns[0])?, &taken)),
            Shape::Wide => Keys::Wide(keep(wide(arrays[0], &self.columns[0])?, &taken)),
            Shape::Pair => {
                let (a, b) = (narrow(arrays[0], &self.columns[0])?, narrow(arrays[1], &self.columns[1])?);
                let keys = a.into_iter().zip(b).map(|(a, b)| u128::from(a) << 64 | u128::from(b)).collect();
                Keys::Wide(keep(keys, &taken))
            }
            Shape::Hashed => {
                let mut keys = Vec::new();
                for ((array, column), memory) in arrays.iter().zip(&self.columns).zip(memory) {
                    let hashes = hashes(array, column, memory)?;
                    keys = if keys.is_empty() { hashes } else { keys.into_iter().zip(hashes).map(chain).collect() };
                }
                Keys::Wide(keep(keys, &taken))
            }
        };
        Ok((taken, keys))
    }

    /// How many rows are in scope and not null, and their keys, each at least once. A dictionary gives each of its
    /// values once, however many rows have it.
    pub(crate) fn distinct(&self, view: &View<'_>, memory: &mut Memory) -> Result<(u64, Keys), String> {
        if let [column] = self.columns.as_slice() {
            let array = view.frame.column(column.index)?;
            if let (DataType::Dictionary(key, values), Shape::Hashed) = (array.data_type(), self.shape)
                && is_text(values)
            {
                memory.resize_with(1, Dictionary::default);
                return Ok(with_dictionary!(array, key.as_ref(), dictionary => {
                    used(dictionary, taken(view, &[array]), &mut memory[0])
                }));
            }
        }
        let (_, keys) = self.read(view, memory)?;
        // neighbours are often the same, and comparing them is cheaper than looking them up
        Ok(match keys {
            Keys::Narrow(mut keys) => {
                let rows = keys.len() as u64;
                keys.dedup();
                (rows, Keys::Narrow(keys))
            }
            Keys::Wide(mut keys) => {
                let rows = keys.len() as u64;
                keys.dedup();
                (rows, Keys::Wide(keys))
            }
        })
    }

    /// The values that a key stands for, if it is exact.
    pub(crate) fn values(&self, key: u128) -> Option<Vec<Value>> {
        let types: Vec<_> = self.columns.iter().map(|column| &column.data_type).collect();
        match (self.shape, types.as_slice()) {
            (Shape::Narrow, [one]) => Some(vec![restore_narrow(key as u64, one)]),
            (Shape::Pair, [a, b]) => Some(vec![restore_narrow((key >> 64) as u64, a), restore_narrow(key as u64, b)]),
            (Shape::Wide, [one]) => Some(vec![restore(&key.to_le_bytes(), one)]),
            _ => None,
        }
    }
}

fn is_narrow(data_type: &DataType) -> bool {
    match data_type {
        DataType::Boolean | DataType::Float32 | DataType::Float64 => true,
        DataType::Decimal128(..) => false,
        other => is_integer(other),
    }
}

fn is_wide(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Decimal128(..) | DataType::FixedSizeBinary(16))
}

fn is_binary(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_))
}

fn taken(view: &View<'_>, arrays: &[&ArrayRef]) -> Option<Bits> {
    if view.scope.is_none() && arrays.iter().all(|array| array.logical_null_count() == 0) {
        return None;
    }
    let mut taken = view.scope.cloned().unwrap_or_else(|| {
        let mut all = Bits::default();
        all.reset(view.frame.rows);
        all.set_all();
        all
    });
    for nulls in arrays.iter().filter_map(|array| array.logical_nulls()) {
        taken.keep_valid(&nulls);
    }
    Some(taken)
}

fn keep<K: Copy>(keys: Vec<K>, taken: &Option<Bits>) -> Vec<K> {
    match taken {
        None => keys,
        Some(taken) => taken.iter().map(|row| keys[row]).collect(),
    }
}

/// Integers keep their order as keys, so that sorted columns can be seen to be sorted.
const SIGN: u64 = 1 << 63;

trait Narrow {
    fn narrow(self) -> u64;
}

macro_rules! narrow_natives {
    ($($native:ty),* => $value:ident, $key:expr) => {
        $(impl Narrow for $native {
            #[inline]
            fn narrow(self) -> u64 {
                let $value = self;
                $key
            }
        })*
    };
}
narrow_natives!(i8, i16, i32, i64 => value, (value as i64 as u64) ^ SIGN);
narrow_natives!(u8, u16, u32, u64 => value, value as u64);
// only so that one macro serves all integer types: decimals are never narrow
narrow_natives!(i128 => value, value as u64);

fn narrow(array: &ArrayRef, column: &Column) -> Result<Vec<u64>, String> {
    let array = plain(array, column)?;
    Ok(match array.data_type() {
        DataType::Boolean => array.as_boolean().values().iter().map(u64::from).collect(),
        // all NaN are one value, and so are 0.0 and -0.0, which adding 0.0 turns into 0.0
        DataType::Float32 => {
            let bits = |value: f32| if value.is_nan() { f32::NAN } else { value + 0.0 }.to_bits();
            array.as_primitive::<Float32Type>().values().iter().map(|value| bits(*value).into()).collect()
        }
        DataType::Float64 => {
            let bits = |value: f64| if value.is_nan() { f64::NAN } else { value + 0.0 }.to_bits();
            array.as_primitive::<Float64Type>().values().iter().map(|value| bits(*value)).collect()
        }
        _ => with_integers!(
            array,
            values => values.values().iter().map(|value| value.narrow()).collect(),
            else return Err(format!("{} is no key", array.data_type()))
        ),
    })
}

fn wide(array: &ArrayRef, column: &Column) -> Result<Vec<u128>, String> {
    let array = plain(array, column)?;
    Ok(match array.data_type() {
        DataType::Decimal128(..) => {
            array.as_primitive::<Decimal128Type>().values().iter().map(|value| *value as u128).collect()
        }
        _ => {
            let bytes = array.as_fixed_size_binary();
            let key = |row| <[u8; 16]>::try_from(bytes.value(row)).map_or(0, u128::from_le_bytes);
            (0..bytes.len()).map(key).collect()
        }
    })
}

pub(crate) fn hash<T: Hash + ?Sized>(value: &T) -> u128 {
    // fixed seeds, so that states of several threads agree
    const LOW: RandomState = RandomState::with_seeds(0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344);
    const HIGH: RandomState = RandomState::with_seeds(0xA409_3822, 0x299F_31D0, 0x082E_FA98, 0xEC4E_6C89);
    u128::from(HIGH.hash_one(value)) << 64 | u128::from(LOW.hash_one(value))
}

fn chain((before, hashed): (u128, u128)) -> u128 {
    hash(&(before, hashed))
}

fn hashes(array: &ArrayRef, column: &Column, memory: &mut Dictionary<Option<u128>>) -> Result<Vec<u128>, String> {
    let rows = 0..array.len();
    Ok(match array.data_type() {
        DataType::Utf8 => hash_rows(array, rows, |row| array.as_string::<i32>().value(row).as_bytes()),
        DataType::LargeUtf8 => hash_rows(array, rows, |row| array.as_string::<i64>().value(row).as_bytes()),
        DataType::Utf8View => hash_rows(array, rows, |row| array.as_string_view().value(row).as_bytes()),
        DataType::Binary => hash_rows(array, rows, |row| array.as_binary::<i32>().value(row)),
        DataType::LargeBinary => hash_rows(array, rows, |row| array.as_binary::<i64>().value(row)),
        DataType::BinaryView => hash_rows(array, rows, |row| array.as_binary_view().value(row)),
        DataType::FixedSizeBinary(_) => hash_rows(array, rows, |row| array.as_fixed_size_binary().value(row)),
        DataType::Dictionary(key, values) if is_text(values) => with_dictionary!(array, key.as_ref(), dictionary => {
            memory.turn_to(dictionary.values());
            let codes = dictionary.keys();
            let mut of = |row: usize| {
                if codes.is_null(row) {
                    return 0;
                }
                let at = codes.value(row).as_usize();
                *memory.table[at].get_or_insert_with(|| value(dictionary.values(), at).map_or(0, |text| hash(text.as_bytes())))
            };
            rows.map(&mut of).collect()
        }),
        _ if is_wide(&column.data_type) => wide(array, column)?.iter().map(hash).collect(),
        _ => narrow(array, column)?.iter().map(hash).collect(),
    })
}

/// The keys of a dictionary's values that the rows taken use.
fn used<K: ArrowDictionaryKeyType>(
    dictionary: &DictionaryArray<K>,
    taken: Option<Bits>,
    memory: &mut Dictionary<Option<u128>>,
) -> (u64, Keys) {
    memory.turn_to(dictionary.values());
    let codes = dictionary.keys().values();
    let mut used = vec![false; memory.table.len()];
    let rows = match &taken {
        None => {
            codes.iter().for_each(|code| used[code.as_usize()] = true);
            codes.len() as u64
        }
        Some(taken) => {
            taken.iter().for_each(|row| used[codes[row].as_usize()] = true);
            taken.count()
        }
    };
    let hashed = |at: usize| value(dictionary.values(), at).map_or(0, |text| hash(text.as_bytes()));
    let places = used.iter().enumerate().filter(|(_, used)| **used).map(|(at, _)| at);
    (rows, Keys::Wide(places.map(|at| *memory.table[at].get_or_insert_with(|| hashed(at))).collect()))
}

fn hash_rows<'a>(array: &ArrayRef, rows: std::ops::Range<usize>, bytes: impl Fn(usize) -> &'a [u8]) -> Vec<u128> {
    rows.map(|row| if array.is_null(row) { 0 } else { hash(bytes(row)) }).collect()
}

fn restore_narrow(key: u64, data_type: &DataType) -> Value {
    match data_type {
        DataType::Boolean => (key == 1).into(),
        DataType::Float32 | DataType::Float64 => restore(&key.to_le_bytes(), data_type),
        unsigned if unsigned.is_unsigned_integer() => restore(&key.to_le_bytes(), data_type),
        _ => restore(&(key ^ SIGN).to_le_bytes(), data_type),
    }
}
