//! A table's metadata as JSON, at the cost of what is new in it.
//!
//! The file lists every snapshot of the table and a commit adds one, so writing it takes longer with every commit. The
//! text of older snapshots never changes: while one process commits again and again, it is kept and copied, and what a
//! commit of rows changes beside it is put in place.
use std::collections::VecDeque;
use std::sync::{LazyLock, Mutex, PoisonError};

use iceberg::TableUpdate;
use iceberg::spec::{SnapshotLog, TableMetadata};
use serde::Serialize;
use serde_json::{Map, Value};
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

/// A metadata file in parts.
struct Text {
    /// Everything but the lists below.
    rest: Map<String, Value>,
    snapshots: List,
    log: Vec<SnapshotLog>,
    log_text: List,
}

/// Elements of a list in JSON, with commas between.
#[derive(Default)]
struct List {
    text: Vec<u8>,
    len: usize,
}

impl List {
    fn push(&mut self, element: &impl Serialize) -> Result<()> {
        if self.len > 0 {
            self.text.push(b',');
        }
        self.len += 1;
        Ok(serde_json::to_writer(&mut self.text, element)?)
    }
}

/// The metadata that a commit made of the file at `base`, to be written to `location`; `rows` are its updates, where it
/// is a commit of rows.
pub(super) fn of(base: &str, rows: Option<&[RowsUpdate]>, metadata: &TableMetadata, location: &str) -> Result<Vec<u8>> {
    let mut tables = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let before = tables.iter().position(|kept| kept.table == metadata.uuid()).and_then(|at| tables.remove(at));
    let mut kept = match before {
        Some(kept) if kept.location == base => Kept { in_a_row: kept.in_a_row + 1, ..kept },
        _ => Kept { table: metadata.uuid(), location: String::new(), in_a_row: 1, text: None },
    };
    location.clone_into(&mut kept.location);
    let grown = match (kept.text.take(), rows) {
        (Some(text), Some(rows)) => text.with(rows, metadata)?,
        _ => None,
    };
    let bytes = match grown {
        Some(text) => {
            let bytes = kept.text.insert(text).whole()?;
            debug_assert_eq!(
                serde_json::from_slice::<TableMetadata>(&bytes).ok().as_ref(),
                Some(metadata),
                "not the same metadata"
            );
            bytes
        }
        None => {
            let bytes = serde_json::to_vec(metadata)?;
            if metadata.snapshots().len() >= MANY && kept.in_a_row >= IN_A_ROW {
                kept.text = Text::of(&bytes, metadata)?;
            }
            bytes
        }
    };
    tables.truncate(TABLES - 1);
    tables.push_front(kept);
    Ok(bytes)
}

/// What a commit of rows changes in a table's metadata.
#[derive(Debug)]
pub(super) enum RowsUpdate {
    /// A snapshot joins.
    Snapshot(Value),
    /// A branch or tag names a snapshot.
    Ref(String, Value),
    /// A branch or tag goes.
    NoRef(String),
}

impl RowsUpdate {
    /// All of the updates, if none of them changes more than rows and names of snapshots.
    pub(super) fn all(updates: &[TableUpdate]) -> Result<Option<Vec<Self>>> {
        let mut out = vec![];
        for update in updates {
            out.push(match update {
                TableUpdate::AddSnapshot { .. } => Self::Snapshot(serde_json::to_value(update)?["snapshot"].take()),
                TableUpdate::SetSnapshotRef { ref_name, reference } => {
                    Self::Ref(ref_name.clone(), serde_json::to_value(reference)?)
                }
                TableUpdate::RemoveSnapshotRef { ref_name } => Self::NoRef(ref_name.clone()),
                _ => return Ok(None),
            });
        }
        Ok(Some(out))
    }
}

impl Text {
    /// Takes a whole text apart; none where it is not as we know it.
    fn of(bytes: &[u8], metadata: &TableMetadata) -> Result<Option<Self>> {
        let Value::Object(mut rest) = serde_json::from_slice(bytes)? else { return Ok(None) };
        rest.remove("snapshot-log");
        let Some(Value::Array(all)) = rest.remove("snapshots") else { return Ok(None) };
        let mut snapshots = List::default();
        for snapshot in &all {
            snapshots.push(snapshot)?;
        }
        let mut text = Self { rest, snapshots, log: vec![], log_text: List::default() };
        text.grow_log(metadata.history())?;
        Ok(Some(text))
    }

    /// The text after a commit of rows; none where that does not account for all of the metadata.
    fn with(mut self, rows: &[RowsUpdate], metadata: &TableMetadata) -> Result<Option<Self>> {
        for update in rows {
            let Some(refs) = self.rest.get_mut("refs").and_then(Value::as_object_mut) else { return Ok(None) };
            match update {
                RowsUpdate::Snapshot(snapshot) => self.snapshots.push(snapshot)?,
                RowsUpdate::Ref(name, reference) => _ = refs.insert(name.clone(), reference.clone()),
                RowsUpdate::NoRef(name) => _ = refs.remove(name),
            }
        }
        let Some(current) = metadata.current_snapshot_id() else { return Ok(None) };
        if self.snapshots.len != metadata.snapshots().len() {
            return Ok(None);
        }
        let mut put = |key: &str, value: Value| self.rest.insert(key.to_owned(), value);
        put("current-snapshot-id", current.into());
        put("last-sequence-number", metadata.last_sequence_number().into());
        put("last-updated-ms", metadata.last_updated_ms().into());
        put("metadata-log", serde_json::to_value(metadata.metadata_log())?);
        if self.rest.contains_key("next-row-id") {
            self.rest.insert("next-row-id".to_owned(), metadata.next_row_id().into());
        }
        self.grow_log(metadata.history())?;
        Ok(Some(self))
    }

    /// Brings the log's text up to date: it mostly grows.
    fn grow_log(&mut self, log: &[SnapshotLog]) -> Result<()> {
        let new = log.strip_prefix(&self.log[..]).unwrap_or_else(|| {
            self.log_text = List::default();
            log
        });
        for entry in new {
            self.log_text.push(entry)?;
        }
        self.log.truncate(log.len() - new.len());
        self.log.extend_from_slice(new);
        Ok(())
    }

    fn whole(&self) -> Result<Vec<u8>> {
        let mut out = Vec::with_capacity(self.snapshots.text.len() + self.log_text.text.len() + (64 << 10));
        serde_json::to_writer(&mut out, &self.rest)?;
        out.pop();
        for (name, list) in [("snapshot-log", &self.log_text), ("snapshots", &self.snapshots)] {
            out.extend_from_slice(format!(",\"{name}\":[").as_bytes());
            out.extend_from_slice(&list.text);
            out.push(b']');
        }
        out.push(b'}');
        Ok(out)
    }
}
