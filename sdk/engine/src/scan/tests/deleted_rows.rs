use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, Int64Array, RecordBatch, StringArray};
use iceberg::arrow::schema_to_arrow_schema;
use iceberg::spec::*;
use parquet::file::properties::WriterProperties;

use super::differential::{BATCHES, Case};
use super::evolution::{field, primitive};
use super::rows::{ROWS, ids};
use super::table::TestTable;
use super::vectors::vectors;
use crate::scan::files;

/// Deletes by the value of one column, which the delete file calls by the name it had then.
async fn by_key(table: &mut TestTable, column: NestedFieldRef, keys: ArrayRef) -> DataFile {
    let id = column.id;
    let schema = Arc::new(Schema::builder().with_fields([column]).build().unwrap());
    let arrow = Arc::new(schema_to_arrow_schema(&schema).unwrap());
    let batch = RecordBatch::try_new(arrow, vec![keys]).unwrap();
    let about = |file: &mut DataFileBuilder| {
        file.content(DataContentType::EqualityDeletes).equality_ids(Some(vec![id]));
    };
    table.write_as(&schema, &batch, WriterProperties::default(), about).await
}

pub(super) async fn by_position(table: &mut TestTable, path: &str, positions: &[i64]) -> DataFile {
    let column = |id, name, of| NestedFieldRef::from(NestedField::required(id, name, primitive(of)));
    let path_column = column(2147483546, "file_path", PrimitiveType::String);
    let position = column(2147483545, "pos", PrimitiveType::Long);
    let schema = Arc::new(Schema::builder().with_fields([path_column, position]).build().unwrap());
    let columns: Vec<ArrayRef> =
        vec![Arc::new(StringArray::from(vec![path; positions.len()])), Arc::new(Int64Array::from(positions.to_vec()))];
    let batch = RecordBatch::try_new(Arc::new(schema_to_arrow_schema(&schema).unwrap()), columns).unwrap();
    let about = |file: &mut DataFileBuilder| {
        file.content(DataContentType::PositionDeletes).referenced_data_file(Some(path.to_string()));
    };
    table.write_as(&schema, &batch, WriterProperties::default(), about).await
}

/// How rows are deleted by their place.
#[derive(Clone, Copy, PartialEq)]
enum Places {
    Files,
    Vectors,
}

/// Deletes by a nullable key that was promoted and whose name another column has now, by a key, and by position; data
/// files before and after.
async fn with_deletes(nested: bool, places: Option<Places>) -> Case {
    let mut case = Case::new(nested, false, false).await;
    let first = case.table.table.metadata().snapshots().min_by_key(|snapshot| snapshot.sequence_number()).unwrap();
    let oldest = files(&case.table.table, first).await.unwrap();

    let schema = case.table.table.metadata().schema_by_id(0).unwrap().clone();
    let (i, k) = (schema.field_id_by_name("i").unwrap(), schema.field_id_by_name("k").unwrap());
    let all = case.rows(ids(&schema));
    let value = all.int(i, 25);
    let keys: ArrayRef = Arc::new(Int32Array::from(vec![None, Some(value as i32)]));
    let nulls_and_values = by_key(&mut case.table, field(i, "b", primitive(PrimitiveType::Int)), keys).await;
    case.table.commit(vec![], vec![nulls_and_values]).await;
    for (_, ks) in &mut case.written {
        ks.retain(|k| !all.is_null(i, *k) && all.int(i, *k) != value);
    }

    let gone: HashSet<i64> = (0..40).map(|n| n * 11).collect();
    let keys: ArrayRef = Arc::new(Int64Array::from_iter_values(gone.iter().copied()));
    let column = NestedField::required(k, "k", primitive(PrimitiveType::Long)).into();
    let by_k = by_key(&mut case.table, column, keys).await;
    case.table.commit(vec![], vec![by_k]).await;
    for (_, ks) in &mut case.written {
        ks.retain(|k| !gone.contains(k));
    }

    // these keep their rows
    let newest = case.append(false).await;
    if let Some(places) = places {
        let (old, new) = (oldest[2].path.clone(), newest[1].file_path().to_owned());
        let deletes = match places {
            Places::Files => {
                let old = by_position(&mut case.table, &old, &[1, 7]).await;
                vec![old, by_position(&mut case.table, &new, &[0, 5, 19]).await]
            }
            Places::Vectors => {
                case.table.change(|metadata| metadata.upgrade_format_version(FormatVersion::V3));
                vectors(&mut case.table, &[(&old, &[1, 7]), (&new, &[0, 5, 19])]).await
            }
        };
        case.table.commit(vec![], deletes).await;
        let (old, new) = (2 * ROWS, (3 * BATCHES + 1) * ROWS);
        let gone = [old + 1, old + 7, new, new + 5, new + 19];
        for (_, ks) in &mut case.written {
            ks.retain(|k| !gone.contains(k));
        }
    }
    case
}

async fn by_key_and_by(places: Places) {
    let case = with_deletes(false, Some(places)).await;
    let snapshot = case.table.table.metadata().current_snapshot().unwrap();
    let files = files(&case.table.table, snapshot).await.unwrap();
    assert_eq!(files.len() as i64, 4 * BATCHES);
    assert_eq!(files.iter().filter(|file| file.has_deletes).count() as i64, 3 * BATCHES + 1);
    case.compare(80, 17).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_key_and_by_position() {
    by_key_and_by(Places::Files).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_key_and_by_vector() {
    by_key_and_by(Places::Vectors).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_nested_columns_that_changed() {
    for places in [None, Some(Places::Files), Some(Places::Vectors)] {
        with_deletes(true, places).await.compare(20, 19).await;
    }
}
