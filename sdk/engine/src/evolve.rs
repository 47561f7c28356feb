//! From a contract to a table: making it, or the columns, partitioning and order its next snapshot has.
mod files;
mod layout;
mod schema;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use iceberg::spec::{FormatVersion, NestedFieldRef, PartitionSpecRef, Schema, SchemaRef};
use iceberg::table::Table;
use iceberg::{TableRequirement, TableUpdate};
use meshwright_catalog::{Catalog, Kind, Layout, NewTable, TableChange};
use meshwright_spec::{Contract, DataType, Diagnostic, Output, PortName, Sources, WriteMode};

use crate::failure::{Failure, Findings, Result};
pub(crate) use files::{layout_of, remember};
use layout::{partition_spec, sort_order};
use schema::{Before, Lost, iceberg_schema};

/// A port's table, and what the contract asks for where it is not the table's own.
pub(crate) struct Shaped {
    pub(crate) table: Table,
    /// Joins with the next snapshot and becomes current with its release.
    pub(crate) next: Option<SchemaRef>,
    /// Partitioning and order that join likewise.
    pub(crate) layout: Layout,
    /// Values of older rows that the new columns cannot read.
    lost: Vec<Lost>,
}

impl Shaped {
    /// The schema that the next snapshot is written with.
    pub(crate) fn schema(&self) -> SchemaRef {
        self.next.clone().unwrap_or_else(|| self.table.metadata().current_schema().clone())
    }

    /// The partitioning that the next snapshot's files have.
    pub(crate) fn spec(&self) -> PartitionSpecRef {
        self.layout.spec.clone().unwrap_or_else(|| self.table.metadata().default_partition_spec().clone())
    }

    /// Refuses a change of columns by which rows that stay would lose values.
    ///
    /// # Errors
    /// [`Failure::Breaking`] with a finding for each such column.
    pub(crate) fn keeps_values(&self, output: &Output, contract: &Contract, sources: &Sources) -> Result<()> {
        let stays = output.mode != WriteMode::Replace && self.table.metadata().current_snapshot().is_some();
        if !stays || self.lost.is_empty() {
            return Ok(());
        }
        let finding = |lost: &Lost| {
            let message = format!(
                "`{}` cannot change from {} to {} in a table that keeps its rows",
                lost.path, lost.from, lost.to
            );
            let span = contract.column(&lost.column).map_or(&contract.version_span, |c| &c.span);
            Diagnostic::error("M1203", message)
                .at(span.clone(), "")
                .help("Iceberg widens int to long, float to double and the precision of decimals; older values cannot be read as anything else")
                .help("add a column of the new type beside it, or run once with `mode = \"replace\"`")
        };
        Err(Failure::Breaking(Findings::many(self.lost.iter().map(finding).collect(), sources)))
    }
}

/// Loads or makes the table of a port, and works out how it must change. `format_version` is what the product asks for.
pub(crate) async fn shape(
    catalog: &Catalog,
    port: &PortName,
    contract: &Contract,
    format_version: Option<u8>,
) -> Result<Shaped> {
    let v3 = format_version == Some(3) || contract.columns.iter().any(|c| needs_v3(&c.data_type));
    let Some(table) = catalog.try_load(port).await? else {
        let before = Before { schema: None, contract: None, last_id: 0, defaults: v3 };
        let (schema, _) = iceberg_schema(contract, &before, 0)?;
        let partition = Some(partition_spec(contract, &schema)?).filter(|spec| !spec.fields().is_empty());
        let sort = Some(sort_order(contract, &schema)).filter(|sort| !sort.is_unsorted());
        let properties = HashMap::from([
            ("write.format.default".to_owned(), "parquet".to_owned()),
            ("write.parquet.compression-codec".to_owned(), "zstd".to_owned()),
            ("mesh.port".to_owned(), port.to_string()),
            ("format-version".to_owned(), if v3 { "3" } else { "2" }.to_owned()),
        ]);
        let table = catalog.create(port, NewTable { schema, partition, sort, properties }).await?;
        return Ok(Shaped { table, next: None, layout: Layout::default(), lost: vec![] });
    };
    let table = if v3 && table.metadata().format_version() < FormatVersion::V3 {
        upgrade(catalog, port, table).await?
    } else {
        table
    };
    let then = released_contract(catalog, port, &table).await?;
    let (next, lost) = next_schema(&table, contract, then.as_ref())?;
    let schema = next.as_ref().unwrap_or_else(|| table.metadata().current_schema());
    let (spec, sort) = (partition_spec(contract, schema)?, sort_order(contract, schema));
    let layout = Layout::between(table.metadata(), schema, spec, sort)?;
    Ok(Shaped { table, next, layout, lost })
}

/// The contract that main's rows were written under.
async fn released_contract(catalog: &Catalog, port: &PortName, table: &Table) -> Result<Option<Contract>> {
    let Some(head) = table.metadata().current_snapshot() else { return Ok(None) };
    let Some(checksum) = head.summary().additional_properties.get("mesh.contract-checksum") else { return Ok(None) };
    match catalog.contract(port, checksum).await? {
        Some(record) => Ok(Some(record.parse()?)),
        None => Ok(None),
    }
}

/// Metadata only, and for good: readers that know no v3 cannot read the table from here on.
async fn upgrade(catalog: &Catalog, port: &PortName, table: Table) -> Result<Table> {
    let change = TableChange {
        requirements: vec![TableRequirement::UuidMatch { uuid: table.metadata().uuid() }],
        updates: vec![TableUpdate::UpgradeFormatVersion { format_version: FormatVersion::V3 }],
        base: table,
    };
    match catalog.commit(change).await {
        Err(e) if e.kind() == Kind::Conflict => Ok(catalog.load(port).await?),
        other => Ok(other?),
    }
}

fn needs_v3(t: &DataType) -> bool {
    match t {
        DataType::TimestampNs | DataType::TimestamptzNs => true,
        DataType::List(e) => needs_v3(e),
        DataType::Map(k, v) => needs_v3(k) || needs_v3(v),
        DataType::Struct(members) => members.iter().any(|m| needs_v3(&m.data_type)),
        _ => false,
    }
}

fn next_schema(table: &Table, contract: &Contract, then: Option<&Contract>) -> Result<(Option<SchemaRef>, Vec<Lost>)> {
    let metadata = table.metadata();
    let current = metadata.current_schema();
    let id = metadata.schemas_iter().map(|s| s.schema_id()).max().unwrap_or(0) + 1;
    let before = Before {
        schema: Some(current),
        contract: then,
        last_id: metadata.last_column_id(),
        defaults: metadata.format_version() >= FormatVersion::V3,
    };
    let (asked, lost) = iceberg_schema(contract, &before, id)?;
    if same(&asked, current) {
        return Ok((None, lost));
    }
    let known = metadata.schemas_iter().find(|s| same(&asked, s));
    Ok((Some(known.cloned().unwrap_or_else(|| Arc::new(asked))), lost))
}

fn same(a: &Schema, b: &Schema) -> bool {
    let fields = |s: &Schema| -> Vec<NestedFieldRef> { s.as_struct().fields().to_vec() };
    let key = |s: &Schema| -> HashSet<i32> { s.identifier_field_ids().collect() };
    fields(a) == fields(b) && key(a) == key(b)
}
