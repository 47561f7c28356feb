use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array};
use iceberg::puffin::{Blob, CompressionCodec, DELETION_VECTOR_V1, PuffinReader, PuffinWriter};
use iceberg::spec::*;

use super::deleted_rows::by_position;
use super::evolution::{field, primitive};
use super::table::TestTable;
use super::{answer, context, head, query};
use crate::deleted_places::encoded;

/// One Puffin file with the deleted rows of several data files.
pub(super) async fn vectors(table: &mut TestTable, of: &[(&str, &[u64])]) -> Vec<DataFile> {
    let path = table.path("puffin");
    let output = table.table.file_io().new_output(&path).unwrap();
    let mut writer = PuffinWriter::new(&output, HashMap::new(), false).await.unwrap();
    for (file, rows) in of {
        let blob = Blob::builder()
            .r#type(DELETION_VECTOR_V1.to_owned())
            .fields(vec![])
            .snapshot_id(-1)
            .sequence_number(-1)
            .data(encoded(&rows.iter().copied().collect()).unwrap())
            .properties([("referenced-data-file".to_owned(), (*file).to_owned())].into());
        writer.add(blob.build(), CompressionCodec::None).await.unwrap();
    }
    writer.close().await.unwrap();
    let input = table.table.file_io().new_input(&path).unwrap();
    let size = input.metadata().await.unwrap().size;
    let reader = PuffinReader::new(input);
    let blobs = reader.file_metadata().await.unwrap().blobs();
    let entry = |((file, rows), blob): (&(&str, &[u64]), &iceberg::puffin::BlobMetadata)| {
        let mut entry = DataFileBuilder::default();
        entry
            .content(DataContentType::PositionDeletes)
            .file_path(path.clone())
            .file_format(DataFileFormat::Puffin)
            .partition(Struct::empty())
            .partition_spec_id(0)
            .record_count(rows.len() as u64)
            .file_size_in_bytes(size)
            .referenced_data_file(Some((*file).to_owned()))
            .content_offset(Some(blob.offset() as i64))
            .content_size_in_bytes(Some(blob.length() as i64));
        entry.build().unwrap()
    };
    of.iter().zip(blobs).map(entry).collect()
}

fn longs(values: std::ops::Range<i64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(values))
}

/// One column `k`, two files of five rows each, and their paths.
async fn two_files() -> (TestTable, [String; 2]) {
    let schema = Schema::builder().with_fields([field(1, "k", primitive(PrimitiveType::Long))]).build().unwrap();
    let mut table = TestTable::new(schema, UnboundPartitionSpec::default(), FormatVersion::V3);
    let mut paths = vec![];
    for from in [0, 5] {
        let files = table.write(&table.batch(vec![longs(from..from + 5)])).await;
        paths.push(files[0].file_path().to_owned());
        table.commit(files, vec![]).await;
    }
    (table, paths.try_into().unwrap())
}

const ALL: &str = "select k from t order by k";

#[tokio::test]
async fn several_vectors_share_a_file() {
    let (mut table, [a, b]) = two_files().await;
    let deletes = vectors(&mut table, &[(&a, &[0, 4]), (&b, &[2])]).await;
    table.commit(vec![], deletes).await;
    assert_eq!(query(head(&table.table), ALL).await.unwrap(), ["1", "2", "3", "5", "6", "8", "9"]);
    let context = context(false);
    context.register_table("t", head(&table.table)).unwrap();
    assert_eq!(answer(&context, "select count(*) from t").await.unwrap(), ["7"]);
    let plan = answer(&context, "explain select count(*) from t").await.unwrap().join("\n");
    assert!(plan.contains("7 as count") && !plan.contains("PositionDeletes"), "counted from the manifests: {plan}");
    assert_eq!(answer(&context, "select count(*), min(k) from t where k < 9").await.unwrap(), ["6|1"]);
    assert_eq!(answer(&context, "select k from t where k > 7 limit 2").await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_vector_takes_the_place_of_files_and_is_as_old_as_its_commit() {
    let (mut table, [a, b]) = two_files().await;
    let files = vec![by_position(&mut table, &a, &[1]).await, by_position(&mut table, &b, &[1]).await];
    // as they were before the table became one of version 3
    table.commit(vec![], files).await;
    assert_eq!(query(head(&table.table), ALL).await.unwrap(), ["0", "2", "3", "4", "5", "7", "8", "9"]);
    let later = table.write(&table.batch(vec![longs(10..12)])).await;
    let deletes = vectors(&mut table, &[(&a, &[4]), (later[0].file_path(), &[0])]).await;
    table.commit(vec![], deletes).await;
    table.commit(later, vec![]).await;
    assert_eq!(query(head(&table.table), ALL).await.unwrap(), ["0", "1", "2", "3", "5", "7", "8", "9", "10", "11"]);
}

/// The file of a vector, changed by `edit`, or its entry, and a part of what is said about it.
async fn refused(edit: impl Fn(&mut Vec<u8>, usize), entry: impl Fn(&mut DataFileBuilder), says: &str) {
    let (mut table, [a, _]) = two_files().await;
    let good = vectors(&mut table, &[(&a, &[1, 3])]).await.remove(0);
    let local = good.file_path().trim_start_matches("file://");
    let mut bytes = std::fs::read(local).unwrap();
    edit(&mut bytes, good.content_offset().unwrap() as usize);
    std::fs::write(local, bytes).unwrap();
    let mut file = DataFileBuilder::default();
    file.content(DataContentType::PositionDeletes)
        .file_path(good.file_path().to_owned())
        .file_format(DataFileFormat::Puffin)
        .partition(Struct::empty())
        .partition_spec_id(0)
        .record_count(2)
        .file_size_in_bytes(good.file_size_in_bytes())
        .referenced_data_file(Some(a))
        .content_offset(good.content_offset())
        .content_size_in_bytes(good.content_size_in_bytes());
    entry(&mut file);
    table.commit(vec![], vec![file.build().unwrap()]).await;
    let error = query(head(&table.table), ALL).await.unwrap_err();
    assert!(error.contains(says) && error.contains(good.file_path()), "{says}: {error}");
}

#[tokio::test]
async fn a_vector_that_is_wrong_is_an_error() {
    let fine = |_: &mut DataFileBuilder| {};
    refused(|bytes, at| bytes[at + 3] ^= 1, fine, "its length is said to be").await;
    refused(|bytes, at| bytes[at + 4] ^= 1, fine, "magic number").await;
    refused(|bytes, at| bytes[at + 20] ^= 1, fine, "its checksum is wrong").await;
    let same = |_: &mut Vec<u8>, _: usize| {};
    let entry = |of: fn(&mut DataFileBuilder) -> &mut DataFileBuilder, says: &'static str| {
        refused(
            same,
            move |file| {
                of(file);
            },
            says,
        )
    };
    entry(|file| file.content_offset(None), "does not say where").await;
    entry(|file| file.content_offset(Some(1 << 40)), "are not in the file").await;
    entry(|file| file.content_offset(Some(-1)), "are not in the file").await;
    entry(|file| file.record_count(3), "it names 2 rows, its entry counts 3").await;
    entry(|file| file.referenced_data_file(None), "names no data file").await;
}

#[tokio::test]
async fn a_vector_for_rows_that_are_not_there_is_an_error() {
    let (mut table, [a, b]) = two_files().await;
    let deletes = vectors(&mut table, &[(&a, &[5])]).await;
    table.commit(vec![], deletes).await;
    let error = query(head(&table.table), ALL).await.unwrap_err();
    assert!(error.contains("names rows behind the last one"), "{error}");
    let deletes = vectors(&mut table, &[(&b, &[1]), (&b, &[2])]).await;
    table.commit(vec![], deletes).await;
    let error = query(head(&table.table), "select count(*) from t").await.unwrap_err();
    assert!(error.contains("two deletion vectors are for"), "{error}");
}
