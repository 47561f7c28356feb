//! Changes of columns: which there are, their types, whether they may be null, what is said of them.
use super::{Change, Grade, Pairs, change, types};
use crate::{Column, Contract};

pub(super) fn changes(old: &Contract, new: &Contract, pairs: &Pairs<'_>, changes: &mut Vec<Change>) {
    for column in &old.columns {
        if !pairs.iter().any(|(old, _)| std::ptr::eq(*old, column)) {
            let message = format!("column `{}` is gone", column.name);
            changes.push(change("column-removed", Grade::Major, Some(&column.name), message));
        }
    }
    for column in &new.columns {
        match pairs.iter().find(|(_, new)| std::ptr::eq(*new, column)) {
            Some((before, _)) => same(before, column, changes),
            None => added(column, changes),
        }
    }
    let order = |column: &&Column| old.columns.iter().position(|before| std::ptr::eq(before, *column));
    if !pairs.iter().map(|(before, _)| before).map(order).is_sorted() {
        changes.push(change("columns-reordered", Grade::Patch, None, "columns stand in another order"));
    }
}

fn added(column: &Column, changes: &mut Vec<Change>) {
    let name = Some(column.name.as_str());
    let (rule, message) = match (column.required, &column.default) {
        (false, _) => ("column-added", format!("column `{}` is new", column.name)),
        (true, Some(_)) => ("required-column-added", format!("column `{}` is new, with a default", column.name)),
        (true, None) => {
            ("required-column-added", format!("column `{}` is new and never null, also in older rows", column.name))
        }
    };
    changes.push(change(rule, Grade::Minor, name, message));
}

fn same(old: &Column, new: &Column, changes: &mut Vec<Change>) {
    let name = new.name.as_str();
    let mut add = |rule, grade, message: String| changes.push(change(rule, grade, Some(name), message));
    if old.name != new.name {
        add("column-renamed", Grade::Major, format!("column `{}` is now called `{name}`", old.name));
    }
    // what was said before already is no news
    let mut news = new.renamed_members.clone();
    news.retain(|path, from| old.renamed_members.get(path) != Some(from));
    let renames = types::Renames { members: &news, path: String::new() };
    let type_change = types::compare(&old.data_type, &new.data_type, &renames);
    if let Some((rule, grade)) = type_change {
        add(rule, grade, format!("type of `{name}` was {}, is {}", old.data_type, new.data_type));
    }
    match (old.required, new.required) {
        (true, false) => add("column-made-optional", Grade::Major, format!("`{name}` may now be null")),
        (false, true) => add("column-made-required", Grade::Minor, format!("`{name}` is now never null")),
        _ => {}
    }
    match (&old.unit, &new.unit) {
        (Some(before), Some(now)) if before != now => {
            add("unit-changed", Grade::Major, format!("unit of `{name}` was {before}, is {now}"));
        }
        (None, Some(now)) => add("unit-described", Grade::Patch, format!("unit of `{name}` is {now}")),
        (Some(before), None) => add("unit-dropped", Grade::Major, format!("unit of `{name}` was {before}")),
        _ => {}
    }
    if old.classification != new.classification {
        let said = |of: &Option<String>| of.clone().unwrap_or_else(|| "not classified".to_owned());
        let message = format!("`{name}` was {}, is {}", said(&old.classification), said(&new.classification));
        add("classification-raised", Grade::Major, message);
    }
    if old.open != new.open {
        let (rule, grade) = if new.open { ("values-opened", Grade::Major) } else { ("values-closed", Grade::Minor) };
        add(rule, grade, format!("the values of `{name}` {} grow", if new.open { "may now" } else { "may no longer" }));
    }
    let sensitive = |column: &Column| column.tags.iter().any(|tag| tag == "pii");
    match (sensitive(old), sensitive(new)) {
        (false, true) => {
            add("classification-raised", Grade::Major, format!("`{name}` is now `pii`: who may read it changes"));
        }
        _ if sorted(&old.tags) != sorted(&new.tags) => {
            add("tags-changed", Grade::Patch, format!("`{name}` has other tags"))
        }
        _ => {}
    }
    if old.default != new.default {
        add("default-changed", Grade::Minor, format!("`{name}` has another default"));
    }
    match (&old.deprecated, &new.deprecated) {
        (None, Some(_)) => add("column-deprecated", Grade::Minor, format!("`{name}` is deprecated")),
        (before, now) if before != now => {
            add("deprecation-changed", Grade::Patch, format!("why `{name}` is deprecated is said otherwise"))
        }
        _ => {}
    }
    if old.renamed_from != new.renamed_from && old.name == new.name {
        add("renaming-noted", Grade::Patch, format!("`renamed_from` of `{name}` is another one"));
    }
    if old.renamed_members != new.renamed_members && type_change.is_none() {
        add("renaming-noted", Grade::Patch, format!("`renamed_members` of `{name}` are others"));
    }
    if old.field_id != new.field_id {
        add("field-id-noted", Grade::Patch, format!("the id of `{name}` in the table is noted otherwise"));
    }
    if old.description != new.description {
        add("description-changed", Grade::Patch, format!("`{name}` is described in other words"));
    }
}

/// The order of tags means nothing.
fn sorted(tags: &[String]) -> Vec<&String> {
    let mut tags: Vec<&String> = tags.iter().collect();
    tags.sort();
    tags
}
