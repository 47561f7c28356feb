//! Format `email`: `local@domain` as mail programs accept it: no quotes, no comments, a domain of two labels or more.
use super::internet::is_hostname;

/// `first.last@example.org`
pub(crate) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    text.len() <= 254 && is_local(local) && domain.contains('.') && is_hostname(domain)
}

/// RFC 5322's dot-atom, at most 64 bytes.
fn is_local(local: &str) -> bool {
    let atom = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~-".contains(&byte);
    let mut before = b'.';
    for byte in local.bytes() {
        if !(atom(byte) || byte == b'.' && before != b'.') {
            return false;
        }
        before = byte;
    }
    before != b'.' && local.len() <= 64
}
