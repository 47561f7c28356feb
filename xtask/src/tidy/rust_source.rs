//! Just enough of Rust's grammar to tell code from comments, literals and test modules.

/// The text with comments and the insides of literals turned into blanks; bytes keep their places.
pub(super) fn bare(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'/' if bytes[at..].starts_with(b"//") => line_end(bytes, at),
            b'/' if bytes[at..].starts_with(b"/*") => block_comment_end(bytes, at),
            b'"' => string_end(bytes, at),
            b'r' if !follows_name(bytes, at) => match raw_string_end(bytes, at) {
                Some(end) => end,
                None => at,
            },
            b'\'' => char_end(bytes, at).unwrap_or(at),
            _ => at,
        };
        if end > at {
            out[at..end].iter_mut().filter(|b| **b != b'\n').for_each(|b| *b = b' ');
        }
        at = end.max(at + 1);
    }
    // whole characters were blanked, so this loses nothing
    String::from_utf8_lossy(&out).into_owned()
}

/// Blanks out modules that exist for tests only. Takes bare code, in which braces are balanced.
pub(super) fn without_tests(code: &str) -> String {
    let mut out = code.as_bytes().to_vec();
    let mut from = 0;
    let begins = |from: usize| {
        let hits = ["#[cfg(test)]", "#[cfg(all(test"].into_iter().filter_map(|form| code[from..].find(form));
        hits.min().map(|found| from + found)
    };
    while let Some(start) = begins(from) {
        let rest = &code[start..];
        // an item without a body, as in `mod tests;`, ends at its semicolon
        let (open, semicolon) = (rest.find('{'), rest.find(';'));
        let end = match (open, semicolon) {
            (Some(open), semicolon) if semicolon.is_none_or(|s| open < s) => start + closing_brace(rest, open),
            (_, Some(semicolon)) => start + semicolon + 1,
            _ => code.len(),
        };
        out[start..end].iter_mut().filter(|b| **b != b'\n').for_each(|b| *b = b' ');
        from = end;
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn closing_brace(code: &str, open: usize) -> usize {
    let mut depth = 0_usize;
    for (i, b) in code.bytes().enumerate().skip(open) {
        match b {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return i + 1;
        }
    }
    code.len()
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().position(|b| *b == b'\n').map_or(bytes.len(), |n| at + n)
}

fn block_comment_end(bytes: &[u8], at: usize) -> usize {
    let (mut depth, mut i) = (0, at);
    while i < bytes.len() {
        if bytes[i..].starts_with(b"/*") {
            depth += 1;
            i += 2;
        } else if bytes[i..].starts_with(b"*/") {
            depth -= 1;
            i += 2;
            if depth == 0 {
                return i;
            }
        } else {
            i += 1;
        }
    }
    bytes.len()
}

fn string_end(bytes: &[u8], at: usize) -> usize {
    let mut i = at + 1;
    while i < bytes.len() {
        match bytes[i] {
            b'\\' => i += 2,
            b'"' => return i + 1,
            _ => i += 1,
        }
    }
    bytes.len()
}

/// `r"..."` and `r#"..."#`; `r#name` is none.
fn raw_string_end(bytes: &[u8], at: usize) -> Option<usize> {
    let hashes = bytes[at + 1..].iter().take_while(|b| **b == b'#').count();
    let open = at + 1 + hashes;
    if bytes.get(open) != Some(&b'"') {
        return None;
    }
    let mut close = vec![b'"'];
    close.extend(std::iter::repeat_n(b'#', hashes));
    let inside = &bytes[open + 1..];
    let found = inside.windows(close.len()).position(|w| w == close);
    Some(found.map_or(bytes.len(), |n| open + 1 + n + close.len()))
}

/// `'x'` and `'\n'`; a lifetime is none.
fn char_end(bytes: &[u8], at: usize) -> Option<usize> {
    if bytes.get(at + 1) == Some(&b'\\') {
        let close = bytes.get(at + 3..)?.iter().position(|b| *b == b'\'')?;
        return Some(at + 3 + close + 1);
    }
    // one character of up to four bytes
    (2..=5)
        .map(|n| at + n)
        .find(|i| bytes.get(*i) == Some(&b'\''))
        .filter(|close| std::str::from_utf8(&bytes[at + 1..*close]).is_ok_and(|inside| inside.chars().count() == 1))
        .map(|close| close + 1)
}

fn follows_name(bytes: &[u8], at: usize) -> bool {
    at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_') && bytes[at - 1] != b'b'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_code_is_left() {
        let text =
            "a(); // b()\nlet s = \"c() \\\" d()\"; /* e /* f */ g */ h('\"', '\\'', r#\"i\"j\"#);\nfn k<'a>() {}";
        let left: String = bare(text).split_whitespace().collect();
        assert_eq!(left, "a();lets=;h(,,);fnk<'a>(){}");
        assert_eq!(bare(text).len(), text.len());
    }

    #[test]
    fn test_modules_are_left_out_and_what_follows_stays() {
        let code = "fn a() {}\n#[cfg(test)]\nmod tests { fn b() { {} } }\n#[cfg(all(test, unix))]\nmod c;\nfn d() {}\n";
        let left: String = without_tests(code).split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(left, "fn a() {} fn d() {}");
    }
}
