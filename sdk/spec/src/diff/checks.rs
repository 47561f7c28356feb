//! Changes of checks, those of column lines included: tighter is minor, looser takes something away.
use std::cmp::Ordering;

use serde_json::Value as Json;

use super::{Change, Grade, Pairs, change, new_name};
use crate::contract::{compare, kind_json};
use crate::{Bounds, Check, CheckKind, Contract, Severity, Tolerance};

/// In which direction a promise moves.
#[derive(Clone, Copy, PartialEq)]
enum Direction {
    Tighter,
    Looser,
    /// Both at once, or nobody can tell.
    Other,
}

pub(super) fn changes(old: &Contract, new: &Contract, pairs: &Pairs<'_>, changes: &mut Vec<Change>) {
    let renamed: Vec<Check> = old.checks.iter().map(|check| follow(check, pairs)).collect();
    // those who read an open list know that it may grow, if they were told before
    let is_open = |name: &str| pairs.iter().any(|(old, new)| new.name == name && old.open);
    let kept = |column: &str| pairs.iter().any(|(_, new)| new.name == column);
    for before in renamed.iter().filter(|check| !said_elsewhere(check)) {
        match new.checks.iter().find(|check| check.id == before.id) {
            Some(now) => same(before, now, is_open, changes),
            // a column that is gone takes its line with it
            None if line_of(before).is_some_and(|column| !kept(column)) => {}
            None => {
                let rule = if before.id == "key" { "key-removed" } else { "check-removed" };
                let message = format!("check `{}` is gone", before.id);
                changes.push(change(rule, taken_away(before), subject(before), message));
            }
        }
    }
    for now in new.checks.iter().filter(|check| !said_elsewhere(check)) {
        let known = renamed.iter().any(|check| check.id == now.id);
        // a new column brings its line with it
        if !known && line_of(now).is_none_or(kept) {
            changes.push(change("check-added", Grade::Minor, subject(now), format!("check `{}` is new", now.id)));
        }
    }
}

/// Not null is a property of the column and reported there.
fn said_elsewhere(check: &Check) -> bool {
    matches!(&check.kind, CheckKind::NotNull { column } if check.id == format!("{column}.required"))
}

/// The column whose line asks for the check, if one does.
fn line_of(check: &Check) -> Option<&str> {
    subject(check).filter(|column| check.id.strip_prefix(column).is_some_and(|rest| rest.starts_with('.')))
}

/// An old check with the new names of its columns.
fn follow(check: &Check, pairs: &Pairs<'_>) -> Check {
    let mut check = check.clone();
    for (old, new) in pairs.iter().filter(|(old, new)| old.name != new.name) {
        if let Some(rest) = check.id.strip_prefix(&format!("{}.", old.name)) {
            check.id = format!("{}.{rest}", new.name);
        }
    }
    check.kind.columns_mut().into_iter().for_each(|name| *name = new_name(name, pairs).to_owned());
    check
}

fn same(old: &Check, new: &Check, is_open: impl Fn(&str) -> bool, changes: &mut Vec<Change>) {
    let (id, column) = (&new.id, subject(new));
    if kind_json(&old.kind) != kind_json(&new.kind) || old.filter != new.filter {
        let direction = if old.filter == new.filter { direction(&old.kind, &new.kind) } else { Direction::Other };
        let (rule, grade, how) = match (&new.kind, direction) {
            _ if id == "key" => ("key-changed", Grade::Major, "is another one"),
            (CheckKind::Values { column, .. }, Direction::Looser) if is_open(column) => {
                ("values-added", Grade::Minor, "allows more values, as its openness says")
            }
            (CheckKind::Values { .. }, Direction::Looser) => ("values-added", taken_away(new), "allows more values"),
            (CheckKind::Values { .. }, Direction::Tighter) => ("values-removed", Grade::Minor, "allows fewer values"),
            (CheckKind::Range { .. } | CheckKind::Length { .. }, Direction::Looser) => {
                ("range-widened", Grade::Minor, "allows a wider range")
            }
            (CheckKind::Range { .. } | CheckKind::Length { .. }, Direction::Tighter) => {
                ("range-narrowed", Grade::Minor, "allows a narrower range")
            }
            (CheckKind::Freshness { .. }, Direction::Looser) => {
                ("freshness-loosened", Grade::Major, "lets data be older")
            }
            (_, Direction::Looser) => ("check-loosened", taken_away(new), "demands less"),
            (_, Direction::Tighter) => ("check-tightened", Grade::Minor, "demands more"),
            (_, Direction::Other) => ("check-changed", taken_away(new), "demands something else"),
        };
        let what = if id == "key" { "the key".to_owned() } else { format!("check `{id}`") };
        changes.push(change(rule, grade, column, format!("{what} {how}")));
    }
    if old.severity != new.severity {
        let (rule, grade) = match (old.severity, new.severity) {
            (Severity::Error, _) => ("check-loosened", Grade::Major),
            _ => ("severity-changed", Grade::Minor),
        };
        let message = format!("check `{id}` was of severity {}, is {}", old.severity.as_str(), new.severity.as_str());
        changes.push(change(rule, grade, column, message));
    }
    if old.tolerance != new.tolerance {
        let (rule, grade, how) = match more(old.tolerance, new.tolerance) {
            Some(false) => ("tolerance-lowered", Grade::Minor, "fewer"),
            _ => ("tolerance-raised", taken_away(new), "other or more"),
        };
        changes.push(change(rule, grade, column, format!("check `{id}` lets {how} rows fail")));
    }
    // what the contract says for all its checks is reported there
    if old.on_violation != new.on_violation && line_of(new).is_none() && id != "key" {
        let message = format!("check `{id}` does something else with rows that violate it");
        changes.push(change("violation-changed", Grade::Minor, column, message));
    }
    let words = |check: &Check| (check.description.clone(), check.dimension, check.owner);
    if words(old) != words(new) {
        changes.push(change("check-described", Grade::Patch, column, format!("check `{id}` is described otherwise")));
    }
}

/// Nobody can rely on what is only a warning.
fn taken_away(check: &Check) -> Grade {
    if check.severity == Severity::Error { Grade::Major } else { Grade::Minor }
}

/// The one column that a check speaks of.
fn subject(check: &Check) -> Option<&str> {
    match check.kind.columns()[..] {
        [column] => Some(column),
        _ => None,
    }
}

/// Whether the new tolerance lets more rows fail; none if the two cannot be compared.
fn more(old: Tolerance, new: Tolerance) -> Option<bool> {
    match (old, new) {
        (Tolerance::Rows(old), Tolerance::Rows(new)) => Some(new > old),
        (Tolerance::Share(old), Tolerance::Share(new)) => Some(new > old),
        (Tolerance::Rows(0), Tolerance::Share(_)) => Some(true),
        (Tolerance::Share(_), Tolerance::Rows(0)) => Some(false),
        _ => None,
    }
}

fn direction(old: &CheckKind, new: &CheckKind) -> Direction {
    use CheckKind::{
        Aggregate, Anomaly, Distribution, Drift, Freshness, Length, NotMissing, NotValues, Query, Range, RowCount,
        RowCountChange, Values,
    };
    let most = |most: &Option<f64>| Bounds { min: None, max: most.map(Json::from) };
    let least = |least: f64| Bounds { min: Some(least.into()), max: None };
    let both = |directions: [Direction; 2]| match directions.contains(&Direction::Looser) {
        true => Direction::Looser,
        false => Direction::Tighter,
    };
    let count = |min: &Option<u64>, max: &Option<u64>| Bounds { min: min.map(Json::from), max: max.map(Json::from) };
    match (old, new) {
        (Range { bounds: b1, .. }, Range { bounds: b2, .. }) => bounds(b1, b2),
        (Length { min: a1, max: b1, .. }, Length { min: a2, max: b2, .. }) => bounds(&count(a1, b1), &count(a2, b2)),
        (RowCount { min: a1, max: b1 }, RowCount { min: a2, max: b2 }) => bounds(&count(a1, b1), &count(a2, b2)),
        (Query { sql: s1, bounds: b1 }, Query { sql: s2, bounds: b2 }) if s1 == s2 => bounds(b1, b2),
        (Aggregate { column: c1, function: f1, bounds: b1 }, Aggregate { column: c2, function: f2, bounds: b2 })
            if c1 == c2 && f1 == f2 =>
        {
            bounds(b1, b2)
        }
        (RowCountChange { max_drop: d1, max_rise: r1 }, RowCountChange { max_drop: d2, max_rise: r2 }) => {
            both([bounds(&most(d1), &most(d2)), bounds(&most(r1), &most(r2))])
        }
        // an alarm needs a difference of some size at some level: a higher threshold or a lower level raises fewer
        (
            Drift { column: c1, baseline: b1, method: m1, threshold: t1, level: l1 },
            Drift { column: c2, baseline: b2, method: m2, threshold: t2, level: l2 },
        ) if (c1, b1, m1) == (c2, b2, m2) => {
            both([bounds(&most(&Some(*t1)), &most(&Some(*t2))), bounds(&least(*l1), &least(*l2))])
        }
        (
            Distribution { column: c1, expected: e1, threshold: t1, level: l1 },
            Distribution { column: c2, expected: e2, threshold: t2, level: l2 },
        ) if (c1, e1) == (c2, e2) => {
            both([bounds(&most(&Some(*t1)), &most(&Some(*t2))), bounds(&least(*l1), &least(*l2))])
        }
        (
            Anomaly { metric: m1, column: c1, window: w1, level: l1 },
            Anomaly { metric: m2, column: c2, window: w2, level: l2 },
        ) if (m1, c1, w1) == (m2, c2, w2) => bounds(&least(*l1), &least(*l2)),
        (NotValues { values: old, .. }, NotValues { values: new, .. }) => {
            match old.iter().all(|value| new.contains(value)) {
                true => Direction::Tighter,
                false => Direction::Looser,
            }
        }
        (NotMissing { missing: old, .. }, NotMissing { missing: new, .. }) => {
            match old.iter().all(|word| new.contains(word)) {
                true => Direction::Tighter,
                false => Direction::Looser,
            }
        }
        (Values { values: old, .. }, Values { values: new, .. }) => {
            match (old.iter().all(|value| new.contains(value)), new.iter().all(|value| old.contains(value))) {
                (true, _) => Direction::Looser,
                (false, true) => Direction::Tighter,
                (false, false) => Direction::Looser,
            }
        }
        (Freshness { column: c1, max_age: a1 }, Freshness { column: c2, max_age: a2 }) if c1 == c2 => {
            if a2 > a1 {
                Direction::Looser
            } else {
                Direction::Tighter
            }
        }
        _ => Direction::Other,
    }
}

/// Whether the interval grows or shrinks; one that moves loosens at one end, and that is what counts.
fn bounds(old: &Bounds, new: &Bounds) -> Direction {
    let down = end(old.min.as_ref(), new.min.as_ref(), Ordering::Less);
    let up = end(old.max.as_ref(), new.max.as_ref(), Ordering::Greater);
    if [down, up].contains(&Some(Direction::Looser)) {
        Direction::Looser
    } else if [down, up].contains(&Some(Direction::Other)) {
        Direction::Other
    } else {
        Direction::Tighter
    }
}

fn end(old: Option<&Json>, new: Option<&Json>, outward: Ordering) -> Option<Direction> {
    match (old, new) {
        (None, None) => None,
        (None, Some(_)) => Some(Direction::Tighter),
        (Some(_), None) => Some(Direction::Looser),
        (Some(old), Some(new)) => match compare(new, old) {
            Some(Ordering::Equal) => None,
            Some(order) if order == outward => Some(Direction::Looser),
            Some(_) => Some(Direction::Tighter),
            None => Some(Direction::Other),
        },
    }
}
