//! The rules by which changes are named and graded.
use super::Grade;

/// One rule. Checks that are only warnings take less away: those rules say `minor` then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangeRule {
    /// Stable name.
    pub id: &'static str,
    /// What it asks of the version: for those who read the port.
    pub consumer: Grade,
    /// What it asks of those who fill the port: `major` where data that kept the old promise may not keep the new one.
    pub producer: Grade,
    /// What it reports.
    pub about: &'static str,
}

/// All rules.
pub fn change_rules() -> &'static [ChangeRule] {
    RULES
}

const fn rule(id: &'static str, consumer: Grade, producer: Grade, about: &'static str) -> ChangeRule {
    ChangeRule { id, consumer, producer, about }
}

use Grade::{Major, Minor, Patch, Refused};

const RULES: &[ChangeRule] = &[
    rule("column-added", Minor, Minor, "a column that may be null is new"),
    rule(
        "required-column-added",
        Minor,
        Major,
        "a column that is never null is new; older rows need a default, or the port is replaced whole",
    ),
    rule("column-removed", Major, Patch, "a column is gone"),
    rule(
        "column-renamed",
        Major,
        Major,
        "a column has another name; known by `renamed_from` or by its id in the table",
    ),
    rule("columns-reordered", Patch, Patch, "columns stand in another order"),
    rule(
        "type-widened",
        Minor,
        Minor,
        "int to long, float to double, more digits before the point: old data are read as the new type",
    ),
    rule("type-changed", Major, Major, "any other change of a type: a new column in the table"),
    rule("member-added", Minor, Minor, "a struct has more members"),
    rule("member-removed", Major, Patch, "a member of a struct is gone"),
    rule("member-renamed", Major, Major, "a member of a struct has another name; known by `renamed_members`"),
    rule("members-reordered", Patch, Patch, "members of a struct stand in another order"),
    rule("column-made-optional", Major, Patch, "values may now be null"),
    rule("column-made-required", Minor, Major, "values are never null from now on; the next release proves it"),
    rule("unit-changed", Major, Major, "numbers mean something else"),
    rule("unit-described", Patch, Patch, "the unit is said for the first time"),
    rule("unit-dropped", Major, Patch, "the unit is no longer said"),
    rule("classification-raised", Major, Minor, "who may read the column changes"),
    rule("tags-changed", Patch, Patch, "other tags"),
    rule("default-changed", Minor, Minor, "another default"),
    rule("column-deprecated", Minor, Patch, "a column should not be used any more"),
    rule("deprecation-changed", Patch, Patch, "other words about why"),
    rule(
        "renaming-noted",
        Patch,
        Patch,
        "`renamed_from` or `renamed_members` says something else about an earlier version",
    ),
    rule("field-id-noted", Patch, Patch, "the id in the table is noted"),
    rule("key-changed", Major, Major, "rows are identified by other columns"),
    rule("key-removed", Major, Patch, "rows are no longer unique by the key"),
    rule("check-added", Minor, Major, "more is checked"),
    rule("check-removed", Major, Patch, "a check is gone; minor if it was only a warning"),
    rule("check-tightened", Minor, Major, "a check demands more"),
    rule("check-loosened", Major, Patch, "a check demands less; minor if it was only a warning"),
    rule("check-changed", Major, Major, "a check demands something else; minor if it is only a warning"),
    rule("check-described", Patch, Patch, "a check is described in other words"),
    rule("range-widened", Minor, Patch, "more values are allowed than before"),
    rule("range-narrowed", Minor, Major, "fewer values are allowed than before"),
    rule("values-added", Major, Patch, "a list of values is longer; minor where it was `open`"),
    rule("values-removed", Minor, Major, "a list of values is shorter"),
    rule("values-opened", Major, Patch, "a list of values may grow from now on"),
    rule("values-closed", Minor, Minor, "a list of values no longer grows"),
    rule("severity-changed", Minor, Minor, "a check is graver, or less so but no error before"),
    rule("tolerance-raised", Major, Patch, "more rows may fail a check"),
    rule("tolerance-lowered", Minor, Major, "fewer rows may fail a check"),
    rule("freshness-loosened", Major, Patch, "data may be older"),
    rule("retention-shortened", Major, Patch, "rows are kept for less time"),
    rule("retention-limited", Major, Patch, "rows are no longer kept for ever"),
    rule("retention-lengthened", Minor, Minor, "rows are kept for longer"),
    rule("version-lowered", Refused, Refused, "the version goes back"),
    rule(
        "status-changed",
        Minor,
        Minor,
        "draft to active is a patch, retiring what is deprecated is major, anything else that ends the promise is refused",
    ),
    rule("sunset-set", Minor, Patch, "the port has an end"),
    rule("sunset-advanced", Major, Patch, "the end comes earlier"),
    rule("sunset-postponed", Patch, Minor, "the end comes later"),
    rule("successor-named", Patch, Patch, "the port to move to"),
    rule("id-changed", Refused, Refused, "the contract is another one"),
    rule("id-given", Patch, Patch, "the contract has an id now"),
    rule("license-changed", Major, Minor, "it may be used otherwise"),
    rule("license-added", Minor, Patch, "the licence is said for the first time"),
    rule("usage-changed", Patch, Patch, "other words about its use"),
    rule("description-changed", Patch, Patch, "other words"),
    rule("partition-changed", Patch, Minor, "files are laid out otherwise"),
    rule("sort-changed", Patch, Minor, "rows are ordered otherwise within files"),
    rule("server-added", Minor, Minor, "one more place to read it from"),
    rule("server-moved", Major, Major, "it is read from somewhere else"),
    rule("server-removed", Major, Patch, "a place to read it from is gone"),
    rule("price-changed", Major, Minor, "it has another price"),
    rule("physical-name-changed", Minor, Minor, "the table has another name behind the port"),
    rule("terms-changed", Patch, Patch, "something else that an ODCS document says"),
];
