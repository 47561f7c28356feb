//! One query in every format, to stdout and to a file.
use std::fs::File;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Float64Type, Int64Type};
use arrow::ipc::reader::StreamReader;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::shop;
use crate::support::Mesh;

const SQL: &str = "select id, item, amount from shop.sales.sale order by id";

fn same_rows(batches: &[RecordBatch]) {
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 5);
    let batch = &batches[0];
    assert_eq!(batch.column(0).as_primitive::<Int64Type>().values()[..], [1, 2, 3, 4, 5]);
    assert_eq!(batch.column(2).as_primitive::<Float64Type>().value(2), 31.0);
    assert_eq!(batch.column(2).null_count(), 1);
}

#[test]
fn every_format_holds_the_same_rows() {
    let mesh = Mesh::new();
    mesh.product("sales", shop::SALES).released();
    let to_stdout = |format: &str| mesh.mesh(["query", SQL, "--format", format]).exits(0);
    let file = mesh.path("rows.out");
    let to_file = |format: &str| {
        let said = mesh.mesh(["query", SQL, "--format", format, "--output", file.to_str().unwrap()]).exits(0);
        assert_eq!(said.out, "", "rows went to the file");
        std::fs::read(&file).unwrap()
    };

    let table = "id  item   amount\n--  -----  ------\n 1  tea       2.5\n 2  cup       8.0\n 3  pot      31.0\n 4  tea       2.5\n 5  spoon\n(5 rows)\n";
    assert_eq!(to_stdout("table").out, table);
    let csv = "id,item,amount\n1,tea,2.5\n2,cup,8.0\n3,pot,31.0\n4,tea,2.5\n5,spoon,\n";
    assert_eq!(to_stdout("csv").out, csv);
    assert_eq!(to_file("csv"), csv.as_bytes());

    let json = to_stdout("json").json();
    assert_eq!(json["rows"][4], serde_json::json!({ "id": 5, "item": "spoon", "amount": null }));
    assert_eq!(json["columns"][0], serde_json::json!({ "name": "id", "type": "Int64" }));
    let lines = to_stdout("ndjson").out;
    let lines: Vec<serde_json::Value> = lines.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(serde_json::Value::from(lines), json["rows"]);

    let stream = to_stdout("arrow").bytes;
    same_rows(&StreamReader::try_new(&stream[..], None).unwrap().map(Result::unwrap).collect::<Vec<_>>());
    assert_eq!(to_file("arrow"), stream);
    to_file("parquet");
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&file).unwrap()).unwrap().build().unwrap();
    same_rows(&reader.map(Result::unwrap).collect::<Vec<_>>());
}

#[test]
fn a_result_without_rows_still_has_columns() {
    let mesh = Mesh::new();
    mesh.product("sales", shop::SALES).released();
    let none = "select id, item from shop.sales.sale where id > 100";
    let said = |format: &str| mesh.mesh(["query", none, "--format", format]).exits(0);
    assert_eq!(said("csv").out, "id,item\n");
    assert_eq!(said("table").out, "id  item\n--  ----\n(0 rows)\n");
    assert_eq!(said("ndjson").out, "");
    assert_eq!(said("json").json()["columns"].as_array().unwrap().len(), 2);
}

#[test]
fn a_query_that_fails_leaves_the_file_as_it_was() {
    let mesh = Mesh::new();
    mesh.product("sales", shop::SALES).released();
    let file = mesh.path("rows.csv");
    std::fs::write(&file, "of yesterday").unwrap();
    let args = [
        "query",
        "select cast(item as int) from shop.sales.sale",
        "--format",
        "csv",
        "--output",
        file.to_str().unwrap(),
    ];
    assert_ne!(mesh.mesh(args).code, Some(0));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "of yesterday");
}
