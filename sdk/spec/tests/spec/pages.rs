//! Every code has a page, and every code of this crate a case that shows it.
use std::collections::BTreeSet;

use meshwright_spec::{page, pages};

use crate::{cases, markdown};

#[test]
fn pages_are_complete_and_in_order() {
    let codes: Vec<&str> = pages().iter().map(|page| page.code).collect();
    assert!(codes.is_sorted() && codes.iter().collect::<BTreeSet<_>>().len() == codes.len(), "{codes:?}");
    for page in pages() {
        for part in [page.title, page.what, page.why, page.example, page.fix] {
            assert!(!part.trim().is_empty(), "{}", page.code);
        }
        assert!(!page.title.ends_with('.') && page.code.len() == 5 && page.code.starts_with('M'), "{}", page.code);
    }
    assert_eq!(page("m0204").map(|page| page.code), Some("M0204"));
}

#[test]
fn every_code_of_files_is_shown_by_a_case() {
    let mut shown = String::new();
    for path in markdown::files() {
        let text = std::fs::read_to_string(path).unwrap();
        markdown::cases(&text).iter().for_each(|case| shown.push_str(&cases::outcome(case)));
    }
    // these look at several files or at a query's columns, which is done elsewhere
    let elsewhere = ["M0120", "M0204", "M0220", "M0222", "M0223", "M0229", "M0231", "M0232", "M0233", "M0234", "M0235"];
    let missing: Vec<&str> = pages()
        .iter()
        .map(|page| page.code)
        .filter(|code| {
            ["M01", "M02"].contains(&&code[..3]) && !elsewhere.contains(code) && !shown.contains(&format!("[{code}]"))
        })
        .collect();
    assert!(missing.is_empty(), "no case shows {missing:?}");
    let unknown: Vec<&str> = shown
        .match_indices("[M0")
        .filter_map(|(at, _)| shown.get(at + 1..at + 6))
        .filter(|code| page(code).is_none())
        .collect();
    assert!(unknown.is_empty(), "no page for {unknown:?}");
}
