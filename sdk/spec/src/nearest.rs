//! "Did you mean": the known word that lies nearest to a mistyped one.

/// The word of `among` nearest to `word`, if any is near enough to be what was meant.
///
/// Near is: equal but for case and punctuation, or one edit for every three characters (at least one; swapped
/// neighbours count as one).
pub fn nearest<'a>(word: &str, among: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let low = word.to_lowercase();
    let limit = (low.chars().count() / 3).max(1);
    let distance = |other: &str| {
        if letters(&low) == letters(other) { 0 } else { strsim::damerau_levenshtein(&low, &other.to_lowercase()) }
    };
    let (far, found) = among.into_iter().map(|other| (distance(other), other)).min_by_key(|(far, _)| *far)?;
    (far <= limit && far < low.chars().count().max(1)).then_some(found)
}

/// Lower-case letters and digits only, so that `Min-Length` is `min_length`.
fn letters(word: &str) -> String {
    word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn typing_errors_are_near_and_other_words_are_not() {
        let known = ["title", "description", "min_length", "key", "to"];
        for (word, meant) in
            [("titel", "title"), ("descripton", "description"), ("minLength", "min_length"), ("Key", "key")]
        {
            assert_eq!(nearest(word, known), Some(meant));
        }
        for other in ["", "x", "licence", "kind_of_thing"] {
            assert_eq!(nearest(other, known), None, "{other}");
        }
    }
}
