//! What a file's manifest entry says about the values of one column, in the type which the column has now.
use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, Schema as ArrowSchema, SchemaRef as ArrowSchemaRef};
use datafusion::common::ScalarValue;
use iceberg::spec::{Datum, Literal, NestedFieldRef, PrimitiveLiteral, PrimitiveType, Schema, TableMetadata, Type};

use super::snapshot::LiveFile;

/// Joins the names of a struct and its member in [`Columns::schema`].
const SEPARATOR: char = '\u{1}';

/// A column of a primitive type that is reached without repetition: at the top, or a member of structs.
#[derive(Debug, Clone)]
pub(super) struct Leaf {
    pub(super) id: i32,
    primitive: PrimitiveType,
    pub(super) arrow: DataType,
    top: bool,
    /// Value in files that are older than the column.
    default: Option<ScalarValue>,
    /// First schema of the table that has this column.
    since: i32,
}

/// What is known about the values of a column in a file. Unknown prunes nothing.
#[derive(Debug, Default, Clone)]
pub(super) struct Range {
    pub(super) low: Option<ScalarValue>,
    pub(super) high: Option<ScalarValue>,
    pub(super) nulls: Option<u64>,
    /// There may be NaN, which lies outside of `low` and `high`.
    pub(super) nan: bool,
}

impl Range {
    fn constant(value: Option<ScalarValue>, rows: u64) -> Self {
        match value {
            Some(value) => Self { low: Some(value.clone()), high: Some(value), nulls: Some(0), nan: false },
            None => Self { nulls: Some(rows), ..Self::default() },
        }
    }

    fn is_constant(&self, rows: u64) -> bool {
        self.nulls == Some(rows) || (self.nulls == Some(0) && !self.nan && self.low.is_some() && self.low == self.high)
    }
}

/// The leaf columns of the schema in which a table is presented.
#[derive(Debug)]
pub(super) struct Columns {
    by_path: Arc<HashMap<String, Leaf>>,
    /// The leaves under their paths, then the nested columns, about which nothing is known.
    pub(super) schema: ArrowSchemaRef,
}

impl Columns {
    pub(super) fn new(schema: &Schema, arrow: &ArrowSchema, metadata: &TableMetadata) -> Self {
        let since = |id: i32| {
            metadata
                .schemas_iter()
                .filter(|schema| schema.field_by_id(id).is_some())
                .map(|schema| schema.schema_id())
                .min()
                .unwrap_or(i32::MIN)
        };
        let mut leaves = vec![];
        collect("", schema.as_struct().fields(), arrow.fields(), &since, &mut leaves);
        let mut fields: Vec<_> =
            leaves.iter().map(|(path, leaf)| Arc::new(Field::new(path, leaf.arrow.clone(), true))).collect();
        fields.extend(arrow.fields().iter().filter(|field| field.data_type().is_nested()).cloned());
        Self { by_path: Arc::new(leaves.into_iter().collect()), schema: Arc::new(ArrowSchema::new(fields)) }
    }

    /// A top-level column by its name, a member by its [`member`] path.
    pub(super) fn get(&self, path: &str) -> Option<&Leaf> {
        self.by_path.get(path)
    }

    /// Values of columns which a file may be too old to hold, by field id.
    pub(super) fn defaults(&self) -> HashMap<i32, ScalarValue> {
        self.by_path.values().filter_map(|leaf| Some((leaf.id, leaf.default.clone()?))).collect()
    }

    /// Partition columns, among those presented, whose values only the file itself can give.
    pub(super) fn must_hold(&self, file: &LiveFile) -> Vec<i32> {
        let rows = file.data().record_count();
        let partitioned = self.by_path.values().filter(|leaf| file.identity.contains_key(&leaf.id));
        // a member of a struct is never replaced by a constant
        let given = |leaf: &Leaf| leaf.top && leaf.range(file).is_constant(rows);
        partitioned.filter(|leaf| !given(leaf)).map(|leaf| leaf.id).collect()
    }
}

/// Path of a member of the struct at `path`.
pub(super) fn member(path: &str, name: &str) -> String {
    format!("{path}{SEPARATOR}{name}")
}

fn collect(
    parent: &str,
    fields: &[NestedFieldRef],
    arrow: &Fields,
    since: &dyn Fn(i32) -> i32,
    leaves: &mut Vec<(String, Leaf)>,
) {
    for (field, arrow) in fields.iter().zip(arrow) {
        if field.name.contains(SEPARATOR) {
            continue;
        }
        let top = parent.is_empty();
        let path = if top { field.name.clone() } else { member(parent, &field.name) };
        match (field.field_type.as_ref(), arrow.data_type()) {
            (Type::Primitive(primitive), arrow) => {
                let mut leaf = Leaf {
                    id: field.id,
                    primitive: primitive.clone(),
                    arrow: arrow.clone(),
                    top,
                    default: None,
                    since: since(field.id),
                };
                let default = field.initial_default.as_ref().and_then(Literal::as_primitive_literal);
                leaf.default = default.and_then(|value| leaf.value(&value, primitive));
                leaves.push((path, leaf));
            }
            (Type::Struct(members), DataType::Struct(arrow)) => collect(&path, members.fields(), arrow, since, leaves),
            _ => {}
        }
    }
}

impl Leaf {
    pub(super) fn is_float(&self) -> bool {
        matches!(self.primitive, PrimitiveType::Float | PrimitiveType::Double)
    }

    /// In this order: a file older than the column, a partition value, the bounds of the manifest.
    pub(super) fn range(&self, file: &LiveFile) -> Range {
        let (data, rows) = (file.data(), file.data().record_count());
        if self.is_younger_than(file) {
            let range = Range::constant(self.default.clone(), rows);
            // a default shows only where there is a parent
            let nulls = range.nulls.filter(|nulls| self.top || *nulls > 0);
            return Range { nulls, ..range };
        }
        let stored = file.schema.field_by_id(self.id).and_then(|field| field.field_type.as_primitive_type());
        if let (Some(value), Some(stored)) = (file.identity.get(&self.id), stored) {
            match value.as_ref().map(|value| self.value(value, stored)) {
                None => return Range::constant(None, rows),
                // 0.0 and -0.0 may share a partition
                Some(Some(value)) if !is_zero(&value) => return Range::constant(Some(value), rows),
                Some(_) => {}
            }
        }
        let bound = |bounds: &HashMap<i32, Datum>| {
            bounds.get(&self.id).and_then(|bound| self.value(bound.literal(), bound.data_type()))
        };
        let (mut low, mut high) = (bound(data.lower_bounds()), bound(data.upper_bounds()));
        // comparisons order -0.0 before 0.0, not every writer does
        widen(&mut low, -0.0);
        widen(&mut high, 0.0);
        if let (Some(a), Some(b)) = (&low, &high)
            && a.partial_cmp(b).is_none_or(Ordering::is_gt)
        {
            (low, high) = (None, None);
        }
        // a member counts the rows of its null parents only if every row was counted
        let counted = self.top || data.value_counts().get(&self.id) == Some(&rows);
        let nulls = data.null_value_counts().get(&self.id).copied().filter(|nulls| counted && *nulls <= rows);
        Range { low, high, nulls, nan: self.is_float() && !file.nan_free(self.id) }
    }

    /// The file was written before the column existed. Not merely "its manifest does not know the column" (it may have
    /// been dropped for a while, and the drop taken back), nor "its schema is older" (old schemas are expired).
    fn is_younger_than(&self, file: &LiveFile) -> bool {
        let data = file.data();
        file.schema_id < self.since
            && file.schema.field_by_id(self.id).is_none()
            && !data.column_sizes().is_empty()
            && !data.column_sizes().contains_key(&self.id)
            && !data.value_counts().contains_key(&self.id)
            && !data.null_value_counts().contains_key(&self.id)
    }

    /// A stored value in the type of the column now; `None` = not known to mean the same.
    fn value(&self, value: &PrimitiveLiteral, stored: &PrimitiveType) -> Option<ScalarValue> {
        use {PrimitiveLiteral as Value, PrimitiveType as Of, ScalarValue as Arrow};
        const DAY: i64 = 86_400_000_000;
        let utc = || Some("+00:00".into());
        let scalar = match (value, stored, &self.primitive) {
            (Value::Boolean(v), Of::Boolean, Of::Boolean) => Arrow::Boolean(Some(*v)),
            (Value::Int(v), Of::Int, Of::Int) => Arrow::Int32(Some(*v)),
            (Value::Int(v), Of::Int, Of::Long) => Arrow::Int64(Some(i64::from(*v))),
            (Value::Long(v), Of::Long, Of::Long) => Arrow::Int64(Some(*v)),
            (Value::Float(v), Of::Float, Of::Float) if !v.is_nan() => Arrow::Float32(Some(v.0)),
            (Value::Float(v), Of::Float, Of::Double) if !v.is_nan() => Arrow::Float64(Some(f64::from(v.0))),
            (Value::Double(v), Of::Double, Of::Double) if !v.is_nan() => Arrow::Float64(Some(v.0)),
            (Value::Int128(v), Of::Decimal { scale: from, .. }, Of::Decimal { precision, scale }) if from == scale => {
                Arrow::Decimal128(Some(*v), u8::try_from(*precision).ok()?, i8::try_from(*scale).ok()?)
            }
            (Value::Int(v), Of::Date, Of::Date) => Arrow::Date32(Some(*v)),
            (Value::Int(v), Of::Date, Of::Timestamp) => {
                Arrow::TimestampMicrosecond(Some(i64::from(*v).checked_mul(DAY)?), None)
            }
            (Value::Long(v), Of::Time, Of::Time) => Arrow::Time64Microsecond(Some(*v)),
            (Value::Long(v), Of::Timestamp, Of::Timestamp) => Arrow::TimestampMicrosecond(Some(*v), None),
            (Value::Long(v), Of::Timestamptz, Of::Timestamptz) => Arrow::TimestampMicrosecond(Some(*v), utc()),
            (Value::Long(v), Of::TimestampNs, Of::TimestampNs) => Arrow::TimestampNanosecond(Some(*v), None),
            (Value::Long(v), Of::TimestamptzNs, Of::TimestamptzNs) => Arrow::TimestampNanosecond(Some(*v), utc()),
            (Value::String(v), Of::String, Of::String) if self.arrow == DataType::Utf8View => {
                Arrow::Utf8View(Some(v.clone()))
            }
            (Value::String(v), Of::String, Of::String) => Arrow::Utf8(Some(v.clone())),
            (Value::Binary(v), Of::Binary, Of::Binary) => Arrow::LargeBinary(Some(v.clone())),
            // uuid and fixed: writers disagree about their order
            _ => return None,
        };
        (scalar.data_type() == self.arrow).then_some(scalar)
    }
}

fn is_zero(value: &ScalarValue) -> bool {
    matches!(value, ScalarValue::Float32(Some(v)) if *v == 0.0)
        || matches!(value, ScalarValue::Float64(Some(v)) if *v == 0.0)
}

fn widen(bound: &mut Option<ScalarValue>, zero: f64) {
    match bound {
        Some(ScalarValue::Float32(Some(value))) if *value == 0.0 => *value = zero as f32,
        Some(ScalarValue::Float64(Some(value))) if *value == 0.0 => *value = zero,
        _ => {}
    }
}
