//! Formats `hostname` (RFC 1123), `ipv4`, `ipv6` and `uri` (RFC 3986, with a scheme, ASCII only).
use std::net::{Ipv4Addr, Ipv6Addr};

/// `sub.example.org`
pub(crate) fn is_hostname(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// `127.0.0.1`
pub(crate) fn is_ipv4(text: &str) -> bool {
    text.parse::<Ipv4Addr>().is_ok()
}

/// `2001:db8::1`
pub(crate) fn is_ipv6(text: &str) -> bool {
    text.parse::<Ipv6Addr>().is_ok()
}

/// `https://example.org/path?query#fragment`
pub(crate) fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    is_scheme(scheme) && !rest.is_empty() && has_authority(scheme, rest) && has_uri_characters(rest)
}

fn is_scheme(scheme: &str) -> bool {
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

/// `//` must be followed by a host, except in `file:///path`.
fn has_authority(scheme: &str, rest: &str) -> bool {
    match rest.strip_prefix("//") {
        Some(tail) if scheme.eq_ignore_ascii_case("file") => !tail.is_empty(),
        Some(tail) => tail.starts_with(|first: char| !"/?#".contains(first)),
        None => true,
    }
}

fn has_uri_characters(rest: &str) -> bool {
    let bytes = rest.as_bytes();
    let hex = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
    bytes.iter().enumerate().all(|(at, byte)| match byte {
        b'%' => hex(at + 1) && hex(at + 2),
        byte => byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=".contains(byte),
    })
}
