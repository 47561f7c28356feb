//! Format `lei`: ISO 17442 legal entity identifier, check digits included.
use super::modulo_97;

/// `529900T8BM49AURSDO55`
pub(crate) fn is_lei(text: &str) -> bool {
    text.len() == 20 && text.as_bytes()[18..].iter().all(u8::is_ascii_digit) && modulo_97(text.bytes()) == Some(1)
}
