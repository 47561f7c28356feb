//! Every code that a diagnostic can carry has a page for `mesh explain`.
use std::collections::BTreeSet;

use super::Finding;
use super::files::File;

const PAGES: &str = "sdk/spec/src/codes/";

/// Codes in the sources of the SDK without a page, and pages of codes that nothing reports.
pub(super) fn rule(files: &[File]) -> Vec<Finding> {
    let sources = |f: &&File| f.path.starts_with("sdk/") && f.path.contains("/src/") && f.path.ends_with(".rs");
    let (pages, uses): (Vec<&File>, Vec<&File>) = files.iter().filter(sources).partition(|f| f.path.starts_with(PAGES));
    let explained: BTreeSet<&str> = pages.iter().flat_map(|f| codes(&f.text)).map(|(_, code)| code).collect();
    let mut used = BTreeSet::new();
    let mut found = Vec::new();
    for file in uses {
        let code = file.code.as_deref().unwrap_or_default();
        for (at, name) in codes(&file.text) {
            // blanked text cannot tell a literal from an inline test, but where tests begin it is blank to the end
            if code[at..].trim().is_empty() {
                continue;
            }
            if used.insert(name) && !explained.contains(name) {
                found.push(Finding::error(file.at(at), format!("`{name}` has no page in {PAGES}")));
            }
        }
    }
    for file in pages {
        for (at, name) in codes(&file.text).filter(|(_, name)| !used.contains(name)) {
            found.push(Finding::warning(file.at(at), format!("nothing reports `{name}`")));
        }
    }
    found
}

/// Literals such as `"M0101"` and where they stand.
fn codes(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.match_indices("\"M").filter_map(|(at, _)| {
        let literal = text.get(at + 1..at + 7)?;
        let digits = literal.get(1..5)?;
        (digits.bytes().all(|b| b.is_ascii_digit()) && literal.ends_with('"')).then(|| (at, &literal[..5]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_without_a_page_are_found() {
        let files = [
            File::new("sdk/spec/src/codes/product.rs", "Page { code: \"M0101\" }, Page { code: \"M0102\" }"),
            File::new("sdk/engine/src/run.rs", "fn f() { report(\"M0101\"); report(\"M0999\") }"),
        ];
        let found = rule(&files);
        assert_eq!(found[0], Finding::error("sdk/engine/src/run.rs:1", "`M0999` has no page in sdk/spec/src/codes/"));
        assert_eq!(found[1], Finding::warning("sdk/spec/src/codes/product.rs:1", "nothing reports `M0102`"));
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn codes_made_up_by_tests_need_none() {
        let text = "fn f() {}\n#[cfg(test)]\nmod tests { const C: &str = \"M0998\"; }\n";
        assert_eq!(rule(&[File::new("sdk/spec/src/lib.rs", text)]), []);
    }
}
