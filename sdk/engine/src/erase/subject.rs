//! Whom an erasure is about: values of columns that a row must have, all of them.
use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::LazyLock;

use meshwright_catalog::{Error, Kind};
use meshwright_landing::Wanted;
use regex::Regex;
use sha2::{Digest, Sha256};

/// What stands in place of a value that was taken out of a text.
pub(crate) const ERASED: &str = "[erased]";

static PAIR: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?:^|,)\s*([A-Za-z_][A-Za-z0-9_]*)=").expect("the expression is valid"));

/// Characters from which on a value is no part of a longer word by chance.
const LONG: usize = 16;

/// Column and value pairs: `email=a@example.org` or `name=Ann Lee,born=1990-02-01`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    pub(crate) pairs: Vec<Pair>,
}

/// One column's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) column: String,
    pub(crate) value: String,
    /// Every name under which the column is known, in ports and deliveries.
    pub(crate) names: BTreeSet<String>,
}

impl FromStr for Subject {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let starts: Vec<_> = PAIR.captures_iter(text).collect();
        let mut pairs = vec![];
        for (at, found) in starts.iter().enumerate() {
            let (Some(whole), Some(column)) = (found.get(0), found.get(1)) else { continue };
            let end = starts.get(at + 1).and_then(|n| n.get(0)).map_or(text.len(), |next| next.start());
            let value = text[whole.end()..end].trim().to_owned();
            let column = column.as_str().to_owned();
            pairs.push(Pair { names: BTreeSet::from([column.clone()]), column, value });
        }
        if pairs.is_empty()
            || pairs.iter().any(|p| p.value.is_empty())
            || !text.trim_start().starts_with(&pairs[0].column)
        {
            return Err(Error::new(Kind::Invalid, "a subject is named by columns and values").help(
                "write `--subject email=ann@example.org`, or `--subject name=Ann,born=1990-02-01` for both at once",
            ));
        }
        Ok(Self { pairs })
    }
}

impl Pair {
    /// Whether the value alone names the subject, in whatever column or text it stands.
    pub(crate) fn is_telling(&self) -> bool {
        let letters = self.value.chars().any(char::is_alphabetic);
        let length = self.value.chars().count();
        (length >= 3 && letters && !["true", "false", "null"].contains(&self.value.as_str())) || length >= 7
    }

    fn is(&self, value: &str) -> bool {
        value == self.value
            || (self.value.parse::<f64>().ok().zip(value.parse::<f64>().ok())).is_some_and(|(a, b)| a == b)
    }
}

impl Subject {
    /// The value to look for in texts and bytes; none when only whole records can tell.
    pub(crate) fn telling(&self) -> Option<&str> {
        match &self.pairs[..] {
            [one] if one.is_telling() => Some(&one.value),
            _ => None,
        }
    }

    /// The value as it may stand in bytes: by itself, and inside a JSON string.
    pub(crate) fn forms(&self) -> BTreeSet<String> {
        self.telling().into_iter().flat_map(|v| [v.to_owned(), escaped(v)]).collect()
    }

    /// Whether the value means the subject wherever its bytes stand, in the middle of a word too.
    pub(crate) fn is_long(&self) -> bool {
        self.telling().is_some_and(|value| value.chars().count() >= LONG)
    }

    /// Hash of the subject with a salt: recognises it, and does not name it.
    pub(crate) fn hash(&self, salt: &str) -> String {
        let mut pairs: Vec<String> = self.pairs.iter().map(|p| format!("{}={}", p.column, p.value)).collect();
        pairs.sort();
        let digest = Sha256::digest(format!("{salt}\n{}", pairs.join("\n")));
        format!("sha256:{}", digest.iter().map(|b| format!("{b:02x}")).collect::<String>())
    }

    /// Whether a text names the subject, as a word of its own.
    pub(crate) fn is_in_text(&self, text: &str) -> bool {
        self.places(text).next().is_some()
    }

    /// Whether bytes hold the subject's value anywhere.
    pub(crate) fn is_in_bytes(&self, bytes: &[u8]) -> bool {
        self.forms().iter().any(|form| bytes.windows(form.len()).any(|window| window == form.as_bytes()))
    }

    /// The text without the subject; none when it does not name it.
    pub(crate) fn redacted(&self, text: &str) -> Option<String> {
        let mut out = String::new();
        let mut from = 0;
        for (start, end) in self.places(text) {
            out.push_str(&text[from..start]);
            out.push_str(ERASED);
            from = end;
        }
        (from > 0).then(|| out + &text[from..])
    }

    fn places<'a>(&'a self, text: &'a str) -> impl Iterator<Item = (usize, usize)> + 'a {
        let forms = self.forms();
        let mut found: Vec<(usize, usize)> = vec![];
        for form in &forms {
            found.extend(text.match_indices(form.as_str()).map(|(at, _)| (at, at + form.len())));
        }
        found.sort_unstable();
        let mut last = 0;
        found.retain(|(start, end)| {
            let before = text[..*start].chars().next_back().is_some_and(char::is_alphanumeric);
            let after = text[*end..].chars().next().is_some_and(char::is_alphanumeric);
            let free = *start >= last && !before && !after;
            if free {
                last = *end;
            }
            free
        });
        found.into_iter()
    }
}

/// As it stands inside a JSON string.
fn escaped(value: &str) -> String {
    let json = serde_json::Value::from(value).to_string();
    json[1..json.len() - 1].to_owned()
}

impl Wanted for Subject {
    fn record(&self, fields: &[(&str, &str)]) -> bool {
        self.pairs.iter().all(|pair| {
            fields.iter().any(|(name, value)| (pair.is_telling() || pair.names.contains(*name)) && pair.is(value))
        })
    }

    fn bytes(&self, bytes: &[u8]) -> bool {
        self.is_in_bytes(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(text: &str) -> Subject {
        text.parse().unwrap()
    }

    #[test]
    fn values_may_hold_commas_and_equal_signs() {
        let s = subject("name=Lee, Ann,token=a=b");
        let pairs: Vec<(&str, &str)> = s.pairs.iter().map(|p| (p.column.as_str(), p.value.as_str())).collect();
        assert_eq!(pairs, [("name", "Lee, Ann"), ("token", "a=b")]);
        for wrong in ["", "Chad", "=x", "country="] {
            assert!(wrong.parse::<Subject>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_value_is_found_as_a_word_of_its_own() {
        let s = subject("country=Chad");
        assert_eq!(s.redacted("row 5: Chad, Chadwick").as_deref(), Some("row 5: [erased], Chadwick"));
        assert_eq!(s.redacted("Chadwick"), None);
        assert_eq!(subject("id=5").redacted("row 5"), None, "a number is no name");
        let quoted = subject("name=Ann \"A\" Lee");
        let json = serde_json::json!({ "value": "Ann \"A\" Lee" }).to_string();
        assert_eq!(quoted.redacted(&json).as_deref(), Some("{\"value\":\"[erased]\"}"));
    }

    #[test]
    fn a_record_is_meant_when_all_its_values_are() {
        let both = subject("country=Chad,year=2000");
        assert!(both.record(&[("nation", "Chad"), ("year", "2000")]));
        assert!(!both.record(&[("nation", "Chad"), ("year", "2001")]));
        assert!(!both.record(&[("nation", "Chad"), ("rows", "2000")]), "a number counts in its own column");
        assert!(subject("id=5").record(&[("id", "5.0")]));
    }
}
