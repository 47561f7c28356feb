//! Partitioning and order that a contract asks for, in Iceberg's terms.
use iceberg::spec::{
    NullOrder, Schema, SortDirection, SortField, SortOrder, Transform as IcebergTransform, UnboundPartitionSpec,
};
use meshwright_catalog::{Error, Kind};
use meshwright_spec::{Contract, Transform};

/// The hidden partitioning that a contract asks for, by the ids of `schema`.
///
/// # Errors
/// `Invalid` when Iceberg refuses it.
pub(super) fn partition_spec(contract: &Contract, schema: &Schema) -> Result<UnboundPartitionSpec, Error> {
    let mut spec = UnboundPartitionSpec::builder();
    for field in &contract.partition {
        let id = schema
            .field_id_by_name(&field.column)
            .ok_or_else(|| Error::new(Kind::Invalid, format!("partition column `{}` is not promised", field.column)))?;
        let (transform, suffix) = match field.transform {
            Transform::Identity => (IcebergTransform::Identity, ""),
            Transform::Bucket(n) => (IcebergTransform::Bucket(n), "_bucket"),
            Transform::Truncate(n) => (IcebergTransform::Truncate(n), "_trunc"),
            Transform::Year => (IcebergTransform::Year, "_year"),
            Transform::Month => (IcebergTransform::Month, "_month"),
            Transform::Day => (IcebergTransform::Day, "_day"),
            Transform::Hour => (IcebergTransform::Hour, "_hour"),
        };
        spec = spec.add_partition_field(id, format!("{}{suffix}", field.column), transform)?;
    }
    Ok(spec.build())
}

/// The order of rows within files that a contract asks for, by the ids of `schema`.
pub(super) fn sort_order(contract: &Contract, schema: &Schema) -> SortOrder {
    let fields = contract.sort.iter().filter_map(|column| {
        Some(SortField {
            source_id: schema.field_id_by_name(column)?,
            transform: IcebergTransform::Identity,
            direction: SortDirection::Ascending,
            null_order: NullOrder::Last,
        })
    });
    let fields: Vec<SortField> = fields.collect();
    let order = i64::from(!fields.is_empty());
    SortOrder { order_id: order, fields }
}
