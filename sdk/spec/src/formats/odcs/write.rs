//! A contract as an ODCS document.
mod rules;
mod types;

use serde_json::{Value as Json, json};

use super::relationships;
use crate::document::tree::object;
use crate::{CheckKind, Column, Contract, Freshness, PortName};

/// What a document says beside the contract.
#[derive(Debug, Clone, Default)]
pub(crate) struct Around {
    /// Minor version of ODCS 3: 1 or 2.
    pub(crate) minor: u64,
    pub(crate) servers: Vec<Json>,
    pub(crate) team: Option<Json>,
}

/// The document that we write ourselves; what an imported one said beyond it is put back afterwards.
pub(crate) fn document(contract: &Contract, port: &PortName, around: &Around) -> Json {
    let name = port.port.as_str();
    let (mut of_table, of_columns) = rules::rules(contract);
    let properties: Vec<Json> = contract
        .columns
        .iter()
        .map(|column| {
            let quality = of_columns.iter().filter(|(of, _)| *of == column.name).map(|(_, rule)| rule.clone());
            property(contract, column, quality.collect(), around.minor)
        })
        .collect();
    let mut custom = vec![];
    let mut add = |property: &str, value: Json| {
        if !value.is_null() && value.as_array().is_none_or(|items| !items.is_empty()) {
            custom.push(json!({ "property": property, "value": value }));
        }
    };
    add("license", json!(contract.license));
    add("successor", json!(contract.successor.as_ref().map(ToString::to_string)));
    add("sort", json!(contract.sort));
    let fields: Vec<String> = contract.partition.iter().map(ToString::to_string).collect();
    if fields.iter().any(|field| field.contains('(')) {
        add("partition", json!(fields));
    }
    let schema = object([
        ("name", name.into()),
        ("logicalType", "object".into()),
        ("physicalType", "table".into()),
        ("description", words(&contract.description)),
        ("properties", properties.into()),
        ("quality", filled(std::mem::take(&mut of_table))),
    ]);
    object([
        ("apiVersion", format!("v3.{}.0", around.minor).into()),
        ("kind", "DataContract".into()),
        ("id", contract.id.clone().unwrap_or_else(|| port.to_string()).into()),
        ("version", contract.version.to_string().into()),
        ("status", contract.status.as_str().into()),
        ("name", name.into()),
        ("domain", port.product.domain.as_str().into()),
        ("description", contract.usage.as_ref().map_or(Json::Null, |usage| json!({ "usage": usage }))),
        ("servers", filled(around.servers.clone())),
        ("schema", json!([schema])),
        ("team", around.team.clone().unwrap_or(Json::Null)),
        ("slaProperties", filled(sla(contract, name))),
        ("customProperties", filled(custom)),
    ])
}

fn property(contract: &Contract, column: &Column, quality: Vec<Json>, minor: u64) -> Json {
    let position = |list: &[String]| list.iter().position(|name| *name == column.name).map(|at| at + 1);
    let key = position(&contract.key);
    let parted: Vec<String> = contract.partition.iter().map(|field| field.column.clone()).collect();
    let parted = position(&parted).filter(|_| contract.partition.iter().all(|field| !field.to_string().contains('(')));
    let mut property = types::property(&column.name, &column.data_type, minor);
    let mut options = property.get("logicalTypeOptions").cloned().unwrap_or_else(|| json!({}));
    let mut custom = vec![];
    let mut quality = quality;
    let mut add = |property: &str, value: Json| {
        if !value.is_null() {
            custom.push(json!({ "property": property, "value": value }));
        }
    };
    add("unit", json!(column.unit));
    add("renamedFrom", json!(column.renamed_from));
    add("renamedMembers", json!((!column.renamed_members.is_empty()).then_some(&column.renamed_members)));
    let refers = column.references.as_ref();
    let link = refers.and_then(|(port, target)| relationships::written(port, target));
    add("references", json!(refers.filter(|_| link.is_none()).map(|(port, target)| format!("{port}({target})"))));
    add("default", column.default.clone().unwrap_or_default());
    add("icebergFieldId", json!(column.field_id));
    add("open", if column.open { true.into() } else { Json::Null });
    // before 3.2 there is no key for it, and never one for the reason
    add(
        "deprecated",
        match column.deprecated.as_deref() {
            Some("") if minor < 2 => true.into(),
            Some(why) if !why.is_empty() => why.into(),
            _ => Json::Null,
        },
    );
    let line = |suffix: &str| contract.checks.iter().find(|check| check.id == format!("{}.{suffix}", column.name));
    let mut listed = Json::Null;
    for suffix in ["range", "length", "pattern", "format", "values"] {
        match line(suffix).map(|check| &check.kind) {
            Some(CheckKind::Range { bounds, .. }) => {
                bounds.min.iter().for_each(|min| options["minimum"] = number(min));
                bounds.max.iter().for_each(|max| options["maximum"] = number(max));
            }
            Some(CheckKind::Length { min, max, .. }) => {
                min.iter().for_each(|min| options["minLength"] = (*min).into());
                max.iter().for_each(|max| options["maxLength"] = (*max).into());
            }
            Some(CheckKind::Pattern { pattern, .. }) => options["pattern"] = pattern.as_str().into(),
            Some(CheckKind::Format { format, .. }) => options["format"] = format.as_str().into(),
            Some(CheckKind::Values { values, .. }) if minor >= 2 => {
                listed = values.iter().map(|value| json!({ "value": value })).collect();
            }
            Some(CheckKind::Values { values, .. }) => quality.push(json!({
                "name": format!("{}.values", column.name), "type": "library", "metric": "invalidValues",
                "arguments": { "validValues": values }, "dimension": "conformity", "mustBe": 0,
            })),
            _ => {}
        }
    }
    let Some(map) = property.as_object_mut() else { return property };
    map.shift_remove("logicalTypeOptions");
    let more = object([
        ("logicalTypeOptions", if options == json!({}) { Json::Null } else { options }),
        ("description", column.description.as_deref().map_or(Json::Null, Json::from)),
        ("required", if column.required { true.into() } else { Json::Null }),
        ("unique", if line("unique").is_some() { true.into() } else { Json::Null }),
        ("primaryKey", if key.is_some() { true.into() } else { Json::Null }),
        ("primaryKeyPosition", json!(key)),
        ("partitioned", if parted.is_some() { true.into() } else { Json::Null }),
        ("partitionKeyPosition", json!(parted)),
        ("classification", json!(column.classification)),
        ("tags", filled(column.tags.iter().map(|tag| tag.as_str().into()).collect())),
        ("enum", listed),
        ("deprecated", if minor >= 2 && column.deprecated.is_some() { true.into() } else { Json::Null }),
        ("quality", filled(quality)),
        ("relationships", link.map_or(Json::Null, |to| json!([{ "type": "foreignKey", "to": to }]))),
        ("customProperties", filled(custom)),
    ]);
    map.extend(more.as_object().cloned().unwrap_or_default());
    property
}

fn sla(contract: &Contract, name: &str) -> Vec<Json> {
    let length = |property: &str, length: &crate::Duration| {
        let (value, unit) = match length.seconds {
            seconds if seconds % 86_400 == 0 => (seconds / 86_400, "d"),
            seconds if seconds % 3600 == 0 => (seconds / 3600, "h"),
            seconds if seconds % 60 == 0 => (seconds / 60, "m"),
            seconds => (seconds, "s"),
        };
        json!({ "property": property, "value": value, "unit": unit })
    };
    let mut terms = vec![];
    match &contract.freshness {
        Some(Freshness::Release(age)) => terms.push(length("freshness", age)),
        Some(Freshness::Column { column, max_age }) => {
            let mut term = length("freshness", max_age);
            term["element"] = format!("{name}.{column}").into();
            terms.push(term);
        }
        None => {}
    }
    terms.extend(contract.retention.iter().map(|kept| length("retention", kept)));
    terms.extend(contract.sunset.iter().map(|day| json!({ "property": "endOfSupport", "value": day })));
    terms
}

/// Bounds of decimals are text where a float does not hold their digits.
fn number(bound: &Json) -> Json {
    match bound.as_str().and_then(|text| text.parse::<f64>().ok()).and_then(serde_json::Number::from_f64) {
        Some(number) => Json::Number(number),
        None => bound.clone(),
    }
}

fn words(text: &str) -> Json {
    if text.is_empty() { Json::Null } else { text.into() }
}

fn filled(items: Vec<Json>) -> Json {
    if items.is_empty() { Json::Null } else { items.into() }
}
