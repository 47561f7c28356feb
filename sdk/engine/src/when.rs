//! States of a port by name: release number, snapshot id, tag, branch or time.
use chrono::{DateTime, NaiveDate, Utc};
use iceberg::spec::SnapshotRef;
use iceberg::table::Table;
use meshwright_catalog::Catalog;
use meshwright_spec::PortName;

use crate::failure::Result;
use crate::query::no_state;

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

/// The snapshot of a port at some time.
pub(crate) async fn snapshot_at(catalog: &Catalog, port: &PortName, table: &Table, when: &When) -> Result<SnapshotRef> {
    let metadata = table.metadata();
    let by_id = |id: i64| metadata.snapshot_by_id(id).cloned();
    let (found, what) = match when {
        When::Release(n) => {
            let release = catalog.releases(port).await?.into_iter().find(|r| r.number == *n);
            (release.and_then(|r| by_id(r.port.snapshot_id)), format!("release r{n}"))
        }
        When::Snapshot(id) => (by_id(*id), format!("snapshot {id}")),
        When::Time(at) => {
            let then = metadata.history().iter().rfind(|h| h.timestamp_ms <= at.timestamp_millis());
            (then.and_then(|h| by_id(h.snapshot_id)), format!("state at {}", at.to_rfc3339()))
        }
        When::Ref(name) => (metadata.snapshot_for_ref(name).cloned(), format!("tag, branch or time `{name}`")),
    };
    found.ok_or_else(|| no_state(port, &what))
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
