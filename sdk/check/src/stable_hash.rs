//! A hash that never changes: sketches and fingerprints that are kept compare across versions and machines.
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{ArrowNativeType, DataType, Float32Type, Float64Type};

use crate::integers::with_integers;
use crate::text::{is_text, with_dictionary};

const A: u64 = 0xA076_1D64_78BD_642F;
const B: u64 = 0xE703_7ED1_A0B4_28DB;

/// Hashes bytes to 64 well-mixed bits: words of 8 bytes, the last one filled with zeros, folded by 128-bit products.
pub(crate) fn hash(bytes: &[u8], seed: u64) -> u64 {
    let mut state = fold(seed ^ A, bytes.len() as u64 ^ B);
    let mut words = bytes.chunks_exact(8);
    for word in &mut words {
        state = fold(state ^ u64::from_le_bytes(word.try_into().expect("a chunk has 8 bytes")), B);
    }
    let rest = words.remainder();
    if !rest.is_empty() {
        let mut word = [0; 8];
        word[..rest.len()].copy_from_slice(rest);
        state = fold(state ^ u64::from_le_bytes(word), A);
    }
    fold(state, A)
}

/// The same of one number.
pub(crate) fn hash_number(number: i128, seed: u64) -> u64 {
    fold(fold(number as u64 ^ seed ^ A, (number >> 64) as u64 ^ B), A)
}

/// Hashes of an array's values, row by row, the same for equal values in whatever layout; nulls have one of their own.
pub(crate) fn row_hashes(array: &ArrayRef, out: &mut Vec<u64>) -> Result<(), String> {
    const NULL: u64 = 0x6E75_6C6C_6E75_6C6C;
    out.clear();
    match array.data_type() {
        DataType::Dictionary(key, values) if is_text(values) => with_dictionary!(array, key.as_ref(), dictionary => {
            let mut known = vec![];
            row_hashes(dictionary.values(), &mut known)?;
            out.extend(dictionary.keys().iter().map(|code| code.map_or(NULL, |code| known[code.as_usize()])));
        }),
        DataType::Dictionary(_, values) => {
            let plain = arrow::compute::cast(array, values).map_err(|error| error.to_string())?;
            row_hashes(&plain, out)?;
        }
        other if is_text(other) => out.extend(
            (0..array.len()).map(|row| crate::text::value(array, row).map_or(NULL, |text| hash(text.as_bytes(), 0))),
        ),
        DataType::Boolean => {
            out.extend(array.as_boolean().iter().map(|x| x.map_or(NULL, |x| hash_number(i128::from(x), 0))));
        }
        DataType::Float32 => {
            let float = |x: f32| hash_number(i128::from(float_bits(f64::from(x))), 0);
            out.extend(array.as_primitive::<Float32Type>().iter().map(|x| x.map_or(NULL, float)));
        }
        DataType::Float64 => {
            let float = |x: f64| hash_number(i128::from(float_bits(x)), 0);
            out.extend(array.as_primitive::<Float64Type>().iter().map(|x| x.map_or(NULL, float)));
        }
        DataType::FixedSizeBinary(_) => {
            out.extend(array.as_fixed_size_binary().iter().map(|x| x.map_or(NULL, |x| hash(x, 0))));
        }
        _ => with_integers!(array, values => {
            out.extend(values.iter().map(|x| x.map_or(NULL, |x| hash_number(i128::from(x), 0))));
        }, else return Err(format!("values of type {} have no fingerprint", array.data_type()))),
    }
    Ok(())
}

/// A float's bits, the same for equal numbers: one zero, one NaN.
pub(crate) fn float_bits(value: f64) -> u64 {
    if value.is_nan() {
        f64::NAN.to_bits() & !(1 << 63)
    } else if value == 0.0 {
        0
    } else {
        value.to_bits()
    }
}

fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ ((product >> 64) as u64) ^ a.rotate_left(23)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// These must never change: kept fingerprints would all differ.
    #[test]
    fn frozen() {
        let found = [hash(b"", 0), hash(b"Chad", 0), hash(b"Chad and Niger", 7), hash_number(-1, 0)];
        assert_eq!(found, FROZEN, "{found:#x?}");
    }

    const FROZEN: [u64; 4] =
        [6_099_811_070_659_554_961, 12_434_244_516_290_448_271, 5_073_884_137_970_120_776, 16_448_395_783_565_689_037];

    #[test]
    fn every_bit_of_the_result_depends_on_every_byte() {
        let plain = hash(b"01234567890", 0);
        for at in 0..11 {
            let mut changed = *b"01234567890";
            changed[at] ^= 1;
            let differ = (plain ^ hash(&changed, 0)).count_ones();
            assert!((12..=52).contains(&differ), "{differ} bits differ for byte {at}");
        }
    }

    #[test]
    fn equal_floats_have_equal_bits() {
        assert_eq!(float_bits(0.0), float_bits(-0.0));
        assert_eq!(float_bits(f64::NAN), float_bits(-f64::NAN));
        assert_ne!(float_bits(1.0), float_bits(-1.0));
    }
}
