//! Products.
use std::collections::BTreeSet;
use std::fmt;

use arrow_schema::Schema;

use crate::schema::storable;
use crate::{Describe, Error, Ingest, Serve, Validate};

/// A data product: the parts that are written in Rust, by name.
///
/// # Contract
/// - Says the same whenever it is asked; building the parts is cheap and opens nothing.
/// - Names of sources and steps are tables, next to those of `product.toml` and its SQL files; no name is used twice.
/// - Everything else about the product (title, owner, outputs, contracts) stands in its files.
///
/// ```
/// use meshwright::prelude::*;
///
/// /// Weather by station and day.
/// #[derive(Describe)]
/// struct Weather;
///
/// impl DataProduct for Weather {
///     fn parts(&self) -> Parts {
///         Parts::new()
///     }
/// }
///
/// assert!(Weather.parts().problems().is_empty());
/// ```
pub trait DataProduct: Describe + Sync {
    /// Its sources, steps and checks.
    fn parts(&self) -> Parts;
}

/// Sources, steps and checks by name.
#[derive(Default)]
pub struct Parts {
    pub(crate) sources: Vec<(String, Box<dyn Ingest>)>,
    pub(crate) steps: Vec<(String, Box<dyn Serve>)>,
    pub(crate) checks: Vec<(String, Box<dyn Validate>)>,
}

impl Parts {
    /// No parts.
    pub fn new() -> Self {
        Self::default()
    }

    /// With a source, which is the table of that name for the steps.
    #[must_use]
    pub fn source(mut self, name: &str, source: impl Ingest + 'static) -> Self {
        self.sources.push((name.to_owned(), Box::new(source)));
        self
    }

    /// With a step, which is the table of that name for other steps, SQL ones too.
    #[must_use]
    pub fn step(mut self, name: &str, step: impl Serve + 'static) -> Self {
        self.steps.push((name.to_owned(), Box::new(step)));
        self
    }

    /// With a check of an output port.
    #[must_use]
    pub fn check(mut self, id: &str, check: impl Validate + 'static) -> Self {
        self.checks.push((id.to_owned(), Box::new(check)));
        self
    }

    /// What is wrong with the parts, all of it at once: names, tables used twice, columns that no contract can hold.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let tables = self.sources.iter().map(|(name, _)| name).chain(self.steps.iter().map(|(name, _)| name));
        let (mut seen, mut ids) = (BTreeSet::new(), BTreeSet::new());
        for name in tables {
            if !is_name(name, "_") {
                problems
                    .push(format!("`{name}` is not a name: names start with a letter and hold only a-z, 0-9 and _"));
            }
            if !seen.insert(name) {
                problems.push(format!("`{name}` names two sources or steps"));
            }
        }
        for (id, check) in &self.checks {
            if !is_name(id, "_-") {
                problems.push(format!(
                    "`{id}` is not the id of a check: ids start with a letter and hold only a-z, 0-9, _ and -"
                ));
            }
            if !ids.insert((check.port().to_owned(), id)) {
                problems.push(format!("`{id}` names two checks of port `{}`", check.port()));
            }
        }
        for (name, source) in &self.sources {
            columns(&format!("source `{name}`"), &source.schema(), &mut problems);
        }
        for (name, step) in &self.steps {
            columns(&format!("step `{name}`"), &step.schema(), &mut problems);
            let inputs = step.inputs();
            let mut seen = BTreeSet::new();
            for input in inputs.iter().filter(|input| !seen.insert(input.name())) {
                problems.push(format!("step `{name}` names its input `{}` twice", input.name()));
            }
            if inputs.iter().any(|input| input.name() == name) {
                problems.push(format!("step `{name}` reads itself"));
            }
        }
        problems
    }

    pub(crate) fn checked(self) -> Result<Self, Error> {
        let problems = self.problems();
        if problems.is_empty() { Ok(self) } else { Err(Error::invalid(problems.join("; "))) }
    }
}

fn columns(part: &str, schema: &Schema, problems: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    for field in schema.fields() {
        if !seen.insert(field.name()) {
            problems.push(format!("{part} has two columns `{}`", field.name()));
        }
        if let Err(part_of_it) = storable(field.data_type()) {
            problems.push(format!(
                "{part} has a column `{}` of type {part_of_it}, which no contract can hold",
                field.name()
            ));
        }
    }
}

fn is_name(text: &str, also: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || also.contains(c))
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts")
            .field("sources", &self.sources.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .field("steps", &self.steps.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .field("checks", &self.checks.iter().map(|(id, _)| id).collect::<Vec<_>>())
            .finish()
    }
}
