//! Text columns in all their layouts, judged without copying; values of a dictionary are judged once.
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{ArrowDictionaryKeyType, ArrowNativeType, DataType};

use crate::bits::Bits;

/// Runs the body with the dictionary's keys as a typed array.
macro_rules! with_dictionary {
    ($array:expr, $key:expr, $dictionary:ident => $body:expr) => {{
        use arrow::datatypes as t;
        macro_rules! run {
            ($type:ty) => {{
                let $dictionary = $array.as_dictionary::<$type>();
                $body
            }};
        }
        match $key {
            t::DataType::Int8 => run!(t::Int8Type),
            t::DataType::Int16 => run!(t::Int16Type),
            t::DataType::Int32 => run!(t::Int32Type),
            t::DataType::Int64 => run!(t::Int64Type),
            t::DataType::UInt8 => run!(t::UInt8Type),
            t::DataType::UInt16 => run!(t::UInt16Type),
            t::DataType::UInt32 => run!(t::UInt32Type),
            _ => run!(t::UInt64Type),
        }
    }};
}
pub(crate) use with_dictionary;

/// Whether a type is text, as a plain array or as a dictionary.
pub(crate) fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => is_text(values),
        _ => false,
    }
}

/// What is known about the values of the dictionary seen last. Readers hand the same dictionary out with many batches.
#[derive(Debug, Default)]
pub(crate) struct Dictionary<T> {
    values: Option<ArrayRef>,
    /// One entry per value of the dictionary, `T::default()` at first.
    pub(crate) table: Vec<T>,
}

impl<T: Clone + Default> Dictionary<T> {
    /// Makes the table belong to these values; true if it is a fresh one.
    pub(crate) fn turn_to(&mut self, values: &ArrayRef) -> bool {
        let known = self.values.as_ref().is_some_and(|known| same_buffers(known, values));
        if !known {
            self.values = Some(values.clone());
            self.table.clear();
            self.table.resize(values.len(), T::default());
        }
        !known
    }
}

/// Each batch has its own array object over the dictionary's memory, so it is the memory that is compared. The array
/// kept in `Dictionary` keeps that memory from being used again for something else.
fn same_buffers(a: &ArrayRef, b: &ArrayRef) -> bool {
    let same = a.data_type() == b.data_type() && a.len() == b.len() && a.null_count() == b.null_count();
    same && match a.data_type() {
        DataType::Utf8 => {
            let (a, b) = (a.as_string::<i32>(), b.as_string::<i32>());
            a.offsets().as_ptr() == b.offsets().as_ptr() && a.values().as_ptr() == b.values().as_ptr()
        }
        DataType::LargeUtf8 => {
            let (a, b) = (a.as_string::<i64>(), b.as_string::<i64>());
            a.offsets().as_ptr() == b.offsets().as_ptr() && a.values().as_ptr() == b.values().as_ptr()
        }
        DataType::Utf8View => a.as_string_view().views().as_ptr() == b.as_string_view().views().as_ptr(),
        _ => false,
    }
}

const UNKNOWN: u8 = 0;
const PASSES: u8 = 1;
const FAILS: u8 = 2;

/// Judges every text that is not null; sets the rows for which `fails` holds.
pub(crate) fn judge(
    array: &ArrayRef,
    known: &mut Dictionary<u8>,
    out: &mut Bits,
    fails: impl Fn(&str) -> bool,
) -> Result<(), String> {
    match array.data_type() {
        DataType::Utf8 => {
            let texts = array.as_string::<i32>();
            set_valid(array.nulls(), out, |row| fails(texts.value(row)));
        }
        DataType::LargeUtf8 => {
            let texts = array.as_string::<i64>();
            set_valid(array.nulls(), out, |row| fails(texts.value(row)));
        }
        DataType::Utf8View => {
            let texts = array.as_string_view();
            set_valid(array.nulls(), out, |row| fails(texts.value(row)));
        }
        DataType::Dictionary(key, _) => with_dictionary!(array, key.as_ref(), dictionary => {
            judge_dictionary(dictionary, known, out, fails)?;
        }),
        other => return Err(format!("the batch has {other} where text was planned")),
    }
    Ok(())
}

/// Judges the texts of a plain array many at a time: `misses` calls back with the numbers of those that fail. False if
/// the array is a dictionary, whose values are better judged by themselves.
pub(crate) fn judge_together(
    array: &ArrayRef,
    out: &mut Bits,
    misses: impl Fn(&[&[u8]], &mut dyn FnMut(usize)),
) -> bool {
    const TOGETHER: usize = 1024;
    let (mut rows, mut texts) = (Vec::with_capacity(TOGETHER), Vec::with_capacity(TOGETHER));
    macro_rules! run {
        ($texts:expr) => {{
            let all = $texts;
            for start in (0..all.len()).step_by(TOGETHER) {
                rows.clear();
                texts.clear();
                for row in (start..all.len().min(start + TOGETHER)).filter(|row| all.is_valid(*row)) {
                    rows.push(row);
                    texts.push(all.value(row).as_bytes());
                }
                misses(&texts, &mut |at| out.set(rows[at]));
            }
        }};
    }
    match array.data_type() {
        DataType::Utf8 => run!(array.as_string::<i32>()),
        DataType::LargeUtf8 => run!(array.as_string::<i64>()),
        DataType::Utf8View => run!(array.as_string_view()),
        _ => return false,
    }
    true
}

/// Calls `test` for rows that are not null.
pub(crate) fn set_valid(nulls: Option<&NullBuffer>, out: &mut Bits, mut test: impl FnMut(usize) -> bool) {
    match nulls.filter(|nulls| nulls.null_count() > 0) {
        None => out.set_where(test),
        Some(nulls) => out.set_where(|row| nulls.is_valid(row) && test(row)),
    }
}

fn judge_dictionary<K: ArrowDictionaryKeyType>(
    dictionary: &arrow::array::DictionaryArray<K>,
    known: &mut Dictionary<u8>,
    out: &mut Bits,
    fails: impl Fn(&str) -> bool,
) -> Result<(), String> {
    let (keys, values) = (dictionary.keys(), dictionary.values());
    if !is_text(values.data_type()) || matches!(values.data_type(), DataType::Dictionary(..)) {
        return Err(format!("the batch has a dictionary of {} where text was planned", values.data_type()));
    }
    let verdict = |at: usize| match value(values, at) {
        Some(text) if fails(text) => FAILS,
        _ => PASSES,
    };
    known.turn_to(values);
    if values.len() <= keys.len() && known.table.contains(&UNKNOWN) {
        for (at, entry) in known.table.iter_mut().enumerate() {
            *entry = verdict(at);
        }
    }
    // most dictionaries have no failing value at all: then the keys need not be looked at
    if known.table.iter().all(|entry| *entry == PASSES) {
        return Ok(());
    }
    let table = &mut known.table;
    let codes = keys.values();
    set_valid(keys.nulls(), out, |row| {
        let at = codes[row].as_usize();
        if table[at] == UNKNOWN {
            table[at] = verdict(at);
        }
        table[at] == FAILS
    });
    Ok(())
}

/// Whether a test holds for every text of a plain text array; nulls are no text.
pub(crate) fn every(values: &ArrayRef, test: impl Fn(&str) -> bool) -> bool {
    (0..values.len()).all(|at| value(values, at).is_none_or(&test))
}

/// One text of a plain text array.
pub(crate) fn value(array: &ArrayRef, at: usize) -> Option<&str> {
    if array.is_null(at) {
        return None;
    }
    Some(match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().value(at),
        DataType::LargeUtf8 => array.as_string::<i64>().value(at),
        _ => array.as_string_view().value(at),
    })
}
