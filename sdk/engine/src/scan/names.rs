//! Field ids for files that carry none, by the table's name mapping.
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Fields};
use iceberg::Result;
use iceberg::spec::{
    DEFAULT_SCHEMA_NAME_MAPPING, MappedField, NameMapping, NestedFieldRef, Schema, TableMetadata, Type,
};
use parquet::arrow::PARQUET_FIELD_ID_META_KEY;

use super::damaged;
use super::field_ids::field_id;

/// The table's own mapping, else the names of the presented schema.
pub(super) fn mapping(metadata: &TableMetadata, schema: &Schema) -> Result<Arc<NameMapping>> {
    let mapping = match metadata.properties().get(DEFAULT_SCHEMA_NAME_MAPPING) {
        Some(json) => serde_json::from_str(json)
            .map_err(|error| damaged(format!("table property {DEFAULT_SCHEMA_NAME_MAPPING}: {error}")))?,
        None => NameMapping::new(schema.as_struct().fields().iter().map(mapped).collect()),
    };
    Ok(Arc::new(mapping))
}

fn mapped(field: &NestedFieldRef) -> MappedField {
    let children = match field.field_type.as_ref() {
        Type::Primitive(_) => vec![],
        Type::Struct(members) => members.fields().iter().map(mapped).collect(),
        Type::List(list) => vec![mapped(&list.element_field)],
        Type::Map(map) => vec![mapped(&map.key_field), mapped(&map.value_field)],
    };
    MappedField::new(Some(field.id), vec![field.name.clone()], children)
}

/// The file's fields with ids; as they are if any of them has one.
pub(super) fn identified(file: &Fields, mapping: &NameMapping) -> Fields {
    if file.iter().any(|field| field_id(field).is_some()) {
        return file.clone();
    }
    file.iter().map(|field| named(field, mapping.fields().iter())).collect()
}

fn named<'a>(field: &FieldRef, mut mapping: impl Iterator<Item = &'a MappedField>) -> FieldRef {
    match mapping.find(|mapped| mapped.names().contains(field.name())) {
        Some(mapped) => with_id(field, mapped),
        None => field.clone(),
    }
}

fn with_id(field: &FieldRef, mapped: &MappedField) -> FieldRef {
    // elements, keys and values have one place and many names
    let at = |place: usize, child: &FieldRef| match mapped.fields().get(place) {
        Some(mapped) => with_id(child, mapped),
        None => child.clone(),
    };
    let data_type = match field.data_type() {
        DataType::Struct(members) => DataType::Struct(
            members.iter().map(|member| named(member, mapped.fields().iter().map(AsRef::as_ref))).collect(),
        ),
        DataType::List(element) => DataType::List(at(0, element)),
        DataType::LargeList(element) => DataType::LargeList(at(0, element)),
        DataType::FixedSizeList(element, size) => DataType::FixedSizeList(at(0, element), *size),
        DataType::Map(entries, sorted) => {
            let DataType::Struct(pair) = entries.data_type() else { return field.clone() };
            let pair: Fields = pair.iter().enumerate().map(|(place, child)| at(place, child)).collect();
            DataType::Map(Arc::new(entries.as_ref().clone().with_data_type(DataType::Struct(pair))), *sorted)
        }
        other => other.clone(),
    };
    let mut metadata = field.metadata().clone();
    if let Some(id) = mapped.field_id() {
        metadata.insert(PARQUET_FIELD_ID_META_KEY.to_string(), id.to_string());
    }
    Arc::new(Field::clone(field).with_data_type(data_type).with_metadata(metadata))
}
