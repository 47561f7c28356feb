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
    match (&old.id, &new.id) {
        (Some(before), now) if Some(before) != now.as_ref() => {
            let now = now.as_deref().unwrap_or("none");
            add("id-changed", Grade::Refused, format!("the id was {before}, is {now}: that is another contract"));
        }
        (None, Some(now)) => add("id-given", Grade::Patch, format!("the id is {now}")),
        _ => {}
    }
    match (old.retention, new.retention) {
        (Some(before), Some(now)) if now < before => {
            add("retention-shortened", Grade::Major, format!("rows were kept for {before}, are kept for {now}"));
        }
        (None, Some(now)) => add("retention-limited", Grade::Major, format!("rows are now kept for {now} only")),
        (before, now) if before != now => {
            add("retention-lengthened", Grade::Minor, "rows are kept for longer".to_owned());
        }
        _ => {}
    }
    match (&old.sunset, &new.sunset) {
        (Some(before), Some(now)) if now < before => {
            add("sunset-advanced", Grade::Major, format!("the port was served until {before}, is served until {now}"));
        }
        (None, Some(now)) => add("sunset-set", Grade::Minor, format!("the port is served until {now}")),
        (Some(before), now) if Some(before) != now.as_ref() => {
            let now = now.as_deref().unwrap_or("without an end");
            add("sunset-postponed", Grade::Patch, format!("the port was served until {before}, is served {now}"));
        }
        _ => {}
    }
    if old.successor != new.successor {
        let now = new.successor.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string);
        add("successor-named", Grade::Patch, format!("the port to move to is {now}"));
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
    if old.quarantine != new.quarantine {
        add("quarantine-changed", Grade::Minor, "other rows may wait beside the port".to_owned());
    }
    if old.usage != new.usage {
        add("usage-changed", Grade::Patch, "what it may be used for is said in other words".to_owned());
    }
    if old.description != new.description {
        add("description-changed", Grade::Patch, "the port is described in other words".to_owned());
    }
}
