//! `[columns]`: what a row consists of.
use std::collections::BTreeMap;

use super::read::implied;
use super::{Column, constraints, members, references};
use crate::document::{Table, Value};
use crate::{Check, CheckKind, DataType, Diagnostic, Dimension, Name, Span, nearest};

/// The columns of a contract while it is being read.
#[derive(Default)]
pub(super) struct Columns {
    named: Vec<Named>,
}

/// A column as far as it could be read. Wrong ones are kept, so that they are not also reported as missing.
pub(super) struct Named {
    pub(super) name: String,
    /// None if it could not be read.
    pub(super) data_type: Option<DataType>,
    pub(super) span: Span,
    column: Option<Column>,
    renamed_from: Option<(String, Span)>,
    checks: Vec<Check>,
}

impl Columns {
    pub(super) fn read(table: &Table<'_>, port: &Name) -> Self {
        let entries = table.entries();
        if entries.is_empty() {
            let report = Diagnostic::error("M0212", format!("port `{port}` promises no columns"));
            table.document.report(report.at(table.span.clone(), "").help("add `country = { type = \"string\" }`"));
        }
        let columns = Self { named: entries.iter().map(|entry| column(entry.key, &entry.value)).collect() };
        columns.renames(table);
        columns
    }

    /// Reports columns that were renamed from a column that is still there, or that another one was renamed from.
    fn renames(&self, table: &Table<'_>) {
        for (at, column) in self.named.iter().enumerate() {
            let Some((old, span)) = &column.renamed_from else { continue };
            let kept = self.named.iter().find(|other| other.name == *old && other.renamed_from.is_none());
            let twin = self.named[..at].iter().find(|other| other.renamed_from.as_ref().is_some_and(|(o, _)| o == old));
            let (other, message) = match (kept, twin) {
                _ if *old == column.name => (column, format!("`{old}` cannot have been renamed from itself")),
                (Some(kept), _) => (kept, format!("`{old}` cannot have become `{}`: it is still there", column.name)),
                (_, Some(twin)) => (twin, format!("`{old}` has already become `{}`", twin.name)),
                _ => continue,
            };
            let report = Diagnostic::error("M0214", message).at(span.clone(), "").at(other.span.clone(), "");
            table.document.report(report.help("drop `renamed_from` if that was in an earlier version"));
        }
    }

    /// Makes a column never null, because the key says so.
    pub(super) fn require(&mut self, name: &str, span: Span) {
        let Some(named) = self.named.iter_mut().find(|column| column.name == name) else { return };
        if let Some(column) = named.column.as_mut().filter(|column| !column.required) {
            column.required = true;
            named.checks.insert(0, not_null(name, span));
        }
    }

    /// The columns and what their lines ask for, in the order of the file.
    pub(super) fn finish(self) -> (Vec<Column>, Vec<Check>) {
        let (columns, checks): (Vec<_>, Vec<_>) =
            self.named.into_iter().map(|named| (named.column, named.checks)).unzip();
        (columns.into_iter().flatten().collect(), checks.into_iter().flatten().collect())
    }

    /// The column that a value names; reports a name that no column has.
    pub(super) fn find(&self, value: &Value<'_>) -> Option<&Named> {
        let text = value.text()?;
        self.find_named(text, &value.span, value)
    }

    /// The columns that `column` or `columns` name.
    pub(super) fn one_or_several(&self, table: &Table<'_>, example: &str) -> Option<Vec<&Named>> {
        match (table.get("column"), table.get("columns")) {
            (Some(one), None) => Some(vec![self.find(one)?]),
            (None, Some(many)) => {
                let items = many.words()?;
                if items.is_empty() {
                    many.empty();
                    return None;
                }
                let found: Vec<&Named> = items.iter().filter_map(|item| self.find(item)).collect();
                (found.len() == items.len()).then_some(found)
            }
            (Some(_), Some(many)) => {
                let message = format!("{} says both `column` and `columns`", table.place());
                table.document.report(Diagnostic::error("M0115", message).at(many.whole_line(), "").help("keep one"));
                None
            }
            (None, None) => {
                let key = if example.starts_with("columns") { "columns" } else { "column" };
                table.need(key, example).and(None)
            }
        }
    }

    /// The column called `text`; reports a name that no column has at `span`.
    pub(super) fn find_named(&self, text: &str, span: &Span, value: &Value<'_>) -> Option<&Named> {
        let found = self.named.iter().find(|column| column.name == text);
        // without any columns that alone is the mistake
        if found.is_none() && !self.named.is_empty() {
            let names = || self.named.iter().map(|column| column.name.as_str());
            let help = match nearest(text, names()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("columns: {}", names().collect::<Vec<_>>().join(", ")),
            };
            let report = Diagnostic::error("M0201", format!("no column is called `{text}`")).at(span.clone(), "");
            value.document.report(report.help(help));
        }
        found
    }
}

fn column(key: &str, value: &Value<'_>) -> Named {
    let name = value.key_name(key);
    let span = value.key.clone();
    let mut named =
        Named { name: key.to_owned(), data_type: None, span, column: None, renamed_from: None, checks: Vec::new() };
    // a column about which nothing but its type is to be said may be written as in `[sources]`
    if value.is_text() {
        named.data_type = value.data_type();
    } else if let Some(table) = value.table(key.to_owned()) {
        named.data_type = table.need("type", "type = \"string\"").and_then(Value::data_type);
        described(&table, &mut named);
        table.reject_unknown();
    }
    let Some((name, data_type)) = name.zip(named.data_type.clone()) else {
        named.column = None;
        return named;
    };
    let bare = Column {
        name: String::new(),
        data_type: DataType::String,
        required: false,
        description: None,
        unit: None,
        tags: Vec::new(),
        renamed_from: None,
        renamed_members: BTreeMap::new(),
        references: None,
        default: None,
        deprecated: None,
        classification: None,
        open: false,
        field_id: None,
        span: named.span.clone(),
    };
    named.column = Some(Column { name: name.to_string(), data_type, ..named.column.take().unwrap_or(bare) });
    named
}

/// Everything that a column's line says but its name and type.
fn described(table: &Table<'_>, named: &mut Named) {
    let key = named.name.clone();
    let data_type = named.data_type.as_ref();
    let required = table.get("required").filter(|value| value.flag() == Some(true));
    named.checks.extend(required.map(|value| not_null(&key, value.whole_line())));
    constraints::checks(table, &key, data_type, &mut named.checks);
    let references = table.get("references").and_then(|value| Some((references::one(value)?, value)));
    if let Some(((port, target), value)) = references.clone() {
        let kind = CheckKind::References { columns: vec![key.clone()], port, targets: vec![target] };
        named.checks.push(implied(format!("{key}.references"), kind, Dimension::Consistency, value.whole_line()));
    }
    let words = |key| table.get(key).and_then(Value::some_text).map(str::to_owned);
    let renamed_from = words("renamed_from");
    named.renamed_from = renamed_from.clone().zip(table.get("renamed_from").map(|value| value.span.clone()));
    named.column = Some(Column {
        name: key,
        data_type: DataType::String,
        required: required.is_some(),
        description: table.get("description").and_then(Value::text).map(str::to_owned),
        unit: words("unit"),
        tags: table.get("tags").and_then(Value::texts).unwrap_or_default(),
        renamed_from,
        renamed_members: table
            .get("renamed_members")
            .map(|value| members::renamed(value, data_type))
            .unwrap_or_default(),
        references: references.map(|(reference, _)| reference),
        default: table.get("default").zip(data_type).and_then(|(value, data_type)| value.of_type(data_type)),
        deprecated: table.get("deprecated").and_then(deprecated),
        classification: words("classification"),
        field_id: table.get("field_id").and_then(Value::whole),
        open: table.get("open").and_then(Value::flag).unwrap_or(false),
        span: named.span.clone(),
    });
}

fn not_null(name: &str, span: Span) -> Check {
    let kind = CheckKind::NotNull { column: name.to_owned() };
    implied(format!("{name}.required"), kind, Dimension::Completeness, span)
}

/// Why it should not be used any more, or only that.
fn deprecated(value: &Value<'_>) -> Option<String> {
    if value.is_flag() {
        return value.flag().filter(|flag| *flag).map(|_| String::new());
    }
    value.some_text().map(str::to_owned)
}
