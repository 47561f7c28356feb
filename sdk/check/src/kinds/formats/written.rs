//! How a text is written: `json`, `integer`, `number`, `uppercase`, `lowercase`, `trimmed`.

/// A document of JSON (RFC 8259).
pub(crate) fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// Digits with or without a sign before them.
pub(crate) fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// `-12`, `0.5`, `.5`, `1e6`; neither `NaN` nor `inf`.
pub(crate) fn is_number(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
    text.bytes().all(plain) && text.parse::<f64>().is_ok()
}

/// No lower-case letter.
pub(crate) fn is_uppercase(text: &str) -> bool {
    !text.chars().any(char::is_lowercase)
}

/// No capital letter.
pub(crate) fn is_lowercase(text: &str) -> bool {
    !text.chars().any(char::is_uppercase)
}

/// No blank at either end.
pub(crate) fn is_trimmed(text: &str) -> bool {
    text.trim() == text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn judge(test: fn(&str) -> bool, good: &[&str], bad: &[&str]) {
        for text in good {
            assert!(test(text), "`{text}` is good");
        }
        for text in bad {
            assert!(!test(text), "`{text}` is bad");
        }
    }

    #[test]
    fn ways_of_writing() {
        judge(is_json, &["{}", "[1, 2]", "null", "\"x\""], &["", "{", "{'a': 1}", "1 2"]);
        judge(is_integer, &["0", "-12", "+7", "007"], &["", "-", "1.0", "1e3", "١"]);
        judge(is_number, &["0", "-12.5", ".5", "1e6", "5."], &["", ".", "NaN", "inf", "1,5", "0x10", "1 "]);
        judge(is_uppercase, &["", "ABC", "A-1", "ÉCOLE"], &["Abc", "é"]);
        judge(is_lowercase, &["", "abc", "a-1"], &["Abc", "É"]);
        judge(is_trimmed, &["", "a b"], &[" a", "a ", "a\u{a0}"]);
    }
}
