use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, RecordBatch};
use arrow::datatypes::{DataType, Int64Type, SchemaRef};
use chrono::{DateTime, Utc};
use meshwright_check::{CheckResult, Context, Expressions, Pass, Predicate, Report, RowOrigin, Suite};
use meshwright_spec::{Contract, Sources};

/// Reads a contract from its columns and checks; the head is filled in.
pub(crate) fn contract(head: &str, body: &str) -> Contract {
    let text =
        format!("[contract]\nversion = \"1.0.0\"\nstatus = \"active\"\ndescription = \"Test.\"\n{head}\n{body}\n");
    let mut sources = Sources::default();
    let file = sources.add("contracts/port.toml", text);
    let (contract, mistakes) = Contract::parse(&"port".parse().unwrap(), file, &sources);
    contract.unwrap_or_else(|| panic!("{mistakes:#?}"))
}

pub(crate) fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
}

/// The same batch with its text columns as dictionaries.
pub(crate) fn with_dictionaries(batch: &RecordBatch) -> RecordBatch {
    let dictionary = DataType::Dictionary(DataType::Int32.into(), DataType::Utf8.into());
    cast_texts(batch, &dictionary)
}

/// The same batch with its text columns in another layout.
pub(crate) fn cast_texts(batch: &RecordBatch, layout: &DataType) -> RecordBatch {
    let schema = batch.schema();
    let columns = schema.fields().iter().zip(batch.columns()).map(|(field, array)| match array.data_type() {
        DataType::Utf8 => (field.name().clone(), arrow::compute::cast(array, layout).unwrap(), true),
        _ => (field.name().clone(), array.clone(), true),
    });
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

pub(crate) fn now() -> DateTime<Utc> {
    "2026-01-10T12:00:00Z".parse().unwrap()
}

pub(crate) fn context() -> Context {
    Context { files: vec!["a.parquet".into(), "b.parquet".into()], ..Context::at(now()) }
}

pub(crate) fn suite(contract: &Contract, schema: &SchemaRef) -> Suite {
    Suite::plan(contract, schema, &Comparisons)
}

pub(crate) fn finish(pass: Pass) -> Report {
    pass.finish(&context())
}

pub(crate) fn judge(contract: &Contract, batch: &RecordBatch) -> Report {
    judge_with(contract, batch, &Comparisons)
}

pub(crate) fn judge_with(contract: &Contract, batch: &RecordBatch, expressions: &dyn Expressions) -> Report {
    let mut pass = Suite::plan(contract, &batch.schema(), expressions).start();
    pass.update(batch, RowOrigin { file: 0, first_row: 0 });
    finish(pass)
}

/// The result of one check, in the batch as it is and with dictionaries; both must be the same.
#[track_caller]
pub(crate) fn result(columns_and_checks: &str, id: &str, batch: &RecordBatch) -> CheckResult {
    result_with(columns_and_checks, id, batch, &Comparisons)
}

/// The same, where checks need to know more than the rows.
#[track_caller]
pub(crate) fn result_with(
    columns_and_checks: &str,
    id: &str,
    batch: &RecordBatch,
    expressions: &dyn Expressions,
) -> CheckResult {
    let contract = contract("", columns_and_checks);
    let plain = judge_with(&contract, batch, expressions);
    for other in
        [with_dictionaries(batch), cast_texts(batch, &DataType::Utf8View), cast_texts(batch, &DataType::LargeUtf8)]
    {
        let other = judge_with(&contract, &other, expressions);
        assert_eq!(serde_json::to_value(&plain).unwrap(), serde_json::to_value(&other).unwrap());
    }
    plain.result(id).unwrap_or_else(|| panic!("no `{id}` among {:?}", ids(&plain))).clone()
}

pub(crate) fn ids(report: &Report) -> Vec<&str> {
    report.results.iter().map(|result| result.id.as_str()).collect()
}

/// Predicates `<column> >= <number>` over columns of long, enough to stand in for an engine.
pub(crate) struct Comparisons;

struct AtLeast {
    column: String,
    bound: i64,
}

impl Expressions for Comparisons {
    fn compile(&self, sql: &str, schema: &SchemaRef) -> Result<Arc<dyn Predicate>, String> {
        let (column, bound) = sql.split_once(" >= ").ok_or("no comparison")?;
        schema.field_with_name(column).map_err(|_| format!("no column `{column}`"))?;
        let bound = bound.parse().map_err(|_| "no number")?;
        Ok(Arc::new(AtLeast { column: column.into(), bound }))
    }
}

impl Predicate for AtLeast {
    fn evaluate(&self, batch: &RecordBatch) -> Result<BooleanArray, String> {
        let column = batch.column_by_name(&self.column).ok_or("no such column")?;
        if self.bound == 13 {
            return Err("thirteen cannot be compared".into());
        }
        Ok(column.as_primitive::<Int64Type>().iter().map(|value| value.map(|value| value >= self.bound)).collect())
    }

    fn columns(&self) -> Vec<String> {
        vec![self.column.clone()]
    }
}
