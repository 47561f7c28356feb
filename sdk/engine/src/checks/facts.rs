//! What a Parquet file's footer and dictionaries say of its rows before any is read: null counts, ranges of whole numbers
//! and times, all values of columns that are nothing but dictionary. Never ranges of floats from the footer, which leave
//! NaN out.
use std::fs::File;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float32Array, Float64Array, Int32Array, Int64Array, StringBuilder};
use arrow::datatypes::{DataType, SchemaRef, TimeUnit};
use bytes::Bytes;
use meshwright_check::{ColumnFacts, FileFacts};
use parquet::basic::Type as Physical;
use parquet::column::page::{Page, PageReader};
use parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};
use parquet::file::serialized_reader::SerializedPageReader;
use parquet::file::statistics::Statistics;

use super::files::{Opened, Place, only_dictionary_pages};

/// Dictionaries of more values are cheaper judged row by row: so many, or so large a part of the rows.
const MOST_VALUES: usize = 10_000;
const PART_OF_ROWS: usize = 8;

/// Where a file has a column.
enum At {
    /// Nowhere, and every row has another value than null there.
    Default,
    /// Nowhere: all rows are null.
    Missing,
    /// At this place of the file's schema.
    Root(usize),
}

/// What is known of a file's columns, by their names in the contract. Columns that the file lacks are all null.
/// Dictionaries are read of the columns that are named.
pub(super) fn facts(file: &Opened, schema: &SchemaRef, ids: &[Place], dictionaries: &[String]) -> FileFacts {
    let roots = file.metadata.metadata().file_metadata().schema_descr().root_schema().get_fields();
    gather(file, file.metadata.metadata().row_groups(), schema, dictionaries, |name| {
        let (_, id, default) = ids.iter().find(|(known, ..)| known == name)?;
        let root = roots.iter().map(|f| f.get_basic_info()).position(|f| f.has_id() && f.id() == *id);
        // a file that is older than the column has its default everywhere
        let elsewhere = || if default.is_some() { At::Default } else { At::Missing };
        Some(root.map_or_else(elsewhere, At::Root))
    })
}

/// The same of one row group of a file that somebody else wrote: columns are known by their names, and nothing is said of
/// those whose values are converted, because that may fail.
pub(crate) fn facts_by_name(file: &Opened, group: usize, schema: &SchemaRef, dictionaries: &[String]) -> FileFacts {
    let stored = file.metadata.schema();
    let group = &file.metadata.metadata().row_groups()[group..=group];
    gather(file, group, schema, dictionaries, |name| {
        let (root, field) = stored.column_with_name(name)?;
        is_kept(field.data_type(), schema.field_with_name(name).ok()?.data_type()).then_some(At::Root(root))
    })
}

fn gather(
    file: &Opened,
    groups: &[RowGroupMetaData],
    schema: &SchemaRef,
    dictionaries: &[String],
    place: impl Fn(&str) -> Option<At>,
) -> FileFacts {
    let columns = file.metadata.parquet_schema();
    let rows = groups.iter().map(|g| g.num_rows() as u64).sum();
    let mut facts = FileFacts { rows, ..Default::default() };
    for field in schema.fields() {
        let root = match place(field.name()) {
            Some(At::Root(root)) => root,
            Some(At::Missing) => {
                let column = ColumnFacts { nulls: Some(rows), ..Default::default() };
                facts.columns.insert(field.name().clone(), column);
                continue;
            }
            Some(At::Default) | None => continue,
        };
        if !columns.root_schema().get_fields()[root].is_primitive() {
            continue;
        }
        let Some(leaf) = (0..columns.num_columns()).find(|leaf| columns.get_column_root_idx(*leaf) == root) else {
            continue;
        };
        let stored = file.metadata.schema().field(root).data_type();
        let column = ColumnFacts {
            nulls: nulls(groups, leaf),
            range: if is_kept(stored, field.data_type()) { range(groups, leaf, field.data_type()) } else { None },
            values: match dictionaries.contains(field.name()) && is_kept(stored, field.data_type()) {
                true => values(file, groups, leaf, value_type(field.data_type())),
                false => None,
            },
        };
        facts.columns.insert(field.name().clone(), column);
    }
    facts
}

/// Whether every stored value is the same number or the same text in the promised type, so that reading cannot fail.
pub(crate) fn is_kept(stored: &DataType, promised: &DataType) -> bool {
    use DataType::{Int8, Int16, Int32, Int64, LargeUtf8, Utf8, Utf8View};
    match (stored, value_type(promised)) {
        (stored, promised) if stored == promised => true,
        (Int8 | Int16 | Int32, Int32 | Int64) => true,
        (Utf8 | LargeUtf8 | Utf8View, Utf8 | LargeUtf8 | Utf8View) => true,
        _ => false,
    }
}

fn value_type(data_type: &DataType) -> &DataType {
    match data_type {
        DataType::Dictionary(_, values) => values,
        other => other,
    }
}

fn nulls(groups: &[RowGroupMetaData], leaf: usize) -> Option<u64> {
    groups.iter().map(|g| g.column(leaf).statistics()?.null_count_opt()).sum()
}

/// Only where every group says its exact smallest and largest value, in the unit of the promised type.
fn range(groups: &[RowGroupMetaData], leaf: usize, data_type: &DataType) -> Option<(i128, i128)> {
    let whole = matches!(
        data_type,
        DataType::Int32
            | DataType::Int64
            | DataType::Date32
            | DataType::Time64(TimeUnit::Microsecond)
            | DataType::Timestamp(TimeUnit::Microsecond | TimeUnit::Nanosecond, _)
    );
    if !whole {
        return None;
    }
    let mut found: Option<(i128, i128)> = None;
    for group in groups {
        let statistics = group.column(leaf).statistics()?;
        if statistics.null_count_opt() == Some(group.num_rows() as u64) {
            continue;
        }
        if !statistics.min_is_exact() || !statistics.max_is_exact() || statistics.is_min_max_deprecated() {
            return None;
        }
        let (min, max): (i128, i128) = match statistics {
            Statistics::Int32(s) => ((*s.min_opt()?).into(), (*s.max_opt()?).into()),
            Statistics::Int64(s) => ((*s.min_opt()?).into(), (*s.max_opt()?).into()),
            _ => return None,
        };
        found = Some(found.map_or((min, max), |(low, high)| (low.min(min), high.max(max))));
    }
    found
}

/// The dictionaries of row groups that are nothing but dictionary, without their rows.
fn values(file: &Opened, groups: &[RowGroupMetaData], leaf: usize, promised: &DataType) -> Option<ArrayRef> {
    let rows: usize = groups.iter().map(|group| usize::try_from(group.num_rows()).unwrap_or(0)).sum();
    let readable = |column: &ColumnChunkMetaData| {
        only_dictionary_pages(column)
            && match promised {
                DataType::Utf8 | DataType::Utf8View => column.column_type() == Physical::BYTE_ARRAY,
                DataType::Int32 => column.column_type() == Physical::INT32,
                DataType::Int64 => column.column_type() == Physical::INT64,
                DataType::Float32 => column.column_type() == Physical::FLOAT,
                DataType::Float64 => column.column_type() == Physical::DOUBLE,
                _ => false,
            }
    };
    if groups.is_empty() || !groups.iter().all(|group| readable(group.column(leaf))) {
        return None;
    }
    let source = Arc::new(File::open(&file.path).ok()?);
    let mut pages = vec![];
    let mut left = MOST_VALUES.max(rows / PART_OF_ROWS);
    for group in groups {
        let column = group.column(leaf);
        let mut reader = SerializedPageReader::new(source.clone(), column, group.num_rows() as usize, None).ok()?;
        let Some(Page::DictionaryPage { buf, num_values, .. }) = reader.get_next_page().ok()? else { return None };
        left = left.checked_sub(num_values as usize)?;
        pages.push((buf, num_values as usize));
    }
    Some(match promised {
        DataType::Int32 => Arc::new(Int32Array::from(numbers(&pages, i32::from_le_bytes)?)),
        DataType::Int64 => Arc::new(Int64Array::from(numbers(&pages, i64::from_le_bytes)?)),
        DataType::Float32 => Arc::new(Float32Array::from(numbers(&pages, f32::from_le_bytes)?)),
        DataType::Float64 => Arc::new(Float64Array::from(numbers(&pages, f64::from_le_bytes)?)),
        _ => texts(&pages)?,
    })
}

/// The numbers of dictionary pages.
fn numbers<T, const WIDTH: usize>(pages: &[(Bytes, usize)], read: fn([u8; WIDTH]) -> T) -> Option<Vec<T>> {
    let mut all = vec![];
    for (page, count) in pages {
        all.extend(page.as_chunks::<WIDTH>().0.get(..*count)?.iter().map(|bytes| read(*bytes)));
    }
    Some(all)
}

/// The texts of dictionary pages, each with its length before it.
fn texts(pages: &[(Bytes, usize)]) -> Option<ArrayRef> {
    let mut all = StringBuilder::new();
    for (page, count) in pages {
        let mut rest: &[u8] = page;
        for _ in 0..*count {
            let (length, after) = rest.split_first_chunk::<4>()?;
            let (text, after) = after.split_at_checked(u32::from_le_bytes(*length) as usize)?;
            all.append_value(std::str::from_utf8(text).ok()?);
            rest = after;
        }
    }
    Some(Arc::new(all.finish()))
}
