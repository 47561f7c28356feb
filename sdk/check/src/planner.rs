//! Gathers, while checks are planned, which columns and predicates they need.
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::datatypes::{DataType, SchemaRef};
use meshwright_spec::Contract;

use crate::evidence::Field;

/// Compiles SQL predicates: the engine's part of `expression` checks and of `where`.
pub trait Expressions {
    /// Compiles a predicate over batches of this schema. An error is one sentence for people.
    fn compile(&self, sql: &str, schema: &SchemaRef) -> Result<Arc<dyn Predicate>, String>;
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
}

impl<'a> Planner<'a> {
    /// Starts with nothing needed.
    pub(crate) fn new(contract: &'a Contract, schema: &'a SchemaRef, expressions: &'a dyn Expressions) -> Self {
        Self { contract, schema, expressions, columns: Vec::new(), predicates: Vec::new() }
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
            return Ok(index);
        }
        let columns = self.expressions.compile(sql, self.schema)?.columns();
        for name in &columns {
            self.column(name)?;
        }
        self.predicates.push((sql.to_owned(), columns));
        Ok(self.predicates.len() - 1)
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
