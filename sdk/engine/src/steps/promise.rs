//! Whether planned steps keep what the product's files promise.
use std::collections::HashMap;

use arrow::datatypes::SchemaRef;
use meshwright_spec::{Contract, Diagnostic, Name, Output, WriteMode, nearest};

use super::place::whole;
use crate::columns::{arrow_type, spec_type, storable};
use crate::project::{Project, SqlText};

/// Whether a step's columns satisfy the contract of a port.
pub(super) fn keeps_contract(
    output: &Output,
    contract: &Contract,
    schema: &SchemaRef,
    text: Option<&SqlText>,
) -> Vec<Diagnostic> {
    let mut found = vec![];
    let returned: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
    let place = |d: Diagnostic, words: &str| match text {
        Some(text) => d.at(whole(text), words),
        None => d.at(output.from_span.clone(), words),
    };
    for column in &contract.columns {
        let Ok(field) = schema.field_with_name(&column.name) else {
            let d = Diagnostic::error(
                "M0204",
                format!("port `{}` promises a column that its query does not return", output.name),
            )
            .at(column.span.clone(), format!("not among: {}", returned.join(", ")));
            let near = nearest(&column.name, returned.iter().copied());
            let help = match near {
                Some(n) => format!("return `{n} as {}`, or rename the column in the contract", column.name),
                None => format!("add `{}` to the query, or drop the column from the contract", column.name),
            };
            found.push(place(d, "these are returned").help(help));
            continue;
        };
        let wanted = arrow_type(&column.data_type);
        if !storable(field.data_type(), &wanted) {
            let is = spec_type(field.data_type()).map_or_else(|| field.data_type().to_string(), |t| t.to_string());
            found.push(
                place(
                    Diagnostic::error(
                        "M0222",
                        format!("column `{}` of port `{}` has another type than promised", column.name, output.name),
                    )
                    .at(column.span.clone(), format!("promised: {}", column.data_type)),
                    &format!("returned: {is}"),
                )
                .help(format!(
                    "write `cast({} as {})` in the query, or change the contract",
                    column.name,
                    sql_type(&wanted)
                )),
            );
        }
    }
    let extra: Vec<String> =
        returned.iter().filter(|r| !contract.columns.iter().any(|c| c.name == **r)).map(|r| format!("`{r}`")).collect();
    if !extra.is_empty() && text.is_some() {
        found.push(place(
            Diagnostic::warning(
                "M0223",
                format!("port `{}` does not promise {}: left out", output.name, extra.join(", ")),
            ),
            "",
        ));
    }
    found
}

fn sql_type(t: &arrow::datatypes::DataType) -> String {
    use arrow::datatypes::DataType::*;
    match t {
        Boolean => "boolean".into(),
        Int32 => "int".into(),
        Int64 => "bigint".into(),
        Float32 => "float".into(),
        Float64 => "double".into(),
        Utf8 => "varchar".into(),
        Date32 => "date".into(),
        Decimal128(p, s) => format!("decimal({p},{s})"),
        Timestamp(..) => "timestamp".into(),
        other => other.to_string().to_lowercase(),
    }
}

/// Appending ports that read an input port would append the same rows at every run.
pub(super) fn repeated(project: &Project, reads: &HashMap<Name, Vec<Name>>) -> Vec<Diagnostic> {
    let appending = project.product.outputs.iter().filter(|o| o.mode == WriteMode::Append);
    appending
        .filter_map(|o| {
            let mut open = vec![o.from.clone()];
            let mut seen: Vec<Name> = vec![];
            while let Some(name) = open.pop() {
                if let Some(input) = project.product.inputs.iter().find(|i| i.name == name) {
                    return Some((o, input));
                }
                if !seen.contains(&name) {
                    open.extend(reads.get(&name).into_iter().flatten().cloned());
                    seen.push(name);
                }
            }
            None
        })
        .map(|(o, input)| {
            Diagnostic::error("M0410", format!("port `{}` appends what it reads from an input port", o.name))
                .at(o.span.clone(), "mode = \"append\"")
                .at(input.span.clone(), "read whole at every run")
                .help("use mode = \"upsert\" with a key, or mode = \"replace\"")
        })
        .collect()
}

/// Steps that neither another step nor a port uses.
pub(super) fn unused(project: &Project, reads: &HashMap<Name, Vec<Name>>) -> Vec<Diagnostic> {
    project
        .product
        .steps
        .iter()
        .filter(|s| !reads.values().any(|r| r.contains(&s.name)))
        .filter(|s| !project.product.outputs.iter().any(|o| o.from == s.name))
        .map(|s| {
            Diagnostic::warning("M0405", format!("nothing uses step `{}`", s.name))
                .at(s.span.clone(), "")
                .help("name it in an output's `from`, or remove it")
        })
        .collect()
}
