//! Contracts suggested by data: drafted from a profile, keys and fingerprints measured, and everything proved.
use std::path::Path;

use meshwright_catalog::Catalog;
use meshwright_check::{Outcome, Profile, Suggestion, candidates};
use meshwright_spec::DataType;
use serde_json::{Value, json};

use crate::dataset::{Dataset, Opened, contract_of};
use crate::failure::Result;
use crate::profile::of;

/// How often what does not hold is taken out before the suggestion is given up.
const ROUNDS: usize = 4;

/// A contract that parses and holds on the data that it was made from, as TOML with its evidence in comments.
///
/// - A key is a set of up to three columns that was found, exactly, to be different in all rows.
/// - Where the key has a column of time, every other column gets a `fingerprint` of what it was up to the newest time
///   seen: new rows change none of them, a restated value changes its column's.
///
/// # Errors
/// As [`crate::profile()`]; [`crate::Failure::Product`] for columns whose names no contract can have.
pub async fn suggest(catalog: Option<&Catalog>, subject: &Dataset, base_dir: &Path) -> Result<String> {
    let opened = Opened::open(subject, catalog, base_dir).await?;
    let types = opened.columns()?;
    let profile = of(&opened).await?;
    let key = key(&opened, catalog, &profile, &types).await?;
    let mut suggestion = Suggestion::new(&subject.name(), &profile, &types, key.clone());
    if let Some(scope) = scope(&profile, &types, &key) {
        let found = fingerprints(&opened, catalog, &types, &key, &scope).await?;
        suggestion = suggestion.with_fingerprints(&scope, found);
    }
    for _ in 0..ROUNDS {
        let contract = contract_of(&suggestion.to_toml())?;
        let report = opened.judge(catalog, &contract).await?;
        let wrong = |outcome| matches!(outcome, Outcome::Failed | Outcome::Warned | Outcome::Error);
        let broken: Vec<String> = report.results.iter().filter(|r| wrong(r.outcome)).map(|r| r.id.clone()).collect();
        if broken.is_empty() || !suggestion.without(&broken) {
            break;
        }
    }
    Ok(suggestion.to_toml())
}

/// The smallest set of columns that is different in all rows; found by checking all candidates in one pass.
async fn key(
    opened: &Opened,
    catalog: Option<&Catalog>,
    profile: &Profile,
    types: &[(String, DataType)],
) -> Result<Vec<String>> {
    let sets = candidates(profile);
    if sets.is_empty() || profile.rows < 2 {
        return Ok(vec![]);
    }
    let mut text = head(types);
    for (at, set) in sets.iter().enumerate() {
        text.push_str(&format!("[[checks]]\nid = \"set-{at}\"\nkind = \"unique\"\ncolumns = {}\n", json!(set)));
    }
    let report = opened.judge(catalog, &contract_of(&text)?).await?;
    let holds = |at: usize| report.result(&format!("set-{at}")).is_some_and(|r| r.outcome == Outcome::Passed);
    Ok(sets.into_iter().enumerate().find(|(at, _)| holds(*at)).map(|(_, set)| set).unwrap_or_default())
}

/// Selects the rows up to the newest time seen, if the key has a column of time.
fn scope(profile: &Profile, types: &[(String, DataType)], key: &[String]) -> Option<String> {
    key.iter().find_map(|name| {
        let (_, data_type) = types.iter().find(|(known, _)| known == name)?;
        let column = profile.columns.iter().find(|column| column.name == *name && column.sensitive.is_none())?;
        let quoted = format!("\"{}\"", name.replace('"', "\"\""));
        let is_year = name.to_lowercase().split('_').any(|part| part == "year");
        match (data_type, &column.max) {
            (DataType::Int | DataType::Long, Value::Number(newest)) if is_year => Some(format!("{quoted} <= {newest}")),
            (DataType::Date, Value::String(newest)) => Some(format!("{quoted} <= date '{newest}'")),
            (DataType::Timestamp | DataType::Timestamptz, Value::String(newest)) => {
                Some(format!("{quoted} <= timestamp '{newest}'"))
            }
            _ => None,
        }
    })
}

/// Fingerprints of all columns outside the key, by measuring what a wrong one is told to be.
async fn fingerprints(
    opened: &Opened,
    catalog: Option<&Catalog>,
    types: &[(String, DataType)],
    key: &[String],
    scope: &str,
) -> Result<Vec<(String, String)>> {
    let mut text = head(types).replace("[columns]", &format!("key = {}\n[columns]", json!(key)));
    let asked: Vec<&String> =
        types.iter().filter(|(name, t)| !key.contains(name) && !t.is_nested()).map(|(name, _)| name).collect();
    for (at, name) in asked.iter().enumerate() {
        text.push_str(&format!(
            "[[checks]]\nid = \"print-{at}\"\nkind = \"fingerprint\"\ncolumn = {}\nvalue = \"{}\"\nwhere = {}\n",
            json!(name),
            "0".repeat(32),
            json!(scope)
        ));
    }
    let report = opened.judge(catalog, &contract_of(&text)?).await?;
    let found = asked.iter().enumerate().filter_map(|(at, name)| {
        let value = report.result(&format!("print-{at}"))?.measured.as_str()?.to_owned();
        Some(((*name).clone(), value))
    });
    Ok(found.collect())
}

/// A contract of nothing but columns.
fn head(types: &[(String, DataType)]) -> String {
    let mut text =
        "[contract]\nversion = \"0.1.0\"\nstatus = \"draft\"\ndescription = \"Being measured.\"\n[columns]\n"
            .to_owned();
    for (name, data_type) in types {
        text.push_str(&format!("{} = {{ type = {} }}\n", json!(name), json!(data_type.to_string())));
    }
    text
}
