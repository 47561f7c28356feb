//! A table's metadata file, at the cost of what is new in it.
//!
//! The file lists every snapshot of the table and a commit adds one, so writing it takes longer with every commit. The
//! text of older snapshots never changes: while one process commits again and again, it is kept and copied, and what a
//! commit of rows changes beside it is put in place. Long files are packed, and what is kept of them is kept packed.
use std::collections::VecDeque;
use std::sync::{LazyLock, Mutex, PoisonError};

use flate2::bufread::GzDecoder;
use iceberg::spec::{SnapshotLog, TableMetadata};
use iceberg::{MetadataLocation, TableUpdate};
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::pieces::{Piece, packed};
use crate::Result;

/// Iceberg's word for how a table's metadata files are packed.
const CODEC: &str = "write.metadata.compression-codec";
/// How the names of metadata files end, and of packed ones: readers go by that.
const PLAIN: &str = ".metadata.json";
const PACKED: &str = ".gz.metadata.json";
/// Bytes of text from which on it is packed, where the table does not say how it wants it.
const LONG: usize = 128 << 10;

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
    snapshots: List,
    log_text: List,
    log: Vec<SnapshotLog>,
    /// Everything but the lists.
    rest: Map<String, Value>,
    packed: bool,
}

/// How the log begins, behind the snapshots.
const LOG: &str = "],\"snapshot-log\":[";

/// Text up to a list in JSON, and the list's elements with commas between.
struct List {
    text: Piece,
    len: usize,
}

impl List {
    fn new(begins: &str, packed: bool) -> Result<Self> {
        let mut text = Piece::new(packed);
        text.push(begins.as_bytes())?;
        Ok(Self { text, len: 0 })
    }

    /// Adds elements; all at once, for packing has its price each time.
    fn extend(&mut self, elements: impl IntoIterator<Item = impl Serialize>) -> Result<()> {
        let mut text = vec![];
        for element in elements {
            if self.len > 0 {
                text.push(b',');
            }
            serde_json::to_writer(&mut text, &element)?;
            self.len += 1;
        }
        self.text.push(&text)
    }
}

/// A metadata file to be written.
pub(super) struct MetadataFile {
    pub(super) location: String,
    pub(super) bytes: Vec<u8>,
}

impl MetadataFile {
    /// The file of any metadata.
    pub(super) fn of(metadata: &TableMetadata, location: &MetadataLocation) -> Result<Self> {
        let bytes = serde_json::to_vec(metadata)?;
        let is_packed = packs(metadata, location, bytes.len());
        let bytes = if is_packed { packed(&bytes)? } else { bytes };
        Ok(Self { location: name(location, is_packed), bytes })
    }

    /// The file that a commit makes of the one at `base`; `rows` are its updates, where it is a commit of rows.
    pub(super) fn after(
        base: &str,
        rows: Option<&[RowsUpdate]>,
        metadata: &TableMetadata,
        location: &MetadataLocation,
    ) -> Result<Self> {
        let mut tables = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        let before = tables.iter().position(|kept| kept.table == metadata.uuid()).and_then(|at| tables.remove(at));
        let mut kept = match before {
            Some(kept) if kept.location == base => Kept { in_a_row: kept.in_a_row + 1, ..kept },
            _ => Kept { table: metadata.uuid(), location: String::new(), in_a_row: 1, text: None },
        };
        let grown = match (kept.text.take(), rows) {
            (Some(text), Some(rows)) => text.with(rows, metadata)?,
            _ => None,
        };
        let grown = grown.map(|text| text.whole().map(|bytes| (bytes, text))).transpose()?;
        let file = match grown {
            // what has become long is packed from now on
            Some((bytes, text)) if text.packed || !packs(metadata, location, bytes.len()) => {
                let file = Self { location: name(location, text.packed), bytes };
                kept.text = Some(text);
                file
            }
            _ => {
                let file = Self::of(metadata, location)?;
                if metadata.snapshots().len() >= MANY && kept.in_a_row >= IN_A_ROW {
                    kept.text = Text::of(metadata, file.is_packed())?;
                }
                file
            }
        };
        debug_assert_eq!(file.read().ok().as_ref(), Some(metadata), "not the same metadata");
        file.location.clone_into(&mut kept.location);
        tables.truncate(TABLES - 1);
        tables.push_front(kept);
        Ok(file)
    }

    fn is_packed(&self) -> bool {
        self.location.ends_with(PACKED)
    }

    fn read(&self) -> Result<TableMetadata> {
        Ok(match self.is_packed() {
            true => serde_json::from_reader(GzDecoder::new(&self.bytes[..]))?,
            false => serde_json::from_slice(&self.bytes)?,
        })
    }
}

/// Whether a text of so many bytes is packed.
fn packs(metadata: &TableMetadata, location: &MetadataLocation, length: usize) -> bool {
    location.to_string().ends_with(PACKED) || length >= LONG && !metadata.properties().contains_key(CODEC)
}

/// The name of a file, which follows the table's properties, or says that it is packed all the same.
fn name(location: &MetadataLocation, packed: bool) -> String {
    let name = location.to_string();
    match name.strip_suffix(PLAIN) {
        Some(stem) if packed && !name.ends_with(PACKED) => format!("{stem}{PACKED}"),
        _ => name,
    }
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
    /// Takes metadata apart; none where it is not as we know it.
    fn of(metadata: &TableMetadata, packed: bool) -> Result<Option<Self>> {
        let Value::Object(mut rest) = serde_json::to_value(metadata)? else { return Ok(None) };
        rest.remove("snapshot-log");
        let Some(Value::Array(all)) = rest.remove("snapshots") else { return Ok(None) };
        let mut snapshots = List::new("{\"snapshots\":[", packed)?;
        snapshots.extend(&all)?;
        let log_text = List::new(LOG, packed)?;
        let mut text = Self { snapshots, log_text, log: vec![], rest, packed };
        text.grow_log(metadata.history())?;
        Ok(Some(text))
    }

    /// The text after a commit of rows; none where that does not account for all of the metadata.
    fn with(mut self, rows: &[RowsUpdate], metadata: &TableMetadata) -> Result<Option<Self>> {
        for update in rows {
            let Some(refs) = self.rest.get_mut("refs").and_then(Value::as_object_mut) else { return Ok(None) };
            match update {
                RowsUpdate::Snapshot(snapshot) => self.snapshots.extend([snapshot])?,
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
        let grown = log.strip_prefix(&self.log[..]);
        let new = grown.unwrap_or(log);
        if grown.is_none() {
            self.log_text = List::new(LOG, self.packed)?;
        }
        self.log_text.extend(new)?;
        self.log.truncate(log.len() - new.len());
        self.log.extend_from_slice(new);
        Ok(())
    }

    fn whole(&self) -> Result<Vec<u8>> {
        let mut rest = b"],".to_vec();
        // an object goes on: its brace is at the beginning of the file
        rest.extend_from_slice(serde_json::to_string(&self.rest)?.trim_start_matches('{').as_bytes());
        Piece::joined(&[&self.snapshots.text, &self.log_text.text], &rest)
    }
}
