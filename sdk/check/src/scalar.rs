//! JSON scalars of contracts read into values of a column's type, once, when checks are planned.
use arrow::datatypes::{DataType, TimeUnit};
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Timelike};
use serde_json::Value;

/// Reads a bound or value for a column whose values are integers in memory: integers, dates, times, decimals.
pub(crate) fn integer(value: &Value, data_type: &DataType) -> Result<i128, String> {
    let read = match data_type {
        DataType::Int8 => whole(value).filter(|number| i8::try_from(*number).is_ok()),
        DataType::Int16 => whole(value).filter(|number| i16::try_from(*number).is_ok()),
        DataType::Int32 => whole(value).filter(|number| i32::try_from(*number).is_ok()),
        DataType::Int64 => whole(value).filter(|number| i64::try_from(*number).is_ok()),
        DataType::UInt8 => whole(value).filter(|number| u8::try_from(*number).is_ok()),
        DataType::UInt16 => whole(value).filter(|number| u16::try_from(*number).is_ok()),
        DataType::UInt32 => whole(value).filter(|number| u32::try_from(*number).is_ok()),
        DataType::UInt64 => whole(value).filter(|number| u64::try_from(*number).is_ok()),
        DataType::Decimal128(precision, scale) => fixed_point(value, *precision, *scale),
        DataType::Date32 => value.as_str().and_then(full_date).map(|date| i128::from(days(date))),
        DataType::Date64 => value.as_str().and_then(full_date).map(|date| i128::from(days(date)) * 86_400_000),
        DataType::Time32(unit) | DataType::Time64(unit) => {
            value.as_str().and_then(time).and_then(|at| in_unit(at, *unit))
        }
        DataType::Timestamp(unit, zone) => {
            value.as_str().and_then(|text| timestamp(text, zone.is_some())).and_then(|at| in_unit(at, *unit))
        }
        _ => None,
    };
    read.ok_or_else(|| misfit(value, data_type))
}

/// Reads a bound or value for a column of floats: the nearest value of that type.
pub(crate) fn float(value: &Value, data_type: &DataType) -> Result<f64, String> {
    let number = value.as_f64().filter(|number| number.is_finite());
    match data_type {
        // a double that is no float would make the bound 0.1 exclude the float 0.1
        DataType::Float32 => number.map(|number| f64::from(number as f32)).filter(|number| number.is_finite()),
        _ => number,
    }
    .ok_or_else(|| misfit(value, data_type))
}

/// One sentence for a value that the type does not have.
pub(crate) fn misfit(value: &Value, data_type: &DataType) -> String {
    let hint = match data_type {
        DataType::Date32 | DataType::Date64 => ", write it as `2024-12-31`",
        DataType::Time32(_) | DataType::Time64(_) => ", write it as `23:59:59`",
        DataType::Timestamp(_, Some(_)) => ", write it as `2024-12-31T23:59:59Z`",
        DataType::Timestamp(_, None) => ", write it as `2024-12-31T23:59:59`",
        _ => "",
    };
    format!("`{value}` does not fit a column of type {data_type}{hint}")
}

/// `2024-12-31`, and nothing that only resembles it.
pub(crate) fn full_date(text: &str) -> Option<NaiveDate> {
    let bytes = text.as_bytes();
    let shape = bytes.len() == 10
        && bytes
            .iter()
            .enumerate()
            .all(|(at, byte)| if at == 4 || at == 7 { *byte == b'-' } else { byte.is_ascii_digit() });
    if !shape {
        return None;
    }
    NaiveDate::from_ymd_opt(text[..4].parse().ok()?, text[5..7].parse().ok()?, text[8..].parse().ok()?)
}

/// Decimal text such as `-12.50` or `1e3` as a whole number of units of 10^-scale; `None` if digits would be lost.
pub(crate) fn decimal(text: &str, scale: i8) -> Option<i128> {
    let (text, negative) = match text.strip_prefix('-') {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{before}{after}");
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut number: i128 = digits.parse().ok()?;
    let shift = exponent.checked_sub(i32::try_from(after.len()).ok()?)?.checked_add(i32::from(scale))?;
    if number != 0 {
        let factor = 10_i128.checked_pow(shift.unsigned_abs())?;
        number = match shift {
            0.. => number.checked_mul(factor)?,
            _ if number % factor == 0 => number / factor,
            _ => return None,
        };
    }
    Some(if negative { -number } else { number })
}

fn whole(value: &Value) -> Option<i128> {
    // beyond 2^53 a double no longer says which integer was meant
    let exact = |number: &f64| number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0;
    let number = value.as_number()?;
    number.as_i128().or_else(|| number.as_f64().filter(exact).map(|number| number as i128))
}

fn fixed_point(value: &Value, precision: u8, scale: i8) -> Option<i128> {
    let number = match value {
        Value::Number(number) => decimal(&number.to_string(), scale),
        Value::String(text) => decimal(text, scale),
        _ => None,
    }?;
    (number.unsigned_abs() < 10_u128.checked_pow(precision.into())?).then_some(number)
}

fn days(date: NaiveDate) -> i32 {
    // from_ymd counts from 0001-01-01, Arrow from 1970-01-01
    chrono::Datelike::num_days_from_ce(&date) - 719_163
}

/// Nanoseconds since midnight.
fn time(text: &str) -> Option<i128> {
    let at = NaiveTime::parse_from_str(text, "%H:%M:%S%.f").ok()?;
    (at.nanosecond() < 1_000_000_000)
        .then(|| i128::from(at.num_seconds_from_midnight()) * 1_000_000_000 + i128::from(at.nanosecond()))
}

/// Nanoseconds since 1970. A day alone is its midnight; without an offset, a zoned column's text is UTC; a column
/// without zone takes wall-clock text, for which `Z` says nothing wrong and any other offset does.
fn timestamp(text: &str, zoned: bool) -> Option<i128> {
    let nanoseconds =
        |at: NaiveDateTime| i128::from(at.and_utc().timestamp()) * 1_000_000_000 + i128::from(at.nanosecond());
    if let Some(date) = full_date(text) {
        return Some(nanoseconds(date.and_time(NaiveTime::MIN)));
    }
    full_date(text.get(..10)?)?;
    let text = text.replacen(' ', "T", 1);
    if let Ok(at) = NaiveDateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M:%S%.f") {
        return Some(nanoseconds(at));
    }
    let at = DateTime::parse_from_rfc3339(&text).ok()?;
    (zoned || at.offset().local_minus_utc() == 0).then(|| nanoseconds(at.naive_utc()))
}

fn in_unit(nanoseconds: i128, unit: TimeUnit) -> Option<i128> {
    let size = match unit {
        TimeUnit::Second => 1_000_000_000,
        TimeUnit::Millisecond => 1_000_000,
        TimeUnit::Microsecond => 1_000,
        TimeUnit::Nanosecond => 1,
    };
    (nanoseconds % size == 0).then_some(nanoseconds / size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn decimals_keep_every_digit() {
        assert_eq!(decimal("-12.50", 2), Some(-1250));
        assert_eq!(decimal("1e3", 2), Some(100_000));
        assert_eq!(decimal("0.001", 2), None);
        assert_eq!(decimal("0.100", 1), Some(1));
        assert_eq!(decimal("1.2.3", 2), None);
        assert_eq!(integer(&json!(0.1), &DataType::Decimal128(5, 2)), Ok(10));
        assert!(integer(&json!("1000"), &DataType::Decimal128(5, 2)).is_err());
    }

    #[test]
    fn times_read_as_rfc_3339() {
        let zoned = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let plain = DataType::Timestamp(TimeUnit::Microsecond, None);
        assert_eq!(integer(&json!("1970-01-01T01:00:00+01:00"), &zoned), Ok(0));
        assert_eq!(integer(&json!("1970-01-02"), &zoned), Ok(86_400_000_000));
        assert_eq!(integer(&json!("1970-01-01T00:00:01.5"), &plain), Ok(1_500_000));
        assert!(integer(&json!("1970-01-01T01:00:00+01:00"), &plain).is_err());
        assert!(integer(&json!("1970-01-01T00:00:00.0000001Z"), &zoned).is_err());
        assert_eq!(integer(&json!("1969-12-31"), &DataType::Date32), Ok(-1));
        assert_eq!(integer(&json!("00:00:01"), &DataType::Time64(TimeUnit::Microsecond)), Ok(1_000_000));
    }

    #[test]
    fn numbers_must_fit() {
        assert!(integer(&json!(3_000_000_000_i64), &DataType::Int32).is_err());
        assert!(integer(&json!(1.5), &DataType::Int64).is_err());
        assert_eq!(integer(&json!(2.0), &DataType::Int64), Ok(2));
        assert_eq!(float(&json!(0.1), &DataType::Float32), Ok(f64::from(0.1_f32)));
        assert!(float(&json!(1e300), &DataType::Float32).is_err());
    }
}
