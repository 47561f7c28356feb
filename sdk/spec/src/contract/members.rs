//! `renamed_members`: members of a column's structs that had other names.
use std::collections::BTreeMap;

use crate::document::Value;
use crate::{DataType, Diagnostic, StructField};

/// The old names by the paths of now; reports a path that leads to no member, and names that are still there or taken.
pub(super) fn renamed(value: &Value<'_>, data_type: Option<&DataType>) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    let Some(table) = value.table(value.name.clone()) else { return out };
    for entry in table.entries() {
        let (Some(old), Some(data_type)) = (entry.value.some_text(), data_type) else { continue };
        let (parent, name) = entry.key.rsplit_once('.').unwrap_or(("", entry.key));
        let report = |message: String, help: &str| {
            let report = Diagnostic::error("M0214", message).at(entry.value.span.clone(), "");
            table.document.report(report.help(help));
        };
        let Some(members) = siblings(data_type, entry.key) else {
            let help = "a member is named by its path in the column: `town`, `\"element.town\"` in a list";
            report(format!("`{}` is no member of the column", entry.key), help);
            continue;
        };
        let path = |name: &str| if parent.is_empty() { name.to_owned() } else { format!("{parent}.{name}") };
        let renamed = |name: &str| table.entries().iter().any(|other| other.key == path(name));
        let twin = out.iter().any(|(other, from): (&String, &String)| {
            from == old && other.rsplit_once('.').map_or("", |(parent, _)| parent) == parent
        });
        let help = "drop it from `renamed_members` if that was in an earlier version";
        if old == name {
            report(format!("`{old}` cannot have been renamed from itself"), help);
        } else if members.iter().any(|member| member.name == old) && !renamed(old) {
            report(format!("`{old}` cannot have become `{name}`: it is still there"), help);
        } else if twin {
            report(format!("`{old}` has already become another member"), help);
        } else {
            out.insert(entry.key.to_owned(), old.to_owned());
        }
    }
    out
}

/// The members of the struct in which a path ends.
fn siblings<'t>(data_type: &'t DataType, path: &str) -> Option<&'t [StructField]> {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    match (data_type, rest) {
        (DataType::Struct(members), rest) => {
            let member = members.iter().find(|member| member.name == first)?;
            rest.map_or(Some(members), |rest| siblings(&member.data_type, rest))
        }
        (DataType::List(element), Some(rest)) if first == "element" => siblings(element, rest),
        (DataType::Map(_, value), Some(rest)) if first == "value" => siblings(value, rest),
        _ => None,
    }
}
