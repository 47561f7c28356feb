//! Whether bytes that are no text hold a value by itself, or a longer word of which it is a part.
//!
//! A text says where its words end. In a database's pages values stand side by side, so that a value may be followed by a
//! letter of the next one. An occurrence there is taken for a part of a longer word only if that very word stands around
//! it and is known from a text that was read as such; whatever is not explained that way counts as the value itself.
use std::collections::HashSet;
use std::ops::Range;

use regex::bytes::Regex;

use super::cells::whole_in_cell;
use super::subject::Subject;

/// Longer words with the value in them, as texts have them.
#[derive(Debug, Default)]
pub(super) struct Words(HashSet<Vec<u8>>);

/// What a file's bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bytes {
    /// Pages of SQLite, in its file or journal.
    Database,
    /// Anything else.
    Other,
}

impl Words {
    /// Keeps the longer words of a text.
    pub(super) fn learn(&mut self, text: &str, subject: &Subject) {
        for form in subject.forms() {
            for (at, _) in text.match_indices(form.as_str()) {
                let end = at + form.len();
                let before =
                    text[..at].chars().rev().take_while(|c| c.is_alphanumeric()).map(char::len_utf8).sum::<usize>();
                let after = text[end..].chars().take_while(|c| c.is_alphanumeric()).map(char::len_utf8).sum::<usize>();
                if before + after > 0 {
                    self.0.insert(text.as_bytes()[at - before..end + after].to_vec());
                }
            }
        }
    }

    /// Whether bytes hold the subject's value by itself.
    pub(super) fn hold(&self, bytes: &[u8], kind: Bytes, subject: &Subject) -> bool {
        places(bytes, subject).any(|place| self.is_whole(bytes, kind, &place))
    }

    fn is_whole(&self, bytes: &[u8], kind: Bytes, place: &Range<usize>) -> bool {
        let part = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(|b| is_of_word(*b));
        let alone = !part(place.start.checked_sub(1)) && !part(Some(place.end));
        alone
            || (kind == Bytes::Database && whole_in_cell(bytes, place))
            || !self.0.iter().any(|w| stands(w, bytes, place))
    }
}

/// Whether a byte can be of a letter or digit.
pub(super) fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || !byte.is_ascii()
}

/// Whether a longer word stands around a place.
fn stands(word: &[u8], bytes: &[u8], place: &Range<usize>) -> bool {
    let value = &bytes[place.clone()];
    let offsets = (0..=word.len().saturating_sub(value.len())).filter(|at| word[*at..].starts_with(value));
    let starts = offsets.filter_map(|at| place.start.checked_sub(at));
    starts.filter_map(|start| bytes.get(start..start + word.len())).any(|found| found == word)
}

fn places<'a>(bytes: &'a [u8], subject: &Subject) -> impl Iterator<Item = Range<usize>> + 'a {
    let expression = subject.forms().iter().map(|form| regex::escape(form)).collect::<Vec<_>>().join("|");
    let expression = Regex::new(&expression).ok().filter(|_| !expression.is_empty());
    let mut from = 0;
    std::iter::from_fn(move || {
        let found = expression.as_ref()?.find_at(bytes, from)?;
        from = found.start() + 1;
        Some(found.range())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_word_that_is_known_is_not_the_value() {
        let subject: Subject = "item=tea".parse().unwrap();
        let mut words = Words::default();
        words.learn("the owner is team shop, steam, tea", &subject);
        let hold = |bytes: &[u8]| words.hold(bytes, Bytes::Other, &subject);
        assert!(!hold(b"\x01team\x02steam") && !hold(b"r1team"));
        assert!(hold(b"\x01tea\x02") && hold(b"tea") && hold(b"team tea"));
        // two values side by side, and a word that nobody knows
        assert!(hold(b"1tea2") && hold(b"teapot"));
        assert!(hold(b"teteam teat"), "the second one");
    }
}
