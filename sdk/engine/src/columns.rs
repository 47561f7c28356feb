//! Column types in the three vocabularies: contracts, Arrow, Iceberg.
use std::sync::Arc;

use arrow::datatypes::{DataType as Arrow, Field, Schema as ArrowSchema, SchemaRef as ArrowSchemaRef, TimeUnit};
use iceberg::spec::{
    ListType, MapType, NestedField, NestedFieldRef, PrimitiveType, Schema, StructType, Transform as IcebergTransform,
    Type, UnboundPartitionSpec,
};
use meshwright_catalog::{Error, Kind};
use meshwright_spec::{Contract, DataType, Transform};

/// The Arrow type of a contract's type.
pub(crate) fn arrow_type(t: &DataType) -> Arrow {
    let field = |name: &str, t: &DataType, nullable| Arc::new(Field::new(name, arrow_type(t), nullable));
    match t {
        DataType::Boolean => Arrow::Boolean,
        DataType::Int => Arrow::Int32,
        DataType::Long => Arrow::Int64,
        DataType::Float => Arrow::Float32,
        DataType::Double => Arrow::Float64,
        DataType::Decimal { precision, scale } => Arrow::Decimal128(*precision, *scale as i8),
        DataType::Date => Arrow::Date32,
        DataType::Time => Arrow::Time64(TimeUnit::Microsecond),
        DataType::Timestamp => Arrow::Timestamp(TimeUnit::Microsecond, None),
        DataType::Timestamptz => Arrow::Timestamp(TimeUnit::Microsecond, Some("+00:00".into())),
        DataType::TimestampNs => Arrow::Timestamp(TimeUnit::Nanosecond, None),
        DataType::TimestamptzNs => Arrow::Timestamp(TimeUnit::Nanosecond, Some("+00:00".into())),
        DataType::String => Arrow::Utf8,
        DataType::Uuid => Arrow::FixedSizeBinary(16),
        DataType::Binary => Arrow::LargeBinary,
        DataType::Fixed(n) => Arrow::FixedSizeBinary(*n as i32),
        DataType::List(e) => Arrow::List(field("element", e, true)),
        DataType::Map(k, v) => {
            let entries = Arrow::Struct(vec![field("key", k, false), field("value", v, true)].into());
            Arrow::Map(Arc::new(Field::new("key_value", entries, false)), false)
        }
        DataType::Struct(fields) => {
            Arrow::Struct(fields.iter().map(|f| field(&f.name, &f.data_type, true)).collect::<Vec<_>>().into())
        }
    }
}

/// An Arrow schema of named columns, all nullable.
pub(crate) fn arrow_schema(columns: &[(String, DataType)]) -> ArrowSchemaRef {
    Arc::new(ArrowSchema::new(
        columns.iter().map(|(name, t)| Field::new(name, arrow_type(t), true)).collect::<Vec<_>>(),
    ))
}

/// The columns a contract promises.
pub(crate) fn contract_columns(contract: &Contract) -> Vec<(String, DataType)> {
    contract.columns.iter().map(|c| (c.name.clone(), c.data_type.clone())).collect()
}

/// The contract type of an Arrow type, for schemas that were found rather than declared.
pub(crate) fn spec_type(t: &Arrow) -> Option<DataType> {
    Some(match t {
        Arrow::Boolean => DataType::Boolean,
        Arrow::Int8 | Arrow::Int16 | Arrow::Int32 | Arrow::UInt8 | Arrow::UInt16 => DataType::Int,
        Arrow::Int64 | Arrow::UInt32 | Arrow::UInt64 => DataType::Long,
        Arrow::Float16 | Arrow::Float32 => DataType::Float,
        Arrow::Float64 => DataType::Double,
        Arrow::Decimal128(p, s) if *s >= 0 => DataType::Decimal { precision: *p, scale: *s as u8 },
        Arrow::Date32 | Arrow::Date64 => DataType::Date,
        Arrow::Time32(_) | Arrow::Time64(_) => DataType::Time,
        Arrow::Timestamp(TimeUnit::Nanosecond, None) => DataType::TimestampNs,
        Arrow::Timestamp(TimeUnit::Nanosecond, Some(_)) => DataType::TimestamptzNs,
        Arrow::Timestamp(_, None) => DataType::Timestamp,
        Arrow::Timestamp(_, Some(_)) => DataType::Timestamptz,
        Arrow::Utf8 | Arrow::LargeUtf8 | Arrow::Utf8View => DataType::String,
        Arrow::Binary | Arrow::LargeBinary | Arrow::BinaryView => DataType::Binary,
        Arrow::FixedSizeBinary(n) => DataType::Fixed(*n as u32),
        Arrow::Dictionary(_, v) => spec_type(v)?,
        Arrow::List(f) | Arrow::LargeList(f) | Arrow::ListView(f) => {
            DataType::List(Box::new(spec_type(f.data_type())?))
        }
        Arrow::Map(entries, _) => match entries.data_type() {
            Arrow::Struct(kv) if kv.len() == 2 => {
                DataType::Map(Box::new(spec_type(kv[0].data_type())?), Box::new(spec_type(kv[1].data_type())?))
            }
            _ => return None,
        },
        Arrow::Struct(fields) => DataType::Struct(
            fields
                .iter()
                .map(|f| {
                    Some(meshwright_spec::StructField { name: f.name().clone(), data_type: spec_type(f.data_type())? })
                })
                .collect::<Option<_>>()?,
        ),
        _ => return None,
    })
}

/// Whether values of a query's column can be stored under a contract's type without losing anything silently: the same,
/// wider, or narrower in a way that is checked value by value.
pub(crate) fn storable(from: &Arrow, to: &Arrow) -> bool {
    use Arrow::*;
    let integer = |t: &Arrow| t.is_integer();
    let text = |t: &Arrow| matches!(t, Utf8 | LargeUtf8 | Utf8View);
    let bytes = |t: &Arrow| matches!(t, Binary | LargeBinary | BinaryView);
    match (from, to) {
        (a, b) if a == b => true,
        (Null, _) => true,
        (Dictionary(_, v), b) => storable(v, b),
        (a, b) if integer(a) && integer(b) => true,
        (a, Float64) if integer(a) => !matches!(a, Int64 | UInt64),
        (a, Decimal128(..)) if integer(a) => true,
        (Float16 | Float32, Float32 | Float64) => true,
        (Decimal128(_, a) | Decimal32(_, a) | Decimal64(_, a), Decimal128(_, b)) => a <= b,
        (a, b) if text(a) && text(b) => true,
        (a, b) if bytes(a) && bytes(b) => true,
        (Date64, Date32) | (Time32(_), Time64(_)) => true,
        (Timestamp(_, a), Timestamp(_, b)) => a.is_some() == b.is_some(),
        (Date32, Timestamp(_, None)) => true,
        (List(a) | LargeList(a) | ListView(a), List(b)) => storable(a.data_type(), b.data_type()),
        (Map(a, _), Map(b, _)) => storable(a.data_type(), b.data_type()),
        (Struct(a), Struct(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| storable(a.data_type(), b.data_type()))
        }
        _ => false,
    }
}

/// Gives out Iceberg field ids: those an older schema gave to the same columns, else new ones.
struct Ids<'a> {
    before: Option<&'a Schema>,
    last: i32,
}

impl Ids<'_> {
    fn next(&mut self) -> i32 {
        self.last += 1;
        self.last
    }

    fn of(&mut self, path: &str) -> i32 {
        self.before.and_then(|s| s.field_id_by_name(path)).unwrap_or_else(|| self.next())
    }

    fn type_of(&mut self, t: &DataType, path: &str) -> Type {
        let primitive = match t {
            DataType::Boolean => PrimitiveType::Boolean,
            DataType::Int => PrimitiveType::Int,
            DataType::Long => PrimitiveType::Long,
            DataType::Float => PrimitiveType::Float,
            DataType::Double => PrimitiveType::Double,
            DataType::Decimal { precision, scale } => {
                PrimitiveType::Decimal { precision: u32::from(*precision), scale: u32::from(*scale) }
            }
            DataType::Date => PrimitiveType::Date,
            DataType::Time => PrimitiveType::Time,
            DataType::Timestamp => PrimitiveType::Timestamp,
            DataType::Timestamptz => PrimitiveType::Timestamptz,
            DataType::TimestampNs => PrimitiveType::TimestampNs,
            DataType::TimestamptzNs => PrimitiveType::TimestamptzNs,
            DataType::String => PrimitiveType::String,
            DataType::Uuid => PrimitiveType::Uuid,
            DataType::Binary => PrimitiveType::Binary,
            DataType::Fixed(n) => PrimitiveType::Fixed(u64::from(*n)),
            DataType::List(e) => {
                let path = format!("{path}.element");
                let id = self.of(&path);
                return Type::List(ListType::new(NestedField::list_element(id, self.type_of(e, &path), false).into()));
            }
            DataType::Map(k, v) => {
                let (kp, vp) = (format!("{path}.key"), format!("{path}.value"));
                let (ki, vi) = (self.of(&kp), self.of(&vp));
                return Type::Map(MapType::new(
                    NestedField::map_key_element(ki, self.type_of(k, &kp)).into(),
                    NestedField::map_value_element(vi, self.type_of(v, &vp), false).into(),
                ));
            }
            DataType::Struct(fields) => {
                let fields: Vec<NestedFieldRef> = fields
                    .iter()
                    .map(|f| {
                        let path = format!("{path}.{}", f.name);
                        let id = self.of(&path);
                        NestedField::optional(id, &f.name, self.type_of(&f.data_type, &path)).into()
                    })
                    .collect();
                return Type::Struct(StructType::new(fields));
            }
        };
        Type::Primitive(primitive)
    }
}

/// Whether Iceberg reads values stored under one type as the other.
fn promotes(from: &Type, to: &Type) -> bool {
    use PrimitiveType::*;
    match (from, to) {
        (Type::Primitive(Int), Type::Primitive(Long)) | (Type::Primitive(Float), Type::Primitive(Double)) => true,
        (Type::Primitive(Decimal { precision: a, scale: s }), Type::Primitive(Decimal { precision: b, scale: t })) => {
            a <= b && s == t
        }
        (a, b) => a == b || (a.is_nested() && b.is_nested() && std::mem::discriminant(a) == std::mem::discriminant(b)),
    }
}

/// The Iceberg schema that a contract promises. Columns keep the ids that `before` gave them, by name or by
/// `renamed_from`; others get ids after `last_id`.
///
/// # Errors
/// `Invalid` when Iceberg refuses the schema.
pub(crate) fn iceberg_schema(
    contract: &Contract,
    before: Option<&Schema>,
    last_id: i32,
    schema_id: i32,
) -> Result<Schema, Error> {
    let mut ids = Ids { before, last: last_id };
    // top-level ids first, as Iceberg itself would give them
    let top: Vec<i32> = contract
        .columns
        .iter()
        .map(|c| {
            let old =
                c.renamed_from.as_deref().filter(|_| before.is_some_and(|s| s.field_id_by_name(&c.name).is_none()));
            ids.of(old.unwrap_or(&c.name))
        })
        .collect();
    let mut fields: Vec<NestedFieldRef> = vec![];
    let mut identifier = vec![];
    for (c, id) in contract.columns.iter().zip(top) {
        let in_key = contract.key.contains(&c.name);
        let before = ids.before.and_then(|s| s.field_by_id(id));
        let old = before.map_or(c.name.clone(), |f| f.name.clone());
        let mut field_type = ids.type_of(&c.data_type, &old);
        let mut id = id;
        if before.is_some_and(|f| !promotes(&f.field_type, &field_type)) {
            // another type is another column: values of the old one must never be read as the new one
            let mut fresh = Ids { before: None, last: ids.last };
            id = fresh.next();
            field_type = fresh.type_of(&c.data_type, &c.name);
            ids.last = fresh.last;
        }
        let mut field = NestedField::new(id, &c.name, field_type, c.required || in_key);
        if let Some(text) = &c.description {
            field = field.with_doc(text);
        }
        if in_key && !matches!(c.data_type, DataType::Float | DataType::Double) && !field.field_type.is_nested() {
            identifier.push(id);
        }
        fields.push(field.into());
    }
    Schema::builder()
        .with_schema_id(schema_id)
        .with_fields(fields)
        .with_identifier_field_ids(identifier)
        .build()
        .map_err(|e| Error::new(Kind::Invalid, "the contract's columns make no table").because(e))
}

/// The same columns and ids, all optional: what files are written with, so that a missing value becomes a failed check
/// with a count and not a crash of the writer.
pub(crate) fn relaxed(schema: &Schema) -> Result<Schema, Error> {
    let fields: Vec<NestedFieldRef> = schema
        .as_struct()
        .fields()
        .iter()
        .map(|f| {
            let mut f = f.as_ref().clone();
            f.required = false;
            f.into()
        })
        .collect();
    Ok(Schema::builder().with_schema_id(schema.schema_id()).with_fields(fields).build()?)
}

/// The hidden partitioning that a contract asks for, by the ids of `schema`.
///
/// # Errors
/// `Invalid` when Iceberg refuses it.
pub(crate) fn partition_spec(contract: &Contract, schema: &Schema) -> Result<Option<UnboundPartitionSpec>, Error> {
    if contract.partition.is_empty() {
        return Ok(None);
    }
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
    Ok(Some(spec.build()))
}
