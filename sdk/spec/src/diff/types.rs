//! Changes of types: those that Iceberg can promote in place widen, all others break.
use super::Grade;
use crate::{DataType, StructField};

/// The rule that speaks of the change and its grade; none if the types are the same.
pub(super) fn compare(old: &DataType, new: &DataType) -> Option<(&'static str, Grade)> {
    if old == new {
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
        (DataType::List(old), DataType::List(new)) => compare(old, new),
        (DataType::Map(k1, v1), DataType::Map(k2, v2)) if k1 == k2 => compare(v1, v2),
        (DataType::Struct(old), DataType::Struct(new)) => members(old, new),
        _ => changed,
    }
}

/// The gravest change of a struct's members.
fn members(old: &[StructField], new: &[StructField]) -> Option<(&'static str, Grade)> {
    let find = |fields: &'_ [StructField], name: &str| fields.iter().position(|field| field.name == name);
    let gone = old.iter().any(|field| find(new, &field.name).is_none());
    let removed = gone.then_some(("member-removed", Grade::Major));
    let added = new.iter().any(|field| find(old, &field.name).is_none()).then_some(("member-added", Grade::Minor));
    let changed = old.iter().filter_map(|field| compare(&field.data_type, &new[find(new, &field.name)?].data_type));
    let gravest = changed.chain(removed).chain(added).max_by_key(|(_, grade)| *grade);
    // the same members in another order
    gravest.or(Some(("members-reordered", Grade::Patch)))
}
