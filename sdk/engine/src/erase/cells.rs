//! Records in the pages of an SQLite database, found from a place in them: also in free pages and journals, where no tree
//! leads to them.
use std::ops::Range;

use super::words::is_of_word;

/// The largest header of a record that is looked for.
const HEADER: u64 = 512;

/// Whether a record says that a place is a value, or a word in one, from its beginning to its end.
///
/// A record counts as one when its header is consistent, and the length before it is that of all its values (the file
/// format of SQLite, "B-tree pages" and "Record format").
pub(super) fn whole_in_cell(bytes: &[u8], place: &Range<usize>) -> bool {
    let first = place.start.saturating_sub(page(bytes));
    (first..place.start).rev().filter_map(|at| record(bytes, at)).any(|record| {
        let value = record.into_iter().find(|value| value.start <= place.start && place.end <= value.end);
        value.is_some_and(|value| {
            let before = place.start == value.start || !is_of_word(bytes[place.start - 1]);
            let after = place.end == value.end || !bytes.get(place.end).is_some_and(|b| is_of_word(*b));
            before && after
        })
    })
}

/// Bytes of a page, as the head of a database or of its write-ahead log says; the most there can be, if there is none.
fn page(bytes: &[u8]) -> usize {
    const MOST: usize = 65_536;
    let said = |at: usize| bytes.get(at..at + 2).map(|b| usize::from(u16::from_be_bytes([b[0], b[1]])));
    let size = match bytes {
        [b'S', b'Q', b'L', b'i', b't', b'e', ..] => said(16),
        [0x37, 0x7f, 0x06, ..] => said(10),
        _ => None,
    };
    size.filter(|size| *size >= 512).unwrap_or(MOST)
}

/// Where the texts and blobs of a record lie whose header begins at `at`, if it is one.
fn record(bytes: &[u8], at: usize) -> Option<Vec<Range<usize>>> {
    let (header, mut read) = number(bytes.get(at..)?)?;
    if !(2..=HEADER).contains(&header) {
        return None;
    }
    let body = at + header as usize;
    let (mut values, mut from) = (vec![], body);
    while read < header as usize {
        let (kind, more) = number(bytes.get(at + read..body)?)?;
        read += more;
        let size = match kind {
            0 | 8 | 9 => 0,
            1..=4 => kind,
            5 => 6,
            6 | 7 => 8,
            10 | 11 => return None,
            _ => (kind - 12) / 2,
        };
        let to = from.checked_add(usize::try_from(size).ok()?)?;
        if kind >= 12 {
            values.push(from..to);
        }
        from = to;
    }
    let total = (from - at) as u64;
    // an index has the length right before the record, a table has the row's number in between
    let said =
        |end: usize| (1..=4).any(|n| end.checked_sub(n).is_some_and(|s| number(&bytes[s..end]) == Some((total, n))));
    let behind_row = (1..=9).any(|n| {
        let start = at.checked_sub(n);
        start.is_some_and(|s| number(&bytes[s..at]).is_some_and(|(_, read)| read == n) && said(s))
    });
    (said(at) || behind_row).then_some(values)
}

/// SQLite's number of variable length, and its bytes.
fn number(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut out = 0_u64;
    for (n, byte) in bytes.iter().take(9).enumerate() {
        if n == 8 {
            return Some(((out << 8) | u64::from(*byte), 9));
        }
        out = (out << 7) | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((out, n + 1));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table's record with these texts, behind something else.
    fn cell(texts: &[&str]) -> Vec<u8> {
        let mut header = vec![texts.len() as u8 + 1];
        header.extend(texts.iter().map(|t| 13 + 2 * t.len() as u8));
        let body = texts.concat();
        let mut out = vec![0, 0, 7, (header.len() + body.len()) as u8, 42];
        out.extend(header);
        out.extend(body.as_bytes());
        out
    }

    #[test]
    fn values_side_by_side_are_told_apart() {
        let whole = |texts: &[&str]| {
            let bytes = cell(texts);
            let at = bytes.windows(3).position(|w| w == b"tea").unwrap();
            whole_in_cell(&bytes, &(at..at + 3))
        };
        assert!(whole(&["x", "tea", "main"]) && whole(&["green tea", "m"]));
        assert!(!whole(&["x", "team", "ain"]) && !whole(&["s", "xtea"]));
        assert!(!whole_in_cell(b"no record: teamain", &(11..14)));
    }
}
