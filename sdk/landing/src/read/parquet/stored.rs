//! Text read as it is stored: few-valued columns as dictionaries, the others without copying.
use std::sync::Arc;

use ::parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use ::parquet::basic::Encoding;
use ::parquet::errors::Result;
use ::parquet::file::metadata::ColumnChunkMetaData;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

/// Asks for the text columns at these places of the file as they are stored; gives the schema of the batches.
pub(super) fn keep(
    metadata: &ArrowReaderMetadata,
    wanted: &SchemaRef,
    places: &[usize],
) -> Result<(ArrowReaderMetadata, SchemaRef)> {
    let mut stored: Vec<Field> = metadata.schema().fields().iter().map(|field| field.as_ref().clone()).collect();
    let mut fields: Vec<Field> = wanted.fields().iter().map(|field| field.as_ref().clone()).collect();
    for (field, place) in fields.iter_mut().zip(places) {
        let is_text = matches!(stored[*place].data_type(), DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
        if *field.data_type() == DataType::Utf8 && is_text {
            let as_stored = match is_dictionary(metadata, *place) {
                true => DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
                false => DataType::Utf8View,
            };
            stored[*place] = stored[*place].clone().with_data_type(as_stored.clone());
            *field = field.clone().with_data_type(as_stored);
        }
    }
    let hint = Schema::new_with_metadata(stored, metadata.schema().metadata().clone());
    let options = ArrowReaderOptions::new().with_schema(Arc::new(hint));
    Ok((ArrowReaderMetadata::try_new(metadata.metadata().clone(), options)?, Arc::new(Schema::new(fields))))
}

/// Whether all values of a top-level column are in dictionaries, in every row group.
fn is_dictionary(metadata: &ArrowReaderMetadata, place: usize) -> bool {
    let columns = metadata.parquet_schema();
    let Some(leaf) = (0..columns.num_columns()).find(|leaf| columns.get_column_root_idx(*leaf) == place) else {
        return false;
    };
    let groups = metadata.metadata().row_groups();
    !groups.is_empty() && groups.iter().all(|group| only_dictionary_pages(group.column(leaf)))
}

fn only_dictionary_pages(column: &ColumnChunkMetaData) -> bool {
    column.dictionary_page_offset().is_some()
        && column
            .page_encoding_stats_mask()
            .is_some_and(|mask| mask.is_only(Encoding::RLE_DICTIONARY) || mask.is_only(Encoding::PLAIN_DICTIONARY))
}
