//! What checks need to know beside the port's own rows: the values of other ports' columns, and the states before.
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use iceberg::table::Table;
use meshwright_catalog::{Catalog, Error, Kind};
use meshwright_check::Known;
use meshwright_spec::{CheckKind, Contract, PortName};

use super::before::{Before, before};
use super::deferred::{failure_text, quoted};
use crate::failure::Result;
use crate::scan::IcebergTable;
use crate::session::session;

/// What checks ask of other ports, and of the states of the port before; a sentence where it cannot be had.
#[derive(Default)]
pub(crate) struct KnownValues {
    /// Values by port and columns.
    pub(super) values: HashMap<(PortName, Vec<String>), std::result::Result<Known, String>>,
    /// The states and numbers before.
    pub(super) before: Before,
}

/// Reads, once each, the columns that the contract's checks refer to. A port that refers to itself is meant as it will
/// be: `own` is its table and the state that is checked.
pub(crate) async fn known_values(
    catalog: Option<&Catalog>,
    contract: &Contract,
    port: &PortName,
    own: Option<(&Table, i64)>,
) -> KnownValues {
    let mut values = HashMap::new();
    for check in &contract.checks {
        let CheckKind::References { port: other, targets, .. } = &check.kind else { continue };
        let Entry::Vacant(place) = values.entry((other.clone(), targets.clone())) else { continue };
        let own = own.filter(|_| other == port);
        place.insert(match catalog {
            Some(catalog) => values_of(catalog, other, targets, own).await.map_err(|failure| failure_text(&failure)),
            None => Err(format!("there is no mesh in which `{other}` could be looked up")),
        });
    }
    let before = before(catalog, contract, port, own.map(|(_, snapshot)| snapshot)).await;
    KnownValues { values, before }
}

async fn values_of(
    catalog: &Catalog,
    port: &PortName,
    columns: &[String],
    own: Option<(&Table, i64)>,
) -> Result<Known> {
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
    let columns: Vec<String> = columns.iter().map(|column| quoted(column)).collect();
    let there: Vec<String> = columns.iter().map(|column| format!("{column} is not null")).collect();
    let sql = format!("select distinct {} from other where {}", columns.join(", "), there.join(" and "));
    let batches = ctx.sql(&sql).await?.collect().await?;
    let values = batches.iter().filter(|b| b.num_rows() > 0).map(|b| b.columns().to_vec()).collect();
    Ok(Known { values, state })
}
