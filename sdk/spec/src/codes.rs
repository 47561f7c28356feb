//! The pages behind the codes of diagnostics, shown by `mesh explain`. One file per group of codes.

mod catalog;
mod check;
mod contract;
mod contract_formats;
mod history;
mod product;
mod profile;
mod quality;
mod query;
mod scaffold;
mod source;
mod step;
mod upkeep;
mod writes;

use std::sync::LazyLock;

/// What `mesh explain` says of one code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// `M` and four digits.
    pub code: &'static str,
    /// One terse sentence without a full stop.
    pub title: &'static str,
    /// What it reports.
    pub what: &'static str,
    /// Why that matters.
    pub why: &'static str,
    /// A file or a statement that is reported.
    pub example: &'static str,
    /// How to mend it.
    pub fix: &'static str,
}

/// The groups: M01xx product files, M02xx contracts, M03xx sources and ingest, M04xx steps and SQL, M05xx checks,
/// M06xx catalog and publishing, M07xx queries, M08xx new products, M09xx the mesh's home and storage, M10xx history,
/// M11xx upkeep, M12xx writing tables, M13xx files, profiles and drift, M14xx rows that violate checks.
static PAGES: LazyLock<Vec<Page>> = LazyLock::new(|| {
    [
        product::PAGES,
        contract::PAGES,
        contract_formats::PAGES,
        source::PAGES,
        step::PAGES,
        check::PAGES,
        catalog::PAGES,
        query::PAGES,
        scaffold::PAGES,
        history::PAGES,
        upkeep::PAGES,
        writes::PAGES,
        profile::PAGES,
        quality::PAGES,
    ]
    .concat()
});

/// All pages in the order of their codes.
pub fn pages() -> &'static [Page] {
    &PAGES
}

/// The page of one code; case does not matter.
pub fn page(code: &str) -> Option<&'static Page> {
    pages().iter().find(|page| page.code.eq_ignore_ascii_case(code))
}
