//! Columns of two states, matched by field id.
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema as ArrowSchema, SchemaRef as ArrowSchemaRef};
use iceberg::arrow::schema_to_arrow_schema;
use iceberg::spec::{NestedField, NestedFieldRef, PrimitiveType, Schema, SchemaRef, Type};

use super::report::{ColumnChange, Renamed, Retyped};
use crate::failure::Result;

/// One schema that presents both states, and which of its columns each state has.
pub(super) struct Columns {
    /// Every column of either state, all optional, in the wider type.
    pub(super) schema: SchemaRef,
    pub(super) matched: Vec<Matched>,
    /// Positions in `matched` of the columns that identify a row; none: whole rows are compared.
    pub(super) key: Vec<usize>,
    /// A data file of both states has the same cells in both.
    pub(super) shares_files: bool,
    pub(super) change: ColumnChange,
}

/// A column of either state or of both.
pub(super) struct Matched {
    /// As shown: the newer state's name.
    pub(super) name: String,
    /// Its name in [`Columns::schema`] for rows of the older state; none: they have no such column.
    pub(super) before: Option<String>,
    /// The same for the newer state.
    pub(super) after: Option<String>,
    pub(super) data_type: DataType,
    /// Its name in the older state, where that was another one.
    pub(super) was: Option<String>,
}

impl Matched {
    /// Whether both states have it; only such columns are compared.
    pub(super) fn in_both(&self) -> bool {
        self.before.is_some() && self.after.is_some()
    }
}

impl Columns {
    /// Matches the columns of an older and a newer state: by field id, what is left by name and type.
    pub(super) fn merge(from: &Schema, to: &Schema) -> Result<Self> {
        let mut fields: Vec<NestedFieldRef> = vec![];
        let mut matched = vec![];
        let mut change = ColumnChange::default();
        for new in to.as_struct().fields() {
            let old = from.as_struct().field_by_id(new.id);
            let newest = to.schema_id() >= from.schema_id();
            let field_type =
                old.map_or(new.field_type.as_ref().clone(), |old| wider(&old.field_type, &new.field_type, newest));
            if let Some(old) = old {
                if old.name != new.name {
                    change.renamed.push(Renamed { from: old.name.clone(), to: new.name.clone() });
                }
                if old.field_type != new.field_type {
                    change.retyped.push(Retyped::new(&new.name, &old.field_type, &new.field_type));
                }
            }
            fields.push(optional(new, &new.name, field_type));
            matched.push(Matched {
                name: new.name.clone(),
                before: old.map(|_| new.name.clone()),
                after: Some(new.name.clone()),
                data_type: DataType::Null,
                was: old.map(|o| o.name.clone()).filter(|name| *name != new.name),
            });
        }
        for old in from.as_struct().fields() {
            if to.as_struct().field_by_id(old.id).is_some() {
                continue;
            }
            let taken = to.as_struct().fields().iter().position(|new| new.name == old.name);
            let name = if taken.is_some() { format!("{} (before)", old.name) } else { old.name.clone() };
            fields.push(optional(old, &name, old.field_type.as_ref().clone()));
            let twin = taken.filter(|at| matched[*at].before.is_none());
            match twin.map(|at| (at, &to.as_struct().fields()[at])) {
                // dropped and taken up again: another column to the table, the same one to people
                Some((at, new)) if new.field_type == old.field_type => {
                    matched[at].before = Some(name);
                    continue;
                }
                Some((_, new)) => change.retyped.push(Retyped::new(&old.name, &old.field_type, &new.field_type)),
                None => change.removed.push(old.name.clone()),
            }
            matched.push(Matched {
                name: name.clone(),
                before: Some(name),
                after: None,
                data_type: DataType::Null,
                was: None,
            });
        }
        let retyped = |name: &str| change.retyped.iter().any(|r| r.name == name);
        change.added =
            matched.iter().filter(|m| m.before.is_none() && !retyped(&m.name)).map(|m| m.name.clone()).collect();
        let schema = Schema::builder().with_schema_id(to.schema_id()).with_fields(fields).build()?;
        let arrow = schema_to_arrow_schema(&schema)?;
        for m in &mut matched {
            let presented =
                m.after.as_ref().or(m.before.as_ref()).map(|name| arrow.field_with_name(name)).transpose()?;
            m.data_type = presented.map_or(DataType::Null, |f| f.data_type().clone());
        }
        // one file, two columns of it: its cells are not the same in both states
        let shares_files = !matched.iter().any(|m| m.in_both() && m.before != m.after);
        Ok(Self { schema: Arc::new(schema), matched, key: vec![], shares_files, change })
    }

    /// Takes columns, by the names shown, as the key.
    ///
    /// # Errors
    /// The first name that is no column of both states.
    pub(super) fn identify_by(&mut self, key: &[String]) -> std::result::Result<(), String> {
        let find = |name: &String| self.matched.iter().position(|m| m.name == *name && m.in_both());
        self.key =
            key.iter().map(|name| find(name).ok_or_else(|| name.clone())).collect::<std::result::Result<_, _>>()?;
        Ok(())
    }

    /// The name under which a column of the newer (or the older) state is shown, if both have it.
    pub(super) fn in_both(&self, name: &str, newer: bool) -> Option<String> {
        let of = |m: &&Matched| match newer {
            true => m.name == name,
            false => m.was.as_deref().unwrap_or(&m.name) == name,
        };
        self.matched.iter().find(|m| of(m) && m.in_both()).map(|m| m.name.clone())
    }

    pub(super) fn shared_names(&self) -> impl Iterator<Item = &str> {
        self.matched.iter().filter(|m| m.in_both()).map(|m| m.name.as_str())
    }

    pub(super) fn key_names(&self) -> Vec<String> {
        self.key.iter().map(|at| self.matched[*at].name.clone()).collect()
    }

    /// Columns of differing rows as they are handed out.
    pub(super) fn shown(&self) -> ArrowSchemaRef {
        let mut label = "change".to_owned();
        while self.matched.iter().any(|m| m.name == label) {
            label.insert(0, '_');
        }
        let first = Field::new(label, DataType::Utf8, false);
        let rest = self.matched.iter().map(|m| Field::new(&m.name, m.data_type.clone(), true));
        Arc::new(ArrowSchema::new(std::iter::once(first).chain(rest).collect::<Vec<_>>()))
    }
}

fn optional(field: &NestedField, name: &str, field_type: Type) -> NestedFieldRef {
    let mut field = field.clone();
    name.clone_into(&mut field.name);
    field.required = false;
    field.field_type = Box::new(field_type);
    field.into()
}

/// The type that holds the values of both; of nested ones the newest, whose members are matched by id as files are read.
fn wider(old: &Type, new: &Type, new_is_newest: bool) -> Type {
    use PrimitiveType::{Decimal, Double, Float, Int, Long};
    match (old, new) {
        (Type::Primitive(Long), Type::Primitive(Int)) | (Type::Primitive(Double), Type::Primitive(Float)) => {
            old.clone()
        }
        (Type::Primitive(Decimal { precision: a, .. }), Type::Primitive(Decimal { precision: b, .. })) if a > b => {
            old.clone()
        }
        (a, _) if a.is_nested() && !new_is_newest => old.clone(),
        _ => new.clone(),
    }
}
