//! `time timestamp timestamptz`
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType,
};
use arrow_array::{Array, ArrayRef, Time64MicrosecondArray, TimestampMicrosecondArray};
use arrow_buffer::ScalarBuffer;
use arrow_schema::{DataType, TimeUnit};

use super::{Date, TypeName, Value};
use crate::Error;

/// Microseconds of a day.
pub(super) const MICROS_PER_DAY: i64 = 86_400_000_000;

/// The spelling of UTC that Iceberg's Arrow schemas use.
const UTC: &str = "+00:00";

/// A time of day, in microseconds since midnight.
///
/// ```
/// let noon: meshwright::Time = "12:00".parse()?;
/// assert_eq!(noon.to_string(), "12:00:00");
/// # Ok::<(), meshwright::BoxError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time(pub i64);

/// A moment on a clock whose zone is not said, in microseconds since 1970-01-01T00:00.
///
/// ```
/// use meshwright::{Date, Timestamp};
///
/// let at: Timestamp = "2024-05-01T10:30".parse()?;
/// assert_eq!(at.date(), "2024-05-01".parse::<Date>()?);
/// assert_eq!(Timestamp(at.0 + 1).to_string(), "2024-05-01T10:30:00.000001");
/// # Ok::<(), meshwright::BoxError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(pub i64);

/// A moment in time, in microseconds since 1970-01-01T00:00 UTC.
///
/// ```
/// use meshwright::Timestamptz;
///
/// let at: Timestamptz = "2024-05-01T10:30:00+02:00".parse()?;
/// assert_eq!(at.to_string(), "2024-05-01T08:30:00Z");
/// # Ok::<(), meshwright::BoxError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamptz(pub i64);

impl Timestamp {
    /// Its day.
    pub fn date(self) -> Date {
        Date(day_of(self.0))
    }

    /// Its time of day.
    pub fn time(self) -> Time {
        Time(self.0.rem_euclid(MICROS_PER_DAY))
    }
}

impl Timestamptz {
    /// Its day in UTC.
    pub fn date(self) -> Date {
        Date(day_of(self.0))
    }

    /// What a clock in UTC shows.
    pub fn utc(self) -> Timestamp {
        Timestamp(self.0)
    }
}

/// Cannot overflow: the days of all 64-bit microseconds fit into 32 bits.
fn day_of(micros: i64) -> i32 {
    micros.div_euclid(MICROS_PER_DAY) as i32
}

impl Value for Time {
    const TYPE: TypeName = TypeName::plain("time");
    type Cells = Time64MicrosecondArray;

    fn data_type() -> DataType {
        DataType::Time64(TimeUnit::Microsecond)
    }

    fn to_array<'a>(values: impl Iterator<Item = Option<&'a Self>>) -> ArrayRef {
        Arc::new(values.map(|value| value.map(|value| value.0)).collect::<Time64MicrosecondArray>())
    }

    fn cells(array: &ArrayRef) -> Option<Self::Cells> {
        array.as_primitive_opt().cloned()
    }

    fn cell(cells: &Self::Cells, row: usize) -> Self {
        Self(cells.value(row))
    }
}

/// A column of points in time of any unit.
#[derive(Debug, Clone)]
pub struct Moments {
    values: ScalarBuffer<i64>,
    unit: TimeUnit,
}

impl Moments {
    fn of(array: &ArrayRef, zoned: bool) -> Option<Self> {
        let DataType::Timestamp(unit, zone) = array.data_type() else { return None };
        if zone.is_some() != zoned {
            return None;
        }
        fn values<T: ArrowPrimitiveType<Native = i64>>(array: &ArrayRef) -> ScalarBuffer<i64> {
            array.as_primitive::<T>().values().clone()
        }
        let values = match unit {
            TimeUnit::Second => values::<TimestampSecondType>(array),
            TimeUnit::Millisecond => values::<TimestampMillisecondType>(array),
            TimeUnit::Microsecond => values::<TimestampMicrosecondType>(array),
            TimeUnit::Nanosecond => values::<TimestampNanosecondType>(array),
        };
        Some(Self { values, unit: *unit })
    }

    fn micros(&self, row: usize) -> i64 {
        let value = self.values[row];
        match self.unit {
            TimeUnit::Second => value.saturating_mul(1_000_000),
            TimeUnit::Millisecond => value.saturating_mul(1_000),
            TimeUnit::Microsecond => value,
            TimeUnit::Nanosecond => value.div_euclid(1_000),
        }
    }
}

macro_rules! moments {
    ($($rust:ident, $word:literal, $zone:expr, $zoned:literal;)*) => {$(
        impl Value for $rust {
            const TYPE: TypeName = TypeName::plain($word);
            type Cells = Moments;

            fn data_type() -> DataType {
                DataType::Timestamp(TimeUnit::Microsecond, $zone)
            }

            fn to_array<'a>(values: impl Iterator<Item = Option<&'a Self>>) -> ArrayRef {
                let array: TimestampMicrosecondArray = values.map(|value| value.map(|value| value.0)).collect();
                Arc::new(array.with_data_type(Self::data_type()))
            }

            fn cells(array: &ArrayRef) -> Option<Self::Cells> {
                Moments::of(array, $zoned)
            }

            fn cell(cells: &Self::Cells, row: usize) -> Self {
                Self(cells.micros(row))
            }
        }
    )*};
}

moments! {
    Timestamp, "timestamp", None, false;
    Timestamptz, "timestamptz", Some(UTC.into()), true;
}

impl FromStr for Time {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        clock(text).map(Self).ok_or_else(|| Error::invalid(format!("`{text}` is not a time such as `12:30:00`")))
    }
}

impl FromStr for Timestamp {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let example = "a timestamp such as `2024-05-31T12:30:00`, without a zone";
        moment(text).map(Self).ok_or_else(|| Error::invalid(format!("`{text}` is not {example}")))
    }
}

impl FromStr for Timestamptz {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let example = "a timestamp with its zone such as `2024-05-31T12:30:00Z`";
        zoned(text).map(Self).ok_or_else(|| Error::invalid(format!("`{text}` is not {example}")))
    }
}

fn zoned(text: &str) -> Option<i64> {
    if let Some(text) = text.strip_suffix(['Z', 'z']) {
        return moment(text);
    }
    // the date has dashes too: a zone stands behind the time
    let at = text.rfind(['+', '-']).filter(|at| *at > 10)?;
    let offset = text[at + 1..].split_once(':').and_then(|(hours, minutes)| Some(two(hours)? * 60 + two(minutes)?))?;
    let offset = offset * 60_000_000;
    let local = moment(&text[..at])?;
    if text[at..].starts_with('+') { local.checked_sub(offset) } else { local.checked_add(offset) }
}

fn moment(text: &str) -> Option<i64> {
    let (date, time) = match text.split_once(['T', 't', ' ']) {
        Some((date, time)) => (date, clock(time)?),
        None => (text, 0),
    };
    i64::from(date.parse::<Date>().ok()?.0).checked_mul(MICROS_PER_DAY)?.checked_add(time)
}

/// Microseconds since midnight of `hh:mm`, `hh:mm:ss` or `hh:mm:ss.` and up to six digits; more are cut off.
fn clock(text: &str) -> Option<i64> {
    let (text, part) = text.split_once('.').map_or((text, None), |(text, part)| (text, Some(part)));
    let mut parts = text.split(':');
    let (hours, minutes) = (two(parts.next()?)?, two(parts.next()?)?);
    let seconds = parts.next().map_or(Some(0), two)?;
    if parts.next().is_some() || hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    let micros = match part {
        None => 0,
        Some(digits) if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) => return None,
        Some(digits) => format!("{digits:0<6}")[..6].parse().ok()?,
    };
    Some(((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + micros)
}

fn two(text: &str) -> Option<i64> {
    (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, micros) = (self.0 / 1_000_000, self.0 % 1_000_000);
        let clock = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
        if micros == 0 { f.pad(&clock) } else { f.pad(&format!("{clock}.{micros:06}")) }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}T{}", self.date(), self.time()))
    }
}

impl fmt::Display for Timestamptz {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}Z", self.utc()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_print_as_they_are_read() {
        for text in ["2024-05-01T00:00:00", "1969-12-31T23:59:59.999999", "0001-01-01T01:02:03.000100"] {
            assert_eq!(text.parse::<Timestamp>().unwrap().to_string(), text);
            assert_eq!(format!("{text}Z").parse::<Timestamptz>().unwrap().to_string(), format!("{text}Z"));
        }
        assert_eq!(
            "2024-05-01 10:00:00.1234567".parse::<Timestamp>().unwrap().to_string(),
            "2024-05-01T10:00:00.123456"
        );
        assert_eq!("2024-05-01T00:30:00-05:30".parse::<Timestamptz>().unwrap().to_string(), "2024-05-01T06:00:00Z");
    }

    #[test]
    fn a_zone_is_neither_dropped_nor_made_up() {
        assert!("2024-05-01T10:00Z".parse::<Timestamp>().is_err());
        assert!("2024-05-01T10:00".parse::<Timestamptz>().is_err());
        assert!("2024-05-01".parse::<Timestamptz>().is_err());
        for text in ["24:00", "12:60", "12", "12:00:00.", "12:00:00:00", "1:00", "12:é"] {
            assert!(text.parse::<Time>().is_err(), "{text}");
        }
    }
}
