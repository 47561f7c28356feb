//! The registry of text formats: one file per format, one line here.

mod country;
mod currency;
mod dates;
mod email;
mod iban;
mod internet;
mod language;
mod lei;
mod luhn;
mod uuid;
mod written;

/// Whether a text has the format.
pub(crate) type Test = fn(&str) -> bool;

/// Every format by its name in contracts.
const FORMATS: &[(&str, Test)] = &[
    ("country", country::alpha_2),
    ("country3", country::alpha_3),
    ("currency", currency::is_currency),
    ("date", dates::is_date),
    ("date-time", dates::is_date_time),
    ("email", email::is_email),
    ("hostname", internet::is_hostname),
    ("iban", iban::is_iban),
    ("ipv4", internet::is_ipv4),
    ("integer", written::is_integer),
    ("ipv6", internet::is_ipv6),
    ("json", written::is_json),
    ("language", language::is_language),
    ("lei", lei::is_lei),
    ("lowercase", written::is_lowercase),
    ("luhn", luhn::is_luhn),
    ("number", written::is_number),
    ("time", dates::is_time),
    ("trimmed", written::is_trimmed),
    ("uppercase", written::is_uppercase),
    ("uri", internet::is_uri),
    ("uuid", uuid::is_uuid),
];

/// The test of a format.
pub(crate) fn find(name: &str) -> Option<Test> {
    FORMATS.iter().find(|(known, _)| *known == name).map(|(_, test)| *test)
}

/// The names of all formats, in order.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    FORMATS.iter().map(|(name, _)| *name)
}

/// Looks a code of `WIDTH` bytes up in a list of such codes, ordered and one blank apart.
fn is_code<const WIDTH: usize>(list: &str, text: &str) -> bool {
    if text.len() != WIDTH {
        return false;
    }
    let (list, text) = (list.as_bytes(), text.as_bytes());
    let (mut low, mut high) = (0, (list.len() + 1) / (WIDTH + 1));
    while low < high {
        let middle = low.midpoint(high);
        let start = middle * (WIDTH + 1);
        match list[start..start + WIDTH].cmp(text) {
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Greater => high = middle,
        }
    }
    false
}

/// The rest of division by 97 of capital letters and digits, letters standing for 10 to 35 (ISO 7064).
/// `None` where anything else occurs.
fn modulo_97(text: impl Iterator<Item = u8>) -> Option<u32> {
    let mut rest = 0;
    for byte in text {
        rest = match byte {
            b'0'..=b'9' => rest * 10 + u32::from(byte - b'0'),
            b'A'..=b'Z' => rest * 100 + u32::from(byte - b'A') + 10,
            _ => return None,
        } % 97;
    }
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::find;

    #[track_caller]
    fn judge(format: &str, good: &[&str], bad: &[&str]) {
        let test = find(format).unwrap();
        for text in good {
            assert!(test(text), "`{text}` is a good {format}");
        }
        for text in bad.iter().chain(&["", " ", "é"]) {
            assert!(!test(text), "`{text}` is no good {format}");
        }
    }

    #[test]
    fn codes() {
        judge("country", &["AD", "DE", "ZW", "XK"][..3], &["XX", "de", "DEU", "D E", "AA"]);
        judge("country3", &["ABW", "DEU", "ZWE"], &["DE", "deu", "AAA", "ZZZ"]);
        judge("currency", &["AED", "EUR", "ZWL", "HRK"], &["EU", "eur", "EUX"]);
        judge("language", &["aa", "de", "zu"], &["DE", "deu", "xx"]);
    }

    #[test]
    fn internet_names() {
        judge(
            "email",
            &["a@b.org", "first.last+x@sub.example.co"],
            &["a@b", "a..b@c.org", "@b.org", "a b@c.org", "a@-b.org"],
        );
        judge("hostname", &["a", "example.org", "xn--bcher-kva.example"], &["-a.org", "a..org", "a_b.org", "a."]);
        judge("ipv4", &["127.0.0.1"], &["1.2.3", "256.1.1.1", "01.2.3.4"]);
        judge("ipv6", &["::1", "2001:db8::1"], &["1.2.3.4", "2001:db8::1::2", ":::"]);
        judge(
            "uri",
            &[
                "https://example.org/a?b=c#d",
                "urn:isbn:0451450523",
                "mailto:a@b.org",
                "file:///tmp/x",
                "http://[::1]:80/",
            ],
            &["example.org", "http://", "https://exa mple.org", "1a:b", "http://a/%zz", "a:"],
        );
    }

    #[test]
    fn dates_and_uuids() {
        judge("date", &["2024-02-29"], &["2023-02-29", "2024-2-9", "2024-02-29T00:00:00Z", "20240229"]);
        judge(
            "date-time",
            &["2024-02-29T12:00:00Z", "2024-02-29T12:00:00.5+02:00"],
            &["2024-02-29T12:00:00", "2024-02-29", "2024-02-30T12:00:00Z"],
        );
        judge(
            "uuid",
            &["123e4567-e89b-12d3-a456-426614174000", "123E4567-E89B-12D3-A456-426614174000"],
            &[
                "123e4567e89b12d3a456426614174000",
                "123e4567-e89b-12d3-a456-42661417400g",
                "123e4567-e89b-12d3-a456_426614174000",
            ],
        );
    }

    #[test]
    fn check_digits() {
        judge(
            "iban",
            &["DE89370400440532013000", "GB82WEST12345698765432"],
            &["DE88370400440532013000", "DE89", "de89370400440532013000"],
        );
        judge(
            "lei",
            &["529900T8BM49AURSDO55", "5493001KJTIIGC8Y1R12"],
            &["529900T8BM49AURSDO56", "529900T8BM49AURSDO5"],
        );
        judge("luhn", &["4539578763621486", "79927398713"], &["79927398710", "7992-7398-713", "0"]);
    }
}
