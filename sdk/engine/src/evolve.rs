//! From a contract to a table: making it, or the schema its next snapshot has.
use std::collections::HashMap;
use std::sync::Arc;

use iceberg::spec::{NestedFieldRef, Schema, SchemaRef};
use iceberg::table::Table;
use meshwright_catalog::{Catalog, Error, Kind, NewTable};
use meshwright_spec::{Contract, PortName};

use crate::columns::{iceberg_schema, partition_spec};
use crate::failure::Result;

/// A port's table, and the schema the contract asks for where it is not the table's own.
pub(crate) struct Shaped {
    pub(crate) table: Table,
    /// Joins with the next snapshot and becomes current with its release.
    pub(crate) next: Option<SchemaRef>,
}

impl Shaped {
    /// The schema that the next snapshot is written with.
    pub(crate) fn schema(&self) -> SchemaRef {
        self.next.clone().unwrap_or_else(|| self.table.metadata().current_schema().clone())
    }
}

/// Loads or makes the table of a port, and works out how its columns must change.
pub(crate) async fn shape(catalog: &Catalog, port: &PortName, contract: &Contract) -> Result<Shaped> {
    let Some(table) = catalog.try_load(port).await? else {
        let schema = iceberg_schema(contract, None, 0, 0)?;
        let partition = partition_spec(contract, &schema)?;
        let properties = HashMap::from([
            ("write.format.default".to_owned(), "parquet".to_owned()),
            ("write.parquet.compression-codec".to_owned(), "zstd".to_owned()),
            ("mesh.port".to_owned(), port.to_string()),
        ]);
        let new = NewTable { schema, partition, sort: None, properties };
        return Ok(Shaped { table: catalog.create(port, new).await?, next: None });
    };
    let next = next_schema(&table, contract)?;
    let asked = partition_spec(contract, next.as_ref().map_or(table.metadata().current_schema(), |s| s))?;
    let fields = |n: usize| table.metadata().default_partition_spec().fields().len() == n;
    let same = match &asked {
        None => table.metadata().default_partition_spec().is_unpartitioned(),
        Some(spec) => {
            fields(spec.fields().len())
                && spec
                    .fields()
                    .iter()
                    .zip(table.metadata().default_partition_spec().fields())
                    .all(|(a, b)| a.source_id == b.source_id && a.transform == b.transform)
        }
    };
    if !same {
        return Err(Error::new(
            Kind::Unsupported,
            format!("the partitioning of `{port}` cannot be changed by this version"),
        )
        .help("put `partition` in the contract back to what it was")
        .into());
    }
    Ok(Shaped { table, next })
}

fn next_schema(table: &Table, contract: &Contract) -> Result<Option<SchemaRef>> {
    let metadata = table.metadata();
    let current = metadata.current_schema();
    let id = metadata.schemas_iter().map(|s| s.schema_id()).max().unwrap_or(0) + 1;
    let asked = iceberg_schema(contract, Some(current), metadata.last_column_id(), id)?;
    if same(&asked, current) {
        return Ok(None);
    }
    let known = metadata.schemas_iter().find(|s| same(&asked, s));
    Ok(Some(known.cloned().unwrap_or_else(|| Arc::new(asked))))
}

fn same(a: &Schema, b: &Schema) -> bool {
    let fields = |s: &Schema| -> Vec<NestedFieldRef> { s.as_struct().fields().to_vec() };
    fields(a) == fields(b) && a.identifier_field_ids().eq(b.identifier_field_ids())
}
