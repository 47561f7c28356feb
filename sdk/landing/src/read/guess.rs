//! Types guessed from values.
use meshwright_spec::DataType;

use super::value;

/// What all values of a column so far can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Guess {
    /// No value yet.
    #[default]
    Null,
    Boolean,
    Long,
    Double,
    Date,
    Timestamp,
    Timestamptz,
    Text,
}

impl Guess {
    /// Takes a value in text into account.
    pub(super) fn see(&mut self, text: &[u8]) {
        let fits = match self {
            Self::Text => true,
            Self::Long => whole(text),
            Self::Double => double(text),
            _ => false,
        };
        if !fits {
            *self = self.and(Self::of(text));
        }
    }

    /// The guess for one value alone.
    pub(super) fn of(text: &[u8]) -> Self {
        if whole(text) {
            Self::Long
        } else if double(text) {
            Self::Double
        } else if text.eq_ignore_ascii_case(b"true") || text.eq_ignore_ascii_case(b"false") {
            Self::Boolean
        } else {
            Self::of_time(text)
        }
    }

    /// The guess for one value that is known to be no number.
    pub(super) fn of_time(text: &[u8]) -> Self {
        match value::stamp(text) {
            Some(_) if text.len() == 10 => Self::Date,
            Some(stamp) if stamp.nanos == 0 && stamp.offset.is_some() => Self::Timestamptz,
            Some(stamp) if stamp.nanos == 0 => Self::Timestamp,
            _ => Self::Text,
        }
    }

    /// The narrowest type that holds the values of both.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Null, one) | (one, Self::Null) => one,
            (a, b) if a == b => a,
            (Self::Long, Self::Double) | (Self::Double, Self::Long) => Self::Double,
            (Self::Date, Self::Timestamp) | (Self::Timestamp, Self::Date) => Self::Timestamp,
            _ => Self::Text,
        }
    }

    /// The column type; a column of nulls is text.
    pub(super) fn data_type(self) -> DataType {
        match self {
            Self::Boolean => DataType::Boolean,
            Self::Long => DataType::Long,
            Self::Double => DataType::Double,
            Self::Date => DataType::Date,
            Self::Timestamp => DataType::Timestamp,
            Self::Timestamptz => DataType::Timestamptz,
            Self::Null | Self::Text => DataType::String,
        }
    }
}

/// A whole number that means its value: `007` and `+49` are codes, and their zeros and signs must survive.
fn whole(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    match digits {
        [b'0', _, ..] | [b'+', ..] => false,
        _ => value::integer(text).is_some(),
    }
}

/// A number with a point or an exponent; whole numbers too long for 64 bits are rather text than rounded.
fn double(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let code = match digits {
        [b'0', second, ..] => second.is_ascii_digit(),
        [b'+', ..] => true,
        _ => false,
    };
    if code || (digits.len() > 18 && digits.iter().all(u8::is_ascii_digit)) {
        return whole(text);
    }
    value::double(text).is_some()
}
