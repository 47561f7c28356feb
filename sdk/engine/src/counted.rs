//! `count(*)` of whole tables, which their manifests answer.
//!
//! DataFusion answers it too, from a scan's statistics, at the end of its planning. Here the number takes the place of
//! the aggregate before planning begins, which is most of what such a query costs, and it does so too where deletion
//! vectors say how many rows are left.
use std::collections::HashMap;
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::common::DFSchema;
use datafusion::common::tree_node::{Transformed, TreeNodeRecursion};
use datafusion::datasource::source_as_provider;
use datafusion::logical_expr::{Aggregate, EmptyRelation, Expr, LogicalPlan, Projection, TableScan, lit};

use crate::failure::Result;
use crate::scan::IcebergTable;

/// The plan with numbers in the places of the counts that need no reading.
///
/// # Errors
/// When a table's manifests cannot be read, as a scan.
pub(crate) async fn counted(plan: LogicalPlan) -> Result<LogicalPlan> {
    let mut tables: HashMap<String, Arc<dyn TableProvider>> = HashMap::new();
    plan.apply_with_subqueries(|node| {
        if let Some(scan) = counts_all_of(node) {
            tables.insert(scan.table_name.to_string(), source_as_provider(&scan.source)?);
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    let mut rows = HashMap::new();
    for (name, table) in tables {
        let Some(table) = table.as_any().downcast_ref::<IcebergTable>() else { continue };
        rows.extend(table.count().await?.and_then(|rows| i64::try_from(rows).ok()).map(|rows| (name, rows)));
    }
    if rows.is_empty() {
        return Ok(plan);
    }
    let replaced = plan.transform_up_with_subqueries(|node| {
        let known = counts_all_of(&node).and_then(|scan| rows.get(&scan.table_name.to_string()));
        match (known, &node) {
            (Some(rows), LogicalPlan::Aggregate(counts)) => {
                let schema = Arc::new(DFSchema::empty());
                let one_row = LogicalPlan::EmptyRelation(EmptyRelation { produce_one_row: true, schema });
                let named =
                    counts.schema.iter().map(|(of, field)| lit(*rows).alias_qualified(of.cloned(), field.name()));
                let numbers = named.collect();
                let numbers = Projection::try_new_with_schema(numbers, Arc::new(one_row), counts.schema.clone())?;
                Ok(Transformed::yes(LogicalPlan::Projection(numbers)))
            }
            _ => Ok(Transformed::no(node)),
        }
    })?;
    Ok(replaced.data)
}

/// The scan whose rows an aggregate counts, all of them and nothing else.
fn counts_all_of(plan: &LogicalPlan) -> Option<&TableScan> {
    let LogicalPlan::Aggregate(Aggregate { input, group_expr, aggr_expr, .. }) = plan else { return None };
    let scan = match input.as_ref() {
        LogicalPlan::SubqueryAlias(named) => named.input.as_ref(),
        other => other,
    };
    match scan {
        LogicalPlan::TableScan(scan) if scan.filters.is_empty() && scan.fetch.is_none() => {
            (group_expr.is_empty() && aggr_expr.iter().all(counts_rows)).then_some(scan)
        }
        _ => None,
    }
}

/// Whether an aggregate is `count(*)`, which is `count(1)`.
fn counts_rows(aggregate: &Expr) -> bool {
    match aggregate {
        Expr::Alias(named) => counts_rows(&named.expr),
        Expr::AggregateFunction(function) => {
            let with = &function.params;
            let counts = matches!(&with.args[..], [Expr::Literal(value, _)] if !value.is_null());
            function.func.name() == "count"
                && counts
                && !with.distinct
                && with.filter.is_none()
                && with.order_by.is_empty()
        }
        _ => false,
    }
}
