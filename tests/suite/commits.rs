//! Many writers of one table at once: what was reported as done is there once, what was not is not, whoever is killed.
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use iceberg::spec::{
    DataContentType, DataFile, DataFileBuilder, DataFileFormat, FormatVersion, NestedField, PrimitiveType, Schema,
    Struct, TableMetadata, Type,
};
use iceberg::table::Table;
use meshwright_catalog::{Catalog, Change, Home, NewTable};
use meshwright_spec::PortName;

use crate::at_once::run_at_once;
use crate::shop;
use crate::support::Mesh;

const PORT: &str = "shop.sales.sale";

async fn open(home: &Path) -> Catalog {
    Catalog::open(Home::parse(home.to_str().unwrap(), None).unwrap()).await.unwrap()
}

async fn create(catalog: &Catalog, version: FormatVersion, properties: &[(&str, &str)]) -> Table {
    let field = NestedField::required(1, "id", Type::Primitive(PrimitiveType::Long));
    let schema = Schema::builder().with_fields([Arc::new(field)]).build().unwrap();
    let own = properties.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    let version = if version == FormatVersion::V3 { "3" } else { "2" };
    let properties = own.chain([("format-version".to_owned(), version.to_owned())]).collect();
    catalog.create(&port(), NewTable { schema, partition: None, sort: None, properties }).await.unwrap()
}

fn port() -> PortName {
    PORT.parse().unwrap()
}

/// A data file by name only: commits do not open it.
fn file(table: &Table, name: &str) -> DataFile {
    let mut file = DataFileBuilder::default();
    file.content(DataContentType::Data)
        .file_format(DataFileFormat::Parquet)
        .partition(Struct::empty())
        .partition_spec_id(0);
    file.file_path(format!("{}/data/{name}.parquet", table.metadata().location()))
        .record_count(1)
        .file_size_in_bytes(1);
    file.build().unwrap()
}

/// Names of the live files of main, and how often each is there.
async fn live(table: &Table) -> BTreeMap<String, usize> {
    let mut names = BTreeMap::new();
    let Some(head) = table.metadata().current_snapshot() else { return names };
    for manifest in table.manifest_list_reader(head).load().await.unwrap().entries() {
        for entry in manifest.load_manifest(table.file_io()).await.unwrap().entries() {
            if entry.is_alive() {
                let name = Path::new(entry.file_path()).file_stem().unwrap().to_str().unwrap().to_owned();
                *names.entry(name).or_default() += 1;
            }
        }
    }
    names
}

/// Files of the table's `metadata` folder that end like this.
fn metadata(table: &Table, end: &str) -> Vec<PathBuf> {
    let folder = Path::new(table.metadata().location().trim_start_matches("file://")).join("metadata");
    let files = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    files.filter(|f| f.to_str().unwrap().ends_with(end)).collect()
}

/// Manifests and lists that snapshots of the table name.
async fn named(table: &Table) -> BTreeSet<PathBuf> {
    let mut named = BTreeSet::new();
    for snapshot in table.metadata().snapshots() {
        named.insert(snapshot.manifest_list().trim_start_matches("file://").into());
        for manifest in table.manifest_list_reader(snapshot).load().await.unwrap().entries() {
            named.insert(manifest.manifest_path.trim_start_matches("file://").into());
        }
    }
    named
}

/// What a writer's own process does: appends files one after the other and says each that it was told is there.
#[test]
fn a_writer_that_other_tests_start() {
    let (Ok(home), Ok(name)) = (std::env::var("MESH_TEST_HOME"), std::env::var("MESH_TEST_WRITER")) else { return };
    let appends: u32 = std::env::var("MESH_TEST_APPENDS").unwrap().parse().unwrap();
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let catalog = open(Path::new(&home)).await;
        let note = |text: String| {
            let mut notes = std::fs::OpenOptions::new()
                .create(true)
                .append(true)
                .open(Path::new(&home).join(format!("{name}.notes")))
                .unwrap();
            writeln!(notes, "{text}").unwrap();
        };
        for n in 0..appends {
            note(format!("try {name}-{n}"));
            let append = async |table: &Table| Ok(Change::append(vec![file(table, &format!("{name}-{n}"))]));
            catalog.apply(&port(), append).await.unwrap();
            note(format!("done {name}-{n}"));
        }
    });
}

fn writer(home: &Path, name: &str, appends: u32) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["commits::a_writer_that_other_tests_start", "--exact", "--nocapture"]);
    command.env("MESH_TEST_HOME", home).env("MESH_TEST_WRITER", name).env("MESH_TEST_APPENDS", appends.to_string());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// What writers noted: names they tried, names they were told are there.
fn notes(home: &Path, writers: usize) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut tried, mut done) = (BTreeSet::new(), BTreeSet::new());
    for w in 0..writers {
        let text = std::fs::read_to_string(home.join(format!("w{w}.notes"))).unwrap_or_default();
        for line in text.lines() {
            match line.split_once(' ') {
                Some(("try", name)) => tried.insert(name.to_owned()),
                Some(("done", name)) => done.insert(name.to_owned()),
                _ => panic!("{line}"),
            };
        }
    }
    (tried, done)
}

#[test]
fn appends_of_eight_processes_that_are_killed_are_there_once_each_or_not_at_all() {
    let mesh = Mesh::new();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async { create(&open(&mesh.home()).await, FormatVersion::V2, &[]).await });
    let mut children: Vec<_> = (0..8).map(|w| writer(&mesh.home(), &format!("w{w}"), 25).spawn().unwrap()).collect();
    // every other one is killed, at moments that nobody chose: when the rest has come so far
    let far = |n: usize| {
        while notes(&mesh.home(), 8).1.len() < n {
            std::thread::sleep(Duration::from_millis(1))
        }
    };
    for (killed, at) in [(1, 5), (3, 17), (5, 30), (7, 44)] {
        far(at);
        children[killed].kill().unwrap();
    }
    for (w, mut child) in children.into_iter().enumerate() {
        let status = child.wait().unwrap();
        assert!(status.success() || w % 2 == 1, "writer {w} failed: {status}");
    }
    runtime.block_on(async {
        let table = open(&mesh.home()).await.load(&port()).await.unwrap();
        let (tried, done) = notes(&mesh.home(), 8);
        let live = live(&table).await;
        assert!(live.values().all(|n| *n == 1), "counted twice: {live:?}");
        let found: BTreeSet<String> = live.into_keys().collect();
        assert!(done.is_subset(&found), "reported and not there: {:?}", done.difference(&found));
        assert!(found.is_subset(&tried), "there and never tried: {:?}", found.difference(&tried));
        // who was killed between the commit and its note may have one more than it said
        assert!(found.len() - done.len() <= 4, "{found:?}");
        let total = &table.metadata().current_snapshot().unwrap().summary().additional_properties["total-records"];
        assert_eq!(total, &found.len().to_string());
        let history = table.metadata().snapshots().len();
        assert_eq!(history, found.len(), "one snapshot for each append");
        // a file half written has no name that anybody reads
        let pointed = table.metadata_location().unwrap();
        for file in metadata(&table, ".metadata.json") {
            let whole: Result<TableMetadata, _> = serde_json::from_slice(&std::fs::read(&file).unwrap());
            assert!(whole.is_ok() || !pointed.ends_with(file.to_str().unwrap()), "{}", file.display());
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousandth_append_finds_as_few_manifests_as_the_first() {
    for version in [FormatVersion::V2, FormatVersion::V3] {
        let mesh = Mesh::new();
        let catalog = open(&mesh.home()).await;
        create(
            &catalog,
            version,
            &[("commit.manifest.min-count-to-merge", "10"), ("write.metadata.previous-versions-max", "5")],
        )
        .await;
        let mut most = 0;
        for n in 0..130 {
            let append = async |table: &Table| Ok(Change::append(vec![file(table, &format!("f{n}"))]));
            let table = catalog.apply(&port(), append).await.unwrap().table;
            let head = table.metadata().current_snapshot().unwrap();
            most = most.max(table.manifest_list_reader(head).load().await.unwrap().entries().len());
        }
        // ten small ones, and ten of the next size
        assert!(most <= 20, "{most} manifests");
        let table = catalog.load(&port()).await.unwrap();
        let live = live(&table).await;
        assert_eq!((live.len(), live.values().max()), (130, Some(&1)));
        // each has been written again once a size: in manifests of ten, then in one of a hundred
        let written = metadata(&table, ".avro").into_iter().filter(|file| !file.to_string_lossy().contains("snap-"));
        assert_eq!(written.count(), 130 + 12 + 1);
        // every snapshot still reads what it read, and numbers are those of the first commit
        let mut sequences = BTreeSet::new();
        for snapshot in table.metadata().snapshots() {
            let mut rows = 0;
            for manifest in table.manifest_list_reader(snapshot).load().await.unwrap().entries() {
                for entry in manifest.load_manifest(table.file_io()).await.unwrap().entries() {
                    rows += u64::from(entry.is_alive()) * entry.record_count();
                    if snapshot.snapshot_id() == table.metadata().current_snapshot_id().unwrap() {
                        sequences.insert(entry.sequence_number().unwrap());
                    }
                }
            }
            assert_eq!(rows.to_string(), snapshot.summary().additional_properties["total-records"]);
        }
        assert_eq!(sequences, (1..=130).collect());
        // nothing is on disk that nobody names: no manifest, and no more metadata than the log keeps
        let named = named(&table).await;
        for avro in metadata(&table, ".avro") {
            assert!(named.contains(&avro), "{} is named by no snapshot", avro.display());
        }
        assert!(metadata(&table, ".metadata.json").len() <= 6 + 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_keeps_how_long_it_is_kept() {
    let mesh = Mesh::new();
    let catalog = open(&mesh.home()).await;
    create(&catalog, FormatVersion::V2, &[]).await;
    for n in 0..3 {
        let append = async |table: &Table| {
            let mut change = Change::append(vec![file(table, &format!("f{n}"))]);
            change.branch = "audit".to_owned();
            // said once, when the branch is new
            change.branch_max_age_ms = (n == 0).then_some(86_400_000);
            Ok(change)
        };
        catalog.apply(&port(), append).await.unwrap();
    }
    let table = catalog.load(&port()).await.unwrap();
    let json = serde_json::to_value(table.metadata()).unwrap();
    assert_eq!(json["refs"]["audit"]["max-ref-age-ms"], 86_400_000);
}

#[test]
fn two_that_overwrite_one_partition_never_mix() {
    let mesh = Mesh::new();
    let products = ["a", "b"].map(|folder| {
        let product = mesh.product(folder, shop::SALES);
        product.edit("product.toml", "mode = \"replace\"", "mode = \"replace-partitions\"");
        product.edit("contracts/sale.toml", "key         = [\"id\"]", "key = [\"id\"]\npartition = [\"item\"]");
        product.edit("contracts/sale.toml", "min  = 3", "min  = 1");
        product
    });
    products[0].write("data/till.csv", "id,item,amount\n1,rest,1\n");
    products[0].mesh(["run"]).exits(0);
    for round in 0..4 {
        for (i, product) in products.iter().enumerate() {
            // as many rows as nobody else's delivery has
            let rows = 10 + round * 2 + i;
            let text =
                (0..rows).fold("id,item,amount\n".to_owned(), |text, id| format!("{text}{},tea,{rows}\n", id + 100));
            product.write("data/till.csv", text);
        }
        let said = run_at_once(&products);
        assert!(said.iter().any(|s| s.code == Some(0)), "nobody won: {}", said[0]);
        assert!(said.iter().all(|s| [Some(0), Some(73)].contains(&s.code)), "{} {}", said[0], said[1]);
        let rows = mesh.rows(&format!("select amount, count(*) as n from {PORT} where item = 'tea' group by amount"));
        let [row] = &rows[..] else { panic!("a mixture: {rows:?}") };
        assert_eq!(row["amount"].as_f64().unwrap(), row["n"].as_f64().unwrap(), "half a delivery");
        assert_eq!(mesh.value(&format!("select count(*) from {PORT} where item = 'rest'")), 1);
    }
}
