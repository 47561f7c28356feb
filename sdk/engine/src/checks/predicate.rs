//! Predicates of checks, compiled by the query engine.
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::DFSchema;
use datafusion::common::tree_node::TreeNode;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{Expr, Volatility};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::prelude::SessionContext;
use meshwright_check::{Earlier, Expressions, Known, Predicate};
use meshwright_spec::{Check, PortName};

use super::known::KnownValues;
use crate::failure::Plain;

/// Predicates by the query engine.
pub(crate) struct Compiler<'a> {
    pub(crate) ctx: &'a SessionContext,
    /// Values of other ports' columns, and the states before.
    pub(crate) known: &'a KnownValues,
}

struct Compiled {
    expression: Arc<dyn PhysicalExpr>,
    columns: Vec<String>,
    lasting: bool,
}

impl Expressions for Compiler<'_> {
    fn compile(&self, sql: &str, schema: &SchemaRef) -> std::result::Result<Arc<dyn Predicate>, String> {
        let plain = |e: datafusion::error::DataFusionError| e.strip_backtrace();
        let df_schema = DFSchema::try_from(schema.as_ref().clone()).map_err(plain)?;
        let expression = self.ctx.parse_sql_expr(sql, &df_schema).map_err(plain)?;
        let columns = expression.column_refs().into_iter().map(|c| c.name.clone()).collect();
        let lasting = is_lasting(&expression).map_err(plain)?;
        // some functions, such as coalesce, exist only before simplification
        let schema_ref = Arc::new(df_schema.clone());
        let simplifier = ExprSimplifier::new(SimplifyContext::default().with_schema(schema_ref).with_current_time());
        let expression =
            simplifier.coerce(expression, &df_schema).and_then(|e| simplifier.simplify(e)).map_err(plain)?;
        let expression = self.ctx.create_physical_expr(expression, &df_schema).map_err(plain)?;
        match expression.data_type(schema).map_err(plain)? {
            DataType::Boolean => Ok(Arc::new(Compiled { expression, columns, lasting })),
            other => Err(format!("`{sql}` is a {other}, not true or false")),
        }
    }

    fn known(&self, port: &PortName, columns: &[String]) -> Option<std::result::Result<Known, String>> {
        self.known.values.get(&(port.clone(), columns.to_vec())).cloned()
    }

    fn earlier(&self, check: &Check) -> std::result::Result<Option<Arc<Earlier>>, String> {
        self.known.before.earlier(check)
    }

    fn history(&self, check: &Check) -> Vec<f64> {
        self.known.before.history(check)
    }
}

/// Whether an expression says the same of the same row at any time: `now()` and `random()` do not.
fn is_lasting(expression: &Expr) -> datafusion::error::Result<bool> {
    let fleeting = |e: &Expr| match e {
        Expr::ScalarFunction(call) => call.func.signature().volatility != Volatility::Immutable,
        _ => false,
    };
    expression.exists(|e| Ok(fleeting(e))).map(|found| !found)
}

impl Predicate for Compiled {
    fn evaluate(&self, batch: &RecordBatch) -> std::result::Result<BooleanArray, String> {
        let plain = |e: datafusion::error::DataFusionError| e.strip_backtrace();
        let value = self.expression.evaluate(batch).map_err(plain)?.into_array(batch.num_rows()).map_err(plain)?;
        value.as_any().downcast_ref::<BooleanArray>().cloned().ok_or_else(|| "not true or false".to_owned())
    }

    fn columns(&self) -> Vec<String> {
        self.columns.clone()
    }

    fn is_lasting(&self) -> bool {
        self.lasting
    }
}
