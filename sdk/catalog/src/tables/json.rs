//! A table's metadata as JSON, at the cost of what is new in it.
//!
//! The file lists every snapshot of the table and a commit adds one, so writing it takes longer with every commit. The
//! text of older snapshots never changes: while one process commits again and again, it is kept and copied.
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{LazyLock, Mutex, PoisonError};

use iceberg::TableUpdate;
use iceberg::spec::{SnapshotLog, TableMetadata};
use serde_json::Value;
use uuid::Uuid;

use crate::Result;

/// Snapshots from which on their text is kept.
const MANY: usize = 50;
/// Commits in a row, none of others between, after which text is kept.
const IN_A_ROW: u32 = 3;
/// Tables that one process commits to in turn.
const TABLES: usize = 8;

static KEPT: LazyLock<Mutex<VecDeque<Kept>>> = LazyLock::new(Mutex::default);

/// What is kept of a table that this process wrote last.
struct Kept {
    table: Uuid,
    /// The metadata file it wrote.
    location: String,
    in_a_row: u32,
    text: Option<Text>,
}

#[derive(Default)]
struct Text {
    /// Names of branches and tags, which are private upstream.
    refs: BTreeSet<String>,
    snapshots: HashMap<i64, Box<str>>,
    /// The snapshot log as it was written last: it mostly grows.
    log: Vec<SnapshotLog>,
    log_text: Vec<u8>,
}

/// The metadata that `updates` made of the file at `base`, to be written to `location`.
pub(super) fn of(base: &str, updates: &Refs, metadata: &TableMetadata, location: &str) -> Result<Vec<u8>> {
    let mut tables = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let before = tables.iter().position(|kept| kept.table == metadata.uuid()).and_then(|at| tables.remove(at));
    let mut kept = match before {
        Some(kept) if kept.location == base => Kept { in_a_row: kept.in_a_row + 1, ..kept },
        _ => Kept { table: metadata.uuid(), location: String::new(), in_a_row: 1, text: None },
    };
    location.clone_into(&mut kept.location);
    let spliced = match kept.text.as_mut() {
        Some(text) => {
            text.refs.retain(|name| !updates.removed.contains(name));
            text.refs.extend(updates.set.iter().cloned());
            splice(text, metadata)?
        }
        None => None,
    };
    let bytes = match spliced {
        Some(bytes) => bytes,
        None => {
            let bytes = serde_json::to_vec(metadata)?;
            let many = metadata.snapshots().len() >= MANY && kept.in_a_row >= IN_A_ROW;
            kept.text = if many { Some(learn(&bytes)?) } else { None };
            bytes
        }
    };
    tables.truncate(TABLES - 1);
    tables.push_front(kept);
    Ok(bytes)
}

/// Branches and tags that a commit sets and removes.
#[derive(Debug, Default)]
pub(super) struct Refs {
    set: Vec<String>,
    removed: Vec<String>,
}

impl Refs {
    pub(super) fn of(updates: &[TableUpdate]) -> Self {
        let mut refs = Self::default();
        for update in updates {
            match update {
                TableUpdate::SetSnapshotRef { ref_name, .. } => refs.set.push(ref_name.clone()),
                TableUpdate::RemoveSnapshotRef { ref_name } => refs.removed.push(ref_name.clone()),
                _ => {}
            }
        }
        refs
    }
}

/// Takes a whole text apart.
fn learn(bytes: &[u8]) -> Result<Text> {
    let whole: Value = serde_json::from_slice(bytes)?;
    let refs = whole["refs"].as_object().map(|refs| refs.keys().cloned().collect()).unwrap_or_default();
    let mut text = Text { refs, ..Text::default() };
    text.keep(&whole["snapshots"]);
    Ok(text)
}

impl Text {
    fn keep(&mut self, snapshots: &Value) {
        for snapshot in snapshots.as_array().into_iter().flatten() {
            if let Some(id) = snapshot["snapshot-id"].as_i64() {
                self.snapshots.entry(id).or_insert_with(|| snapshot.to_string().into());
            }
        }
    }

    /// Brings the log's text up to date.
    fn grow(&mut self, log: &[SnapshotLog]) -> Result<()> {
        let new = log.strip_prefix(&self.log[..]).unwrap_or_else(|| {
            self.log_text.clear();
            log
        });
        for entry in new {
            if !self.log_text.is_empty() {
                self.log_text.push(b',');
            }
            serde_json::to_writer(&mut self.log_text, entry)?;
        }
        self.log = log.to_vec();
        Ok(())
    }
}

/// The text of metadata of which only the snapshots that branches and tags name are written anew; none where a snapshot
/// is not known.
fn splice(text: &mut Text, metadata: &TableMetadata) -> Result<Option<Vec<u8>>> {
    let named: BTreeSet<i64> =
        text.refs.iter().filter_map(|name| metadata.snapshot_for_ref(name)).map(|s| s.snapshot_id()).collect();
    let ids = || metadata.snapshots().map(|s| s.snapshot_id());
    let others: Vec<i64> = ids().filter(|id| !named.contains(id)).collect();
    if others.iter().any(|id| !text.snapshots.contains_key(id)) {
        return Ok(None);
    }
    let small = metadata.clone().into_builder(None).remove_snapshots(&others).build()?.metadata;
    let Value::Object(mut small) = serde_json::to_value(&small)? else { return Ok(None) };
    text.keep(&small.remove("snapshots").unwrap_or_default());
    small.insert("last-updated-ms".to_owned(), metadata.last_updated_ms().into());
    small.remove("snapshot-log");
    text.grow(metadata.history())?;
    let bytes: usize = text.snapshots.values().map(|snapshot| snapshot.len() + 1).sum();
    let mut out = Vec::with_capacity(bytes + text.log_text.len() + (64 << 10));
    serde_json::to_writer(&mut out, &small)?;
    out.pop();
    out.extend_from_slice(b",\"snapshot-log\":[");
    out.extend_from_slice(&text.log_text);
    out.extend_from_slice(b"],\"snapshots\":[");
    for (place, id) in ids().enumerate() {
        let Some(snapshot) = text.snapshots.get(&id) else { return Ok(None) };
        if place > 0 {
            out.push(b',');
        }
        out.extend_from_slice(snapshot.as_bytes());
    }
    out.extend_from_slice(b"]}");
    if text.snapshots.len() > metadata.snapshots().len() {
        text.snapshots.retain(|id, _| metadata.snapshot_by_id(*id).is_some());
    }
    debug_assert_eq!(
        serde_json::from_slice::<TableMetadata>(&out).ok().as_ref(),
        Some(metadata),
        "not the same metadata"
    );
    Ok(Some(out))
}
