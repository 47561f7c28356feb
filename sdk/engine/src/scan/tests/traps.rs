use std::sync::Arc;

use arrow::array::*;
use arrow::datatypes::DataType;
use iceberg::arrow::schema_to_arrow_schema;
use iceberg::io::FileIO;
use iceberg::spec::*;
use iceberg::table::Table;
use parquet::file::properties::WriterProperties;

use super::evolution::{field, primitive, structure};
use super::table::{TestTable, with_metadata};
use super::{answer, at, context, head, query};
use PrimitiveType::{Binary, Double, Float, Int, Long};

fn longs(values: impl IntoIterator<Item = i64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(values))
}

/// One column `k`, two snapshots of five rows each.
async fn two_snapshots() -> TestTable {
    let mut table = TestTable::unpartitioned(vec![field(1, "k", primitive(Long))]);
    for from in [0, 5] {
        let files = table.write(&table.batch(vec![longs(from..from + 5)])).await;
        table.commit(files, vec![]).await;
    }
    table
}

/// The same table, its metadata edited as JSON.
fn edited(table: &Table, edit: impl Fn(&mut serde_json::Value)) -> Table {
    let mut json = serde_json::to_value(table.metadata()).unwrap();
    edit(&mut json);
    with_metadata(table, serde_json::from_value(json).unwrap())
}

#[tokio::test]
async fn a_snapshot_that_counts_other_rows_is_refused() {
    let table = two_snapshots().await;
    for (total, counted) in [("total-records", "11"), ("total-data-files", "1"), ("total-delete-files", "1")] {
        let wrong = edited(&table.table, |json| {
            for snapshot in json["snapshots"].as_array_mut().unwrap() {
                snapshot["summary"][total] = counted.into();
            }
        });
        // the filter would prune every file
        let error = query(head(&wrong), "select k from t where k > 100").await.unwrap_err();
        assert!(error.contains(&format!("counts {counted}; nothing was read")), "{error}");
    }
}

#[tokio::test]
async fn a_file_that_was_overwritten_is_refused() {
    let table = two_snapshots().await;
    let snapshot = table.table.metadata().current_snapshot().unwrap();
    let files = crate::scan::files(&table.table, snapshot).await.unwrap();
    assert_eq!(files.iter().map(|file| file.rows).collect::<Vec<_>>(), [5, 5]);
    let path = |n: usize| files[n].path.trim_start_matches("file://").to_string();
    // four rows where there were five, padded in front so that the footer is where it was
    let mut other = TestTable::unpartitioned(vec![field(1, "k", primitive(Long))]);
    let shorter = other.write(&other.batch(vec![longs(0..4)])).await.remove(0);
    let shorter = std::fs::read(shorter.file_path().trim_start_matches("file://")).unwrap();
    let missing = files[0].size as usize - shorter.len();
    std::fs::write(path(0), [vec![0; missing], shorter].concat()).unwrap();
    let error = query(head(&table.table), "select sum(k) from t").await.unwrap_err();
    assert!(error.contains("holds 4 rows, the table counts 5"), "{error}");
}

#[test]
fn a_runtime_that_ended_loses_nothing() {
    let runtime = || tokio::runtime::Runtime::new().unwrap();
    // made, with its metadata, in a runtime that is gone when it is read
    let table = runtime().block_on(two_snapshots());
    let counted = runtime().block_on(query(head(&table.table), "select count(*), sum(k) from t where k >= 0"));
    assert_eq!(counted.unwrap(), ["10|45"]);
    let provider = head(&table.table);
    let error = futures::executor::block_on(provider.index()).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("runtime") || error.to_string().contains("reactor"), "{error}");
}

#[tokio::test]
async fn time_travel_and_a_table_without_snapshot() {
    let mut table = two_snapshots().await;
    let first = table.table.metadata().snapshots().min_by_key(|snapshot| snapshot.snapshot_id()).unwrap().clone();
    let then = table.schema().clone();
    table.evolve(vec![field(1, "key", primitive(Long)), field(2, "k", primitive(Int))]);
    let now = table.schema().clone();
    let read = |schema: &SchemaRef| at(&table.table, Some(&first), schema);
    assert_eq!(query(read(&then), "select count(*), max(k) from t where k < 100").await.unwrap(), ["5|4"]);
    assert_eq!(query(read(&now), "select max(key), count(k) from t where k is null").await.unwrap(), ["4|0"]);
    let empty = || at(&table.table, None, &now);
    assert_eq!(query(empty(), "select count(*), max(key) from t").await.unwrap(), ["0|"]);
    assert_eq!(query(empty(), "select * from t where k = 1").await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn counts_open_no_file_and_pruning_is_reported() {
    let table = two_snapshots().await;
    let snapshot = table.table.metadata().current_snapshot().unwrap();
    let context = context(false);
    let provider = head(&table.table);
    context.register_table("t", provider.clone()).unwrap();
    let analyzed = answer(&context, "explain analyze select k from t where k > 6").await.unwrap().join("\n");
    assert!(analyzed.contains("snapshot_files=2") && analyzed.contains("snapshot_files_pruned=1"), "{analyzed}");
    assert_eq!((provider.pruning().files, provider.pruning().pruned), (2, 1));
    for file in crate::scan::files(&table.table, snapshot).await.unwrap() {
        std::fs::remove_file(file.path.trim_start_matches("file://")).unwrap();
    }
    assert_eq!(answer(&context, "select count(*), count(k) from t").await.unwrap(), ["10|10"]);
    assert_eq!(answer(&context, "select k from t where k > 100").await.unwrap(), Vec::<String>::new());
}

/// DataFusion's filter for `min(k)` would leave out the file which has the only `v`.
#[tokio::test]
async fn aggregates_do_not_hide_files_from_each_other() {
    let mut table = TestTable::unpartitioned(vec![field(1, "k", primitive(Long)), field(2, "v", primitive(Long))]);
    for from in [0, 100, 200] {
        let v: ArrayRef = Arc::new(Int64Array::from(vec![(from == 200).then_some(-7); 5]));
        let files = table.write(&table.batch(vec![longs(from..from + 5), v])).await;
        table.commit(files, vec![]).await;
    }
    let sql = "select min(k), min(v), max(v + 1) from t";
    assert_eq!(query(head(&table.table), sql).await.unwrap(), ["0|-7|-6"]);
    let unsafe_session = datafusion::prelude::SessionContext::new();
    unsafe_session.register_table("t", head(&table.table)).unwrap();
    let error = answer(&unsafe_session, sql).await.unwrap_err();
    assert!(error.contains("min and max would miss rows"), "{error}");
}

/// The footer's bounds, and those of pages, leave NaN out.
#[tokio::test]
async fn nan_is_found_in_any_page() {
    let member = structure(vec![field(4, "d", primitive(Double))]);
    let fields = vec![field(1, "k", primitive(Long)), field(2, "d", primitive(Double)), field(3, "st", member)];
    let mut table = TestTable::unpartitioned(fields);
    let value = |k| match k {
        50 | 1050 | 3999 => f64::NAN,
        2000 => -f64::NAN,
        k => k as f64,
    };
    let d: ArrayRef = Arc::new(Float64Array::from_iter_values((0..4000).map(value)));
    let arrow = schema_to_arrow_schema(table.schema()).unwrap();
    let DataType::Struct(members) = arrow.field(2).data_type().clone() else { unreachable!() };
    let st: ArrayRef = Arc::new(StructArray::new(members, vec![d.clone()], None));
    let pages = WriterProperties::builder()
        .set_data_page_row_count_limit(100)
        .set_write_batch_size(100)
        .set_max_row_group_row_count(Some(1000))
        .build();
    let schema = table.schema().clone();
    let file = table.write_as(&schema, &table.batch(vec![longs(0..4000), d, st]), pages, |_| {}).await;
    table.commit(vec![file], vec![]).await;
    for (sql, want) in [
        ("select k from t where d > 5000 order by k", vec!["50", "1050", "3999"]),
        ("select k from t where d < -1", vec!["2000"]),
        ("select k from t where st['d'] > 5000 order by k", vec!["50", "1050", "3999"]),
        ("select count(*) from t where d <> 7", vec!["3999"]),
        ("select k from t where d = 7", vec!["7"]),
        ("select max(d), min(st['d']) from t where k = 3999", vec!["NaN|NaN"]),
    ] {
        assert_eq!(query(head(&table.table), sql).await.unwrap(), want, "{sql}");
    }
}

#[tokio::test]
async fn a_string_and_a_binary_column_swap_names() {
    let string = || primitive(PrimitiveType::String);
    let mut table = TestTable::unpartitioned(vec![field(1, "a", string()), field(2, "b", primitive(Binary))]);
    let a: ArrayRef = Arc::new(StringArray::from(vec![Some("one"), Some("two"), None]));
    let b: ArrayRef = Arc::new(LargeBinaryArray::from(vec![Some(b"\xff".as_ref()), None, Some(b"\x01".as_ref())]));
    let files = table.write(&table.batch(vec![a, b])).await;
    table.commit(files, vec![]).await;
    table.evolve(vec![field(1, "b", string()), field(2, "a", primitive(Binary))]);
    let got = query(head(&table.table), "select b from t order by b").await.unwrap();
    assert_eq!(got, ["one", "two", ""]);
    let error = query(head(&table.table), "select a from t").await.unwrap_err();
    assert!(error.contains("column a holds bytes and was called b before"), "{error}");
}

/// The partition column is in the path, not in the files.
async fn hive(of: PrimitiveType, values: [Option<Literal>; 3]) -> TestTable {
    let schema = Schema::builder().with_fields([field(1, "k", primitive(Long)), field(2, "part", primitive(of))]);
    let spec = UnboundPartitionSpec::builder().add_partition_field(2, "part", Transform::Identity).unwrap().build();
    let mut table = TestTable::new(schema.build().unwrap(), spec, FormatVersion::V2);
    let stored = Arc::new(Schema::builder().with_fields([field(1, "k", primitive(Long))]).build().unwrap());
    let arrow = Arc::new(schema_to_arrow_schema(&stored).unwrap());
    let mut files = vec![];
    for (n, value) in values.into_iter().enumerate() {
        let batch = RecordBatch::try_new(arrow.clone(), vec![longs([n as i64])]).unwrap();
        let about = |file: &mut DataFileBuilder| {
            file.partition(Struct::from_iter([value.clone()]));
        };
        files.push(table.write_as(&stored, &batch, WriterProperties::default(), about).await);
    }
    table.commit(files, vec![]).await;
    table
}

#[tokio::test]
async fn partition_values_that_are_not_in_the_files() {
    let table = hive(PrimitiveType::String, [Some(Literal::string("p1")), Some(Literal::string("p2")), None]).await;
    for (sql, want) in [
        ("select k, part from t order by k", vec!["0|p1", "1|p2", "2|"]),
        ("select k from t where part = 'p2'", vec!["1"]),
        ("select k from t where part is null", vec!["2"]),
        ("select max(part), count(part) from t where k < 1", vec!["p1|1"]),
    ] {
        assert_eq!(query(head(&table.table), sql).await.unwrap(), want, "{sql}");
    }
    let table = hive(Float, [Some(Literal::float(1.5)), Some(Literal::float(2.5)), None]).await;
    let got = query(head(&table.table), "select k, part from t where part < 9 order by k").await.unwrap();
    assert_eq!(got, ["0|1.5", "1|2.5"]);
    let table = hive(Float, [Some(Literal::float(1.5)), Some(Literal::float(f32::NAN)), None]).await;
    let error = query(head(&table.table), "select k, part from t").await.unwrap_err();
    assert!(error.contains("column part is missing in"), "{error}");
}

#[tokio::test]
async fn defaults_of_columns_that_were_added() {
    let s = |more: Vec<NestedFieldRef>| {
        structure([field(3, "u", primitive(Int))].into_iter().chain(more).collect::<Vec<_>>())
    };
    let schema = Schema::builder().with_fields([field(1, "k", primitive(Long)), field(2, "s", s(vec![]))]);
    let spec = UnboundPartitionSpec::default();
    let mut table = TestTable::new(schema.build().unwrap(), spec, FormatVersion::V3);
    let arrow = schema_to_arrow_schema(table.schema()).unwrap();
    let DataType::Struct(members) = arrow.field(1).data_type().clone() else { unreachable!() };
    let u: ArrayRef = Arc::new(Int32Array::from(vec![Some(1), None]));
    let parents = StructArray::new(members, vec![u], Some(vec![true, false].into()));
    let files = table.write(&table.batch(vec![longs([1, 2]), Arc::new(parents)])).await;
    table.commit(files, vec![]).await;
    let with_default = |id, name: &str, value| -> NestedFieldRef {
        NestedField::optional(id, name, primitive(Int)).with_initial_default(Literal::int(value)).into()
    };
    table.evolve(vec![
        field(1, "k", primitive(Long)),
        field(2, "s", s(vec![with_default(5, "v", 8)])),
        with_default(4, "n", 7),
    ]);
    for (sql, want) in [
        ("select k, n, s['v'] from t order by k", vec!["1|7|8", "2|7|"]),
        ("select count(*) from t where n = 7", vec!["2"]),
        ("select count(*) from t where n is null or n = 8", vec!["0"]),
        ("select k from t where s['v'] = 8", vec!["1"]),
        ("select k from t where s['v'] is null", vec!["2"]),
    ] {
        assert_eq!(query(head(&table.table), sql).await.unwrap(), want, "{sql}");
    }
}

/// Imported files carry no ids: the name mapping of the table tells what their columns are.
#[tokio::test]
async fn files_without_field_ids() {
    let mut table = two_snapshots().await;
    let plain = Arc::new(arrow::datatypes::Schema::new(vec![
        arrow::datatypes::Field::new("old_name", DataType::Int64, true),
        arrow::datatypes::Field::new("k", DataType::Utf8, true),
    ]));
    let path = table.path("parquet");
    let local = path.trim_start_matches("file://").to_string();
    let columns: Vec<ArrayRef> = vec![longs([100, 101]), Arc::new(StringArray::from(vec!["x", "y"]))];
    let mut writer =
        parquet::arrow::ArrowWriter::try_new(std::fs::File::create(&local).unwrap(), plain.clone(), None).unwrap();
    writer.write(&RecordBatch::try_new(plain, columns).unwrap()).unwrap();
    writer.close().unwrap();
    let file = DataFileBuilder::default()
        .content(DataContentType::Data)
        .file_path(path)
        .file_format(DataFileFormat::Parquet)
        .partition(Struct::empty())
        .record_count(2)
        .file_size_in_bytes(std::fs::metadata(&local).unwrap().len())
        .partition_spec_id(0)
        .build()
        .unwrap();
    table.commit(vec![file], vec![]).await;
    let mapping = r#"[{"field-id":1,"names":["old_name"]}]"#;
    let mapped = edited(&table.table, |json| json["properties"]["schema.name-mapping.default"] = mapping.into());
    let got = query(head(&mapped), "select k from t where k > 7 order by k").await.unwrap();
    assert_eq!(got, ["8", "9", "100", "101"]);
    // by name the column is text
    assert!(query(head(&table.table), "select sum(k) from t where k > 7").await.is_err());
}

#[tokio::test]
async fn a_missing_manifest_is_an_error() {
    let table = two_snapshots().await;
    let snapshot = table.table.metadata().current_snapshot().unwrap().clone();
    std::fs::remove_file(snapshot.manifest_list().trim_start_matches("file://")).unwrap();
    assert!(query(head(&table.table), "select * from t").await.is_err());
    let elsewhere = Table::builder()
        .file_io(FileIO::new_with_memory())
        .identifier(table.table.identifier().clone())
        .metadata(table.table.metadata().clone())
        .runtime(iceberg::Runtime::current())
        .build()
        .unwrap();
    assert!(query(head(&elsewhere), "select * from t").await.is_err());
}
