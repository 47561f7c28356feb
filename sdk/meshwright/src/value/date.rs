//! `date`
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, Date32Array};
use arrow_schema::DataType;

use super::time::MICROS_PER_DAY;
use super::{Timestamp, TypeName, Value};
use crate::Error;

/// A day of the Gregorian calendar, as the number of days since 1970-01-01.
///
/// ```
/// use meshwright::Date;
///
/// let day: Date = "2024-02-29".parse()?;
/// assert_eq!(day, Date(19_782));
/// assert_eq!(Date::new(2024, 2, 29), Some(day));
/// assert_eq!(Date(day.0 + 1).to_string(), "2024-03-01");
/// # Ok::<(), meshwright::BoxError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Date(pub i32);

impl Date {
    /// A day by year, month (from 1) and day of the month; nothing if there is no such day.
    pub fn new(year: i32, month: u32, day: u32) -> Option<Self> {
        // years are counted from March, so that the day a leap year adds is the last one of its year
        let shifted = i64::from(year) - i64::from(month <= 2);
        let (era, year_of_era) = (shifted.div_euclid(400), shifted.rem_euclid(400));
        let day_of_year = (153 * ((i64::from(month) + 9) % 12) + 2) / 5 + i64::from(day) - 1;
        let days = era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468;
        let date = Self(i32::try_from(days).ok()?);
        (date.parts() == (i64::from(year), month, day)).then_some(date)
    }

    /// Year, month (from 1) and day of the month.
    pub fn parts(self) -> (i64, u32, u32) {
        let days = i64::from(self.0) + 719_468;
        let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        // both are small by construction
        (year_of_era + era * 400 + i64::from(month <= 2), month as u32, day as u32)
    }

    /// Its first moment; for days that 64 bits of microseconds do not reach, the nearest moment.
    pub fn midnight(self) -> Timestamp {
        Timestamp(i64::from(self.0).saturating_mul(MICROS_PER_DAY))
    }
}

impl Value for Date {
    const TYPE: TypeName = TypeName::plain("date");
    type Cells = Date32Array;

    fn data_type() -> DataType {
        DataType::Date32
    }

    fn to_array<'a>(values: impl Iterator<Item = Option<&'a Self>>) -> ArrayRef {
        Arc::new(values.map(|value| value.map(|value| value.0)).collect::<Date32Array>())
    }

    fn cells(array: &ArrayRef) -> Option<Self::Cells> {
        array.as_primitive_opt().cloned()
    }

    fn cell(cells: &Self::Cells, row: usize) -> Self {
        Self(cells.value(row))
    }
}

impl FromStr for Date {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        parse(text).ok_or_else(|| Error::invalid(format!("`{text}` is not a date such as `2024-05-31`")))
    }
}

fn parse(text: &str) -> Option<Date> {
    let (rest, day) = text.rsplit_once('-')?;
    let (year, month) = rest.rsplit_once('-')?;
    let number = |text: &str| match text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => text.parse().ok(),
        false => None,
    };
    let digits = year.strip_prefix('-').unwrap_or(year);
    if digits.len() < 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Date::new(year.parse().ok()?, number(month)?, number(day)?)
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.parts();
        let sign = if year < 0 { "-" } else { "" };
        f.pad(&format!("{sign}{:04}-{month:02}-{day:02}", year.abs()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_many_years_is_itself() {
        for days in (-800_000..800_000).chain([i32::MIN, i32::MAX]) {
            let (year, month, day) = Date(days).parts();
            assert_eq!(Date::new(year as i32, month, day), Some(Date(days)));
        }
        assert_eq!("1969-12-31".parse(), Ok(Date(-1)));
        assert_eq!(Date(-719_529).to_string(), "-0001-12-31");
        assert_eq!("-0001-12-31".parse(), Ok(Date(-719_529)));
    }

    #[test]
    fn days_that_never_were_are_refused() {
        for text in
            ["2023-02-29", "1900-02-29", "2024-13-01", "2024-00-10", "2024-04-31", "24-04-01", "2024-4-1", "2024-04-1x"]
        {
            assert!(text.parse::<Date>().is_err(), "{text}");
        }
    }
}
