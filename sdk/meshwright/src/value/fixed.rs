//! `decimal(p,s)` and `uuid`
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Decimal128Type;
use arrow_array::{Array, ArrayRef, Decimal128Array, FixedSizeBinaryArray};
use arrow_buffer::{Buffer, NullBufferBuilder};
use arrow_schema::DataType;

use super::{TypeName, Value};
use crate::Error;

/// A fixed-point number of `P` digits in all and `S` after the point; holds the number times ten to the `S`.
///
/// ```
/// use meshwright::Decimal;
///
/// let price: Decimal<10, 2> = "-12.5".parse()?;
/// assert_eq!(price, Decimal(-1250));
/// assert_eq!(price.to_string(), "-12.50");
/// # Ok::<(), meshwright::BoxError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Decimal<const P: u8, const S: i8>(pub i128);

impl<const P: u8, const S: i8> Value for Decimal<P, S> {
    const TYPE: TypeName = TypeName::decimal(P, S);
    type Cells = Decimal128Array;

    fn data_type() -> DataType {
        DataType::Decimal128(P, S)
    }

    fn to_array<'a>(values: impl Iterator<Item = Option<&'a Self>>) -> ArrayRef {
        let array: Decimal128Array = values.map(|value| value.map(|value| value.0)).collect();
        Arc::new(array.with_data_type(Self::data_type()))
    }

    fn cells(array: &ArrayRef) -> Option<Self::Cells> {
        // fewer digits in all are a part of more
        let fits =
            matches!(array.data_type(), DataType::Decimal128(precision, scale) if *precision <= P && *scale == S);
        fits.then(|| array.as_primitive::<Decimal128Type>().clone())
    }

    fn cell(cells: &Self::Cells, row: usize) -> Self {
        Self(cells.value(row))
    }
}

impl<const P: u8, const S: i8> FromStr for Decimal<P, S> {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || Error::invalid(format!("`{text}` is not a decimal({P},{S})"));
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => (-1, digits),
            None => (1, text),
        };
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let scale = usize::try_from(S).map_err(|_| wrong())?;
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || part.len() > scale || !plain(whole) || !plain(part) {
            return Err(wrong());
        }
        let digits = format!("{whole}{part:0<scale$}");
        if digits.trim_start_matches('0').len() > usize::from(P) {
            return Err(wrong());
        }
        Ok(Self(sign * digits.parse::<i128>().map_err(|_| wrong())?))
    }
}

impl<const P: u8, const S: i8> fmt::Display for Decimal<P, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scale = usize::try_from(S).unwrap_or(0);
        let digits = format!("{:0>width$}", self.0.unsigned_abs(), width = scale + 1);
        let (whole, part) = digits.split_at(digits.len() - scale);
        let point = if part.is_empty() { "" } else { "." };
        f.pad_integral(self.0 >= 0, "", &format!("{whole}{point}{part}"))
    }
}

/// A universally unique identifier.
///
/// ```
/// use meshwright::Uuid;
///
/// let id: Uuid = "67e55044-10b1-426f-9247-bb680e5fe0c8".parse()?;
/// assert_eq!(id.0[0], 0x67);
/// assert_eq!(id.to_string(), "67e55044-10b1-426f-9247-bb680e5fe0c8");
/// # Ok::<(), meshwright::BoxError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Uuid(pub [u8; 16]);

impl Value for Uuid {
    const TYPE: TypeName = TypeName::plain("uuid");
    type Cells = FixedSizeBinaryArray;

    fn data_type() -> DataType {
        DataType::FixedSizeBinary(16)
    }

    fn to_array<'a>(values: impl Iterator<Item = Option<&'a Self>>) -> ArrayRef {
        let (mut bytes, mut nulls) = (Vec::new(), NullBufferBuilder::new(0));
        for value in values {
            bytes.extend_from_slice(&value.copied().unwrap_or_default().0);
            nulls.append(value.is_some());
        }
        Arc::new(FixedSizeBinaryArray::new(16, Buffer::from_vec(bytes), nulls.finish()))
    }

    fn cells(array: &ArrayRef) -> Option<Self::Cells> {
        array.as_fixed_size_binary_opt().filter(|array| array.value_length() == 16).cloned()
    }

    fn cell(cells: &Self::Cells, row: usize) -> Self {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(cells.value(row));
        Self(bytes)
    }
}

impl FromStr for Uuid {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || Error::invalid(format!("`{text}` is not a UUID"));
        let digits: String = text.chars().filter(|c| *c != '-').collect();
        match digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            true => u128::from_str_radix(&digits, 16).map(|number| Self(number.to_be_bytes())).map_err(|_| wrong()),
            false => Err(wrong()),
        }
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:032x}", u128::from_be_bytes(self.0));
        let parts = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
        f.pad(&parts.join("-"))
    }
}
