//! Values of a column's type: bounds, defaults and allowed values.
use serde_json::{Number, Value as Json};
use toml::de::DeValue;
use toml::value::Datetime;

use super::Value;
use crate::DataType;

impl Value<'_> {
    /// A number, with or without a fraction.
    pub(crate) fn number(&self) -> Option<Json> {
        self.numeric().map(Json::Number).or_else(|| self.wrong_type("a number"))
    }

    /// A value of a column's type; dates and times become RFC 3339 text.
    pub(crate) fn of_type(&self, data_type: &DataType) -> Option<Json> {
        let found = match data_type {
            DataType::Boolean => self.raw.as_bool().map(Json::Bool),
            DataType::Int => self.integer().filter(|number| i32::try_from(*number).is_ok()).map(Json::from),
            DataType::Long => self.integer().map(Json::from),
            DataType::Float | DataType::Double => self.numeric().map(Json::Number),
            DataType::Decimal { .. } => self.numeric().map(Json::Number).or_else(|| self.decimal_text()),
            DataType::String => self.raw.as_str().map(Json::from),
            DataType::Uuid => self.raw.as_str().filter(|text| is_uuid(text)).map(|text| text.to_lowercase().into()),
            DataType::Date | DataType::Time => self.datetime(data_type),
            _ if data_type.is_timestamp() => self.datetime(data_type),
            _ => None,
        };
        if found.is_none() {
            let message = format!("`{}` cannot be {}: the column's type is {data_type}", self.name, self.source());
            let help = match data_type {
                DataType::Int if self.raw.is_integer() => Some("an int has 32 bits; take `long`".to_owned()),
                _ => example(data_type).map(|example| format!("for example `{example}`")),
            };
            self.wrong("M0206", message, help);
        }
        found
    }

    fn integer(&self) -> Option<i64> {
        let number = self.raw.as_integer()?;
        i64::from_str_radix(number.as_str(), number.radix()).ok()
    }

    fn numeric(&self) -> Option<Number> {
        match self.raw {
            DeValue::Integer(_) => self.integer().map(Number::from),
            DeValue::Float(number) => number.as_str().parse().ok().and_then(Number::from_f64),
            _ => None,
        }
    }

    /// Decimals may be written as text, for digits that a float does not hold.
    fn decimal_text(&self) -> Option<Json> {
        let text = self.raw.as_str()?;
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !plain(whole) || !plain(fraction) {
            return None;
        }
        // one spelling for one number, where a float holds all of its digits
        let short = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text };
        let float = short.parse::<f64>().ok().filter(|float| float.to_string() == short);
        Some(float.and_then(Number::from_f64).map_or_else(|| text.into(), Json::Number))
    }

    fn datetime(&self, data_type: &DataType) -> Option<Json> {
        let value = match self.raw {
            DeValue::Datetime(value) => *value,
            DeValue::String(text) => text.parse::<Datetime>().ok()?,
            _ => return None,
        };
        let zoned = matches!(data_type, DataType::Timestamptz | DataType::TimestamptzNs);
        match (data_type, value.date, value.time, value.offset) {
            (DataType::Date, Some(_), None, None) | (DataType::Time, None, Some(_), None) => {}
            (DataType::Date | DataType::Time, ..) => return None,
            (_, Some(_), Some(_), offset) if offset.is_some() == zoned => {}
            (_, Some(date), None, None) => {
                return Some(format!("{date}T00:00:00{}", if zoned { "Z" } else { "" }).into());
            }
            _ => return None,
        }
        Some(value.to_string().into())
    }
}

fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// How a value of the type is written, where that is not plain.
fn example(data_type: &DataType) -> Option<&'static str> {
    Some(match data_type {
        DataType::Boolean => "true",
        DataType::Int | DataType::Long => "42",
        DataType::Float | DataType::Double | DataType::Decimal { .. } => "0.5",
        DataType::Date => "2026-01-31",
        DataType::Time => "12:30:00",
        DataType::Timestamp | DataType::TimestampNs => "2026-01-31T12:30:00",
        DataType::Timestamptz | DataType::TimestamptzNs => "2026-01-31T12:30:00Z",
        DataType::String => "\"text\"",
        DataType::Uuid => "\"01890a5d-ac96-774b-bcce-b302099a8057\"",
        _ => return None,
    })
}
