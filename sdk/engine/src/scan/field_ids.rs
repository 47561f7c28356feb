//! File columns become table columns by field id.
//!
//! DataFusion hands every expression of a scan to a `PhysicalExprAdapter` together with the file's schema, and names
//! are used only there: so ids are resolved in this one place. A flat column of the same type stays a bare column
//! (page and row-group pruning see it), a promoted one becomes a cast, a nested one that differs is rebuilt.
use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Result, ScalarValue, exec_err};
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{CastColumnExpr, Column, lit};
use datafusion::physical_expr_adapter::{PhysicalExprAdapter, PhysicalExprAdapterFactory};
use iceberg::spec::NameMapping;
use parquet::arrow::PARQUET_FIELD_ID_META_KEY;

use super::{names, nested};

/// Iceberg's id of a column, as Parquet files and presented schemas carry it.
pub(super) fn field_id(field: &Field) -> Option<i32> {
    field.metadata().get(PARQUET_FIELD_ID_META_KEY)?.parse().ok()
}

/// Where the column `to` of the table is among the file's fields.
pub(super) fn position(file: &Fields, to: &Field) -> Option<usize> {
    let id = field_id(to)?;
    file.iter().position(|field| field_id(field) == Some(id))
}

/// Values of columns which a file is too old to hold, by field id.
type Defaults = Arc<HashMap<i32, ScalarValue>>;

/// Makes the adapter of each file.
#[derive(Debug)]
pub(super) struct FieldIds {
    defaults: Defaults,
    /// For files without ids.
    names: Arc<NameMapping>,
}

impl FieldIds {
    pub(super) fn new(defaults: HashMap<i32, ScalarValue>, names: Arc<NameMapping>) -> Self {
        Self { defaults: Arc::new(defaults), names }
    }
}

impl PhysicalExprAdapterFactory for FieldIds {
    fn create(&self, table: SchemaRef, file: SchemaRef) -> Result<Arc<dyn PhysicalExprAdapter>> {
        let file = names::identified(file.fields(), &self.names);
        Ok(Arc::new(Adapter { table, file, defaults: self.defaults.clone() }))
    }
}

#[derive(Debug)]
struct Adapter {
    table: SchemaRef,
    file: Fields,
    defaults: Defaults,
}

impl PhysicalExprAdapter for Adapter {
    fn rewrite(&self, expr: Arc<dyn PhysicalExpr>) -> Result<Arc<dyn PhysicalExpr>> {
        let rewritten = expr.transform_up(|expr| match expr.as_any().downcast_ref::<Column>() {
            Some(column) => self.column(self.table.field_with_name(column.name())?).map(Transformed::yes),
            None => Ok(Transformed::no(expr)),
        });
        rewritten.map(|rewritten| rewritten.data)
    }
}

impl Adapter {
    /// The values of the table's column `to` in this file.
    fn column(&self, to: &Field) -> Result<Arc<dyn PhysicalExpr>> {
        let Some(at) = position(&self.file, to) else {
            return match field_id(to).and_then(|id| self.defaults.get(&id)) {
                Some(value) => Ok(lit(value.clone())),
                None if to.is_nullable() => Ok(lit(ScalarValue::try_from(to.data_type())?)),
                None => exec_err!("required column {} is not in the file", to.name()),
            };
        };
        let from = &self.file[at];
        let column: Arc<dyn PhysicalExpr> = Arc::new(Column::new(from.name(), at));
        if from.data_type() == to.data_type() {
            return Ok(column);
        }
        if matches!(from.data_type(), DataType::Utf8 | DataType::Utf8View)
            && matches!(to.data_type(), DataType::LargeBinary)
        {
            // DataFusion has typed the file's column by name, so that its bytes would have to be text
            return exec_err!(
                "column {} holds bytes and was called {} before, which is a text column now: rename one of them",
                to.name(),
                from.name()
            );
        }
        let to = Arc::new(to.clone());
        Ok(if to.data_type().is_nested() {
            Arc::new(Rebuilt { column, from: from.clone(), to, defaults: self.defaults.clone() })
        } else {
            Arc::new(CastColumnExpr::new(column, from.clone(), to, None))
        })
    }
}

/// A nested column of the file in the shape it has in the table now.
#[derive(Debug, Clone, Eq)]
struct Rebuilt {
    column: Arc<dyn PhysicalExpr>,
    from: FieldRef,
    to: FieldRef,
    defaults: Defaults,
}

impl PartialEq for Rebuilt {
    fn eq(&self, other: &Self) -> bool {
        self.column.eq(&other.column) && self.from == other.from && self.to == other.to
    }
}

impl Hash for Rebuilt {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.column.hash(state);
        self.from.hash(state);
        self.to.hash(state);
    }
}

impl fmt::Display for Rebuilt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} AS {}", self.column, self.to.name())
    }
}

impl PhysicalExpr for Rebuilt {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn data_type(&self, _: &Schema) -> Result<DataType> {
        Ok(self.to.data_type().clone())
    }

    fn nullable(&self, _: &Schema) -> Result<bool> {
        Ok(self.to.is_nullable())
    }

    fn return_field(&self, _: &Schema) -> Result<FieldRef> {
        Ok(self.to.clone())
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        let array = self.column.evaluate(batch)?.into_array(batch.num_rows())?;
        nested::rebuild(&array, &self.from, &self.to, &self.defaults).map(ColumnarValue::Array)
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.column]
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn PhysicalExpr>>) -> Result<Arc<dyn PhysicalExpr>> {
        Ok(Arc::new(Self { column: children.swap_remove(0), ..self.as_ref().clone() }))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
