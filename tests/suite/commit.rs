//! The catalog below the commands: conflicts leave nothing behind, and a COMMIT that fails is no success.
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use iceberg::spec::{
    DataContentType, DataFile, DataFileBuilder, DataFileFormat, NestedField, PrimitiveType, Schema, Struct, Type,
};
use iceberg::table::Table;
use meshwright_catalog::{Catalog, Change, Home, Kind, NewRelease, NewTable, ReleasedPort, TableChange};
use meshwright_spec::PortName;
use sqlx::{Connection, SqliteConnection};

use crate::shop;
use crate::support::Mesh;

async fn open(mesh: &Mesh) -> Catalog {
    Catalog::open(Home::parse(mesh.home().to_str().unwrap(), None).unwrap()).await.unwrap()
}

fn port(name: &str) -> PortName {
    format!("shop.sales.{name}").parse().unwrap()
}

async fn table(catalog: &Catalog, name: &str) -> Table {
    let field = NestedField::required(1, "id", Type::Primitive(PrimitiveType::Long));
    let schema = Schema::builder().with_fields([Arc::new(field)]).build().unwrap();
    let new = NewTable { schema, partition: None, sort: None, properties: HashMap::new() };
    catalog.create(&port(name), new).await.unwrap()
}

/// A data file by name only: commits do not open it.
fn file(table: &Table, name: &str, rows: u64) -> DataFile {
    let mut file = DataFileBuilder::default();
    file.content(DataContentType::Data)
        .file_format(DataFileFormat::Parquet)
        .partition(Struct::empty())
        .partition_spec_id(0);
    file.file_path(format!("{}/data/{name}.parquet", table.metadata().location()))
        .record_count(rows)
        .file_size_in_bytes(1);
    file.build().unwrap()
}

async fn append(table: &Table, name: &str, branch: &str) -> TableChange {
    let change = Change { branch: branch.to_owned(), ..Change::append(vec![file(table, name, 1)]) };
    change.produce(table).await.unwrap().change
}

/// Names of all metadata files of a table.
fn metadata_files(table: &Table) -> Vec<PathBuf> {
    let dir = Path::new(table.metadata().location().trim_start_matches("file://")).join("metadata");
    let mut files: Vec<_> = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
    files.retain(|f| f.to_str().unwrap().ends_with(".metadata.json"));
    files.sort();
    files
}

async fn sql(mesh: &Mesh, statements: &str) {
    let url = format!("sqlite://{}", mesh.home().join("catalog.db").display());
    let mut db = SqliteConnection::connect(&url).await.unwrap();
    sqlx::raw_sql(statements).execute(&mut db).await.unwrap();
    db.close().await.unwrap();
}

/// From here on every COMMIT that has moved a table fails: a constraint that is looked at only then.
const BREAK_COMMITS: &str = "
    CREATE TABLE parent (id INTEGER PRIMARY KEY);
    CREATE TABLE child (id INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED);
    CREATE TRIGGER breaker AFTER UPDATE ON iceberg_tables BEGIN INSERT INTO child VALUES (1); END;";
const MEND_COMMITS: &str = "DROP TRIGGER breaker; DROP TABLE child; DROP TABLE parent;";

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_commit_is_a_conflict_and_leaves_no_file() {
    let mesh = Mesh::new();
    let catalog = open(&mesh).await;
    let base = table(&catalog, "a").await;
    let (first, second) = (append(&base, "first", "main").await, append(&base, "second", "main").await);
    let won = catalog.commit(first).await.unwrap();
    let files = metadata_files(&won);
    assert_eq!(catalog.commit(second).await.unwrap_err().kind(), Kind::Conflict);
    assert_eq!(metadata_files(&won), files, "a metadata file that nobody names");
    let now = catalog.load(&port("a")).await.unwrap();
    assert_eq!(now.metadata_location(), won.metadata_location());
    assert_eq!(now.metadata().snapshots().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_to_two_branches_conflict_cleanly_and_both_can_join() {
    let mesh = Mesh::new();
    let catalog = open(&mesh).await;
    let base = table(&catalog, "a").await;
    let (one, two) = (append(&base, "one", "run-1").await, append(&base, "two", "run-2").await);
    catalog.commit(one).await.unwrap();
    assert_eq!(catalog.commit(two).await.unwrap_err().kind(), Kind::Conflict);
    let base = catalog.load(&port("a")).await.unwrap();
    let now = catalog.commit(append(&base, "two", "run-2").await).await.unwrap();
    let head = |branch: &str| now.metadata().snapshot_for_ref(branch).map(|s| s.snapshot_id());
    assert!(head("run-1").is_some() && head("run-2").is_some() && head("run-1") != head("run-2"));
    assert_eq!(now.metadata().current_snapshot_id(), None, "main has not moved");
    // one of them becomes main; the other can no longer, for it does not follow
    let now = catalog.commit(TableChange::fast_forward(&now, "run-1", None).unwrap()).await.unwrap();
    assert_eq!(TableChange::fast_forward(&now, "run-2", None).unwrap_err().kind(), Kind::Conflict);
}

/// Stages a release of two tables, each with one new row on branch `run-1`.
async fn staged(catalog: &Catalog) -> (Vec<meshwright_catalog::Staged>, NewRelease, Vec<Table>) {
    let (mut staged, mut tables, mut ports) = (vec![], vec![], vec![]);
    for name in ["a", "b"] {
        let base = table(catalog, name).await;
        let on_branch = catalog.commit(append(&base, "row", "run-1").await).await.unwrap();
        staged.push(catalog.stage(TableChange::fast_forward(&on_branch, "run-1", None).unwrap()).await.unwrap());
        ports.push(ReleasedPort { port: port(name).to_string(), ..ReleasedPort::default() });
        tables.push(on_branch);
    }
    let new = NewRelease { product: "shop.sales".into(), run: "1".into(), ports, ..NewRelease::default() };
    (staged, new, tables)
}

async fn nothing_was_released(catalog: &Catalog, before: &[Table], files: &[Vec<PathBuf>]) {
    for ((name, table), files) in ["a", "b"].iter().zip(before).zip(files) {
        assert_eq!(catalog.load(&port(name)).await.unwrap().metadata().current_snapshot_id(), None, "{name} moved");
        assert_eq!(&metadata_files(table), files, "{name} has a metadata file that nobody names");
        assert!(catalog.releases(&port(name)).await.unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_of_work_on_an_older_state_is_a_conflict() {
    let mesh = Mesh::new();
    let catalog = open(&mesh).await;
    let product = port("a").product;
    let _guards = [
        catalog.start_run("1", &product, "run-1", None).await.unwrap(),
        catalog.start_run("2", &product, "run-2", None).await.unwrap(),
    ];
    // both began when there was no release; the tables alone would let the second one pass
    let (tables, new, before) = staged(&catalog).await;
    let first = NewRelease { stands_on: Some(0), ..new.clone() };
    assert_eq!(catalog.release(tables, &first).await.unwrap(), 1);
    let second = NewRelease { run: "2".into(), ..first };
    assert_eq!(catalog.release(vec![], &second).await.unwrap_err().kind(), Kind::Conflict);
    assert_eq!(catalog.releases(&port("a")).await.unwrap().len(), 1);
    assert_eq!(catalog.release(vec![], &NewRelease { stands_on: Some(1), ..second }).await.unwrap(), 2);
    drop(before);
}

/// A snapshot of a run, as far as commits look at it.
async fn append_by(table: &Table, run: &str, branch: &str) -> TableChange {
    let properties = HashMap::from([("mesh.run-id".to_owned(), run.to_owned())]);
    let change = Change { branch: branch.to_owned(), properties, ..Change::append(vec![file(table, run, 1)]) };
    change.produce(table).await.unwrap().change
}

#[tokio::test(flavor = "multi_thread")]
async fn a_main_that_went_back_has_moved() {
    let mesh = Mesh::new();
    let catalog = open(&mesh).await;
    let mut now = table(&catalog, "a").await;
    for run in ["1", "2"] {
        now = catalog.commit(append_by(&now, run, run).await).await.unwrap();
        now = catalog.commit(TableChange::fast_forward(&now, run, None).unwrap()).await.unwrap();
    }
    let first = now.metadata().current_snapshot().unwrap().parent_snapshot_id().unwrap();
    now = catalog.commit(append_by(&now, "3", "3").await).await.unwrap();
    assert!(TableChange::fast_forward(&now, "3", None).is_ok());
    now = catalog.commit(TableChange::roll_to(&now, first).unwrap()).await.unwrap();
    assert_eq!(now.metadata().current_snapshot_id(), Some(first));
    // its rows were made from what has been taken back
    assert_eq!(TableChange::fast_forward(&now, "3", None).unwrap_err().kind(), Kind::Conflict);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_fails_as_a_whole_when_one_table_has_moved() {
    let mesh = Mesh::new();
    let catalog = open(&mesh).await;
    let _guard = catalog.start_run("1", &port("a").product, "run-1", None).await.unwrap();
    let (staged, new, tables) = staged(&catalog).await;
    let staged_files: Vec<PathBuf> = metadata_files(&tables[1]);
    let other = catalog.commit(append(&tables[1], "other", "run-9").await).await.unwrap();
    assert_eq!(catalog.release(staged, &new).await.unwrap_err().kind(), Kind::Conflict);
    // of each table stay its creation and its branch, of `b` the other's commit as well; what was staged is gone
    let left: Vec<_> = tables.iter().map(metadata_files).collect();
    assert_eq!(left.iter().map(Vec::len).collect::<Vec<_>>(), [2, 3]);
    let others = other.metadata_location().unwrap().trim_start_matches("file://");
    assert!(left[1].contains(&PathBuf::from(others)) && !staged_files.contains(&PathBuf::from(others)));
    nothing_was_released(&catalog, &tables, &left).await;
    assert_eq!(catalog.run("1").await.unwrap().release, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_commit_is_never_success() {
    let mesh = Mesh::new();
    let catalog = open(&mesh).await;
    let _guard = catalog.start_run("1", &port("a").product, "run-1", None).await.unwrap();
    let (staged, new, tables) = staged(&catalog).await;
    let files: Vec<Vec<_>> = tables.iter().map(|t| metadata_files(t).into_iter().take(2).collect()).collect();
    sql(&mesh, BREAK_COMMITS).await;
    let error = catalog.release(staged, &new).await.unwrap_err();
    assert!(error.causes().join(" ").contains("FOREIGN KEY"), "{error} {:?}", error.causes());
    nothing_was_released(&catalog, &tables, &files).await;
    let change = append(&tables[0], "more", "main").await;
    assert!(catalog.commit(change).await.is_err());
    nothing_was_released(&catalog, &tables, &files).await;

    sql(&mesh, MEND_COMMITS).await;
    let change = append(&catalog.load(&port("a")).await.unwrap(), "more", "main").await;
    let now = catalog.commit(change).await.expect("the connection is whole again");
    assert!(now.metadata().current_snapshot_id().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn several_ports_are_loaded_as_one_release_left_them() {
    let mesh = Mesh::new();
    let catalog = open(&mesh).await;
    let ports = [port("a"), port("b")];
    for name in ["a", "b"] {
        table(&catalog, name).await;
    }
    let writer = {
        let catalog = catalog.clone();
        tokio::spawn(async move {
            for n in 0..60 {
                let (run, branch) = (n.to_string(), format!("run-{n}"));
                let guard = catalog.start_run(&run, &port("a").product, &branch, None).await.unwrap();
                let (mut staged, mut ports) = (vec![], vec![]);
                for name in ["a", "b"] {
                    let base = catalog.load(&port(name)).await.unwrap();
                    let on_branch = catalog.commit(append(&base, &format!("row{n}"), &branch).await).await.unwrap();
                    staged.push(
                        catalog.stage(TableChange::fast_forward(&on_branch, &branch, None).unwrap()).await.unwrap(),
                    );
                    ports.push(ReleasedPort { port: port(name).to_string(), ..ReleasedPort::default() });
                }
                catalog
                    .release(staged, &NewRelease { product: "shop.sales".into(), run, ports, ..NewRelease::default() })
                    .await
                    .unwrap();
                drop(guard);
            }
        })
    };
    // a release is told by how many snapshots main has behind it
    let length = |table: &Option<Table>| table.as_ref().unwrap().metadata().history().len();
    let mut seen = std::collections::BTreeSet::new();
    while !writer.is_finished() {
        let found = catalog.try_load_all(&ports).await.unwrap();
        assert_eq!(length(&found[0]), length(&found[1]), "one port before a release, the other after it");
        seen.insert(length(&found[0]));
    }
    writer.await.unwrap();
    assert!(seen.len() > 5, "the reader was too slow to prove anything: {seen:?}");
}

#[test]
fn a_run_whose_commit_fails_says_so() {
    let mesh = Mesh::new();
    mesh.product("stock", shop::STOCK).released();
    let product = mesh.product("sales", shop::SALES).released();
    let before = mesh.state();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    product.edit("data/till.csv", "2,cup,8", "2,cup,9");
    runtime.block_on(sql(&mesh, BREAK_COMMITS));
    let said = product.mesh(["run"]);
    assert!(![Some(0), Some(99)].contains(&said.code) && !said.err.contains("released"), "{said}");
    before.still_holds(&mesh);
    assert_eq!(mesh.runs("shop.sales")[0]["outcome"], "failed");
    runtime.block_on(sql(&mesh, MEND_COMMITS));
    product.mesh(["run"]).exits(0);
    assert_eq!(mesh.value("select sum(amount) from shop.sales.sale"), 45.0);
}
