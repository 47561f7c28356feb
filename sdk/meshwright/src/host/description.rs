//! What a program says that it holds.
use std::collections::HashMap;
use std::io::Cursor;

use arrow_ipc::reader::StreamReader;
use arrow_schema::SchemaRef;
use serde_json::Value;

use crate::error::Error;
use crate::validate::Severity;

/// What a program holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Description {
    /// Version of the protocol that it speaks.
    pub protocol: u64,
    /// Version of the crate it was built with.
    pub sdk: String,
    /// What the product is.
    pub description: String,
    /// Its sources in the order of the code.
    pub sources: Vec<SourceDescription>,
    /// Its steps in the order of the code.
    pub steps: Vec<StepDescription>,
    /// Its checks in the order of the code.
    pub checks: Vec<CheckDescription>,
}

/// A source.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceDescription {
    /// The table it is.
    pub name: String,
    /// What it is.
    pub description: String,
    /// Its columns.
    pub schema: SchemaRef,
}

/// A step.
#[derive(Debug, Clone, PartialEq)]
pub struct StepDescription {
    /// The table it is.
    pub name: String,
    /// What it does.
    pub description: String,
    /// The tables that it reads, in the order of the code.
    pub inputs: Vec<InputDescription>,
    /// Its columns.
    pub schema: SchemaRef,
}

/// A table that a step reads.
#[derive(Debug, Clone, PartialEq)]
pub struct InputDescription {
    /// The table.
    pub name: String,
    /// The columns and types that it wants to be handed; `None`: all there are, as they are.
    pub schema: Option<SchemaRef>,
}

/// A check.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckDescription {
    /// Its id.
    pub name: String,
    /// What it demands.
    pub description: String,
    /// The output port whose rows it sees.
    pub port: String,
    /// What a violation means for the release.
    pub severity: Severity,
}

impl Description {
    /// From the answer of a program and the streams that came before it.
    pub(super) fn read(answer: &[u8], streams: &HashMap<u32, Vec<u8>>) -> Result<Self, Error> {
        let unreadable = || Error::unexpected("the program describes itself in a way that cannot be read");
        let answer: Value = serde_json::from_slice(answer).map_err(|error| unreadable().because(error))?;
        let schema = |value: &Value| -> Result<SchemaRef, Error> {
            let stream = value["schema"].as_u64().and_then(|stream| u32::try_from(stream).ok());
            let bytes = stream.and_then(|stream| streams.get(&stream)).ok_or_else(unreadable)?;
            let reader =
                StreamReader::try_new(Cursor::new(bytes), None).map_err(|error| unreadable().because(error))?;
            Ok(reader.schema())
        };
        let sources = list(&answer["sources"]).map(|source| {
            Ok(SourceDescription {
                name: text(source, "name"),
                description: text(source, "description"),
                schema: schema(source)?,
            })
        });
        let steps = list(&answer["steps"]).map(|step| {
            let inputs = list(&step["inputs"]).map(|input| {
                let schema = if input["schema"].is_null() { None } else { Some(schema(input)?) };
                Ok(InputDescription { name: text(input, "name"), schema })
            });
            Ok(StepDescription {
                name: text(step, "name"),
                description: text(step, "description"),
                inputs: inputs.collect::<Result<_, Error>>()?,
                schema: schema(step)?,
            })
        });
        let checks = list(&answer["checks"]).map(|check| CheckDescription {
            name: text(check, "name"),
            description: text(check, "description"),
            port: text(check, "port"),
            severity: Severity::from_word(&text(check, "severity")),
        });
        Ok(Self {
            protocol: answer["protocol"].as_u64().ok_or_else(unreadable)?,
            sdk: text(&answer, "sdk"),
            description: text(&answer, "description"),
            sources: sources.collect::<Result<_, Error>>()?,
            steps: steps.collect::<Result<_, Error>>()?,
            checks: checks.collect(),
        })
    }

    /// A source by its name.
    pub fn source(&self, name: &str) -> Option<&SourceDescription> {
        self.sources.iter().find(|source| source.name == name)
    }

    /// A step by its name.
    pub fn step(&self, name: &str) -> Option<&StepDescription> {
        self.steps.iter().find(|step| step.name == name)
    }

    /// The checks of an output port.
    pub fn checks_of<'a>(&'a self, port: &'a str) -> impl Iterator<Item = &'a CheckDescription> {
        self.checks.iter().filter(move |check| check.port == port)
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}
