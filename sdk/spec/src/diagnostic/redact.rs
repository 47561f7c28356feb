//! Secrets in URLs: never shown, whoever wrote them into a file.
use std::borrow::Cow;
use std::ops::Range;

/// Parameters of queries that sign or unlock something.
const NAMES: [&str; 17] = [
    "x-amz-signature",
    "x-amz-credential",
    "x-amz-security-token",
    "x-goog-signature",
    "x-goog-credential",
    "awsaccesskeyid",
    "signature",
    "sig",
    "token",
    "access_token",
    "api_key",
    "apikey",
    "key",
    "password",
    "passwd",
    "pwd",
    "secret",
];

/// The text with secrets in URLs replaced by as many `*` as they have bytes, so that positions stay what they are.
pub fn redact(text: &str) -> Cow<'_, str> {
    let mut shown = Cow::Borrowed(text);
    let (mut at, mut done) = (0, 0);
    while let Some(found) = text[at..].find([':', '?', '&', ';']) {
        at += found;
        match userinfo(text, done..at).or_else(|| parameter(text, at)) {
            Some(secret) => {
                shown.to_mut().replace_range(secret.clone(), &"*".repeat(secret.len()));
                (at, done) = (secret.end, secret.end);
            }
            None => at += 1,
        }
    }
    shown
}

/// `user:password` of `scheme://user:password@host`; the scheme ends `before` the colon.
fn userinfo(text: &str, before: Range<usize>) -> Option<Range<usize>> {
    let rest = text[before.end..].strip_prefix("://")?;
    let in_scheme = |byte: &u8| byte.is_ascii_alphanumeric() || b"+.-".contains(byte);
    let mut scheme = text.as_bytes()[before].iter().rev().take_while(|byte| in_scheme(byte));
    scheme.any(u8::is_ascii_alphabetic).then_some(())?;
    let ends = |c: char| c.is_whitespace() || "/?#\"'`".contains(c);
    let length = rest[..rest.find(ends).unwrap_or(rest.len())].rfind('@').filter(|length| *length > 0)?;
    let start = text.len() - rest.len();
    Some(start..start + length)
}

/// The value of a parameter that starts with the `?`, `&` or `;` at `at`.
fn parameter(text: &str, at: usize) -> Option<Range<usize>> {
    let rest = text[at..].strip_prefix(['?', '&', ';'])?;
    let value = NAMES.iter().find_map(|name| {
        let (start, rest) = rest.split_at_checked(name.len())?;
        rest.strip_prefix('=').filter(|_| start.eq_ignore_ascii_case(name))
    })?;
    let ends = |c: char| c.is_whitespace() || "&;#\"'`".contains(c);
    let length = value.find(ends).unwrap_or(value.len());
    let start = text.len() - value.len();
    (length > 0).then_some(start..start + length)
}

#[cfg(test)]
mod tests {
    use super::{NAMES, redact};
    use proptest::prelude::*;
    use regex::{Captures, Regex};

    #[test]
    fn secrets_go_and_positions_stay() {
        for (text, shown) in [
            ("postgres://mesh:hunter2@db/x", "postgres://************@db/x"),
            ("https://a/b?X-Amz-Signature=abcd&n=1", "https://a/b?X-Amz-Signature=****&n=1"),
            ("\"s3://k:é@b\" and sig", "\"s3://****@b\" and sig"),
            ("a@b.org, file:///srv/mesh", "a@b.org, file:///srv/mesh"),
            ("a://b:c@d://e:f@g?key=h;token=i", "a://***@d://***@g?key=*;token=*"),
        ] {
            assert_eq!(redact(text), shown);
            assert_eq!(redact(text).len(), text.len());
        }
    }

    proptest! {
        /// What the words above mean, said a second time.
        #[test]
        fn the_same_as_by_a_pattern(words in prop::collection::vec(prop::sample::select(
            vec!["http", "://", "a", "é", "@", "1", "/", "?", "&", ";", "=", "key", "SIG", "x-amz-signature", " ", "\"", "#", "+", ":"],
        ), 0..24)) {
            let text = words.concat();
            let userinfo = r#"(?<scheme>[A-Za-z][A-Za-z0-9+.-]*://)(?<user>[^\s/?#"'`]+)@"#;
            let query = format!(r#"(?<name>[?&;](?:{})=)(?<value>[^&;#\s"'`]+)"#, NAMES.join("|"));
            let pattern = Regex::new(&format!("(?i){userinfo}|{query}")).unwrap();
            let shown = pattern.replace_all(&text, |found: &Captures<'_>| match (found.name("user"), found.name("name")) {
                (Some(user), _) => format!("{}{}@", &found["scheme"], "*".repeat(user.len())),
                (_, Some(name)) => format!("{}{}", name.as_str(), "*".repeat(found["value"].len())),
                _ => found[0].to_owned(),
            });
            prop_assert_eq!(redact(&text), shown);
        }
    }
}
