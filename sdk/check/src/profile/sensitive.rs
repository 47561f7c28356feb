//! Columns that look as if they spoke of persons: their values are masked.

/// Words of which a column's name must consist in part.
const WORDS: &[(&[&str], &str)] = &[
    (&["email", "mail", "e_mail"], "an e-mail address"),
    (&["phone", "telephone", "mobile", "msisdn", "fax"], "a telephone number"),
    (&["ssn", "nin", "passport", "tax_id", "national_id", "social_security"], "an identity number"),
    (&["birth", "birthday", "dob", "birthdate"], "a date of birth"),
    (&["first_name", "last_name", "surname", "firstname", "lastname", "full_name", "maiden"], "a person's name"),
    (&["iban", "account_number", "credit_card", "card_number", "cvv"], "an account"),
    (&["password", "passwd", "secret", "api_key", "token"], "a secret"),
    (&["street", "postal_address", "home_address", "house_number"], "an address"),
    (&["ip_address", "ipv4", "ipv6", "ip"], "a computer's address"),
];

/// Formats that only such values have.
const FORMATS: &[(&str, &str)] = &[
    ("email", "an e-mail address"),
    ("iban", "an account"),
    ("ipv4", "a computer's address"),
    ("ipv6", "a computer's address"),
];

/// Why a column looks as if it spoke of persons; `formats` are those that all its values have, and `with_at` is the
/// share of values with an @ between other characters.
pub(crate) fn reason(name: &str, formats: &[&str], with_at: f64) -> Option<String> {
    let name = name.to_lowercase();
    let parts: Vec<&str> = name.split(|c: char| !c.is_alphanumeric()).collect();
    let joined = format!("_{}_", parts.join("_"));
    let named = WORDS.iter().find(|(words, _)| words.iter().any(|word| joined.contains(&format!("_{word}_"))));
    if let Some((_, what)) = named {
        return Some(format!("its name says {what}"));
    }
    if let Some((format, what)) = FORMATS.iter().find(|(format, _)| formats.contains(format)) {
        return Some(format!("its values are {what} ({format})"));
    }
    (with_at >= 0.5).then(|| "most of its values look like e-mail addresses".to_owned())
}

#[cfg(test)]
mod tests {
    use super::reason;

    #[test]
    fn names_and_values_tell() {
        assert!(reason("customer_email", &[], 0.0).is_some_and(|r| r.contains("name")));
        assert!(reason("contact", &["email"], 1.0).is_some_and(|r| r.contains("values")));
        assert!(reason("note", &[], 0.7).is_some());
        for harmless in ["country", "ship_date", "recipient", "shipment", "emailed_reports", "address_count"] {
            assert_eq!(reason(harmless, &["date"], 0.0), None, "{harmless}");
        }
    }
}
