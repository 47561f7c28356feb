//! `[sources.<name>]`: raw bytes that the product takes in itself.
use super::{Source, formats};
use crate::document::{Table, Value};
use crate::{DataType, nearest, redact};

const SCHEMES: [&str; 4] = ["file", "http", "https", "s3"];

pub(super) fn sources(section: &Table<'_>) -> Vec<Source> {
    section.entries().iter().filter_map(|entry| source(entry.key, &entry.value)).collect()
}

fn source(key: &str, value: &Value<'_>) -> Option<Source> {
    let name = value.key_name(key);
    let table = value.table(format!("[sources.{key}]"))?;
    let location = table.need("location", &format!("location = \"data/{key}.csv\"")).map(|value| {
        let location = location(value);
        (location, value.span.clone())
    });
    let paths = location.as_ref().and_then(|(location, _)| location.as_deref()).unwrap_or_default();
    let format = formats::format(&table, paths);
    let columns = table.get("columns").map(columns);
    let every = table.get("every").and_then(Value::duration);
    table.reject_unknown();
    let (location, location_span) = location?;
    Some(Source {
        name: name?,
        location: location?,
        format: format?,
        columns: columns.flatten().unwrap_or_default(),
        every,
        span: table.span.clone(),
        location_span,
    })
}

fn location(value: &Value<'_>) -> Option<Vec<String>> {
    let items = value.one_or_more()?;
    if items.is_empty() {
        value.empty();
        return None;
    }
    // every item is looked at, so that each mistake is reported
    let good = items.iter().filter(|item| reachable(item)).count();
    (good == items.len()).then(|| items.iter().filter_map(|item| item.text().map(str::to_owned)).collect())
}

/// Whether it is a path, or a URL that can be read from.
fn reachable(value: &Value<'_>) -> bool {
    let Some(text) = value.text() else { return false };
    let Some((scheme, rest)) = text.split_once("://") else { return true };
    let help = match nearest(scheme, SCHEMES) {
        Some(near) => format!("did you mean `{near}://`?"),
        None => "a path, a glob, or `file://`, `https://`, `http://`, `s3://`".to_owned(),
    };
    if !SCHEMES.contains(&scheme) {
        value.wrong("M0110", format!("a source cannot be at `{scheme}://`"), Some(help));
        return false;
    }
    if rest.is_empty() {
        value.wrong("M0110", format!("`{}` is not a URL", redact(text)), None);
        return false;
    }
    true
}

/// Columns by their names in the data, which need not be names of ours.
fn columns(value: &Value<'_>) -> Option<Vec<(String, DataType)>> {
    let table = value.table("columns".to_owned())?;
    let entries = table.entries();
    if entries.is_empty() {
        value.empty();
    }
    let types: Vec<_> = entries.iter().map(|entry| Some((entry.key.to_owned(), entry.value.data_type()?))).collect();
    types.into_iter().collect()
}
