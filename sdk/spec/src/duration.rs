//! Spans of time as written in product files: `45s`, `10m`, `6h`, `1d`, `2w`.
use std::fmt;
use std::str::FromStr;

/// A length of time in whole seconds. Parsed from `<number><s|m|h|d|w>`, printed in the largest unit that fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration {
    /// Seconds.
    pub seconds: u64,
}

/// Why a text is not a duration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DurationError {
    /// One sentence without a full stop.
    pub message: String,
    /// A spelling that would be accepted, where one is near.
    pub suggestion: Option<String>,
}

/// Units from the largest to the smallest, with the words people also use for them.
const UNITS: [(&str, u64, [&str; 3]); 5] = [
    ("w", 7 * 24 * 3600, ["wk", "week", "weeks"]),
    ("d", 24 * 3600, ["dy", "day", "days"]),
    ("h", 3600, ["hr", "hour", "hours"]),
    ("m", 60, ["min", "minute", "minutes"]),
    ("s", 1, ["sec", "second", "seconds"]),
];

impl FromStr for Duration {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, unit) = text.split_at(digits);
        if let Some((_, size, _)) = UNITS.iter().find(|(name, ..)| *name == unit)
            && !number.is_empty()
        {
            let seconds = number.parse::<u64>().ok().and_then(|number| number.checked_mul(*size));
            return seconds.map(|seconds| Self { seconds }).ok_or_else(|| DurationError {
                message: format!("`{text}` is longer than can be counted in seconds"),
                suggestion: None,
            });
        }
        Err(DurationError {
            message: format!("`{text}` is not a duration: a whole number and one of s, m, h, d, w"),
            suggestion: near(number, unit),
        })
    }
}

/// The spelling that was meant by `5 days`, `1D` or `30min`.
fn near(number: &str, unit: &str) -> Option<String> {
    let word = unit.trim().to_lowercase();
    let (name, ..) = UNITS.iter().find(|(name, _, words)| *name == word || words.contains(&word.as_str()))?;
    (!number.is_empty()).then(|| format!("{number}{name}"))
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fits = |size: &u64| self.seconds.is_multiple_of(*size) && self.seconds > 0;
        let (name, size, _) = UNITS.iter().find(|(_, size, _)| fits(size)).unwrap_or(&UNITS[4]);
        write!(f, "{}{name}", self.seconds / size)
    }
}

impl fmt::Display for DurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for DurationError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_print_in_the_largest_unit_that_fits() {
        for (text, printed) in
            [("45s", "45s"), ("120s", "2m"), ("24h", "1d"), ("14d", "2w"), ("400d", "400d"), ("0h", "0s")]
        {
            assert_eq!(text.parse::<Duration>().unwrap().to_string(), printed);
        }
    }

    #[test]
    fn a_bad_duration_suggests_a_good_one() {
        let suggestion = |text: &str| text.parse::<Duration>().unwrap_err().suggestion;
        assert_eq!(suggestion("5 days").as_deref(), Some("5d"));
        assert_eq!(suggestion("1D").as_deref(), Some("1d"));
        for bad in ["", "d", "1.5h", "-1d", "1mo", "99999999999999999999d", "é"] {
            assert_eq!(suggestion(bad), None, "{bad}");
        }
    }
}
