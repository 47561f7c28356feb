//! Metadata files are never rewritten, so what was read or written last needs no reading again.
use std::collections::VecDeque;
use std::sync::{LazyLock, Mutex, PoisonError};

use iceberg::spec::TableMetadataRef;

/// Tables that one process works with in turn.
const KEPT: usize = 16;

static RECENT: LazyLock<Mutex<VecDeque<(String, TableMetadataRef)>>> = LazyLock::new(Mutex::default);

/// The metadata at a location, if it was kept.
pub(super) fn get(location: &str) -> Option<TableMetadataRef> {
    let recent = RECENT.lock().unwrap_or_else(PoisonError::into_inner);
    recent.iter().find(|(known, _)| known == location).map(|(_, metadata)| metadata.clone())
}

/// Keeps the metadata at a location for a while; names hold a random part, so no two files share one.
pub(super) fn put(location: &str, metadata: &TableMetadataRef) {
    let mut recent = RECENT.lock().unwrap_or_else(PoisonError::into_inner);
    recent.retain(|(known, old)| known != location && old.uuid() != metadata.uuid());
    recent.truncate(KEPT - 1);
    recent.push_front((location.to_owned(), metadata.clone()));
}
