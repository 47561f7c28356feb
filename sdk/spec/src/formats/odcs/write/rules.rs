//! `[[checks]]` as rules of ODCS: library metrics where there is one, SQL where that can say it, else in our words for
//! our engine. What SQL says for others is read back from `meshwrightCheck`.
use serde_json::{Value as Json, json};

use crate::document::tree::object;
use crate::{Bounds, Check, CheckKind, Contract, FixOwner, Severity, Tolerance};

type OfColumns = Vec<(String, Json)>;

/// The rules of the table and those of columns.
pub(super) fn rules(contract: &Contract) -> (Vec<Json>, OfColumns) {
    let native: toml::Value =
        contract.text.parse::<toml::Table>().map(toml::Value::Table).unwrap_or(toml::Value::Boolean(false));
    let written = native.get("checks").and_then(toml::Value::as_array).cloned().unwrap_or_default();
    let (mut of_table, mut of_columns) = (vec![], vec![]);
    for check in contract.checks.iter().filter(|check| !implied(check, contract)) {
        let own = written.iter().find(|table| table.get("id").and_then(toml::Value::as_str) == Some(&check.id));
        let mut own = own.and_then(|table| serde_json::to_value(table).ok());
        // what the rule says of itself is not said twice
        if let Some(own) = own.as_mut().and_then(Json::as_object_mut) {
            own.retain(|key, _| !["description", "dimension", "severity"].contains(&key.as_str()));
        }
        let (column, rule) = simple(check).or_else(|| sql(check, own.as_ref())).unwrap_or_else(|| {
            (None, json!({ "type": "custom", "engine": "meshwright", "implementation": own.unwrap_or_default() }))
        });
        let rule = described(check, rule);
        match column {
            Some(column) => of_columns.push((column, rule)),
            None => of_table.push(rule),
        }
    }
    (of_table, of_columns)
}

/// Whether a line of the contract says it already.
fn implied(check: &Check, contract: &Contract) -> bool {
    let of_line = check.kind.columns().first().is_some_and(|column| {
        contract.column(column).is_some()
            && check.id.strip_prefix(column).is_some_and(|rest| {
                [".required", ".unique", ".range", ".length", ".pattern", ".format", ".values", ".references"]
                    .contains(&rest)
            })
    });
    of_line || check.id == "key" || (check.id == "freshness" && contract.freshness.is_some())
}

fn described(check: &Check, rule: Json) -> Json {
    let plain = check.id.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    let mut out = object([
        ("id", if plain { check.id.as_str().into() } else { Json::Null }),
        ("name", if plain { Json::Null } else { check.id.as_str().into() }),
        ("description", json!(check.description)),
        ("dimension", check.dimension.as_str().into()),
        ("severity", if check.severity == Severity::Error { Json::Null } else { check.severity.as_str().into() }),
    ]);
    let mut rule = rule;
    if check.owner != FixOwner::Internal {
        let owner = json!({ "property": "owner", "value": check.owner.as_str() });
        match rule["customProperties"].as_array_mut() {
            Some(list) => list.push(owner),
            None => rule["customProperties"] = json!([owner]),
        }
    }
    if let (Some(out), Json::Object(rule)) = (out.as_object_mut(), rule) {
        out.extend(rule);
    }
    out
}

/// Metrics of the library, where they say the same.
fn simple(check: &Check) -> Option<(Option<String>, Json)> {
    let plain = check.id.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    if check.filter.is_some() || !plain {
        return None;
    }
    let metric = |metric: &str, arguments: Json| {
        let mut rule = object([("type", "library".into()), ("metric", metric.into()), ("arguments", arguments)]);
        let (key, value, unit) = at_most(check.tolerance)?;
        rule[key] = value;
        unit.into_iter().for_each(|unit| rule["unit"] = unit.into());
        Some(rule)
    };
    Some(match &check.kind {
        CheckKind::NotNull { column } => (Some(column.clone()), metric("nullValues", Json::Null)?),
        CheckKind::Values { column, values } => {
            (Some(column.clone()), metric("invalidValues", json!({ "validValues": values }))?)
        }
        CheckKind::Pattern { column, pattern } => {
            (Some(column.clone()), metric("invalidValues", json!({ "pattern": pattern }))?)
        }
        CheckKind::Unique { columns } if check.tolerance == Tolerance::Rows(0) => {
            (None, metric("duplicateValues", json!({ "properties": columns }))?)
        }
        CheckKind::RowCount { min, max } => {
            let (key, value) = match (min, max) {
                (Some(min), Some(max)) if min == max => ("mustBe", json!(min)),
                (Some(min), Some(max)) => ("mustBeBetween", json!([min, max])),
                (Some(min), None) => ("mustBeGreaterOrEqualTo", json!(min)),
                (None, Some(max)) => ("mustBeLessOrEqualTo", json!(max)),
                (None, None) => return None,
            };
            (None, json!({ "type": "library", "metric": "rowCount", key: value }))
        }
        _ => return None,
    })
}

fn at_most(tolerance: Tolerance) -> Option<(&'static str, Json, Option<&'static str>)> {
    match tolerance {
        Tolerance::Rows(0) => Some(("mustBe", 0.into(), None)),
        Tolerance::Rows(rows) => Some(("mustBeLessOrEqualTo", rows.into(), None)),
        Tolerance::Share(share) => {
            let percent = share * 100.0;
            (percent / 100.0 == share).then(|| ("mustBeLessOrEqualTo", json!(percent), Some("percent")))
        }
    }
}

/// The rule in SQL, for whoever runs it, with the check in our words beside it.
fn sql(check: &Check, own: Option<&Json>) -> Option<(Option<String>, Json)> {
    let quoted = |column: &str| format!("\"{column}\"");
    let bad = match &check.kind {
        CheckKind::NotNull { column } => Some(format!("{} is null", quoted(column))),
        CheckKind::Range { column, bounds } => outside(&quoted(column), bounds),
        CheckKind::Length { column, min, max } => {
            let bounds = Bounds { min: min.map(Json::from), max: max.map(Json::from) };
            outside(&format!("character_length({})", quoted(column)), &bounds)
        }
        CheckKind::Values { column, values } => {
            let values: Vec<String> = values.iter().map(literal).collect();
            Some(format!("{} not in ({})", quoted(column), values.join(", ")))
        }
        CheckKind::Expression { sql } => Some(format!("({sql}) is not true")),
        _ => None,
    };
    let limits = |bounds: &Bounds| match (&bounds.min, &bounds.max) {
        (Some(min), Some(max)) if min == max => ("mustBe", min.clone()),
        (Some(min), Some(max)) => ("mustBeBetween", json!([min, max])),
        (Some(min), None) => ("mustBeGreaterOrEqualTo", min.clone()),
        (None, max) => ("mustBeLessOrEqualTo", max.clone().unwrap_or_default()),
    };
    let (query, key, value) = match (&check.kind, bad) {
        (_, Some(bad)) => {
            let scope = check.filter.as_ref().map_or(String::new(), |filter| format!("({filter}) and "));
            match check.tolerance {
                Tolerance::Rows(rows) => {
                    let key = if rows == 0 { "mustBe" } else { "mustBeLessOrEqualTo" };
                    (format!("select count(*) from ${{object}} where {scope}{bad}"), key, rows.into())
                }
                Tolerance::Share(share) => {
                    let rows = check.filter.as_ref().map_or(String::new(), |filter| format!(" where {filter}"));
                    let query = format!(
                        "select coalesce(1.0 * count(case when {bad} then 1 end) / nullif(count(*), 0), 0) from ${{object}}{rows}"
                    );
                    (query, "mustBeLessOrEqualTo", json!(share))
                }
            }
        }
        (CheckKind::Query { sql, bounds }, _) => {
            let (key, value) = limits(bounds);
            (super::super::quality::replace_word(sql, "port", "${object}"), key, value)
        }
        (CheckKind::Aggregate { column, function, bounds }, _) if numeric(bounds) => {
            let function = match function.as_str() {
                "count_distinct" => format!("count(distinct {})", quoted(column)),
                other => format!("{other}({})", quoted(column)),
            };
            let (key, value) = limits(bounds);
            (format!("select {function} from ${{object}}"), key, value)
        }
        _ => return None,
    };
    let mut rule = json!({ "type": "sql", "query": query });
    rule[key] = value;
    if let Some(own) = own {
        rule["customProperties"] = json!([{ "property": "meshwrightCheck", "value": own }]);
    }
    Some((None, rule))
}

fn numeric(bounds: &Bounds) -> bool {
    [&bounds.min, &bounds.max].into_iter().flatten().all(Json::is_number)
}

fn outside(value: &str, bounds: &Bounds) -> Option<String> {
    let ends = [(&bounds.min, "<"), (&bounds.max, ">")];
    let ends = ends.iter().filter_map(|(end, sign)| Some(format!("{value} {sign} {}", literal(end.as_ref()?))));
    Some(format!("({})", ends.collect::<Vec<_>>().join(" or ")))
}

fn literal(value: &Json) -> String {
    match value {
        Json::String(text) => format!("'{}'", text.replace('\'', "''")),
        other => other.to_string(),
    }
}
