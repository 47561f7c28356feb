//! Steps.
use std::collections::BTreeMap;
use std::fmt;

use arrow_schema::SchemaRef;

use crate::{Batches, Describe, Error, Record, Result};

/// Makes rows out of other rows: one step, whose result ports serve and later steps read.
///
/// # Contract
/// - Same inputs, same rows, in any order: a run may be repeated, and its result is compared with the one before.
/// - Batches match [`Serve::schema`] in order and type; a batch that does not is reported as `M0301`.
/// - Reads nothing but its inputs: what else it read would be missing from the lineage.
/// - May yield rows before it has read all of its inputs, read them in any order and to any point: what it has not
///   asked for waits at the sender and takes no memory here.
///
/// ```
/// use meshwright::prelude::*;
/// use meshwright::testing;
///
/// #[derive(Debug, Clone, PartialEq, Record)]
/// struct Celsius {
///     celsius: f64,
/// }
///
/// #[derive(Debug, Clone, PartialEq, Record)]
/// struct Kelvin {
///     kelvin: f64,
/// }
///
/// /// The same readings in the unit of physics.
/// #[derive(Describe)]
/// struct InKelvin;
///
/// impl Serve for InKelvin {
///     fn inputs(&self) -> Vec<Input> {
///         vec![Input::of::<Celsius>("readings")]
///     }
///
///     fn schema(&self) -> SchemaRef {
///         Kelvin::schema()
///     }
///
///     fn serve(&self, mut inputs: Inputs) -> Result<Batches> {
///         let readings = inputs.rows::<Celsius>("readings")?;
///         Ok(Batches::try_rows(readings.map(|row| Ok(Kelvin { kelvin: row?.celsius + 273.15 }))))
///     }
/// }
///
/// let rows = testing::step(&InKelvin).given("readings", &[Celsius { celsius: 0.0 }]).rows::<Kelvin>();
/// assert_eq!(rows, [Kelvin { kelvin: 273.15 }]);
/// ```
pub trait Serve: Describe + Send + Sync {
    /// The tables it reads: sources, steps and input ports of the product by their names.
    fn inputs(&self) -> Vec<Input>;

    /// The columns of every batch it makes, in order.
    fn schema(&self) -> SchemaRef;

    /// Makes its rows.
    fn serve(&self, inputs: Inputs) -> Result<Batches>;
}

/// A table that a step reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    name: String,
    schema: Option<SchemaRef>,
}

impl Input {
    /// A table of which exactly the columns of a record are read.
    pub fn of<T: Record>(name: impl Into<String>) -> Self {
        Self { name: name.into(), schema: Some(T::schema()) }
    }

    /// A table with all of its columns, whatever they are.
    pub fn any(name: impl Into<String>) -> Self {
        Self { name: name.into(), schema: None }
    }

    /// A table of which exactly these columns are read.
    pub fn with_schema(name: impl Into<String>, schema: SchemaRef) -> Self {
        Self { name: name.into(), schema: Some(schema) }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The columns that are read; `None`: all there are.
    pub fn schema(&self) -> Option<&SchemaRef> {
        self.schema.as_ref()
    }
}

/// Opens a table when it is asked for.
type Open = Box<dyn FnOnce() -> Result<Batches> + Send>;

/// The tables that were handed to a step; each can be taken once.
#[derive(Default)]
pub struct Inputs {
    tables: BTreeMap<String, Option<Open>>,
}

impl Inputs {
    /// No tables.
    pub fn new() -> Self {
        Self::default()
    }

    /// With one more table.
    #[must_use]
    pub fn with(self, name: impl Into<String>, batches: Batches) -> Self {
        self.with_lazy(name, Box::new(|| Ok(batches)))
    }

    /// With one more table, opened when it is taken.
    pub(crate) fn with_lazy(mut self, name: impl Into<String>, open: Open) -> Self {
        self.tables.insert(name.into(), Some(open));
        self
    }

    /// Takes a table as batches.
    pub fn batches(&mut self, name: &str) -> Result<Batches> {
        let names: Vec<String> = self.tables.keys().map(|name| format!("`{name}`")).collect();
        let unknown =
            || Error::not_found(format!("the step has no input `{name}`; its inputs are: {}", names.join(", ")));
        let table = self.tables.get_mut(name).ok_or_else(unknown)?.take();
        table.ok_or_else(|| Error::invalid(format!("the input `{name}` has already been taken")))?()
    }

    /// Takes a table as records.
    pub fn rows<T: Record>(&mut self, name: &str) -> Result<impl Iterator<Item = Result<T>> + Send + use<T>> {
        Ok(self.batches(name)?.records())
    }
}

impl fmt::Debug for Inputs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.tables.keys()).finish()
    }
}
