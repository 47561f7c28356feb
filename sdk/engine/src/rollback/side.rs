//! Rows that were set aside go back with their port: its quarantine is again what it was at that release.
use chrono::{DateTime, Utc};
use iceberg::spec::{Operation, SnapshotRef};
use meshwright_catalog::{Catalog, Change, TableChange, same_rows};
use meshwright_spec::PortName;

use crate::failure::Result;
use crate::run::quarantine::side_table;
use crate::when::kept;

/// What a port's quarantine has to become; none when it has none, or has it already.
pub(super) async fn back(catalog: &Catalog, port: &PortName, at: DateTime<Utc>) -> Result<Option<TableChange>> {
    let Some(table) = catalog.try_load(&side_table(port)?).await? else { return Ok(None) };
    let metadata = table.metadata();
    let Some(now) = metadata.current_snapshot() else { return Ok(None) };
    // what its main was when the release was made: the log of its heads says since when each was
    let mut log = metadata.history().iter().rev();
    let then = log.find(|head| head.timestamp_ms <= at.timestamp_millis()).map(|head| head.snapshot_id);
    match then {
        Some(id) if same_rows(metadata, id) == same_rows(metadata, now.snapshot_id()) => Ok(None),
        Some(id) => Ok(kept(&table, id).map(|state| TableChange::roll_to(&table, state.snapshot_id())).transpose()?),
        None if is_empty(now) => Ok(None),
        // nothing had been set aside yet
        None => {
            let mut nothing = Change::append(vec![]);
            nothing.operation = Operation::Delete;
            nothing.remove_all = true;
            nothing.properties.insert("mesh.quarantine-of".to_owned(), port.to_string());
            Ok(Some(nothing.produce(&table).await?.change))
        }
    }
}

fn is_empty(snapshot: &SnapshotRef) -> bool {
    snapshot.summary().additional_properties.get("total-records").is_some_and(|rows| rows == "0")
}
