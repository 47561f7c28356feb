//! States of a port by name: release number, snapshot id, tag, branch or time.
use chrono::{DateTime, NaiveDate, Utc};
use iceberg::spec::{SchemaRef, SnapshotRef};
use iceberg::table::Table;
use meshwright_catalog::{ReleaseRecord, refs, same_rows};
use meshwright_spec::{Diagnostic, PortName, Sources, nearest};

use crate::failure::{Failure, Findings, Result};

/// What `--at` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum When {
    /// `r12`
    Release(i64),
    /// A snapshot's id.
    Snapshot(i64),
    /// The state that readers saw then.
    Time(DateTime<Utc>),
    /// A tag or branch.
    Ref(String),
}

/// A state that was found.
#[derive(Debug, Clone)]
pub(crate) struct State {
    pub(crate) snapshot: SnapshotRef,
    /// The columns it was written with.
    pub(crate) schema: SchemaRef,
    /// The release it is, if it is one: the one that was asked for, else the newest.
    pub(crate) release: Option<ReleaseRecord>,
}

impl When {
    /// Never fails: what is nothing else is the name of a tag or branch.
    pub(crate) fn parse(text: &str) -> Self {
        if let Some(n) = text.strip_prefix('r').and_then(|n| n.parse().ok()) {
            return Self::Release(n);
        }
        if let Ok(id) = text.parse() {
            return Self::Snapshot(id);
        }
        if let Ok(at) = DateTime::parse_from_rfc3339(text) {
            return Self::Time(at.with_timezone(&Utc));
        }
        // a day means its end: what readers saw when it was over
        if let Some(end) =
            NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().and_then(|d| d.and_hms_milli_opt(23, 59, 59, 999))
        {
            return Self::Time(end.and_utc());
        }
        Self::Ref(text.to_owned())
    }
}

/// The state of a port that a word names. Table and releases are of one moment, [`Catalog::load_states`], so that states
/// of several ports are of one release also while somebody releases.
///
/// # Errors
/// [`Failure::Missing`] when there is none, with what is near.
///
/// [`Catalog::load_states`]: meshwright_catalog::Catalog::load_states
pub(crate) fn state_at(port: &PortName, table: &Table, releases: &[ReleaseRecord], when: &When) -> Result<State> {
    let metadata = table.metadata();
    let of = |id: i64| release_of(table, releases, id).cloned();
    let (id, release) = match when {
        When::Release(n) => {
            let Some(release) = releases.iter().find(|r| r.number == *n) else {
                return Err(absent(port, &format!("release r{n}"), None));
            };
            (release.port.snapshot_id, Some(release.clone()))
        }
        When::Snapshot(id) => (*id, of(*id)),
        When::Time(at) => {
            let Some(id) = seen_at(table, releases, *at) else {
                return Err(absent(port, &format!("state at {}", at.to_rfc3339()), None));
            };
            let then: Vec<ReleaseRecord> =
                releases.iter().filter(|r| time(r).is_none_or(|t| t <= *at)).cloned().collect();
            (id, release_of(table, &then, id).cloned())
        }
        When::Ref(name) => {
            let Some(snapshot) = metadata.snapshot_for_ref(name) else {
                let names: Vec<String> = refs(table)?.into_iter().map(|r| r.name).collect();
                let near = nearest(name, names.iter().map(String::as_str)).map(|n| format!("did you mean `{n}`?"));
                return Err(absent(port, &format!("tag, branch or time `{name}`"), near));
            };
            (snapshot.snapshot_id(), of(snapshot.snapshot_id()))
        }
    };
    let Some(snapshot) = kept(table, id) else {
        let named =
            release.or_else(|| of(id)).map_or_else(|| format!("snapshot {id}"), |r| format!("release r{}", r.number));
        if of(id).is_some() {
            let d =
                Diagnostic::error("M1003", format!("{named} of `{port}` has expired: its snapshot is no longer kept"));
            return Err(missing(
                d.help(format!("`mesh history {port}` shows what is kept; `mesh tag` keeps a state for longer")),
            ));
        }
        return Err(absent(port, &named, None));
    };
    Ok(State { schema: snapshot.schema(metadata)?, snapshot, release })
}

/// The newest release whose rows a snapshot has; compaction makes a new snapshot of the same rows.
pub(crate) fn release_of<'a>(table: &Table, releases: &'a [ReleaseRecord], id: i64) -> Option<&'a ReleaseRecord> {
    let id = same_rows(table.metadata(), id);
    releases.iter().find(|r| r.port.snapshot_id == id)
}

/// A snapshot, or where it is no longer kept, the newest one with the same rows.
pub(crate) fn kept(table: &Table, id: i64) -> Option<SnapshotRef> {
    let metadata = table.metadata();
    let same = || metadata.snapshots().filter(|s| same_rows(metadata, s.snapshot_id()) == id);
    metadata.snapshot_by_id(id).or_else(|| same().max_by_key(|s| s.sequence_number())).cloned()
}

/// The snapshot that readers saw at a time. A release moves all ports of a product at one moment, although each table's
/// own log says when its files were written: so releases count by the registry's clock.
fn seen_at(table: &Table, releases: &[ReleaseRecord], at: DateTime<Utc>) -> Option<i64> {
    let logged = table.metadata().history().iter().rfind(|h| h.timestamp_ms <= at.timestamp_millis());
    let logged = logged.map(|h| h.snapshot_id);
    let released = releases.iter().find(|r| time(r).is_some_and(|t| t <= at)).map(|r| r.port.snapshot_id);
    match logged {
        // a commit that no release made: somebody writes to `main` beside the product's runs
        Some(id) if release_of(table, releases, id).is_none() => Some(id),
        logged => released.or(logged.filter(|_| releases.is_empty())),
    }
}

fn time(release: &ReleaseRecord) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(&release.released_at).ok().map(|t| t.with_timezone(&Utc))
}

/// A state that is not there.
pub(crate) fn absent(port: &PortName, what: &str, near: Option<String>) -> Failure {
    let help =
        near.unwrap_or_else(|| format!("`mesh history {port}` shows its releases, snapshots, tags and branches"));
    missing(Diagnostic::error("M1002", format!("`{port}` has no {what}")).help(help))
}

fn missing(d: Diagnostic) -> Failure {
    Failure::Missing(Findings::one(d, &Sources::default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_word_names_a_state() {
        assert_eq!(When::parse("r12"), When::Release(12));
        assert_eq!(When::parse("42"), When::Snapshot(42));
        assert!(matches!(When::parse("2026-11-01T10:00:00Z"), When::Time(_)));
        assert!(matches!(When::parse("2026-11-01"), When::Time(_)));
        assert_eq!(When::parse("run-1"), When::Ref("run-1".into()));
        assert_eq!(When::parse("release"), When::Ref("release".into()));
    }
}
