use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::*;
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::*;
use iceberg::spec::Schema as IcebergSchema;

use super::super::field_ids::field_id;

/// Rows in each batch that is written.
pub(super) const ROWS: i64 = 20;

/// Values of rows: a function of the field id and the number of the row, so that a rewritten schema finds them again.
pub(super) struct Rows {
    /// Columns that existed when the rows were written; others are null.
    pub(super) have: HashSet<i32>,
    /// Columns with one value per batch, to partition by.
    pub(super) constant: HashSet<i32>,
}

pub(super) fn ids(schema: &IcebergSchema) -> HashSet<i32> {
    (0..=schema.highest_field_id()).filter(|id| schema.field_by_id(*id).is_some()).collect()
}

impl Rows {
    fn row(&self, id: i32, k: i64) -> i64 {
        if self.constant.contains(&id) { k / ROWS * ROWS } else { k }
    }

    pub(super) fn is_null(&self, id: i32, k: i64) -> bool {
        let k = self.row(id, k);
        (k / ROWS + id as i64) % 9 == 0 || (!self.constant.contains(&id) && (k * 31 + id as i64) % 13 == 0)
    }

    pub(super) fn number(&self, id: i32, k: i64) -> i64 {
        let (k, id) = (self.row(id, k), id as i64);
        (k / ROWS * 7 + id * 3) % 40 * 10 + (k * 17 + id) % 15 - 100
    }

    pub(super) fn int(&self, id: i32, k: i64) -> i64 {
        match (self.row(id, k) / ROWS + id as i64) % 12 {
            7 => i32::MAX as i64 - k % 3,
            8 => i32::MIN as i64 + k % 3,
            _ => self.number(id, k),
        }
    }

    fn float(&self, id: i32, k: i64) -> f64 {
        let k = self.row(id, k);
        match ((k / ROWS + id as i64) % 12, k % 5) {
            (1, 0) | (6, _) => f64::NAN,
            (2, 1) => -f64::NAN,
            (3, 0) => f64::INFINITY,
            (4, 0) => f64::NEG_INFINITY,
            (5, n) => [0.0, -0.0][n as usize % 2],
            _ => self.number(id, k) as f64 / 4.0,
        }
    }

    pub(super) fn text(&self, id: i32, k: i64) -> String {
        let k = self.row(id, k);
        if k % 29 == 0 {
            return String::new();
        }
        // beyond 64 bytes there are no bounds
        let long = if (k / ROWS) % 6 == 3 { "x".repeat(80) } else { String::new() };
        format!("{:03}{}{long}", self.number(id, k) + 100, ["a", "é", "z_%"][k as usize % 3])
    }

    pub(super) fn bytes(&self, id: i32, k: i64) -> Vec<u8> {
        [self.text(id, k).as_bytes(), &[0xff]].concat()
    }

    fn bool(&self, k: i64) -> bool {
        if k / ROWS % 3 == 0 { k / ROWS % 2 == 0 } else { k % 2 == 0 }
    }

    pub(super) fn batch(&self, schema: &Schema, ks: &[i64]) -> RecordBatch {
        let columns = schema.fields().iter().map(|field| self.array(field, ks)).collect();
        RecordBatch::try_new(Arc::new(schema.clone()), columns).unwrap()
    }

    /// `-1` stands for a row without a parent.
    fn array(&self, field: &Field, ks: &[i64]) -> ArrayRef {
        let id = field_id(field).unwrap_or_default();
        if !self.have.contains(&id) {
            return new_null_array(field.data_type(), ks.len());
        }
        let has = |k: &i64| !field.is_nullable() || (*k >= 0 && !self.is_null(id, *k));
        macro_rules! primitive {
            ($t:ty, $value:expr) => {{
                let array = PrimitiveArray::<$t>::from_iter(ks.iter().map(|k| has(k).then(|| $value(*k))));
                Arc::new(array.with_data_type(field.data_type().clone()))
            }};
        }
        let nulls = || Some(NullBuffer::from(ks.iter().map(has).collect::<Vec<_>>()));
        let lengths = || ks.iter().map(|k| if has(k) { (*k % 4) as usize } else { 0 });
        let inner = || -> Vec<i64> {
            ks.iter().zip(lengths()).flat_map(|(k, n)| (0..n as i64).map(move |at| k * 4 + at)).collect()
        };
        let offsets = || OffsetBuffer::from_lengths(lengths());
        match field.data_type() {
            DataType::Int32 => primitive!(Int32Type, |k| self.int(id, k) as i32),
            DataType::Int64 if field.name() == "k" => primitive!(Int64Type, |k| k),
            DataType::Int64 => primitive!(Int64Type, |k| self.int(id, k)),
            DataType::Float32 => primitive!(Float32Type, |k| self.float(id, k) as f32),
            DataType::Float64 => primitive!(Float64Type, |k| self.float(id, k)),
            DataType::Decimal128(..) => primitive!(Decimal128Type, |k| (self.number(id, k) * 100 + k % 100) as i128),
            DataType::Date32 => primitive!(Date32Type, |k| 20_000 + self.number(id, k) as i32),
            DataType::Timestamp(..) => primitive!(TimestampMicrosecondType, |k| self.number(id, k) * 3_600_000_000 + 1),
            DataType::Boolean => Arc::new(ks.iter().map(|k| has(k).then(|| self.bool(*k))).collect::<BooleanArray>()),
            DataType::Utf8 => Arc::new(ks.iter().map(|k| has(k).then(|| self.text(id, *k))).collect::<StringArray>()),
            DataType::LargeBinary => {
                Arc::new(ks.iter().map(|k| has(k).then(|| self.bytes(id, *k))).collect::<LargeBinaryArray>())
            }
            DataType::Struct(fields) => {
                let ks: Vec<i64> = ks.iter().map(|k| if has(k) { *k } else { -1 }).collect();
                let members = fields.iter().map(|field| self.array(field, &ks)).collect();
                Arc::new(StructArray::new(fields.clone(), members, nulls()))
            }
            DataType::List(element) => {
                Arc::new(ListArray::new(element.clone(), offsets(), self.array(element, &inner()), nulls()))
            }
            DataType::Map(entries, sorted) => {
                let DataType::Struct(pair) = entries.data_type() else { unreachable!() };
                let keys = StringArray::from_iter_values(inner().iter().map(|k| format!("k{}", k % 4)));
                let columns: Vec<ArrayRef> = vec![Arc::new(keys), self.array(&pair[1], &inner())];
                let pairs = StructArray::new(pair.clone(), columns, None);
                Arc::new(MapArray::new(entries.clone(), offsets(), pairs, nulls(), *sorted))
            }
            other => panic!("{other}"),
        }
    }
}
