//! What changed between two versions of a contract, and which version that asks for.
//!
//! Judged for those who read the port: what they may rely on must not be taken away without a new major version.
//! Promising more is minor, and so is promising something narrower, because data that keep the new promise keep the
//! old one as well.
mod beyond;
mod checks;
mod columns;
mod rules;
mod terms;
mod types;
mod usage;

use crate::{Column, Contract};
pub use rules::{ChangeRule, change_rules};
pub use usage::{Consumer, Impact, impact};

/// One change of a promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Stable name of the rule that found it, such as `column-removed`.
    pub rule: &'static str,
    /// What it asks of the version.
    pub grade: Grade,
    /// The column it is about, by its new name where it has one.
    pub column: Option<String>,
    /// The name that readers of the old contract know the column by.
    pub was: Option<String>,
    /// One sentence without a full stop.
    pub message: String,
}

/// What a change asks of the version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grade {
    /// Nothing that anybody relies on changes.
    Patch,
    /// More is offered or promised than before.
    Minor,
    /// Something that people may rely on is gone or different.
    Major,
    /// Not to be done at all.
    Refused,
}

/// All changes from one contract to another, columns first. Columns are the same when they have the same name, or when
/// the new one says that it was renamed from the old one.
pub fn diff(old: &Contract, new: &Contract) -> Vec<Change> {
    let pairs = pairs(old, new);
    let mut changes = Vec::new();
    columns::changes(old, new, &pairs, &mut changes);
    checks::changes(old, new, &pairs, &mut changes);
    terms::changes(old, new, &pairs, &mut changes);
    beyond::changes(old, new, &mut changes);
    for change in &mut changes {
        let known =
            |name: &String| pairs.iter().find(|(_, now)| now.name == *name).map(|(before, _)| before.name.clone());
        change.was =
            change.column.as_ref().and_then(|name| known(name).or_else(|| Some(old.column(name)?.name.clone())));
    }
    changes
}

/// The greatest grade of all; a patch if there is none.
pub fn needed_bump(changes: &[Change]) -> Grade {
    changes.iter().map(|change| change.grade).max().unwrap_or(Grade::Patch)
}

/// The smallest version that may follow `old` with a change of this grade.
///
/// Before 1.0.0 the second number plays the part of the first one, as in `^0.1`. A pre-release promises nothing yet: its
/// last number is raised, whatever the grade. A refused change has no version; what is returned is the next major one.
pub fn smallest_version(old: &semver::Version, grade: Grade) -> semver::Version {
    use semver::Version;
    if !old.pre.is_empty() {
        return Version { pre: next(&old.pre), build: semver::BuildMetadata::EMPTY, ..*old };
    }
    match (grade, old.major, old.minor) {
        (Grade::Patch, major, minor) => Version::new(major, minor, old.patch + 1),
        (Grade::Minor, 0, minor) => Version::new(0, minor, old.patch + 1),
        (Grade::Minor, major, minor) => Version::new(major, minor + 1, 0),
        (Grade::Major | Grade::Refused, 0, minor) => Version::new(0, minor + 1, 0),
        (Grade::Major | Grade::Refused, major, _) => Version::new(major + 1, 0, 0),
    }
}

/// `rc.1` after `rc`, `rc.2` after `rc.1`.
fn next(pre: &semver::Prerelease) -> semver::Prerelease {
    let raised = match pre.as_str().rsplit_once('.').map(|(word, number)| (word, number.parse::<u64>())) {
        Some((word, Ok(number))) => format!("{word}.{}", number.saturating_add(1)),
        _ => format!("{pre}.1"),
    };
    semver::Prerelease::new(&raised).unwrap_or_else(|_| pre.clone())
}

impl Change {
    /// What it asks of those who fill the port.
    pub fn producer(&self) -> Grade {
        change_rules().iter().find(|rule| rule.id == self.rule).map_or(self.grade, |rule| rule.producer)
    }
}

impl Grade {
    /// The word for it in messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Grade::Patch => "patch",
            Grade::Minor => "minor",
            Grade::Major => "major",
            Grade::Refused => "refused",
        }
    }
}

/// Columns that are the same in both contracts.
type Pairs<'a> = [(&'a Column, &'a Column)];

fn pairs<'a>(old: &'a Contract, new: &'a Contract) -> Vec<(&'a Column, &'a Column)> {
    let before = |column: &Column| -> Option<&'a Column> {
        // the table's own id says it beyond doubt
        if let Some(id) = column.field_id
            && let Some(before) = old.columns.iter().find(|before| before.field_id == Some(id))
        {
            return Some(before);
        }
        let same = old.column(&column.name).filter(|same| same.field_id.is_none() || column.field_id.is_none());
        let renamed = column.renamed_from.as_deref().and_then(|name| old.column(name));
        // a name that is free again and taken by a renamed column is not the column that had it before
        match renamed.filter(|before| new.column(&before.name).is_none_or(|now| now.renamed_from.is_some())) {
            Some(renamed) => Some(renamed),
            None => same,
        }
    };
    new.columns.iter().filter_map(|column| Some((before(column)?, column))).collect()
}

/// The new name of an old column; its old one if it is gone.
fn new_name<'a>(name: &'a str, pairs: &Pairs<'a>) -> &'a str {
    pairs.iter().find(|(old, _)| old.name == name).map_or(name, |(_, new)| &new.name)
}

fn change(rule: &'static str, grade: Grade, column: Option<&str>, message: impl Into<String>) -> Change {
    Change { rule, grade, column: column.map(str::to_owned), was: None, message: message.into() }
}
