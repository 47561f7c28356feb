//! Column types guessed from the first objects of each file.
use meshwright_spec::{DataType, Format, Source, StructField};
use serde_json::Value;

use super::batches::broken;
use super::builder::Misfit;
use super::objects::Objects;
use crate::code;
use crate::data_error::DataError;
use crate::landing::Resource;
use crate::read::ReadOptions;
use crate::read::guess::Guess;
use crate::read::infer::SAMPLE;
use crate::read::input::Input;

/// What the values of a member can be.
#[derive(Debug, Clone)]
enum Shape {
    Plain(Guess),
    List(Box<Shape>),
    Object(Vec<(String, Shape)>),
    /// Plain in one place, nested in another: no type holds both.
    Mixed,
}

/// Names and types of the members of all objects.
pub(in crate::read) fn infer(
    resources: &[Resource],
    source: &Source,
) -> Result<Vec<(String, DataType)>, Box<DataError>> {
    let lines = source.format == Format::Ndjson;
    let mut all = Vec::new();
    for resource in resources {
        let input = Input::new(resource, source)?;
        let chunk = ReadOptions::default().chunk_bytes;
        let mut objects = Objects::open(&input, source, lines, input.start, None, chunk)?;
        let mut seen = 0;
        while seen < SAMPLE
            && let Some(object) = objects.next(&input, source)?
        {
            let text = objects.text(&object);
            seen += text.len();
            let members: serde_json::Map<String, Value> = serde_json::from_slice(text)
                .map_err(|error| broken(&input, source, &objects, &object, &error, Misfit::default()))?;
            see_members(&mut all, &members);
        }
    }
    let mut columns = Vec::with_capacity(all.len());
    for (name, shape) in &all {
        match data_type(shape) {
            Ok(Some(data_type)) => columns.push((name.clone(), data_type)),
            // only ever `{}`: nothing to read
            Ok(None) => {}
            Err(()) => {
                let shown = resources.first().map_or("", |resource| resource.location.as_str());
                let what = format!("member `{name}` is a plain value in one object and a list or object in another");
                let error = DataError::new(code::BAD_VALUE, source, shown, what).column(name);
                return Err(error.help("declare the `columns` of the source without it"));
            }
        }
    }
    Ok(columns)
}

fn see_members(members: &mut Vec<(String, Shape)>, object: &serde_json::Map<String, Value>) {
    for (at, (name, value)) in object.iter().enumerate() {
        // objects mostly have their members in the same order
        let known = match members.get(at) {
            Some((known, _)) if known == name => Some(at),
            _ => members.iter().position(|(known, _)| known == name),
        };
        let at = known.unwrap_or_else(|| {
            members.push((name.clone(), Shape::Plain(Guess::Null)));
            members.len() - 1
        });
        see(&mut members[at].1, value);
    }
}

fn see(shape: &mut Shape, value: &Value) {
    match value {
        Value::Null => {}
        Value::Array(items) => {
            if matches!(shape, Shape::Plain(Guess::Null)) {
                *shape = Shape::List(Box::new(Shape::Plain(Guess::Null)));
            }
            match shape {
                Shape::List(item) => items.iter().for_each(|value| see(item, value)),
                _ => *shape = Shape::Mixed,
            }
        }
        Value::Object(object) => {
            if matches!(shape, Shape::Plain(Guess::Null)) {
                *shape = Shape::Object(Vec::new());
            }
            match shape {
                Shape::Object(members) => see_members(members, object),
                _ => *shape = Shape::Mixed,
            }
        }
        plain => match shape {
            Shape::Plain(guess) => *guess = guess.and(guess_of(plain)),
            _ => *shape = Shape::Mixed,
        },
    }
}

fn guess_of(value: &Value) -> Guess {
    match value {
        Value::Bool(_) => Guess::Boolean,
        Value::Number(number) if number.is_i64() => Guess::Long,
        // beyond 64 bits with a sign: text keeps every digit
        Value::Number(number) if number.is_u64() => Guess::Text,
        Value::Number(_) => Guess::Double,
        Value::String(text) => Guess::of_time(text.as_bytes()),
        _ => Guess::Null,
    }
}

/// The type, nothing for an object without members, an error for what has no type.
fn data_type(shape: &Shape) -> Result<Option<DataType>, ()> {
    Ok(match shape {
        Shape::Plain(guess) => Some(guess.data_type()),
        Shape::List(item) => data_type(item)?.map(|item| DataType::List(Box::new(item))),
        Shape::Object(members) => {
            let mut fields = Vec::with_capacity(members.len());
            for (name, shape) in members {
                if let Some(data_type) = data_type(shape)? {
                    fields.push(StructField { name: name.clone(), data_type });
                }
            }
            (!fields.is_empty()).then_some(DataType::Struct(fields))
        }
        Shape::Mixed => return Err(()),
    })
}
