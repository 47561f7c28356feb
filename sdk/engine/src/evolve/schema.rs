//! The schema that a contract promises, by the field ids that the table has given.
use std::collections::HashMap;

use iceberg::spec::{ListType, Literal, MapType, NestedField, NestedFieldRef, PrimitiveType, Schema, StructType, Type};
use meshwright_catalog::{Error, Kind};
use meshwright_spec::{Column, Contract, DataType, StructField};

/// What a schema is made from.
pub(super) struct Before<'a> {
    /// The table's columns, if there is a table.
    pub(super) schema: Option<&'a Schema>,
    /// The contract that the table's newest rows were written under.
    pub(super) contract: Option<&'a Contract>,
    /// The last id that the table has given.
    pub(super) last_id: i32,
    /// Whether the table's format has defaults of columns.
    pub(super) defaults: bool,
}

/// A column or member whose new type older values cannot be read as: it gets a new id, and they are no longer seen.
#[derive(Debug, Clone)]
pub(crate) struct Lost {
    /// Top-level column of the contract.
    pub(crate) column: String,
    /// The column, or the path to the member.
    pub(crate) path: String,
    pub(crate) from: String,
    pub(crate) to: String,
}

/// The schema, and what of the older values it can no longer read.
///
/// Columns keep their ids by name or by `renamed_from`, members of structs, lists and maps by their paths or by
/// `renamed_members`; others get ids after the last one.
///
/// # Errors
/// `Invalid` when Iceberg refuses the schema, or a default is not a value of its column.
pub(super) fn iceberg_schema(
    contract: &Contract,
    before: &Before<'_>,
    schema_id: i32,
) -> Result<(Schema, Vec<Lost>), Error> {
    let mut ids = Ids { last: before.last_id, lost: vec![], column: String::new(), renamed: HashMap::new() };
    // top-level ids first, as Iceberg itself would give them
    let names = old_names(contract, before);
    ids.renamed = renamed_members(contract, before, &names);
    let tops: Vec<(Option<&NestedFieldRef>, i32)> = contract
        .columns
        .iter()
        .map(|c| {
            let old = before.schema.and_then(|s| s.field_by_name(names.get(c.name.as_str())?));
            ids.column.clone_from(&c.name);
            let old = old.filter(|f| ids.fits(&c.name, &f.field_type, &c.data_type));
            (old, old.map_or_else(|| ids.next(), |f| f.id))
        })
        .collect();
    let mut fields: Vec<NestedFieldRef> = vec![];
    let mut identifier = vec![];
    for (c, (old, id)) in contract.columns.iter().zip(tops) {
        let in_key = contract.key.contains(&c.name);
        ids.column.clone_from(&c.name);
        let field_type = ids.type_of(&c.data_type, old.map(|f| f.field_type.as_ref()), &c.name);
        let mut field = NestedField::new(id, &c.name, field_type, c.required || in_key);
        if let Some(text) = &c.description {
            field = field.with_doc(text);
        }
        // what older files mean by the column's absence was said when it was added
        if let Some(value) = old.and_then(|f| f.initial_default.clone()) {
            field = field.with_initial_default(value);
        }
        if let Some(value) = default(c, &field.field_type)?.filter(|_| before.defaults) {
            if old.is_none() && before.schema.is_some() {
                field = field.with_initial_default(value.clone());
            }
            field = field.with_write_default(value);
        }
        if in_key && !matches!(c.data_type, DataType::Float | DataType::Double) && !field.field_type.is_nested() {
            identifier.push(id);
        }
        fields.push(field.into());
    }
    let schema = Schema::builder()
        .with_schema_id(schema_id)
        .with_fields(fields)
        .with_identifier_field_ids(identifier)
        .build()
        .map_err(|e| Error::new(Kind::Invalid, "the contract's columns make no table").because(e))?;
    Ok((schema, ids.lost))
}

/// The name that each column has in the table now. `renamed_from` stays in the contract for ever; it is news only where
/// the contract before did not say it yet, which also tells a swap of two names from one that has happened.
fn old_names<'a>(contract: &'a Contract, before: &Before<'_>) -> HashMap<&'a str, &'a str> {
    let has = |name: &str| before.schema.is_some_and(|s| s.field_by_name(name).is_some());
    let known = |c: &Column| match before.contract.and_then(|b| b.column(&c.name)) {
        Some(then) => then.renamed_from == c.renamed_from,
        None => has(&c.name),
    };
    let old = |c: &'a Column| match c.renamed_from.as_deref() {
        Some(from) if !known(c) && has(from) => from,
        _ => c.name.as_str(),
    };
    contract.columns.iter().map(|c| (c.name.as_str(), old(c))).collect()
}

/// The names that members have in the table now, by their paths in the contract: those of which the contract before did
/// not say yet that they are others.
fn renamed_members(contract: &Contract, before: &Before<'_>, names: &HashMap<&str, &str>) -> HashMap<String, String> {
    let mut out = HashMap::new();
    for column in &contract.columns {
        let then = before.contract.and_then(|b| b.column(names.get(column.name.as_str())?));
        for (path, from) in &column.renamed_members {
            if then.is_none_or(|then| then.renamed_members.get(path) != Some(from)) {
                out.insert(format!("{}.{path}", column.name), from.clone());
            }
        }
    }
    out
}

fn default(column: &Column, of: &Type) -> Result<Option<Literal>, Error> {
    let Some(json) = &column.default else { return Ok(None) };
    Literal::try_from_json(json.clone(), of).map_err(|e| {
        Error::new(Kind::Invalid, format!("the default of `{}` is no value of its type", column.name)).because(e)
    })
}

/// Gives out Iceberg field ids: those the table gave to the same columns and members, else new ones.
struct Ids {
    last: i32,
    lost: Vec<Lost>,
    /// The top-level column at hand.
    column: String,
    /// Names that members have in the table, by their paths, where they have others now.
    renamed: HashMap<String, String>,
}

impl Ids {
    fn next(&mut self) -> i32 {
        self.last += 1;
        self.last
    }

    /// Whether values of the old type are read as the new one; notes those that are not.
    fn fits(&mut self, path: &str, from: &Type, to: &DataType) -> bool {
        let good = match (from, to) {
            (Type::List(_), DataType::List(_)) | (Type::Struct(_), DataType::Struct(_)) => true,
            // equality of keys must not change, so nothing in them may
            (Type::Map(m), DataType::Map(key, _)) => m.key_field.field_type.as_ref() == &bare(key),
            (Type::Primitive(a), to) if !to.is_nested() => promotes(a, &primitive(to)),
            _ => false,
        };
        if !good {
            let (from, to) = (from.to_string(), to.to_string());
            self.lost.push(Lost { column: self.column.clone(), path: path.to_owned(), from, to });
        }
        good
    }

    /// The id and type of a member that may have been there before.
    fn member(&mut self, old: Option<&NestedFieldRef>, t: &DataType, path: &str) -> (i32, Type) {
        let old = old.filter(|f| self.fits(path, &f.field_type, t));
        let id = old.map_or_else(|| self.next(), |f| f.id);
        (id, self.type_of(t, old.map(|f| f.field_type.as_ref()), path))
    }

    /// What each member was before, by the name it had then.
    fn before<'s>(&self, old: &'s StructType, members: &[StructField], path: &str) -> Vec<Option<&'s NestedFieldRef>> {
        let find = |name: &str| old.fields().iter().find(|f| f.name == name);
        let renamed = |m: &StructField| self.renamed.get(&format!("{path}.{}", m.name)).and_then(|from| find(from));
        let taken: Vec<i32> = members.iter().filter_map(renamed).map(|f| f.id).collect();
        let same = |m: &StructField| find(&m.name).filter(|f| !taken.contains(&f.id));
        members.iter().map(|m| renamed(m).or_else(|| same(m))).collect()
    }

    fn type_of(&mut self, t: &DataType, old: Option<&Type>, path: &str) -> Type {
        match t {
            DataType::List(e) => {
                let element = match old {
                    Some(Type::List(l)) => Some(&l.element_field),
                    _ => None,
                };
                let (id, element) = self.member(element, e, &format!("{path}.element"));
                Type::List(ListType::new(NestedField::list_element(id, element, false).into()))
            }
            DataType::Map(k, v) => {
                let (key, value) = match old {
                    Some(Type::Map(m)) => (Some(&m.key_field), Some(&m.value_field)),
                    _ => (None, None),
                };
                let (key_id, key) = self.member(key, k, &format!("{path}.key"));
                let (value_id, value) = self.member(value, v, &format!("{path}.value"));
                Type::Map(MapType::new(
                    NestedField::map_key_element(key_id, key).into(),
                    NestedField::map_value_element(value_id, value, false).into(),
                ))
            }
            DataType::Struct(members) => {
                let before: Vec<Option<&NestedFieldRef>> = match old {
                    Some(Type::Struct(s)) => self.before(s, members, path),
                    _ => vec![None; members.len()],
                };
                let members = members.iter().zip(before).map(|(m, before)| {
                    let (id, t) = self.member(before, &m.data_type, &format!("{path}.{}", m.name));
                    NestedFieldRef::from(NestedField::optional(id, &m.name, t))
                });
                Type::Struct(StructType::new(members.collect()))
            }
            plain => Type::Primitive(primitive(plain)),
        }
    }
}

/// A type with ids that mean nothing, to be compared with another key's type.
fn bare(t: &DataType) -> Type {
    Ids { last: 0, lost: vec![], column: String::new(), renamed: HashMap::new() }.type_of(t, None, "")
}

/// Iceberg's type of a type without parts.
fn primitive(t: &DataType) -> PrimitiveType {
    match t {
        DataType::Boolean => PrimitiveType::Boolean,
        DataType::Int => PrimitiveType::Int,
        DataType::Long => PrimitiveType::Long,
        DataType::Float => PrimitiveType::Float,
        DataType::Double => PrimitiveType::Double,
        DataType::Decimal { precision, scale } => {
            PrimitiveType::Decimal { precision: u32::from(*precision), scale: u32::from(*scale) }
        }
        DataType::Date => PrimitiveType::Date,
        DataType::Time => PrimitiveType::Time,
        DataType::Timestamp => PrimitiveType::Timestamp,
        DataType::Timestamptz => PrimitiveType::Timestamptz,
        DataType::TimestampNs => PrimitiveType::TimestampNs,
        DataType::TimestamptzNs => PrimitiveType::TimestamptzNs,
        DataType::Uuid => PrimitiveType::Uuid,
        DataType::Fixed(n) => PrimitiveType::Fixed(u64::from(*n)),
        DataType::Binary => PrimitiveType::Binary,
        // parts are taken apart before they come here
        DataType::String | DataType::List(_) | DataType::Map(..) | DataType::Struct(_) => PrimitiveType::String,
    }
}

/// Whether Iceberg reads values stored under one type as the other.
fn promotes(from: &PrimitiveType, to: &PrimitiveType) -> bool {
    use PrimitiveType::{Decimal, Double, Float, Int, Long};
    match (from, to) {
        (Int, Long) | (Float, Double) => true,
        (Decimal { precision: a, scale: s }, Decimal { precision: b, scale: t }) => a <= b && s == t,
        (a, b) => a == b,
    }
}
