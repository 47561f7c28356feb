//! What a Parquet footer must say, and what it must not.
use parquet::basic::Type;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, RowGroupMetaData};

use super::damaged;
use super::reader::ScanFile;
use super::snapshot::LiveFile;

/// Parquet statistics leave NaN out while DataFusion orders NaN above every number (and -NaN below): a footer that
/// says `max = 3` would prune the NaN which `x > 5` wants. The statistics of such columns, and the page indexes, are
/// taken out of the footer.
pub(super) fn without_nan_statistics(footer: ParquetMetaData, file: &LiveFile) -> Result<ParquetMetaData> {
    let lies = |column: &ColumnChunkMetaData| {
        let info = column.column_descr().self_type().get_basic_info();
        // half floats are two fixed bytes, and not a type of Iceberg
        matches!(column.column_type(), Type::FLOAT | Type::DOUBLE) && !(info.has_id() && file.nan_free(info.id()))
    };
    if !footer.row_groups().iter().flat_map(RowGroupMetaData::columns).any(lies) {
        return Ok(footer);
    }
    let honest = |column: &ColumnChunkMetaData| {
        if !lies(column) {
            return Ok(column.clone());
        }
        let column = column.clone().into_builder().clear_statistics();
        column.set_column_index_offset(None).set_column_index_length(None).build()
    };
    let mut footer = footer.into_builder();
    let groups = footer.take_row_groups().into_iter().map(|group| {
        let columns = group.columns().iter().map(honest).collect::<Result<_>>()?;
        group.into_builder().set_column_metadata(columns).build()
    });
    let groups = groups.collect::<Result<_>>()?;
    Ok(footer.set_row_groups(groups).build())
}

/// Counts are answered from the manifest, so the file must hold what the manifest counts.
pub(super) fn check_rows(footer: &ParquetMetaData, file: &LiveFile) -> Result<()> {
    let (found, counted) = (footer.file_metadata().num_rows(), file.data().record_count());
    if u64::try_from(found) == Ok(counted) {
        return Ok(());
    }
    Err(invalid(format!("{} holds {found} rows, the table counts {counted} in it: it was overwritten", file.path())))
}

/// A column of which only the file knows the values must not read as null because it is missing there.
pub(super) fn check_columns(footer: &ParquetMetaData, scanned: &ScanFile) -> Result<()> {
    let columns = || footer.file_metadata().schema_descr().columns().iter();
    for id in &scanned.must_hold {
        let name = scanned.file.schema.name_by_field_id(*id);
        let held = columns().any(|column| {
            let info = column.self_type().get_basic_info();
            if info.has_id() { info.id() == *id } else { Some(column.path().string().as_str()) == name }
        });
        if !held {
            let name = name.map_or_else(|| id.to_string(), str::to_string);
            return Err(invalid(format!("column {name} is missing in {}", scanned.file.path())));
        }
    }
    Ok(())
}

fn invalid(message: String) -> ParquetError {
    ParquetError::External(Box::new(damaged(message)))
}
