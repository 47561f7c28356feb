//! Rows that another engine deleted with delete files: upkeep works them in, moves them along, and loses none.
use std::collections::HashMap;
use std::path::Path;

use iceberg::spec::{
    DataContentType, DataFile, DataFileBuilder, DataFileFormat, Datum, FormatVersion, MAIN_BRANCH, ManifestListWriter,
    ManifestWriterBuilder, Operation, Snapshot, SnapshotReference, SnapshotRetention, Struct, Summary,
};
use iceberg::table::Table;
use iceberg::{TableRequirement, TableUpdate};
use meshwright_catalog::{Catalog, Home, TableChange};

use crate::interop::{python, says};
use crate::shop;
use crate::support::{Mesh, Said};
use crate::upkeep::files;

const PORT: &str = "shop.sales.sale";

async fn open(home: &Path) -> Catalog {
    Catalog::open(Home::parse(home.to_str().unwrap(), None).unwrap()).await.unwrap()
}

/// Writes a delete file with pyarrow: columns as (name, field id, values).
fn write(python: &Path, mesh: &Mesh, path: &str, columns: &str) {
    let script = format!(
        "import pyarrow as pa, pyarrow.parquet as pq\n\
         columns = {columns}\n\
         fields = [pa.field(n, t, nullable=False, metadata={{'PARQUET:field_id': str(i)}}) for n, i, t, v in columns]\n\
         pq.write_table(pa.table([pa.array(v, t) for n, i, t, v in columns], schema=pa.schema(fields)), '{path}')"
    );
    says(python, mesh, &script);
}

pub fn delete_file(path: &str, rows: u64, about: impl FnOnce(&mut DataFileBuilder)) -> DataFile {
    let mut file = DataFileBuilder::default();
    file.file_path(format!("file://{path}"))
        .file_format(DataFileFormat::Parquet)
        .partition(Struct::empty())
        .partition_spec_id(0)
        .record_count(rows)
        .file_size_in_bytes(std::fs::metadata(path).unwrap().len());
    about(&mut file);
    file.build().unwrap()
}

/// A snapshot with delete files more, as Spark would commit it.
async fn commit(catalog: &Catalog, table: &Table, deletes: &[DataFile]) {
    let metadata = table.metadata();
    let parent = metadata.current_snapshot().unwrap();
    let (id, sequence) = (4711, metadata.next_sequence_number());
    let manifest = format!("{}/metadata/deletes-m0.avro", metadata.location());
    let output = table.file_io().new_output(&manifest).unwrap();
    let (schema, spec) = (metadata.current_schema().clone(), metadata.default_partition_spec().as_ref().clone());
    let builder = ManifestWriterBuilder::new(output, Some(id), schema, spec);
    let v3 = metadata.format_version() == FormatVersion::V3;
    let mut writer = if v3 { builder.build_v3_deletes() } else { builder.build_v2_deletes() };
    for file in deletes {
        writer.add_file(file.clone(), -1).unwrap();
    }
    let mut manifests = vec![writer.write_manifest_file().await.unwrap()];
    manifests.extend(table.manifest_list_reader(parent).load().await.unwrap().entries().iter().cloned());
    let path = format!("{}/metadata/snap-{id}-0-deletes.avro", metadata.location());
    let output = table.file_io().new_output(&path).unwrap().writer().await.unwrap();
    let (before, first_row) = (Some(parent.snapshot_id()), metadata.next_row_id());
    let mut list = match v3 {
        true => ManifestListWriter::v3(output, id, before, sequence, Some(first_row)),
        false => ManifestListWriter::v2(output, id, before, sequence),
    };
    list.add_manifests(manifests.into_iter()).unwrap();
    let next_row = list.next_row_id();
    list.close().await.unwrap();
    let mut properties = parent.summary().additional_properties.clone();
    properties.insert("total-delete-files".to_owned(), deletes.len().to_string());
    let snapshot = Snapshot::builder()
        .with_manifest_list(path)
        .with_snapshot_id(id)
        .with_parent_snapshot_id(Some(parent.snapshot_id()))
        .with_sequence_number(sequence)
        .with_summary(Summary { operation: Operation::Delete, additional_properties: properties })
        .with_schema_id(metadata.current_schema_id())
        .with_timestamp_ms(metadata.last_updated_ms() + 1);
    let snapshot = match next_row {
        Some(next) => snapshot.with_row_range(first_row, next - first_row).build(),
        None => snapshot.build(),
    };
    let main = SnapshotReference::new(id, SnapshotRetention::branch(None, None, None));
    let updates = vec![
        TableUpdate::AddSnapshot { snapshot },
        TableUpdate::SetSnapshotRef { ref_name: MAIN_BRANCH.to_owned(), reference: main },
    ];
    let requirements = vec![TableRequirement::UuidMatch { uuid: metadata.uuid() }];
    catalog.commit(TableChange { base: table.clone(), requirements, updates }).await.unwrap();
}

/// Two files of five sales each; of the first one its second row is deleted by place, of both the pots by their item.
fn deleted(mesh: &Mesh, python: &Path) {
    deleted_by(mesh, python, true);
}

/// Two releases of five sales each, in a file each.
pub fn two_deliveries(mesh: &Mesh, name: &str, version: u8) -> [String; 2] {
    let product = mesh.product(name, shop::SALES);
    let layout = format!("mode = \"append\"\n[outputs.sale.files]\nformat_version = {version}\n");
    product.edit("product.toml", "mode = \"replace\"\n", &layout);
    product.edit("product.toml", "\"sales\"", &format!("\"{name}\""));
    product.mesh(["run"]).exits(0);
    let more = shop::TILL.replace("\n1,", "\n11,").replace("\n2,", "\n12,").replace("\n3,", "\n13,");
    product.write("data/till.csv", more.replace("\n4,", "\n14,").replace("\n5,", "\n15,"));
    product.mesh(["run"]).exits(0);
    product.mesh(["publish"]).exits(0);
    let folder = mesh.home().join(format!("warehouse/shop/{name}/sale/data"));
    let files = files(&folder);
    [0, 1].map(|at| format!("file://{}", files[at].display()))
}

/// The same; not every engine reads rows deleted by their values.
pub fn deleted_by(mesh: &Mesh, python: &Path, by_item: bool) {
    let [data, _] = two_deliveries(mesh, "sales", 2);
    let folder = mesh.home().join("warehouse/shop/sales/sale/data");
    let place = folder.join("by-place.parquet").display().to_string();
    let item = folder.join("by-item.parquet").display().to_string();
    write(
        python,
        mesh,
        &place,
        &format!("[('file_path', 2147483546, pa.string(), ['{data}']), ('pos', 2147483545, pa.int64(), [1])]"),
    );
    let mut deletes = vec![delete_file(&place, 1, |f| {
        // as the specification asks for: some readers take no other files
        let bounds = HashMap::from([(2147483546, Datum::string(&data))]);
        f.content(DataContentType::PositionDeletes).lower_bounds(bounds.clone()).upper_bounds(bounds);
        f.referenced_data_file(Some(data.clone()));
    })];
    if by_item {
        write(python, mesh, &item, "[('item', 2, pa.string(), ['pot'])]");
        deletes.push(delete_file(&item, 1, |f| {
            f.content(DataContentType::EqualityDeletes).equality_ids(Some(vec![2]));
        }));
    }
    add(mesh, PORT, &deletes);
}

pub fn add(mesh: &Mesh, port: &str, deletes: &[DataFile]) {
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let catalog = open(&mesh.home()).await;
        let table = catalog.load(&port.parse().unwrap()).await.unwrap();
        commit(&catalog, &table, deletes).await;
    });
}

pub const IDS: &str = "select id from shop.sales.sale order by id";

pub fn ids(said: &Said) -> Vec<i64> {
    said.out.lines().map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap()["id"].as_i64().unwrap()).collect()
}

#[test]
fn compaction_works_deletes_in_and_old_states_keep_theirs() {
    let mesh = Mesh::new();
    let Some(python) = python() else { return };
    deleted(&mesh, &python);
    let query = |at: &str| mesh.mesh(["query", IDS, "--at", at, "--format", "ndjson"]).exits(0);
    let now = || mesh.mesh(["query", IDS, "--format", "ndjson"]).exits(0);
    let left = [1, 4, 5, 11, 12, 14, 15];
    assert_eq!(ids(&now()), left);
    let done = mesh.mesh(["maintain", PORT, "--only", "compact", "--apply", "--json"]).exits(0).json();
    let compact = &done["ports"][0]["compact"];
    assert_eq!((&compact["rewritten"], &compact["delete_files"]), (&2.into(), &2.into()), "{done}");
    assert_eq!(ids(&now()), left);
    assert_eq!((ids(&query("r2")).len(), ids(&query("4711"))), (10, left.to_vec()));
    let script = "
table = catalog.load_table('shop.sales.sale')
print(sorted(table.scan().to_arrow()['id'].to_pylist()), [len(t.delete_files) for t in table.scan().plan_files()])";
    assert_eq!(says(&python, &mesh, script), format!("{left:?} [0]"));
    mesh.mesh(["maintain", PORT, "--only", "expire", "--keep", "0s", "--keep-releases", "1", "--apply"]).exits(0);
    assert_eq!((ids(&now()), ids(&query("r2")).len()), (left.to_vec(), 10));
}

#[test]
fn deletes_by_place_move_with_the_mesh() {
    let mesh = Mesh::new();
    let Some(python) = python() else { return };
    deleted_by(&mesh, &python, false);
    let before = ids(&mesh.mesh(["query", IDS, "--format", "ndjson"]).exits(0));
    let new = mesh.path("new");
    std::fs::rename(mesh.home(), &new).unwrap();
    let on = |args: &[&str]| {
        let mut command = mesh.command(args);
        command.env("MESH_URL", &new);
        Said::of(command)
    };
    on(&["relocate", "--apply"]).exits(0).says(&["1 files of deleted rows written anew"]);
    assert_eq!(ids(&on(&["query", IDS, "--format", "ndjson"]).exits(0)), before);
    assert_eq!(ids(&on(&["query", IDS, "--at", "r2", "--format", "ndjson"]).exits(0)).len(), 10);
    std::fs::rename(&new, mesh.home()).unwrap();
    mesh.mesh(["relocate", "--apply"]).exits(0);
    let script = "print(sorted(catalog.load_table('shop.sales.sale').scan().to_arrow()['id'].to_pylist()))";
    assert_eq!(says(&python, &mesh, script), format!("{before:?}"));
    std::fs::rename(mesh.home(), &new).unwrap();
    on(&["relocate", "--apply"]).exits(0);
    on(&["gc", "--older-than", "0s", "--apply"]).exits(99);
}

#[test]
fn erasure_keeps_what_was_deleted_by_place_deleted_and_every_state_whole() {
    let mesh = Mesh::new();
    let Some(python) = python() else { return };
    deleted_by(&mesh, &python, false);
    let at = |state: &str| ids(&mesh.mesh(["query", IDS, "--at", state, "--format", "ndjson"]).exits(0));
    let now = || ids(&mesh.mesh(["query", IDS, "--format", "ndjson"]).exits(0));
    let theirs = || {
        let script = "
table = catalog.load_table('shop.sales.sale')
states = sorted(table.snapshots(), key=lambda s: s.timestamp_ms)
print([sorted(table.scan(snapshot_id=s.snapshot_id).to_arrow()['id'].to_pylist()) for s in states])";
        says(&python, &mesh, script)
    };
    let erase = |subject: &str| {
        mesh.mesh(["erase", "--subject", subject, "--apply"]).exits(0).says(&["proved"]);
    };
    assert_eq!((now(), at("r1")), (vec![1, 3, 4, 5, 11, 12, 13, 14, 15], vec![1, 2, 3, 4, 5]));
    // a row before the deleted one, whose place is another one afterwards; then one behind it
    erase("id=1");
    assert_eq!((now(), at("r1")), (vec![3, 4, 5, 11, 12, 13, 14, 15], vec![2, 3, 4, 5]));
    erase("id=4");
    assert_eq!(theirs(), "[[2, 3, 5], [2, 3, 5, 11, 12, 13, 14, 15], [3, 5, 11, 12, 13, 14, 15]]");
    // a deleted row is still in its file, and in the states before
    erase("item=cup");
    assert_eq!((now(), at("r1"), at("r2")), (vec![3, 5, 11, 13, 14, 15], vec![3, 5], vec![3, 5, 11, 13, 14, 15]));
    // nothing is left of the first file in the end, nor of the places in it
    erase("item=spoon");
    erase("item=pot");
    assert_eq!((now(), at("r1"), theirs().as_str()), (vec![11, 14], vec![], "[[], [11, 14], [11, 14]]"));
    mesh.mesh(["gc", "--older-than", "0s", "--apply"]).exits(99);
}

#[test]
fn erasure_leaves_rows_that_were_deleted_by_their_values_deleted() {
    let mesh = Mesh::new();
    let Some(python) = python() else { return };
    deleted(&mesh, &python);
    let now = || ids(&mesh.mesh(["query", IDS, "--format", "ndjson"]).exits(0));
    mesh.mesh(["erase", "--subject", "id=1", "--apply"]).exits(0).says(&["proved"]);
    assert_eq!(now(), [4, 5, 11, 12, 14, 15]);
    // the file of deleted values names the subject itself
    mesh.mesh(["erase", "--subject", "item=pot", "--apply"]).exits(0).says(&["found nowhere"]);
    assert_eq!(now(), [4, 5, 11, 12, 14, 15]);
}
