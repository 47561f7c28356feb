//! Secrets in URLs: never shown, whoever wrote them into a file.
use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// The userinfo of a URL, and the values of query parameters that sign or unlock it.
static SECRETS: LazyLock<Regex> = LazyLock::new(|| {
    let userinfo = r#"(?<scheme>[A-Za-z][A-Za-z0-9+.-]*://)(?<user>[^\s/?#"'`]+)@"#;
    let names = "x-amz-signature|x-amz-credential|x-amz-security-token|x-goog-signature|x-goog-credential|awsaccesskeyid|\
                 signature|sig|token|access_token|api_key|apikey|key|password|passwd|pwd|secret";
    let query = format!(r#"(?<name>[?&;](?:{names})=)(?<value>[^&;#\s"'`]+)"#);
    Regex::new(&format!("(?i){userinfo}|{query}")).expect("both patterns are constant and tested")
});

/// The text with secrets in URLs replaced by as many `*` as they have bytes, so that positions stay what they are.
pub fn redact(text: &str) -> Cow<'_, str> {
    SECRETS.replace_all(text, |found: &Captures<'_>| match (found.name("user"), found.name("name")) {
        (Some(user), _) => format!("{}{}@", &found["scheme"], "*".repeat(user.len())),
        (_, Some(name)) => format!("{}{}", name.as_str(), "*".repeat(found["value"].len())),
        _ => found[0].to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::redact;

    #[test]
    fn secrets_go_and_positions_stay() {
        for (text, shown) in [
            ("postgres://mesh:hunter2@db/x", "postgres://************@db/x"),
            ("https://a/b?X-Amz-Signature=abcd&n=1", "https://a/b?X-Amz-Signature=****&n=1"),
            ("\"s3://k:é@b\" and sig", "\"s3://****@b\" and sig"),
            ("a@b.org, file:///srv/mesh", "a@b.org, file:///srv/mesh"),
        ] {
            assert_eq!(redact(text), shown);
            assert_eq!(redact(text).len(), text.len());
        }
    }
}
