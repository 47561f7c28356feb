//! Inclusive bounds, read once into the type of what they bound.
use meshwright_spec::Bounds;
use serde_json::{Value, json};

use crate::scalar::decimal;

/// Both ends may be open.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Limits<T> {
    /// Smallest allowed.
    pub(crate) min: Option<T>,
    /// Largest allowed.
    pub(crate) max: Option<T>,
}

impl<T: PartialOrd> Limits<T> {
    /// Reads both ends.
    pub(crate) fn read(bounds: &Bounds, read: impl Fn(&Value) -> Result<T, String>) -> Result<Self, String> {
        let limits =
            Self { min: bounds.min.as_ref().map(&read).transpose()?, max: bounds.max.as_ref().map(&read).transpose()? };
        match &limits {
            Self { min: Some(min), max: Some(max) } if min > max => Err("`min` is above `max`".into()),
            _ => Ok(limits),
        }
    }

    /// Whether a value lies within.
    pub(crate) fn admit(&self, value: &T) -> bool {
        self.min.as_ref().is_none_or(|min| value >= min) && self.max.as_ref().is_none_or(|max| value <= max)
    }
}

/// A measured number: exact where the data are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Number {
    /// So many units of 10^-scale.
    Exact(i128, i8),
    /// A float.
    Float(f64),
}

impl Number {
    /// Reads the JSON number or decimal text of a bound; exact if it has no more digits than `scale` allows.
    pub(crate) fn read(value: &Value, scale: i8) -> Result<Self, String> {
        let text = match value {
            Value::Number(number) => number.to_string(),
            Value::String(text) => text.clone(),
            _ => return Err(format!("`{value}` is no number")),
        };
        match (decimal(&text, scale), text.parse::<f64>()) {
            (Some(units), _) => Ok(Self::Exact(units, scale)),
            (None, Ok(number)) if number.is_finite() => Ok(Self::Float(number)),
            _ => Err(format!("`{value}` is no number")),
        }
    }

    /// The nearest float.
    pub(crate) fn as_f64(self) -> f64 {
        match self {
            Self::Exact(units, 0) => units as f64,
            Self::Exact(units, scale) => units as f64 / 10_f64.powi(scale.into()),
            Self::Float(number) => number,
        }
    }

    /// A JSON number where JSON can say it exactly, else text.
    pub(crate) fn to_json(self) -> Value {
        match self {
            Self::Exact(units, 0) => {
                i64::try_from(units).map_or_else(|_| json!(units.to_string()), |units| json!(units))
            }
            Self::Exact(units, scale) => json!(fixed_point(units, scale)),
            Self::Float(number) if number.is_finite() => json!(number),
            Self::Float(number) => json!(number.to_string()),
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        match (self, other) {
            (Self::Exact(a, scale), Self::Exact(b, same)) if scale == same => a.partial_cmp(b),
            (a, b) => a.as_f64().partial_cmp(&b.as_f64()),
        }
    }
}

/// `-12.50` for -1250 units of 10^-2.
fn fixed_point(units: i128, scale: i8) -> String {
    let Ok(places) = usize::try_from(scale) else { return (units as f64 * 10_f64.powi(-i32::from(scale))).to_string() };
    let digits = format!("{:0width$}", units.unsigned_abs(), width = places + 1);
    let (before, after) = digits.split_at(digits.len() - places);
    format!("{}{before}.{after}", if units < 0 { "-" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_exact() {
        assert_eq!(Number::Exact(-5, 2).to_json(), json!("-0.05"));
        assert_eq!(Number::Exact(1250, 2).to_json(), json!("12.50"));
        assert!(Number::Exact(i128::from(i64::MAX), 0) < Number::Exact(i128::from(i64::MAX) + 1, 0));
        assert!(Number::read(&json!(1.5), 0).unwrap() > Number::Exact(1, 0));
        assert!(Number::read(&json!("x"), 0).is_err());
    }
}
