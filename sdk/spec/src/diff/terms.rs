//! Changes of `[contract]` itself.
use super::{Change, Grade, Pairs, change};
use crate::Contract;

pub(super) fn changes(old: &Contract, new: &Contract, pairs: &Pairs<'_>, changes: &mut Vec<Change>) {
    let mut add = |rule, grade, message: String| changes.push(change(rule, grade, None, message));
    if new.version.cmp_precedence(&old.version).is_lt() {
        let message = format!("version goes back from {} to {}", old.version, new.version);
        add("version-lowered", Grade::Refused, message);
    }
    if old.status != new.status {
        let grade = match (old.status.as_str(), new.status.as_str()) {
            (_, "draft") | ("active", "retired") => Grade::Refused,
            (_, "retired") => Grade::Major,
            ("draft", "active") => Grade::Patch,
            _ => Grade::Minor,
        };
        add("status-changed", grade, format!("status was {}, is {}", old.status, new.status));
    }
    match (&old.license, &new.license) {
        (Some(before), now) if Some(before) != now.as_ref() => {
            let now = now.as_deref().unwrap_or("none");
            add("license-changed", Grade::Major, format!("license was {before}, is {now}"));
        }
        (None, Some(now)) => add("license-added", Grade::Minor, format!("license is {now}")),
        _ => {}
    }
    let renamed = |name: &String| super::new_name(name, pairs).to_owned();
    if old.sort.iter().map(renamed).ne(new.sort.iter().cloned()) {
        add("sort-changed", Grade::Patch, "rows are sorted otherwise within files".to_owned());
    }
    let fields = |contract: &Contract| contract.partition.clone();
    let mut before = fields(old);
    before.iter_mut().for_each(|field| field.column = renamed(&field.column));
    if before != fields(new) {
        add("partition-changed", Grade::Patch, "data files are partitioned otherwise".to_owned());
    }
    if old.usage != new.usage {
        add("usage-changed", Grade::Patch, "what it may be used for is said in other words".to_owned());
    }
    if old.description != new.description {
        add("description-changed", Grade::Patch, "the port is described in other words".to_owned());
    }
}
