//! M14xx: what becomes of rows that violate checks.
use super::Page;

pub(super) const PAGES: &[Page] = &[
    Page {
        code: "M1401",
        title: "a quarantine that could take no row",
        what: "`on_violation = \"quarantine\"` stands at a check that judges the table as a whole, or at a warning.",
        why: "It would look like a safeguard and never move anything.",
        example: "[[checks]]\nid = \"rows\"\nkind = \"row_count\"\nmin = 1\non_violation = \"quarantine\"",
        fix: "Drop the key, or use a kind of check that judges rows; see docs/checks.md.",
    },
    Page {
        code: "M1402",
        title: "two meanings of one table",
        what: "A product has an output `x__quarantine`, and its output `x` quarantines rows into the table of that name.",
        why: "Rows of the port and rows that were held back would lie in one table.",
        example: "[outputs.sale]   # its contract says quarantine = true\n[outputs.sale__quarantine]",
        fix: "Rename the output.",
    },
];
