//! Names and types of columns, guessed from the data.
use meshwright_spec::{DataType, Format, Source};

use super::{csv, json, parquet};
use crate::code;
use crate::data_error::DataError;
use crate::landing::Resource;

/// Text of each file that guesses are made from.
pub(super) const SAMPLE: usize = 64 << 20;

/// Guesses names and types of a source's columns from its resources.
///
/// - CSV and JSON: from the first 64 MiB of text of every file; Parquet: from the files' own schemas.
/// - Whole numbers are `long`, unless zeros or a plus sign before them say that they are codes; a column without any
///   value is `string`; so is one whose values have no type in common.
/// - Names stay as they are in the files. An empty one is `column_<n>`, the second of two equal ones gets `_2`.
/// - CSV and Parquet files of one source must have the same columns; JSON objects may leave some out.
pub fn infer(resources: &[Resource], source: &Source) -> Result<Vec<(String, DataType)>, Box<DataError>> {
    match &source.format {
        Format::Csv { .. } => csv::infer(resources, source),
        Format::Ndjson | Format::Json => json::infer(resources, source),
        Format::Parquet => parquet::infer(resources, source),
    }
}

/// Puts the columns of several files together; the first one gives the order.
pub(super) fn combine<G: Clone>(
    source: &Source,
    files: Vec<(&str, Vec<(String, G)>)>,
    and: impl Fn(G, G) -> G,
) -> Result<Vec<(String, G)>, Box<DataError>> {
    let mut files = files.into_iter();
    let Some((first, mut columns)) = files.next() else { return Ok(vec![]) };
    for (shown, others) in files {
        for (name, guess) in &mut columns {
            let Some((_, other)) = others.iter().find(|(other, _)| other == name) else {
                return Err(differ(source, shown, first, name));
            };
            *guess = and(guess.clone(), other.clone());
        }
        if let Some((name, _)) = others.iter().find(|(other, _)| columns.iter().all(|(name, _)| name != other)) {
            return Err(differ(source, first, shown, name));
        }
    }
    Ok(columns)
}

fn differ(source: &Source, without: &str, with: &str, name: &str) -> Box<DataError> {
    DataError::new(code::NO_COLUMN, source, without, format!("it has no column `{name}`, but `{with}` has"))
        .column(name)
        .help("declare the `columns` of the source that all files have; others are then ignored")
}
