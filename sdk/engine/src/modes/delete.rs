//! Rows for which a condition is true leave.
use std::sync::Arc;

use arrow::array::{Array, BooleanArray, RecordBatch, new_null_array};
use arrow::compute::prep_null_mask_filter;
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::DFSchema;
use datafusion::common::cast::as_boolean_array;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::Result as DataFusionResult;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{Expr, Volatility};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::prelude::SessionContext;
use meshwright_spec::{Diagnostic, Sources, Span};

use super::rewrite::Leaving;
use crate::failure::{Failure, Findings, Plain, Result};

/// A condition over a table's own columns.
#[derive(Debug, Clone)]
pub(crate) struct Condition {
    expr: Expr,
    physical: Arc<dyn PhysicalExpr>,
    schema: SchemaRef,
    columns: Vec<String>,
}

impl Condition {
    /// Reads a condition.
    ///
    /// # Errors
    /// [`Failure::Usage`] when it is none, or not about the columns of `schema` alone.
    pub(crate) fn parse(ctx: &SessionContext, text: &str, schema: &SchemaRef) -> Result<Self> {
        let mut sources = Sources::default();
        let file = sources.add("--where", text);
        let wrong = |why: String| {
            let span = Span { file, start: 0, end: text.len() };
            let d = Diagnostic::error("M1204", "the condition cannot decide which rows to delete").at(span, why);
            Failure::Usage(Findings::one(
                d.help("write a comparison of the port's columns, such as `amount < 0`"),
                &sources,
            ))
        };
        let columns = DFSchema::try_from(schema.as_ref().clone())?;
        let expr = ctx.parse_sql_expr(text, &columns).map_err(|e| wrong(e.strip_backtrace()))?;
        let mut odd = None;
        expr.apply(|e| {
            odd = match e {
                Expr::ScalarSubquery(_) | Expr::InSubquery(_) | Expr::Exists(_) => Some("it asks another query"),
                Expr::AggregateFunction(_) | Expr::WindowFunction(_) => Some("it speaks of more than one row"),
                Expr::ScalarFunction(f) if f.func.signature().volatility == Volatility::Volatile => {
                    Some("it has another answer each time")
                }
                _ => return Ok(TreeNodeRecursion::Continue),
            };
            Ok(TreeNodeRecursion::Stop)
        })?;
        if let Some(odd) = odd {
            return Err(wrong(odd.to_owned()));
        }
        // some functions exist only until an expression is simplified; `now()` is one moment for all rows
        let context = SimplifyContext::default()
            .with_schema(Arc::new(columns.clone()))
            .with_config_options(ctx.state().config_options().clone())
            .with_current_time();
        let simplifier = ExprSimplifier::new(context);
        let expr = simplifier.coerce(expr, &columns).and_then(|expr| simplifier.simplify(expr));
        let expr = expr.map_err(|e| wrong(e.strip_backtrace()))?;
        let physical = ctx.create_physical_expr(expr.clone(), &columns).map_err(|e| wrong(e.strip_backtrace()))?;
        match physical.data_type(schema).map_err(|e| wrong(e.strip_backtrace()))? {
            DataType::Boolean => {}
            other => return Err(wrong(format!("its answer is of type {other}, not yes or no"))),
        }
        let used = expr.column_refs();
        let names = schema.fields().iter().map(|f| f.name().clone());
        let columns = names.filter(|name| used.iter().any(|c| c.name == *name)).collect();
        Ok(Self { expr, physical, schema: schema.clone(), columns })
    }

    /// As DataFusion evaluates it, over the whole schema.
    pub(crate) fn physical(&self) -> &Arc<dyn PhysicalExpr> {
        &self.physical
    }
}

impl Leaving for Condition {
    fn columns(&self) -> Vec<String> {
        self.columns.clone()
    }

    fn of(&self, rows: &RecordBatch) -> DataFusionResult<BooleanArray> {
        // columns that it does not look at may be anything
        let columns = self.schema.fields().iter().map(|field| match rows.column_by_name(field.name()) {
            Some(column) => column.clone(),
            None => new_null_array(field.data_type(), rows.num_rows()),
        });
        let fields: Vec<_> = self.schema.fields().iter().map(|f| f.as_ref().clone().with_nullable(true)).collect();
        let schema = Arc::new(arrow::datatypes::Schema::new(fields));
        let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
        let whole = RecordBatch::try_new_with_options(schema, columns.collect(), &options)?;
        let answer = self.physical.evaluate(&whole)?.into_array(rows.num_rows())?;
        let answer = as_boolean_array(&answer)?;
        // neither yes nor no is not yes
        Ok(if answer.null_count() > 0 { prep_null_mask_filter(answer) } else { answer.clone() })
    }

    fn condition(&self) -> Option<Expr> {
        Some(self.expr.clone())
    }
}
