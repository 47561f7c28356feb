//! Changes of types: those that Iceberg can promote in place widen, all others break.
use std::collections::BTreeMap;

use super::Grade;
use crate::{DataType, StructField};

/// Names that members had before, by their paths now; and the path at hand.
#[derive(Clone)]
pub(super) struct Renames<'a> {
    pub(super) members: &'a BTreeMap<String, String>,
    pub(super) path: String,
}

impl Renames<'_> {
    fn at(&self, part: &str) -> Self {
        let path = if self.path.is_empty() { part.to_owned() } else { format!("{}.{part}", self.path) };
        Self { members: self.members, path }
    }

    fn renamed(&self) -> Option<&str> {
        self.members.get(&self.path).map(String::as_str)
    }
}

/// The rule that speaks of the change and its grade; none if the types are the same.
pub(super) fn compare(old: &DataType, new: &DataType, renames: &Renames<'_>) -> Option<(&'static str, Grade)> {
    if old == new && renames.members.is_empty() {
        return None;
    }
    let changed = Some(("type-changed", Grade::Major));
    match (old, new) {
        (DataType::Int, DataType::Long) | (DataType::Float, DataType::Double) => Some(("type-widened", Grade::Minor)),
        (DataType::Decimal { precision: p1, scale: s1 }, DataType::Decimal { precision: p2, scale: s2 })
            if s1 == s2 && p2 > p1 =>
        {
            Some(("type-widened", Grade::Minor))
        }
        (DataType::List(old), DataType::List(new)) => compare(old, new, &renames.at("element")),
        (DataType::Map(k1, v1), DataType::Map(k2, v2)) if k1 == k2 => compare(v1, v2, &renames.at("value")),
        (DataType::Struct(old), DataType::Struct(new)) => members(old, new, renames),
        _ if old == new => None,
        _ => changed,
    }
}

/// The gravest change of a struct's members.
fn members(old: &[StructField], new: &[StructField], renames: &Renames<'_>) -> Option<(&'static str, Grade)> {
    let find = |name: &str| old.iter().position(|field| field.name == name);
    let from = |name: &str| renames.at(name);
    let renamed = |name: &str| from(name).renamed().and_then(find);
    let taken: Vec<usize> = new.iter().filter_map(|field| renamed(&field.name)).collect();
    let before = |field: &StructField| renamed(&field.name).or(find(&field.name).filter(|at| !taken.contains(at)));
    let pairs: Vec<(Option<usize>, &StructField)> = new.iter().map(|field| (before(field), field)).collect();
    let gone = (0..old.len()).any(|at| !pairs.iter().any(|(before, _)| *before == Some(at)));
    let removed = gone.then_some(("member-removed", Grade::Major));
    let added = pairs.iter().any(|(before, _)| before.is_none()).then_some(("member-added", Grade::Minor));
    let known = || pairs.iter().filter_map(|(before, field)| Some((&old[(*before)?], *field)));
    let other = known().any(|(before, now)| before.name != now.name).then_some(("member-renamed", Grade::Major));
    let changed = known().filter_map(|(before, now)| compare(&before.data_type, &now.data_type, &from(&now.name)));
    let moved = !pairs.iter().filter_map(|(before, _)| *before).is_sorted();
    let moved = moved.then_some(("members-reordered", Grade::Patch));
    moved.into_iter().chain(other).chain(changed).chain(removed).chain(added).max_by_key(|(_, grade)| *grade)
}
