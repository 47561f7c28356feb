//! The values of other ports' columns, for checks that a value exists there.
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use iceberg::table::Table;
use meshwright_catalog::{Catalog, Error, Kind};
use meshwright_check::Known;
use meshwright_spec::{CheckKind, Contract, PortName};

use super::deferred::{failure_text, quoted};
use crate::failure::Result;
use crate::scan::IcebergTable;
use crate::session::session;

/// The answers by port and column; a sentence where they cannot be had.
pub(crate) type KnownValues = HashMap<(PortName, String), std::result::Result<Known, String>>;

/// Reads, once each, the columns that the contract's checks refer to. A port that refers to itself is meant as it will
/// be: `own` is its table and the state that is checked.
pub(crate) async fn known_values(
    catalog: Option<&Catalog>,
    contract: &Contract,
    port: &PortName,
    own: Option<(&Table, i64)>,
) -> KnownValues {
    let mut known = KnownValues::new();
    for check in &contract.checks {
        let CheckKind::References { port: other, target, .. } = &check.kind else { continue };
        let key = (other.clone(), target.clone());
        let Entry::Vacant(place) = known.entry(key) else { continue };
        let own = own.filter(|_| other == port);
        place.insert(match catalog {
            Some(catalog) => values_of(catalog, other, target, own).await.map_err(|failure| failure_text(&failure)),
            None => Err(format!("there is no mesh in which `{other}` could be looked up")),
        });
    }
    known
}

async fn values_of(catalog: &Catalog, port: &PortName, column: &str, own: Option<(&Table, i64)>) -> Result<Known> {
    let (table, snapshot) = match own {
        Some((table, id)) => (table.clone(), table.metadata().snapshot_by_id(id).cloned()),
        None => {
            let table = catalog.load(port).await?;
            let head = table.metadata().current_snapshot().cloned();
            (table, head)
        }
    };
    let Some(snapshot) = snapshot else {
        return Err(Error::new(Kind::NotFound, format!("`{port}` has no release yet")).into());
    };
    let state = format!("{} {}", table.metadata().uuid(), snapshot.snapshot_id());
    let schema = match own {
        Some(_) => snapshot.schema(table.metadata())?,
        None => table.current_schema_ref(),
    };
    let ctx = session()?;
    ctx.register_table("other", Arc::new(IcebergTable::at(table, Some(snapshot), schema)?))?;
    let column = quoted(column);
    let sql = format!("select distinct {column} from other where {column} is not null");
    let batches = ctx.sql(&sql).await?.collect().await?;
    let values: Vec<ArrayRef> = batches.iter().map(|b| b.column(0).clone()).filter(|a| !a.is_empty()).collect();
    Ok(Known { values, state })
}
