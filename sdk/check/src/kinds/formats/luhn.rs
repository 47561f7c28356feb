//! Format `luhn`: digits whose last one is Luhn's check digit (card numbers, IMEI; ISO/IEC 7812-1).

/// `4539578763621486`
pub(crate) fn is_luhn(text: &str) -> bool {
    let mut sum = 0;
    for (place, byte) in text.bytes().rev().enumerate() {
        if !byte.is_ascii_digit() {
            return false;
        }
        let digit = u32::from(byte - b'0');
        sum += match (place % 2, digit) {
            (0, digit) => digit,
            (_, digit @ 0..=4) => digit * 2,
            (_, digit) => digit * 2 - 9,
        };
    }
    text.len() >= 2 && sum % 10 == 0
}
