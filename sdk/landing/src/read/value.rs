//! Values from text: exact, or nothing.

/// Whole numbers: an optional sign and digits.
pub(super) fn integer(text: &[u8]) -> Option<i64> {
    let (negative, digits) = sign(text);
    if digits.is_empty() {
        return None;
    }
    let mut value: i64 = 0;
    if digits.len() <= 18 {
        for byte in digits {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                return None;
            }
            value = value * 10 + i64::from(digit);
        }
        return Some(if negative { -value } else { value });
    }
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        // downwards, because there is one negative number more
        value = value.checked_mul(10)?.checked_sub(i64::from(digit))?;
    }
    if negative { Some(value) } else { value.checked_neg() }
}

fn sign(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    }
}

/// Powers of ten that a double holds exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// Floating point numbers, correctly rounded; also `inf` and `nan`.
pub(super) fn double(text: &[u8]) -> Option<f64> {
    // up to 15 digits and 22 decimals both parts are exact, so one division rounds correctly (Clinger's fast path)
    let (negative, digits) = sign(text);
    let (mut mantissa, mut count, mut decimals, mut point) = (0u64, 0usize, 0usize, false);
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit <= 9 {
            mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit));
            count += 1;
            decimals += usize::from(point);
        } else if *byte == b'.' && !point {
            point = true;
        } else {
            return slow_double(text);
        }
    }
    if count == 0 || count > 15 {
        return slow_double(text);
    }
    let value = mantissa as f64 / POWERS[decimals];
    Some(if negative { -value } else { value })
}

fn slow_double(text: &[u8]) -> Option<f64> {
    let value: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    // a number beyond the range is not infinity
    (value.is_finite() || !text.iter().any(u8::is_ascii_digit)).then_some(value)
}

/// Single precision, rounded once.
pub(super) fn float(text: &[u8]) -> Option<f32> {
    let value: f32 = std::str::from_utf8(text).ok()?.parse().ok()?;
    (value.is_finite() || !text.iter().any(u8::is_ascii_digit)).then_some(value)
}

/// Fixed point numbers; digits beyond the scale must be zeros.
pub(super) fn decimal(text: &[u8], precision: u8, scale: u8) -> Option<i128> {
    let (negative, digits) = sign(text);
    let (whole, part) = match digits.iter().position(|byte| *byte == b'.') {
        Some(at) => (&digits[..at], &digits[at + 1..]),
        None => (digits, &[][..]),
    };
    if whole.is_empty() && part.is_empty() {
        return None;
    }
    let (kept, rest) = part.split_at(part.len().min(usize::from(scale)));
    if rest.iter().any(|byte| *byte != b'0') {
        return None;
    }
    let mut value: i128 = 0;
    let padding = usize::from(scale) - kept.len();
    for byte in whole.iter().chain(kept).chain(std::iter::repeat_n(&b'0', padding)) {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value.checked_mul(10)?.checked_add(i128::from(digit))?;
    }
    let limit = 10i128.checked_pow(u32::from(precision))?;
    (value < limit).then_some(if negative { -value } else { value })
}

/// `true`, `t`, `yes`, `y`, `1` and their opposites, in any case.
pub(super) fn boolean(text: &[u8]) -> Option<bool> {
    let is = |words: &[&str]| words.iter().any(|word| text.eq_ignore_ascii_case(word.as_bytes()));
    if is(&["true", "t", "yes", "y", "1"]) {
        Some(true)
    } else if is(&["false", "f", "no", "n", "0"]) {
        Some(false)
    } else {
        None
    }
}

/// `0123abcd` as bytes; an even number of digits.
pub(super) fn hexadecimal(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let (pairs, []) = text.as_chunks::<2>() else { return None };
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

/// `00112233-4455-6677-8899-aabbccddeeff`, the dashes optional.
pub(super) fn uuid(text: &[u8]) -> Option<Vec<u8>> {
    match text.len() {
        32 => hexadecimal(text),
        36 if [8, 13, 18, 23].iter().all(|at| text[*at] == b'-') => {
            let digits: Vec<u8> = text.iter().copied().filter(|byte| *byte != b'-').collect();
            hexadecimal(&digits).filter(|bytes| bytes.len() == 16)
        }
        _ => None,
    }
}

/// A point in time as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Microseconds since 1970, by the clock that was written.
    pub(super) micros: i64,
    /// Nanoseconds beyond them.
    pub(super) nanos: u16,
    /// Seconds that the clock is ahead of UTC, if written.
    pub(super) offset: Option<i32>,
}

impl Stamp {
    /// Microseconds of a clock without a zone.
    pub(super) fn local_micros(self) -> Option<i64> {
        (self.offset.is_none() && self.nanos == 0).then_some(self.micros)
    }

    /// Microseconds in UTC; a clock without a zone is taken for UTC.
    pub(super) fn utc_micros(self) -> Option<i64> {
        (self.nanos == 0).then_some(self.micros - i64::from(self.offset.unwrap_or(0)) * 1_000_000)
    }

    /// Nanoseconds of a clock without a zone.
    pub(super) fn local_nanos(self) -> Option<i64> {
        let nanos = self.micros.checked_mul(1000)?.checked_add(i64::from(self.nanos))?;
        self.offset.is_none().then_some(nanos)
    }

    /// Nanoseconds in UTC.
    pub(super) fn utc_nanos(self) -> Option<i64> {
        let micros = self.micros - i64::from(self.offset.unwrap_or(0)) * 1_000_000;
        micros.checked_mul(1000)?.checked_add(i64::from(self.nanos))
    }
}

/// `2020-12-31` as days since 1970. Other spellings are guesses, and guesses are wrong sooner or later.
pub(super) fn date(text: &[u8]) -> Option<i32> {
    let [y3, y2, y1, y0, b'-', m1, m0, b'-', d1, d0] = text else { return None };
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0i32, |value, byte| {
            let digit = byte.wrapping_sub(b'0');
            (digit <= 9).then(|| value * 10 + i32::from(digit))
        })
    };
    let (year, month, day) = (number(&[*y3, *y2, *y1, *y0])?, number(&[*m1, *m0])?, number(&[*d1, *d0])?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i32::from(leap),
        _ => return None,
    };
    (1..=length).contains(&day).then(|| days(year, month, day))
}

/// Days since 1970 of a date of the Gregorian calendar: Howard Hinnant's `days_from_civil`, for years from 0 on.
fn days(year: i32, month: i32, day: i32) -> i32 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// `12:34`, `12:34:56`, `12:34:56.789` as microseconds, and nanoseconds beyond them.
fn clock(text: &[u8]) -> Option<(i64, u16)> {
    let two = |at: usize| {
        let (high, low) = (text.get(at)?.wrapping_sub(b'0'), text.get(at + 1)?.wrapping_sub(b'0'));
        (high <= 9 && low <= 9).then(|| i64::from(high) * 10 + i64::from(low))
    };
    let (hour, minute) = (two(0)?, two(3)?);
    let second = if text.len() > 5 { two(6)? } else { 0 };
    let colons = text[2] == b':' && (text.len() == 5 || text[5] == b':');
    if !colons || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let seconds = hour * 3600 + minute * 60 + second;
    let mut nanos = 0;
    if text.len() > 8 {
        let digits = &text[9..];
        if text[8] != b'.' || digits.is_empty() || digits.len() > 9 || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        for at in 0..9 {
            nanos = nanos * 10 + digits.get(at).map_or(0, |byte| i64::from(byte - b'0'));
        }
    }
    Some((seconds * 1_000_000 + nanos / 1000, (nanos % 1000) as u16))
}

/// A time of day as microseconds since midnight.
pub(super) fn time(text: &[u8]) -> Option<i64> {
    clock(text).filter(|(_, nanos)| *nanos == 0).map(|(micros, _)| micros)
}

/// ISO 8601: a date, or date and time with `T` or a space between, and `Z` or an offset where there is a zone.
pub(super) fn stamp(text: &[u8]) -> Option<Stamp> {
    let (day, rest) = text.split_at_checked(10)?;
    let midnight = i64::from(date(day)?) * 86_400_000_000;
    let [b'T' | b't' | b' ', rest @ ..] = rest else {
        return rest.is_empty().then_some(Stamp { micros: midnight, nanos: 0, offset: None });
    };
    let (time, offset) = match rest.iter().position(|byte| matches!(byte, b'Z' | b'z' | b'+' | b'-' | b' ')) {
        Some(at) => (&rest[..at], Some(zone(rest[at..].trim_ascii_start())?)),
        None => (rest, None),
    };
    let (micros, nanos) = clock(time)?;
    Some(Stamp { micros: midnight + micros, nanos, offset })
}

/// `Z`, `UTC`, `+01`, `+0100`, `+01:00` as seconds ahead of UTC.
fn zone(text: &[u8]) -> Option<i32> {
    if text.eq_ignore_ascii_case(b"z") || text.eq_ignore_ascii_case(b"utc") {
        return Some(0);
    }
    let (direction, digits) = match text {
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let (h1, h0, m1, m0) = match digits {
        [h1, h0] => (h1, h0, &b'0', &b'0'),
        [h1, h0, b':', m1, m0] | [h1, h0, m1, m0] => (h1, h0, m1, m0),
        _ => return None,
    };
    let digit = |byte: &u8| byte.is_ascii_digit().then(|| i32::from(byte - b'0'));
    let (hours, minutes) = (digit(h1)? * 10 + digit(h0)?, digit(m1)? * 10 + digit(m0)?);
    (hours <= 18 && minutes <= 59).then_some(direction * (hours * 3600 + minutes * 60))
}
