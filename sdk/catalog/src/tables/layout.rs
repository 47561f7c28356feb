//! Columns, partitioning and order of a table: they join it with a branch's commit and become its own with the release.
//!
//! So a run that is rejected changes nothing for readers or for other writers.
use iceberg::TableUpdate;
use iceberg::spec::{
    PartitionSpec, PartitionSpecRef, SchemaRef, SnapshotRef, SortOrder, SortOrderRef, TableMetadata,
    TableMetadataBuilder, UnboundPartitionSpec,
};

use crate::{Error, Kind, Result};

/// Summary property of a snapshot whose files are partitioned otherwise than the table was.
pub(super) const SPEC: &str = "mesh.partition-spec";
/// Summary property of a snapshot whose files are sorted otherwise than the table was.
pub(super) const SORT_ORDER: &str = "mesh.sort-order";

/// A table's layout as a commit may change it, with the ids that the table will give.
#[derive(Debug, Clone, Default)]
pub struct Layout {
    /// The partitioning, if it is not the table's default.
    pub spec: Option<PartitionSpecRef>,
    /// The order, if it is not the table's default.
    pub sort: Option<SortOrderRef>,
}

impl Layout {
    /// What a table has to change so that it is partitioned and sorted like this, in a schema of its own or a new one.
    ///
    /// # Errors
    /// `Invalid` when Iceberg refuses the partitioning or the order.
    pub fn between(
        metadata: &TableMetadata,
        schema: &SchemaRef,
        spec: UnboundPartitionSpec,
        sort: SortOrder,
    ) -> Result<Self> {
        let refused = |what: &str, e| Error::new(Kind::Invalid, format!("a table cannot have this {what}")).because(e);
        let fields = |s: &PartitionSpec| -> Vec<_> { s.fields().iter().map(|f| (f.source_id, f.transform)).collect() };
        let asked: Vec<_> = spec.fields().iter().map(|f| (f.source_id, f.transform)).collect();
        let spec = if fields(metadata.default_partition_spec()) == asked {
            None
        } else if let Some(known) = metadata.partition_specs_iter().find(|s| fields(s) == asked) {
            Some(known.clone())
        } else {
            let builder = metadata.clone().into_builder(None);
            let builder = builder.add_schema(schema.as_ref().clone())?.set_current_schema(schema.schema_id())?;
            let built = builder.add_default_partition_spec(distinct(metadata, &spec)?);
            let built = built.and_then(|b| with_sort(b, &sort)).and_then(|b| b.build());
            let built = built.map_err(|e| refused("partitioning", e))?;
            Some(built.metadata.default_partition_spec().clone())
        };
        let sort = if metadata.default_sort_order().fields == sort.fields {
            None
        } else if let Some(known) = metadata.sort_orders_iter().find(|s| s.fields == sort.fields) {
            Some(known.clone())
        } else {
            // no order at all is always the order 0
            let next = metadata.sort_orders_iter().map(|s| s.order_id).max().unwrap_or(0) + 1;
            let id = if sort.is_unsorted() { 0 } else { next };
            Some(sort.with_order_id(id).into())
        };
        Ok(Self { spec, sort })
    }
}

fn with_sort(builder: TableMetadataBuilder, sort: &SortOrder) -> iceberg::Result<TableMetadataBuilder> {
    builder.add_sort_order(sort.clone())?.set_default_sort_order(-1)
}

/// A field of an older partitioning keeps its name to itself where it means something else.
fn distinct(metadata: &TableMetadata, spec: &UnboundPartitionSpec) -> Result<UnboundPartitionSpec> {
    let taken = |name: &str, source: i32, transform| {
        metadata
            .partition_specs_iter()
            .flat_map(|s| s.fields())
            .any(|f| f.name == name && (f.source_id != source || f.transform != transform))
    };
    let mut out = UnboundPartitionSpec::builder();
    for field in spec.fields() {
        let name = if taken(&field.name, field.source_id, field.transform) {
            format!("{}_{}", field.name, field.source_id)
        } else {
            field.name.clone()
        };
        out = out.add_partition_field(field.source_id, name, field.transform)?;
    }
    Ok(out.build())
}

/// Updates by which a new schema, partitioning and order join a table without becoming its own.
pub(super) fn joins(
    metadata: &TableMetadata,
    schema: &SchemaRef,
    spec: Option<&PartitionSpec>,
    sort: Option<&SortOrder>,
) -> Vec<TableUpdate> {
    let mut updates = vec![];
    if metadata.schema_by_id(schema.schema_id()).is_none() {
        updates.push(TableUpdate::AddSchema { schema: schema.as_ref().clone() });
    }
    let spec = spec.filter(|s| metadata.partition_spec_by_id(s.spec_id()).is_none());
    let sort = sort.filter(|s| metadata.sort_order_by_id(s.order_id).is_none());
    // both are bound to the current schema when they are added: the new one is that for a moment
    let moment = (spec.is_some() || sort.is_some()) && schema.schema_id() != metadata.current_schema_id();
    if moment {
        updates.push(TableUpdate::SetCurrentSchema { schema_id: schema.schema_id() });
    }
    updates.extend(spec.map(|s| TableUpdate::AddSpec { spec: s.clone().into_unbound() }));
    updates.extend(sort.map(|s| TableUpdate::AddSortOrder { sort_order: s.clone() }));
    if moment {
        updates.push(TableUpdate::SetCurrentSchema { schema_id: metadata.current_schema_id() });
    }
    updates
}

/// Updates that make what joined with a snapshot the table's own.
pub(super) fn takes_over(metadata: &TableMetadata, head: &SnapshotRef) -> Vec<TableUpdate> {
    let schema = head.schema_id().filter(|id| *id != metadata.current_schema_id());
    let property = |name: &str| head.summary().additional_properties.get(name).cloned();
    let spec = property(SPEC).and_then(|id| id.parse().ok()).filter(|id| *id != metadata.default_partition_spec_id());
    let sort = property(SORT_ORDER).and_then(|id| id.parse().ok()).filter(|id| *id != metadata.default_sort_order_id());
    // the default partitioning is bound to the current schema when it is set
    let schema = schema.map(|schema_id| TableUpdate::SetCurrentSchema { schema_id });
    let spec = spec.map(|spec_id| TableUpdate::SetDefaultSpec { spec_id });
    let sort = sort.map(|sort_order_id| TableUpdate::SetDefaultSortOrder { sort_order_id });
    schema.into_iter().chain(spec).chain(sort).collect()
}

/// The partitioning that was the table's own when a snapshot was its head; none: nobody knows any more.
pub(super) fn spec_at(metadata: &TableMetadata, snapshot: &SnapshotRef) -> Option<i32> {
    let mut at = snapshot;
    loop {
        if let Some(spec) = at.summary().additional_properties.get(SPEC) {
            return spec.parse().ok();
        }
        match at.parent_snapshot_id() {
            Some(parent) => at = metadata.snapshot_by_id(parent)?,
            // a table is made with its first partitioning
            None => return metadata.partition_spec_by_id(0).map(|spec| spec.spec_id()),
        }
    }
}
