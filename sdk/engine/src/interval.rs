//! The stretch of time that a run is about: `--interval A..B`.
use std::fmt;
use std::str::FromStr;

use meshwright::{Timestamp, Window};
use serde::Serialize;

/// From its start up to, not including, its end; both as they were written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Interval {
    /// `2026-11-01` or `2026-11-01T06:00:00`
    pub start: String,
    /// The first moment after it.
    pub end: String,
    #[serde(skip)]
    window: Window,
}

impl Interval {
    /// As programs know it.
    pub(crate) fn window(&self) -> Window {
        self.window
    }
}

impl FromStr for Interval {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (start, end) = text.split_once("..").ok_or("write A..B, such as 2026-11-01..2026-12-01")?;
        let moment = |side: &str| -> Result<Timestamp, String> {
            side.parse()
                .map_err(|_| format!("`{side}` is not a date or time, such as 2026-11-01 or 2026-11-01T06:00:00"))
        };
        let (from, to) = (moment(start)?, moment(end)?);
        if to <= from {
            return Err(format!("`{text}` ends before it starts"));
        }
        Ok(Self { start: start.to_owned(), end: end.to_owned(), window: Window::between(from, to) })
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.start, self.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_has_two_ends_in_order() {
        let may: Interval = "2024-05-01..2024-06-01".parse().unwrap();
        assert!(may.window().contains("2024-05-31T23:59:59".parse().unwrap()));
        assert!(!may.window().contains("2024-06-01".parse().unwrap()));
        for wrong in ["2024-05-01", "2024-06-01..2024-05-01", "may..june", "2024-05-01..2024-05-01"] {
            assert!(wrong.parse::<Interval>().is_err(), "{wrong}");
        }
    }
}
