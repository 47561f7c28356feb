//! Columns being built from JSON values, nested ones too: each is a serde seed that appends what it reads.
use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, ListArray, MapArray, NullBufferBuilder, StructArray};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType as Arrow, Field, Fields};
use arrow::error::ArrowError;
use meshwright_spec::DataType;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::data_error::excerpt;
use crate::read::column::Column;
use crate::read::schema::{arrow_type, entries_field, item_field};

/// A column of any type that is being filled.
#[derive(Debug)]
pub(super) struct Builder {
    data_type: DataType,
    parts: Parts,
    rows: usize,
}

#[derive(Debug)]
enum Parts {
    Plain(Column),
    List { item: Box<Builder>, offsets: Vec<i32>, nulls: NullBufferBuilder },
    Map { key: Box<Builder>, value: Box<Builder>, offsets: Vec<i32>, nulls: NullBufferBuilder },
    Struct { members: Members, nulls: NullBufferBuilder },
}

/// The members of an object, by name.
#[derive(Debug)]
pub(super) struct Members {
    names: Vec<String>,
    builders: Vec<Builder>,
}

/// Which value does not fit where.
#[derive(Debug, Default)]
pub(super) struct Misfit {
    /// `a.b`, outermost first, once an error is on its way up.
    pub(super) column: Option<String>,
    /// The value and the type it does not fit.
    pub(super) what: Option<(String, DataType)>,
}

impl Builder {
    pub(super) fn new(data_type: &DataType) -> Self {
        let boxed = |data_type: &DataType| Box::new(Self::new(data_type));
        let nulls = NullBufferBuilder::new(0);
        let parts = match data_type {
            DataType::List(item) => Parts::List { item: boxed(item), offsets: vec![0], nulls },
            DataType::Map(key, value) => Parts::Map { key: boxed(key), value: boxed(value), offsets: vec![0], nulls },
            DataType::Struct(fields) => {
                let members = Members::new(fields.iter().map(|field| (field.name.as_str(), &field.data_type)));
                Parts::Struct { members, nulls }
            }
            // every other type is plain, so the fallback is never taken
            plain => {
                Parts::Plain(Column::new(plain).or_else(|| Column::new(&DataType::String)).expect("text is plain"))
            }
        };
        Self { data_type: data_type.clone(), parts, rows: 0 }
    }

    fn push_null(&mut self) {
        self.rows += 1;
        match &mut self.parts {
            Parts::Plain(column) => column.push_null(),
            Parts::List { offsets, nulls, .. } | Parts::Map { offsets, nulls, .. } => {
                offsets.push(offsets.last().copied().unwrap_or(0));
                nulls.append_null();
            }
            Parts::Struct { members, nulls } => {
                members.builders.iter_mut().for_each(Builder::push_null);
                nulls.append_null();
            }
        }
    }

    /// The column, whose builder is empty afterwards.
    pub(super) fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        let rows = std::mem::take(&mut self.rows);
        Ok(match &mut self.parts {
            Parts::Plain(column) => column.finish()?,
            Parts::List { item, offsets, nulls } => {
                let field = match &self.data_type {
                    DataType::List(item) => item_field(item),
                    _ => Field::new_list_field(Arrow::Null, true),
                };
                Arc::new(ListArray::try_new(Arc::new(field), taken(offsets), item.finish()?, nulls.finish())?)
            }
            Parts::Map { key, value, offsets, nulls } => {
                let field = entries_field(&key.data_type, &value.data_type);
                let fields = match field.data_type() {
                    Arrow::Struct(fields) => fields.clone(),
                    _ => Fields::empty(),
                };
                let entries = StructArray::try_new(fields, vec![key.finish()?, value.finish()?], None)?;
                Arc::new(MapArray::try_new(Arc::new(field), taken(offsets), entries, nulls.finish(), false)?)
            }
            Parts::Struct { members, nulls } => {
                let fields = match arrow_type(&self.data_type) {
                    Arrow::Struct(fields) => fields,
                    _ => Fields::empty(),
                };
                let arrays = members.finish()?;
                Arc::new(StructArray::try_new_with_length(fields, arrays, nulls.finish(), rows)?)
            }
        })
    }
}

fn taken(offsets: &mut Vec<i32>) -> OffsetBuffer<i32> {
    OffsetBuffer::new(ScalarBuffer::from(std::mem::replace(offsets, vec![0])))
}

impl Members {
    pub(super) fn new<'a>(members: impl Iterator<Item = (&'a str, &'a DataType)>) -> Self {
        let (names, builders) = members.map(|(name, data_type)| (name.to_owned(), Builder::new(data_type))).unzip();
        Self { names, builders }
    }

    pub(super) fn finish(&mut self) -> Result<Vec<ArrayRef>, ArrowError> {
        self.builders.iter_mut().map(Builder::finish).collect()
    }

    /// Appends one object: every member gets a value or a null.
    fn push<'de, A: MapAccess<'de>>(&mut self, mut object: A, misfit: &mut Misfit) -> Result<(), A::Error> {
        let before = self.builders.first().map_or(0, |builder| builder.rows);
        // objects mostly have their members in the same order
        let mut expected = 0;
        while let Some(known) = object.next_key_seed(Key { names: &self.names, expected })? {
            let Some(at) = known else {
                object.next_value::<IgnoredAny>()?;
                continue;
            };
            expected = at + 1;
            let builder = &mut self.builders[at];
            if builder.rows > before {
                return Err(A::Error::custom(format!("member `{}` stands twice in one object", self.names[at])));
            }
            object.next_value_seed(Seed { builder, misfit: &mut *misfit }).inspect_err(|_| {
                if misfit.what.is_some() {
                    let inner = misfit.column.take().map(|inner| format!(".{inner}")).unwrap_or_default();
                    misfit.column = Some(format!("{}{inner}", self.names[at]));
                }
            })?;
        }
        for builder in self.builders.iter_mut().filter(|builder| builder.rows == before) {
            builder.push_null();
        }
        Ok(())
    }
}

/// Finds a key among the names.
struct Key<'a> {
    names: &'a [String],
    expected: usize,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member's name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        if self.names.get(self.expected).is_some_and(|expected| expected == name) {
            return Ok(Some(self.expected));
        }
        Ok(self.names.iter().position(|known| known == name))
    }
}

/// A whole object as one row.
pub(super) struct Row<'a> {
    pub(super) members: &'a mut Members,
    pub(super) misfit: &'a mut Misfit,
}

impl<'de> DeserializeSeed<'de> for Row<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Row<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<(), A::Error> {
        self.members.push(object, self.misfit)
    }
}

/// One value for one column.
struct Seed<'a> {
    builder: &'a mut Builder,
    misfit: &'a mut Misfit,
}

impl Seed<'_> {
    fn misfit<E: Error>(self, value: impl Into<String>) -> E {
        self.misfit.what = Some((value.into(), self.builder.data_type.clone()));
        E::custom("misfit")
    }

    /// Appends a value as text if the column takes it so.
    fn text<E: Error>(self, text: &str, shown: impl FnOnce() -> String) -> Result<(), E> {
        let fits = match &mut self.builder.parts {
            Parts::Plain(column) => column.push_text(text.as_bytes()),
            _ => false,
        };
        if !fits {
            return Err(self.misfit(shown()));
        }
        self.builder.rows += 1;
        Ok(())
    }

    /// Appends a number that the column holds as it is, without a detour over text.
    fn direct<E: Error>(self, whole: Option<i64>, real: f64) -> Result<(), E> {
        match (&mut self.builder.parts, whole) {
            (Parts::Plain(Column::Long(to)), Some(value)) => to.append_value(value),
            (Parts::Plain(Column::Double(to)), _) => to.append_value(real),
            (_, Some(value)) => return self.number(&value.to_string()),
            (_, None) => return self.number(&real.to_string()),
        }
        self.builder.rows += 1;
        Ok(())
    }

    fn number<E: Error>(self, text: &str) -> Result<(), E> {
        use DataType::{Decimal, Double, Float, Int, Long, String};
        match self.builder.data_type {
            Int | Long | Float | Double | Decimal { .. } | String => self.text(text, || text.to_owned()),
            _ => Err(self.misfit(text)),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a value of type {}", self.builder.data_type)
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.builder.push_null();
        Ok(())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        let text = if value { "true" } else { "false" };
        match self.builder.data_type {
            DataType::Boolean | DataType::String => self.text(text, || text.to_owned()),
            _ => Err(self.misfit(text)),
        }
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.direct(Some(value), value as f64)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        match i64::try_from(value) {
            Ok(value) => self.direct(Some(value), value as f64),
            Err(_) => self.number(&value.to_string()),
        }
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        if self.builder.data_type == DataType::Double {
            return self.direct(None, value);
        }
        let text = value.to_string();
        match self.builder.data_type {
            // 2.0 is a whole number in JSON; printed it has no point
            DataType::Int | DataType::Long if value.abs() < 9e15 => self.number(&text),
            DataType::Int | DataType::Long => Err(self.misfit(text)),
            // up to 15 digits come back as they were written; beyond that the decimal may already be rounded
            DataType::Decimal { .. } if text.bytes().filter(u8::is_ascii_digit).count() > 15 => Err(self.misfit(text)),
            _ => self.number(&text),
        }
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        use DataType::{Boolean, Double, Float, Int, Long};
        let shown = || format!("\"{}\"", excerpt(value.as_bytes()));
        match self.builder.data_type {
            Boolean | Int | Long | Float | Double => Err(self.misfit(shown())),
            _ => self.text(value, shown),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        let Parts::List { item, offsets, nulls } = &mut self.builder.parts else {
            return Err(self.misfit("a list"));
        };
        while sequence.next_element_seed(Seed { builder: item, misfit: &mut *self.misfit })?.is_some() {}
        offsets.push(end(item.rows)?);
        nulls.append_non_null();
        self.builder.rows += 1;
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        match &mut self.builder.parts {
            Parts::Struct { members, nulls } => {
                members.push(object, self.misfit)?;
                nulls.append_non_null();
            }
            Parts::Map { key, value, offsets, nulls } => {
                while object.next_key_seed(Seed { builder: &mut *key, misfit: &mut *self.misfit })?.is_some() {
                    object.next_value_seed(Seed { builder: &mut *value, misfit: &mut *self.misfit })?;
                }
                offsets.push(end(value.rows)?);
                nulls.append_non_null();
            }
            _ => return Err(self.misfit("an object")),
        }
        self.builder.rows += 1;
        Ok(())
    }
}

fn end<E: Error>(rows: usize) -> Result<i32, E> {
    i32::try_from(rows).map_err(|_| E::custom("a batch holds too many values in lists"))
}
