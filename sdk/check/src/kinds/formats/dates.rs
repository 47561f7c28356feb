//! Formats `date` and `date-time`: RFC 3339's `full-date` and `date-time`.
use crate::scalar::full_date;

/// `2024-02-29`
pub(crate) fn is_date(text: &str) -> bool {
    full_date(text).is_some()
}

/// `23:59:59`, with or without a fraction.
pub(crate) fn is_time(text: &str) -> bool {
    let shape = text.len() >= 8 && text.as_bytes()[2] == b':' && text.as_bytes()[5] == b':';
    shape && text.parse::<chrono::NaiveTime>().is_ok()
}

/// `2024-02-29T12:00:00Z`
pub(crate) fn is_date_time(text: &str) -> bool {
    // chrono reads more than RFC 3339 where numbers are short, so the date's shape is looked at first
    text.get(..10).is_some_and(is_date) && chrono::DateTime::parse_from_rfc3339(text).is_ok()
}
