//! The shape of a text: which kinds of characters follow each other, and how many of each.

/// Parts of a shape at most; longer texts end in `…`.
const PARTS: usize = 24;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Digit,
    Upper,
    Lower,
    Letter,
    Blank,
    Itself(char),
}

/// The shape as a readable regular expression: `AB-2024` is `[A-Z]{2}-\d{4}`.
pub(crate) fn shape(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars().map(class).peekable();
    let mut parts = 0;
    while let Some(one) = chars.next() {
        let mut times = 1;
        while chars.peek() == Some(&one) {
            chars.next();
            times += 1;
        }
        parts += 1;
        if parts > PARTS {
            out.push('…');
            break;
        }
        write(&mut out, one, times);
    }
    out
}

/// Whether a shape stands for the texts that it was made of as a regular expression.
pub(crate) fn is_whole(shape: &str) -> bool {
    !shape.ends_with('…')
}

fn class(c: char) -> Class {
    match c {
        '0'..='9' => Class::Digit,
        'A'..='Z' => Class::Upper,
        'a'..='z' => Class::Lower,
        ' ' => Class::Blank,
        c if c.is_alphabetic() => Class::Letter,
        c => Class::Itself(c),
    }
}

fn write(out: &mut String, class: Class, times: usize) {
    match class {
        Class::Digit => out.push_str("\\d"),
        Class::Upper => out.push_str("[A-Z]"),
        Class::Lower => out.push_str("[a-z]"),
        Class::Letter => out.push_str("\\p{L}"),
        Class::Blank => out.push(' '),
        Class::Itself(c) => {
            if r"\.+*?()|[]{}^$#&~".contains(c) {
                out.push('\\');
            }
            out.push(c);
        }
    }
    if times > 1 {
        out.push_str(&format!("{{{times}}}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_read_as_patterns() {
        assert_eq!(shape("AB-2024"), r"[A-Z]{2}-\d{4}");
        assert_eq!(shape("a.b@c.org"), r"[a-z]\.[a-z]@[a-z]\.[a-z]{3}");
        assert_eq!((shape("Ö  (1)"), shape("")), (r"\p{L} {2}\(\d\)".into(), String::new()));
        assert!(!is_whole(&shape(&"a1".repeat(40))));
    }

    #[test]
    fn a_shape_matches_what_it_was_made_of() {
        for text in ["SKU-000123", "[x]{y}|z", "é#&~^$", "a\\b", "12:30:00+02:00"] {
            let pattern = regex::Regex::new(&format!("^{}$", shape(text))).unwrap();
            assert!(pattern.is_match(text), "{pattern} does not match {text}");
        }
    }
}
