//! Format `uuid`: RFC 9562's text form, any version, either case.

/// `123e4567-e89b-12d3-a456-426614174000`
pub(crate) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}
