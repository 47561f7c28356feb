//! dbt `sources:`, so that a dbt project reads a port as a source with its contract.
use serde_json::{Value as Json, json};

use super::import::{Table, columns_only, snake};
use super::odcs;
use crate::document::tree::{Node, object};
use crate::{CheckKind, Contract, Name, PortName};

pub(super) fn write(contract: &Contract, port: &PortName) -> Json {
    let columns: Vec<Json> = contract
        .columns
        .iter()
        .map(|column| {
            let line =
                |suffix: &str| contract.checks.iter().find(|check| check.id == format!("{}.{suffix}", column.name));
            let mut tests = vec![];
            if column.required {
                tests.push(json!("not_null"));
            }
            if line("unique").is_some() || contract.key == [column.name.clone()] {
                tests.push(json!("unique"));
            }
            if let Some(CheckKind::Values { values, .. }) = line("values").map(|check| &check.kind) {
                tests.push(json!({ "accepted_values": { "arguments": { "values": values } } }));
            }
            object([
                ("name", column.name.as_str().into()),
                ("data_type", column.data_type.to_string().into()),
                ("description", json!(column.description)),
                ("data_tests", if tests.is_empty() { Json::Null } else { tests.into() }),
                ("config", if column.tags.is_empty() { Json::Null } else { json!({ "tags": column.tags }) }),
            ])
        })
        .collect();
    let table = object([
        ("name", port.port.as_str().into()),
        (
            "description",
            if contract.description.is_empty() { Json::Null } else { contract.description.as_str().into() },
        ),
        ("config", json!({ "meta": { "contract_version": contract.version.to_string(), "port": port.to_string() } })),
        ("columns", columns.into()),
    ]);
    json!({ "version": 2, "sources": [{
        "name": format!("{}_{}", port.product.domain, port.product.name),
        "schema": port.product.to_string(),
        "tables": [table],
    }] })
}

pub(super) fn read(port: Option<&Name>, root: &Node) -> Result<Table, String> {
    let sources = root.get("sources").map(Node::items).unwrap_or_default();
    let models = root.get("models").map(Node::items).unwrap_or_default();
    let tables = sources.iter().flat_map(|source| source.get("tables").map(Node::items).unwrap_or_default());
    let tables: Vec<&Node> = tables.chain(models).collect();
    let name = |table: &Node| table.get("name").and_then(Node::as_text).unwrap_or_default().to_owned();
    let table = match (port, &tables[..]) {
        (_, []) => return Err("it has neither `sources` with tables nor `models`".to_owned()),
        (_, [one]) => *one,
        (Some(port), many) => {
            let found = many.iter().find(|table| snake(&name(table)) == port.as_str());
            found.copied().ok_or_else(|| format!("none of its tables is called `{port}`"))?
        }
        (None, many) => {
            let names: Vec<String> = many.iter().map(|table| name(table)).collect();
            return Err(format!("it has several tables, choose one with `--port`: {}", names.join(", ")));
        }
    };
    let mut columns = vec![];
    for column in table.get("columns").map(Node::items).unwrap_or_default() {
        let said = column.get("data_type").and_then(Node::as_text);
        let data_type = match said.map(|said| (said, odcs::physical(said))) {
            Some((_, Some(found))) => found.to_string(),
            Some((said, None)) => {
                return Err(format!("`{}` has the type `{said}`, which a table cannot have", name(column)));
            }
            None => return Err(format!("`{}` does not say its `data_type`", name(column))),
        };
        let tests = column.get("data_tests").or_else(|| column.get("tests")).map(Node::items).unwrap_or_default();
        let has = |test: &str| tests.iter().any(|found| found.as_text() == Some(test));
        let values = tests.iter().find_map(|test| {
            let test = test.get("accepted_values")?;
            test.get("values").or_else(|| test.get("arguments")?.get("values"))
        });
        let not_null = column.get("constraints").map(Node::items).unwrap_or_default().iter();
        let not_null = not_null.filter_map(|c| c.get("type")?.as_text()).any(|c| c == "not_null" || c == "primary_key");
        let tags = column.get("config").and_then(|config| config.get("tags")).or_else(|| column.get("tags"));
        let line = object([
            ("type", data_type.into()),
            ("required", if has("not_null") || not_null { true.into() } else { Json::Null }),
            ("unique", if has("unique") { true.into() } else { Json::Null }),
            ("values", values.map_or(Json::Null, Node::to_json)),
            ("description", column.get("description").map_or(Json::Null, Node::to_json)),
            ("tags", tags.filter(|tags| !tags.items().is_empty()).map_or(Json::Null, Node::to_json)),
        ]);
        columns.push((snake(&name(column)), line));
    }
    if columns.is_empty() {
        return Err(format!("the table `{}` has no columns", name(table)));
    }
    let description = table.get("description").and_then(Node::as_text);
    Ok(Table { name: name(table), native: columns_only(description, columns, vec![]) })
}
