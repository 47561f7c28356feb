//! Subqueries that stand for one value.
//!
//! DataFusion 53.1 joins `(select a from t)` without asking how many rows it has, and so multiplies rows where SQL asks
//! for an error (apache/datafusion#16134, fixed later upstream). Until then only subqueries that cannot return several
//! rows are let through.
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{Expr, LogicalPlan};

/// The first subquery of a plan that stands for one value and may return several rows, as text.
pub(crate) fn many_rows(plan: &LogicalPlan) -> Option<String> {
    let mut found = None;
    let _ = plan.apply_with_subqueries(|node| {
        node.apply_expressions(|e| {
            e.apply(|e| {
                if let Expr::ScalarSubquery(s) = e
                    && s.subquery.max_rows().is_none_or(|n| n > 1)
                {
                    found = Some(e.to_string());
                    return Ok(TreeNodeRecursion::Stop);
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    });
    found
}
