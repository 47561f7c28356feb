//! Column lineage from analysed plans: for every column of a query, the columns it is made of.
use std::collections::{BTreeMap, BTreeSet, HashMap};

use arrow::datatypes::SchemaRef;
use datafusion::common::{Column, DFSchema};
use datafusion::logical_expr::utils::expr_to_columns;
use datafusion::logical_expr::{Expr, LogicalPlan};
use meshwright_spec::Name;

/// How a column was made from another; later ones weigh more when two ways lead to the same column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum How {
    Identity,
    Transformation,
    Aggregation,
    GroupBy,
    Join,
    Filter,
}

impl How {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Transformation => "transformation",
            Self::Aggregation => "aggregation",
            Self::GroupBy => "group_by",
            Self::Join => "join",
            Self::Filter => "filter",
        }
    }
}

/// (table, column, how)
pub(crate) type Origin = (String, String, How);

/// Where a query's columns come from, one table back.
#[derive(Debug, Clone, Default)]
pub(crate) struct ColumnOrigins {
    /// By column of the result.
    pub(crate) columns: BTreeMap<String, BTreeSet<Origin>>,
    /// Columns on which all rows depend: filters, join keys, groups.
    pub(crate) rows: BTreeSet<Origin>,
}

/// Origins of every column of a plan, whose leaves are tables.
pub(crate) fn origins(plan: &LogicalPlan) -> ColumnOrigins {
    let mut rows = BTreeSet::new();
    let columns = walk(plan, &mut rows);
    let named = plan.schema().fields().iter().zip(columns).map(|(f, o)| (f.name().clone(), o)).collect();
    ColumnOrigins { columns: named, rows }
}

/// Of a step that is no query nothing is known but what it reads: each column may come from all of that.
pub(crate) fn opaque(reads: &[Name], schema: Option<&SchemaRef>, schemas: &HashMap<Name, SchemaRef>) -> ColumnOrigins {
    let columns_of = |table: &Name| schemas.get(table).map(|s| s.fields().clone()).unwrap_or_default();
    let all: BTreeSet<Origin> = reads
        .iter()
        .flat_map(|t| {
            columns_of(t).iter().map(|f| (t.to_string(), f.name().clone(), How::Transformation)).collect::<Vec<_>>()
        })
        .collect();
    let columns = schema.iter().flat_map(|s| s.fields()).map(|f| (f.name().clone(), all.clone())).collect();
    ColumnOrigins { columns, rows: all }
}

type Columns = Vec<BTreeSet<Origin>>;

fn walk(plan: &LogicalPlan, rows: &mut BTreeSet<Origin>) -> Columns {
    match plan {
        LogicalPlan::TableScan(scan) => {
            let table = scan.table_name.table().to_owned();
            scan.projected_schema
                .fields()
                .iter()
                .map(|f| BTreeSet::from([(table.clone(), f.name().clone(), How::Identity)]))
                .collect()
        }
        LogicalPlan::Projection(p) => {
            let below = walk(&p.input, rows);
            p.expr.iter().map(|e| of_expr(e, p.input.schema(), &below, rows)).collect()
        }
        LogicalPlan::Aggregate(a) => {
            let below = walk(&a.input, rows);
            let schema = a.input.schema();
            for e in &a.group_expr {
                rows.extend(
                    of_expr(e, schema, &below, &mut BTreeSet::new()).into_iter().map(|o| (o.0, o.1, How::GroupBy)),
                );
            }
            let groups = a.schema.fields().len() - a.aggr_expr.len();
            let mut out: Columns = vec![];
            if groups == a.group_expr.len() {
                out.extend(a.group_expr.iter().map(|e| of_expr(e, schema, &below, rows)));
            } else {
                // grouping sets: every group column may come from any
                let all: BTreeSet<Origin> =
                    a.group_expr.iter().flat_map(|e| of_expr(e, schema, &below, rows)).collect();
                out.extend(std::iter::repeat_n(all, groups));
            }
            out.extend(a.aggr_expr.iter().map(|e| of_expr(e, schema, &below, rows)));
            out
        }
        LogicalPlan::Filter(f) => {
            let below = walk(&f.input, rows);
            depend(&f.predicate, f.input.schema(), &below, How::Filter, rows);
            below
        }
        LogicalPlan::Join(j) => {
            let (mut left, right) = (walk(&j.left, rows), walk(&j.right, rows));
            for (l, r) in &j.on {
                depend(l, j.left.schema(), &left, How::Join, rows);
                depend(r, j.right.schema(), &right, How::Join, rows);
            }
            let width = plan.schema().fields().len();
            let both: Columns = left.iter().chain(&right).cloned().collect();
            if let (Some(filter), Ok(schema)) = (&j.filter, j.left.schema().join(j.right.schema())) {
                depend(filter, &schema, &both, How::Join, rows);
            }
            if width == both.len() {
                both
            } else if width == right.len() && width != left.len() {
                right
            } else {
                left.truncate(width);
                left
            }
        }
        LogicalPlan::Window(w) => {
            let below = walk(&w.input, rows);
            let made: Columns = w.window_expr.iter().map(|e| of_expr(e, w.input.schema(), &below, rows)).collect();
            below.into_iter().chain(made).collect()
        }
        LogicalPlan::Sort(s) => walk(&s.input, rows),
        LogicalPlan::Union(u) => {
            let mut all = u.inputs.iter().map(|i| walk(i, rows)).collect::<Vec<_>>().into_iter();
            let mut out = all.next().unwrap_or_default();
            for more in all {
                for (o, m) in out.iter_mut().zip(more) {
                    o.extend(m);
                }
            }
            out
        }
        other => {
            // pass columns through by position where the shape allows, else everything depends on everything
            let below: Vec<Columns> = other.inputs().into_iter().map(|i| walk(i, rows)).collect();
            let width = other.schema().fields().len();
            match below.as_slice() {
                [one] if one.len() == width => one.clone(),
                many => {
                    let all: BTreeSet<Origin> = many.iter().flatten().flatten().cloned().map(made).collect();
                    vec![all; width]
                }
            }
        }
    }
}

fn depend(e: &Expr, schema: &DFSchema, below: &Columns, how: How, rows: &mut BTreeSet<Origin>) {
    let used = of_expr(e, schema, below, &mut BTreeSet::new());
    rows.extend(used.into_iter().map(|(t, c, _)| (t, c, how)));
}

fn of_expr(e: &Expr, schema: &DFSchema, below: &Columns, rows: &mut BTreeSet<Origin>) -> BTreeSet<Origin> {
    let inner = strip(e);
    if let Expr::Column(c) = inner {
        return lookup(c, schema, below);
    }
    let mut out = BTreeSet::new();
    let how = if has_aggregate(inner) { How::Aggregation } else { How::Transformation };
    let mut used = Default::default();
    if expr_to_columns(inner, &mut used).is_ok() {
        for c in &used {
            out.extend(lookup(c, schema, below).into_iter().map(|(t, c, h)| (t, c, h.max(how))));
        }
    }
    for plan in subqueries(inner) {
        out.extend(walk(&plan, rows).into_iter().flatten().map(made));
    }
    out
}

fn made((table, column, how): Origin) -> Origin {
    (table, column, how.max(How::Transformation))
}

fn strip(e: &Expr) -> &Expr {
    match e {
        Expr::Alias(a) => strip(&a.expr),
        other => other,
    }
}

fn lookup(c: &Column, schema: &DFSchema, below: &Columns) -> BTreeSet<Origin> {
    schema.maybe_index_of_column(c).and_then(|i| below.get(i)).cloned().unwrap_or_default()
}

fn has_aggregate(e: &Expr) -> bool {
    use datafusion::common::tree_node::TreeNode;
    e.exists(|e| Ok(matches!(e, Expr::AggregateFunction(_) | Expr::WindowFunction(_)))).unwrap_or(false)
}

fn subqueries(e: &Expr) -> Vec<LogicalPlan> {
    use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
    let mut out = vec![];
    let _ = e.apply(|e| {
        match e {
            Expr::ScalarSubquery(s) => out.push(s.subquery.as_ref().clone()),
            Expr::InSubquery(s) => out.push(s.subquery.subquery.as_ref().clone()),
            Expr::Exists(s) => out.push(s.subquery.subquery.as_ref().clone()),
            _ => {}
        }
        Ok(TreeNodeRecursion::Continue)
    });
    out
}

/// Origins of a table's column among sources and inputs, through all steps between.
pub(crate) fn trace(steps: &HashMap<Name, ColumnOrigins>, table: &str, column: &str) -> BTreeSet<Origin> {
    let mut out = BTreeSet::new();
    let step = table.parse::<Name>().ok().and_then(|n| steps.get(&n));
    let Some(origins) = step else {
        out.insert((table.to_owned(), column.to_owned(), How::Identity));
        return out;
    };
    for (t, c, how) in origins.columns.get(column).into_iter().flatten() {
        out.extend(trace(steps, t, c).into_iter().map(|(t, c, h)| (t, c, h.max(*how))));
    }
    out
}

/// Columns on which all rows of a table depend, through all steps between.
pub(crate) fn trace_rows(steps: &HashMap<Name, ColumnOrigins>, table: &str) -> BTreeSet<Origin> {
    let mut out = BTreeSet::new();
    let Some(origins) = table.parse::<Name>().ok().and_then(|n| steps.get(&n)) else { return out };
    for (t, c, how) in &origins.rows {
        out.extend(trace(steps, t, c).into_iter().map(|(t, c, _)| (t, c, *how)));
    }
    let below: BTreeSet<&String> = origins.columns.values().flatten().chain(&origins.rows).map(|(t, _, _)| t).collect();
    for t in below {
        out.extend(trace_rows(steps, t));
    }
    out
}
