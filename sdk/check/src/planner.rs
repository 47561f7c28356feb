//! Gathers, while checks are planned, which columns and predicates they need.
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch};
use arrow::datatypes::{DataType, SchemaRef};
use meshwright_spec::{Check, Contract, PortName};

use crate::evidence::Field;
use crate::profile::Profile;

/// Compiles SQL predicates: the engine's part of `expression` checks and of `where`.
pub trait Expressions {
    /// Compiles a predicate over batches of this schema. An error is one sentence for people.
    fn compile(&self, sql: &str, schema: &SchemaRef) -> Result<Arc<dyn Predicate>, String>;

    /// The values that columns of another port have together. `None` if the caller answers such checks itself, by
    /// [`crate::Report::supply`].
    fn known(&self, _port: &PortName, _columns: &[String]) -> Option<Result<Known, String>> {
        None
    }

    /// What a column was like in the state that a check of kind `drift` compares with; a sentence if it cannot be read,
    /// `None` if there is no such state yet.
    fn earlier(&self, _check: &Check) -> Result<Option<Arc<Earlier>>, String> {
        Ok(None)
    }

    /// What a check of kind `anomaly` measured for the releases before, the oldest first.
    fn history(&self, _check: &Check) -> Vec<f64> {
        Vec::new()
    }
}

/// The values that columns of another port have.
#[derive(Debug, Clone)]
pub struct Known {
    /// Rows of them in any order, repeated or not: batches, each with one array per column.
    pub values: Vec<Vec<ArrayRef>>,
    /// Which state of the port they are of, such as a snapshot's id.
    pub state: String,
}

/// A state of the port before the one that is judged.
#[derive(Debug, Clone)]
pub struct Earlier {
    /// As people know it: `r12`, a tag.
    pub name: String,
    /// What its columns were like, those that somebody asks for at least.
    pub profile: Profile,
}

/// A compiled SQL predicate.
///
/// # Contract
/// - `evaluate` is given batches of exactly the schema that `compile` was given, and returns one value per row.
/// - `columns` names the columns it reads; every predicate is first compiled against the whole schema to learn them,
///   and then once more against the schema of those columns alone.
pub trait Predicate: Send + Sync {
    /// Judges every row; null means unknown.
    fn evaluate(&self, batch: &RecordBatch) -> Result<BooleanArray, String>;
    /// The columns it reads.
    fn columns(&self) -> Vec<String>;
    /// Whether it says the same of the same rows at any time; what asks for the time of day does not.
    fn is_lasting(&self) -> bool {
        true
    }
}

/// For callers without an engine: every predicate is an error, all other checks run.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoExpressions;

impl Expressions for NoExpressions {
    fn compile(&self, _: &str, _: &SchemaRef) -> Result<Arc<dyn Predicate>, String> {
        Err("SQL predicates need the engine".into())
    }
}

/// A column that a check needs.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    /// Index in the suite.
    pub(crate) index: usize,
    /// Type of its values; for a dictionary that of the values in it.
    pub(crate) data_type: DataType,
}

/// Hands out indices of columns and predicates, each column and each predicate once.
pub(crate) struct Planner<'a> {
    contract: &'a Contract,
    schema: &'a SchemaRef,
    expressions: &'a dyn Expressions,
    /// Names of the columns needed.
    pub(crate) columns: Vec<String>,
    /// Texts of the predicates needed, and the columns that each reads.
    pub(crate) predicates: Vec<(String, Vec<String>)>,
    /// Whether each predicate says the same of the same rows at any time.
    pub(crate) lasting: Vec<bool>,
    /// What was asked for since this was last taken.
    pub(crate) asked: Asked,
}

/// What one check needs.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    /// Columns by index.
    pub(crate) columns: Vec<usize>,
    /// Predicates by index.
    pub(crate) predicates: Vec<usize>,
    /// The state of another port that was asked for.
    pub(crate) state: Option<String>,
}

impl<'a> Planner<'a> {
    /// Starts with nothing needed.
    pub(crate) fn new(contract: &'a Contract, schema: &'a SchemaRef, expressions: &'a dyn Expressions) -> Self {
        Self {
            contract,
            schema,
            expressions,
            columns: Vec::new(),
            predicates: Vec::new(),
            lasting: Vec::new(),
            asked: Asked::default(),
        }
    }

    /// The contract that is planned.
    pub(crate) fn contract(&self) -> &'a Contract {
        self.contract
    }

    /// Asks for a column.
    pub(crate) fn column(&mut self, name: &str) -> Result<Column, String> {
        let field = self.schema.field_with_name(name).map_err(|_| self.unknown(name))?;
        let data_type = match field.data_type() {
            DataType::Dictionary(_, values) => values.as_ref().clone(),
            data_type => data_type.clone(),
        };
        let index = self.columns.iter().position(|known| known == name).unwrap_or_else(|| {
            self.columns.push(name.to_owned());
            self.columns.len() - 1
        });
        self.asked.columns.push(index);
        Ok(Column { index, data_type })
    }

    /// Asks for a column that is to be shown as evidence.
    pub(crate) fn field(&mut self, name: &str) -> Result<Field, String> {
        let index = self.column(name)?.index;
        Ok(Field { index, name: name.to_owned(), masked: self.is_secret(name) })
    }

    /// Asks for a predicate.
    pub(crate) fn predicate(&mut self, sql: &str) -> Result<usize, String> {
        if let Some(index) = self.predicates.iter().position(|(known, _)| known == sql) {
            for name in self.predicates[index].1.clone() {
                self.column(&name)?;
            }
            self.asked.predicates.push(index);
            return Ok(index);
        }
        let compiled = self.expressions.compile(sql, self.schema)?;
        let columns = compiled.columns();
        for name in &columns {
            self.column(name)?;
        }
        self.predicates.push((sql.to_owned(), columns));
        self.lasting.push(compiled.is_lasting());
        self.asked.predicates.push(self.predicates.len() - 1);
        Ok(self.predicates.len() - 1)
    }

    /// The values of another port's columns, if the caller brings them.
    pub(crate) fn known(&mut self, port: &PortName, columns: &[String]) -> Option<Result<Known, String>> {
        let known = self.expressions.known(port, columns);
        if let Some(Ok(known)) = &known {
            self.asked.state = Some(known.state.clone());
        }
        known
    }

    /// The state that a check compares with.
    pub(crate) fn earlier(&self, check: &Check) -> Result<Option<Arc<Earlier>>, String> {
        self.expressions.earlier(check)
    }

    /// What a check measured for the releases before.
    pub(crate) fn history(&self, check: &Check) -> Vec<f64> {
        self.expressions.history(check)
    }

    /// The type of a column, as text.
    pub(crate) fn type_of(&self, name: &str) -> String {
        self.schema.field_with_name(name).map_or_else(
            |_| String::new(),
            |field| match field.data_type() {
                DataType::Dictionary(_, values) => values.to_string(),
                other => other.to_string(),
            },
        )
    }

    /// The columns that the contract lists.
    pub(crate) fn promised(&self) -> Vec<String> {
        self.contract.columns.iter().map(|column| column.name.clone()).collect()
    }

    /// The columns of the contract's key.
    pub(crate) fn key(&self) -> &[String] {
        &self.contract.key
    }

    /// The columns that the schema has.
    pub(crate) fn found(&self) -> Vec<String> {
        self.schema.fields().iter().map(|field| field.name().clone()).collect()
    }

    /// Whether a column's values must not be shown.
    pub(crate) fn is_secret(&self, name: &str) -> bool {
        let secret = |tag: &String| tag.eq_ignore_ascii_case("pii") || tag.eq_ignore_ascii_case("sensitive");
        self.contract.columns.iter().any(|column| column.name == name && column.tags.iter().any(secret))
    }

    fn unknown(&self, name: &str) -> String {
        let names: Vec<_> = self.schema.fields().iter().map(|field| field.name().as_str()).collect();
        format!("the data have no column `{name}`, only {}", names.join(", "))
    }
}
