//! Planning: the order of steps taken from their parsed queries, their columns, and whether they keep the contracts.
mod order;
mod place;
mod promise;

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::datasource::empty::EmptyTable;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SessionContext;
use datafusion::sql::parser::Statement;
use meshwright_spec::{Diagnostic, Name, StepBody, nearest};

use crate::failure::Result;
use crate::lineage::{ColumnOrigins, opaque, origins};
use crate::project::{Project, SqlText};
use crate::session::session;
use crate::subquery::many_rows;
use order::order_of;
pub(crate) use place::offset;
pub(crate) use place::whole;
use place::{planning_error, word};
use promise::{keeps_contract, repeated, unused};

/// What is known before any data are read.
pub(crate) struct Plan {
    /// Steps in an order in which each comes after what it reads.
    pub(crate) order: Vec<Name>,
    /// Tables that a step reads, by step.
    pub(crate) reads: HashMap<Name, Vec<Name>>,
    /// Tables that a step scans, one entry per scan, by step.
    pub(crate) scans: HashMap<Name, Vec<Name>>,
    /// Columns of every source, input and step whose columns are known.
    pub(crate) schemas: HashMap<Name, SchemaRef>,
    /// Where each step's columns come from, one step back.
    pub(crate) origins: HashMap<Name, ColumnOrigins>,
    /// The analysed queries as text: the same for two spellings of the same query.
    pub(crate) fingerprints: Vec<(Name, String)>,
    /// Warnings.
    pub(crate) warnings: Vec<Diagnostic>,
}

/// A table that steps can read: its columns when they are known already.
pub(crate) type Base = (Name, Option<SchemaRef>);

/// Plans every step over `bases` (sources and inputs). Steps that build on unknown columns are ordered, not planned.
///
/// # Errors
/// All findings in all steps and outputs at once.
pub(crate) async fn plan(
    project: &Project,
    bases: Vec<Base>,
    from_program: &[(Name, Vec<Name>, SchemaRef)],
) -> Result<Plan> {
    let ctx = session()?;
    let mut found = vec![];
    let mut schemas: HashMap<Name, SchemaRef> = HashMap::new();
    for (name, schema) in &bases {
        if let Some(schema) = schema {
            register_empty(&ctx, name, schema)?;
            schemas.insert(name.clone(), schema.clone());
        }
    }
    let mut known: Vec<Name> = bases.iter().map(|(n, _)| n.clone()).collect();
    known.extend(project.product.steps.iter().map(|s| s.name.clone()));
    known.extend(from_program.iter().map(|(n, _, _)| n.clone()).filter(|n| !known.contains(n)).collect::<Vec<_>>());

    // what each step reads
    let mut statements: HashMap<Name, (Statement, &SqlText)> = HashMap::new();
    let mut reads: HashMap<Name, Vec<Name>> = HashMap::new();
    for text in &project.sql {
        match parse_select(&ctx, text) {
            Ok(statement) => {
                reads.insert(text.step.clone(), tables_of(&ctx, &statement, text, &known, &mut found));
                statements.insert(text.step.clone(), (statement, text));
            }
            Err(d) => found.push(*d),
        }
    }
    for step in &project.product.steps {
        if let StepBody::Command(_) = step.body {
            // a command says on its own what it reads: every source and input that no SQL step reads as well
            reads.entry(step.name.clone()).or_insert_with(|| bases.iter().map(|(n, _)| n.clone()).collect());
        }
    }
    for (name, inputs, schema) in from_program {
        reads.insert(name.clone(), inputs.clone());
        schemas.insert(name.clone(), schema.clone());
        register_empty(&ctx, name, schema)?;
    }
    let mut nodes: Vec<Name> = project.product.steps.iter().map(|s| s.name.clone()).collect();
    nodes.extend(from_program.iter().map(|(n, _, _)| n.clone()).filter(|n| !nodes.contains(n)).collect::<Vec<_>>());
    let order = match order_of(&nodes, &reads) {
        Ok(order) => order,
        Err(cycle) => {
            let path: Vec<&str> = cycle.iter().map(Name::as_str).collect();
            let span = project.product.steps.iter().find(|s| s.name == cycle[0]).map(|s| s.span.clone());
            let mut d = Diagnostic::error("M0403", format!("steps read each other in a circle: {}", path.join(" -> ")));
            if let Some(span) = span {
                d = d.at(span, "");
            }
            found.push(d.help("let one of them read what the other reads instead"));
            return Err(project.fail(found));
        }
    };

    let mut all_origins = HashMap::new();
    let mut scans = reads.clone();
    let mut fingerprints = vec![];
    for name in &order {
        let Some((statement, text)) = statements.remove(name) else {
            if let Some(reads) = reads.get(name) {
                all_origins.insert(name.clone(), opaque(reads, schemas.get(name), &schemas));
            }
            continue;
        };
        if reads[name].iter().any(|r| !schemas.contains_key(r)) {
            continue;
        }
        match ctx.state().statement_to_plan(statement).await {
            Ok(plan) => {
                let plan = ctx.state().analyzer().execute_and_check(plan, ctx.state().config_options(), |_, _| {})?;
                if let Some(subquery) = many_rows(&plan) {
                    let message =
                        format!("a subquery of step `{name}` stands for one value and may return several rows");
                    let d = Diagnostic::error("M0705", message).at(whole(text), subquery);
                    found.push(d.help("aggregate it, as in `(select max(x) from t)`, or add `limit 1`"));
                }
                all_origins.insert(name.clone(), origins(&plan));
                scans.insert(name.clone(), scans_of(&plan));
                fingerprints.push((name.clone(), plan.display_indent_schema().to_string()));
                let schema: SchemaRef = Arc::new(plan.schema().as_arrow().clone());
                register_empty(&ctx, name, &schema)?;
                schemas.insert(name.clone(), schema);
            }
            Err(e) => found.push(planning_error(e, text)),
        }
    }
    for (output, contract) in project.outputs() {
        if let Some(schema) = schemas.get(&output.from) {
            let text = project.sql.iter().find(|t| t.step == output.from);
            found.extend(keeps_contract(output, contract, schema, text));
        }
    }
    found.extend(unused(project, &reads));
    found.extend(repeated(project, &reads));
    let (errors, warnings): (Vec<_>, Vec<_>) = found.into_iter().partition(Diagnostic::is_error);
    if !errors.is_empty() {
        return Err(project.fail(errors.into_iter().chain(warnings).collect()));
    }
    Ok(Plan { order, reads, scans, schemas, origins: all_origins, fingerprints, warnings })
}

/// Plans one statement in a session whose tables are registered.
pub(crate) async fn select_plan(ctx: &SessionContext, text: &SqlText) -> Result<LogicalPlan> {
    let statement = ctx.state().sql_to_statement(&text.text, &ctx.state().config_options().sql_parser.dialect)?;
    Ok(ctx.state().statement_to_plan(statement).await?)
}

fn scans_of(plan: &LogicalPlan) -> Vec<Name> {
    let mut out = vec![];
    let _ = plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node {
            out.extend(scan.table_name.table().parse::<Name>().ok());
        }
        Ok(TreeNodeRecursion::Continue)
    });
    out
}

fn register_empty(ctx: &SessionContext, name: &Name, schema: &SchemaRef) -> Result<()> {
    ctx.register_table(name.as_str(), Arc::new(EmptyTable::new(schema.clone())))?;
    Ok(())
}

fn parse_select(ctx: &SessionContext, text: &SqlText) -> std::result::Result<Statement, Box<Diagnostic>> {
    use datafusion::sql::sqlparser::ast::Statement as Sql;
    let dialect = ctx.state().config_options().sql_parser.dialect;
    let statement =
        ctx.state().sql_to_statement(&text.text, &dialect).map_err(|e| Box::new(planning_error(e, text)))?;
    if let Statement::Statement(inner) = &statement
        && matches!(**inner, Sql::Query(_))
    {
        return Ok(statement);
    }
    Err(Box::new(
        Diagnostic::error("M0402", format!("step `{}` is not a `select`", text.step))
            .at(whole(text), "")
            .help("a step is one query; the engine writes its rows"),
    ))
}

/// Tables a statement reads; unknown ones are findings, with the nearest known name.
fn tables_of(
    ctx: &SessionContext,
    statement: &Statement,
    text: &SqlText,
    known: &[Name],
    found: &mut Vec<Diagnostic>,
) -> Vec<Name> {
    let references = match ctx.state().resolve_table_references(statement) {
        Ok(r) => r,
        Err(e) => {
            found.push(planning_error(e, text));
            return vec![];
        }
    };
    let mut out = vec![];
    for reference in references {
        let (schema, table) = (reference.schema().map(str::to_owned), reference.table().to_owned());
        let name: Option<Name> = table.parse().ok().filter(|n| schema.is_none() && known.contains(n));
        match name {
            Some(name) if name != text.step => {
                if !out.contains(&name) {
                    out.push(name);
                }
            }
            Some(_) => found.push(
                Diagnostic::error("M0403", format!("step `{}` reads itself", text.step)).at(word(text, &table), ""),
            ),
            None => {
                let shown = reference.to_string();
                let near = nearest(&table, known.iter().map(Name::as_str)).map(|n| format!("did you mean `{n}`?"));
                let all: Vec<String> = known.iter().filter(|n| **n != text.step).map(|n| format!("`{n}`")).collect();
                let help = match shown.matches('.').count() {
                    2 => format!("declare it: [inputs.{table}] with port = \"{shown}\", then read `{table}`"),
                    _ => near.unwrap_or_else(|| format!("tables here: {}", all.join(", "))),
                };
                found.push(
                    Diagnostic::error(
                        "M0401",
                        format!("step `{}` reads a table that is not there: `{shown}`", text.step),
                    )
                    .at(word(text, &table), "no source, input or step of this name")
                    .help(help),
                );
            }
        }
    }
    out
}
