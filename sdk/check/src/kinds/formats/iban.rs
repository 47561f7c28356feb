//! Format `iban`: ISO 13616 in its electronic form (no blanks), check digits included.
use super::modulo_97;

/// `DE89370400440532013000`
pub(crate) fn is_iban(text: &str) -> bool {
    let bytes = text.as_bytes();
    if !(15..=34).contains(&bytes.len()) {
        return false;
    }
    let (head, tail) = bytes.split_at(4);
    head[..2].iter().all(u8::is_ascii_uppercase)
        && head[2..].iter().all(u8::is_ascii_digit)
        && modulo_97(tail.iter().chain(head).copied()) == Some(1)
}
