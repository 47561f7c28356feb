//! Rows that another engine deleted with deletion vectors stay deleted in everything that follows.
use std::path::Path;

use iceberg::spec::{DataContentType, DataFile, DataFileFormat};

use crate::foreign_deletes::{IDS, add, delete_file, ids, two_deliveries};
use crate::interop::{python, says};
use crate::support::{Mesh, Said};
use crate::upkeep::files;

const PORT: &str = "shop.sales.sale";

/// One Puffin file with the deletion vectors of two data files, as Python writes it: (path of the data file, rows).
const PUFFIN: &str = r#"
import io, json, struct, zlib
from pyroaring import BitMap
blobs, out = [], io.BytesIO(b"PFA1")
out.seek(4)
for data, rows in vectors:
    body = b"\xd1\xd3\x39\x64" + struct.pack("<QI", 1, 0) + BitMap(rows).serialize()
    blob = struct.pack(">I", len(body)) + body + struct.pack(">I", zlib.crc32(body))
    about = {"referenced-data-file": data, "cardinality": str(len(rows))}
    blobs.append({"type": "deletion-vector-v1", "fields": [2147483645], "snapshot-id": -1, "sequence-number": -1,
                  "offset": out.tell(), "length": len(blob), "properties": about})
    out.write(blob)
footer = json.dumps({"blobs": blobs, "properties": {}}).encode()
out.write(b"PFA1" + footer + struct.pack("<I", len(footer)) + bytes(4) + b"PFA1")
open(path, "wb").write(out.getvalue())
print(json.dumps([[b["offset"], b["length"]] for b in blobs]))
"#;

/// A port of version 3 whose two files have two and one deleted rows, as vectors that share a file.
pub fn deleted_by_vectors(mesh: &Mesh, python: &Path, name: &str) {
    let data = two_deliveries(mesh, name, 3);
    let path = mesh.home().join(format!("warehouse/shop/{name}/sale/data/vectors.puffin")).display().to_string();
    let rows: [&[u64]; 2] = [&[1, 4], &[2]];
    let vectors =
        format!("vectors = [('{}', {:?}), ('{}', {:?})]\npath = '{path}'", data[0], rows[0], data[1], rows[1]);
    let places: Vec<[i64; 2]> = serde_json::from_str(&says(python, mesh, &format!("{vectors}\n{PUFFIN}"))).unwrap();
    let deletes: Vec<DataFile> = (0..2)
        .map(|at| {
            delete_file(&path, rows[at].len() as u64, |f| {
                f.content(DataContentType::PositionDeletes).file_format(DataFileFormat::Puffin);
                f.referenced_data_file(Some(data[at].clone()));
                f.content_offset(Some(places[at][0])).content_size_in_bytes(Some(places[at][1]));
            })
        })
        .collect();
    add(mesh, &format!("shop.{name}.sale"), &deletes);
}

/// What pyiceberg finds in each state of the table.
const THEIRS: &str = "
table = catalog.load_table('shop.sales.sale')
states = sorted(table.snapshots(), key=lambda s: s.timestamp_ms)
print([sorted(table.scan(snapshot_id=s.snapshot_id).to_arrow()['id'].to_pylist()) for s in states])";

const LEFT: [i64; 7] = [1, 3, 4, 11, 12, 14, 15];

#[test]
fn vectors_are_read_and_compaction_works_them_in() {
    let mesh = Mesh::new();
    let Some(python) = python() else { return };
    deleted_by_vectors(&mesh, &python, "sales");
    let now = || ids(&mesh.mesh(["query", IDS, "--format", "ndjson"]).exits(0));
    let at = |state: &str| ids(&mesh.mesh(["query", IDS, "--at", state, "--format", "ndjson"]).exits(0));
    let all: Vec<i64> = (1..=5).chain(11..=15).collect();
    assert_eq!(
        (now(), at("r2"), mesh.value("select count(*) from shop.sales.sale")),
        (LEFT.to_vec(), all.clone(), 7.into())
    );
    assert_eq!(says(&python, &mesh, THEIRS), format!("[{:?}, {all:?}, {LEFT:?}]", &all[..5]));
    let diff = mesh.mesh(["diff", PORT, "--from", "r2", "--to", "4711", "--json"]).exits(0).json();
    assert_eq!(diff["rows"]["removed"], 3, "{diff}");
    // the file of vectors belongs to the table
    mesh.mesh(["gc", "--older-than", "0s", "--apply"]).exits(99);
    let done = mesh.mesh(["maintain", PORT, "--only", "compact", "--apply", "--json"]).exits(0).json();
    let compact = &done["ports"][0]["compact"];
    assert_eq!((&compact["rewritten"], &compact["delete_files"]), (&2.into(), &2.into()), "{done}");
    assert_eq!((now(), at("4711"), at("r2")), (LEFT.to_vec(), LEFT.to_vec(), all.clone()));
    let script = "print([len(t.delete_files) for t in catalog.load_table('shop.sales.sale').scan().plan_files()])";
    assert_eq!(says(&python, &mesh, script), "[0]");
    mesh.mesh(["maintain", PORT, "--only", "compact", "--apply"]).exits(99);
    mesh.mesh(["maintain", PORT, "--only", "expire", "--keep", "0s", "--keep-releases", "1", "--apply"]).exits(0);
    assert_eq!((now(), at("r2")), (LEFT.to_vec(), all));
    mesh.mesh(["gc", "--older-than", "0s", "--apply"]).exits(99);
    assert!(!mesh.home().join("warehouse/shop/sales/sale/data/vectors.puffin").exists());
}

#[test]
fn a_file_that_is_written_again_leaves_its_vector_behind_and_others_keep_theirs() {
    let mesh = Mesh::new();
    let Some(python) = python() else { return };
    deleted_by_vectors(&mesh, &python, "sales");
    let now = || ids(&mesh.mesh(["query", IDS, "--format", "ndjson"]).exits(0));
    let said = mesh.mesh(["delete", PORT, "--where", "id in (12, 13)", "--json"]).exits(0).json();
    assert_eq!(said["rows"], 1, "one of them is deleted already: {said}");
    assert_eq!(now(), [1, 3, 4, 11, 14, 15]);
    let script = "
table = catalog.load_table('shop.sales.sale')
print(sorted(len(t.delete_files) for t in table.scan().plan_files()), table.current_snapshot().summary['total-delete-files'])";
    assert_eq!(says(&python, &mesh, script), "[0, 1] 1");
    // every row of a file that is still there leaves, and the file with its vector
    mesh.mesh(["delete", PORT, "--where", "id < 10"]).exits(0);
    assert_eq!((now(), mesh.value("select count(*) from shop.sales.sale")), (vec![11, 14, 15], 3.into()));
    let sales = mesh.at("sales");
    sales.edit("product.toml", "mode = \"append\"", "mode = \"upsert\"");
    sales.write("data/till.csv", "id,item,amount\n4,tea,9\n5,spoon,1\n");
    sales.mesh(["run"]).exits(0);
    assert_eq!(now(), [4, 5, 11, 14, 15]);
    assert_eq!(says(&python, &mesh, THEIRS).split("], [").last(), Some("4, 5, 11, 14, 15]]"));
}

#[test]
fn upserts_and_replaced_partitions_bring_no_deleted_row_back() {
    for mode in ["upsert", "replace-partitions"] {
        let mesh = Mesh::new();
        let Some(python) = python() else { return };
        deleted_by_vectors(&mesh, &python, "sales");
        let sales = mesh.at("sales");
        sales.edit("product.toml", "mode = \"append\"", &format!("mode = \"{mode}\""));
        sales.write("data/till.csv", "id,item,amount\n1,tea,9\n5,spoon,1\n20,mug,1\n");
        sales.mesh(["run"]).exits(0);
        let now = ids(&mesh.mesh(["query", IDS, "--format", "ndjson"]).exits(0));
        let expected = if mode == "upsert" { vec![1, 3, 4, 5, 11, 12, 14, 15, 20] } else { vec![1, 5, 20] };
        assert_eq!(now, expected, "{mode}");
        assert_eq!(
            says(&python, &mesh, THEIRS).split("], [").last().unwrap(),
            format!("{expected:?}]").trim_start_matches('[')
        );
    }
}

#[test]
fn vectors_move_with_the_mesh() {
    let mesh = Mesh::new();
    let Some(python) = python() else { return };
    deleted_by_vectors(&mesh, &python, "sales");
    let (old, new) = (mesh.home(), mesh.path("new"));
    let on = |args: &[&str]| {
        let mut command = mesh.command(args);
        command.env("MESH_URL", &new);
        Said::of(command)
    };
    std::fs::rename(&old, &new).unwrap();
    on(&["relocate", "--apply"]).exits(0).says(&["2 files of deleted rows written anew"]);
    assert_eq!(ids(&on(&["query", IDS, "--format", "ndjson"]).exits(0)), LEFT);
    for file in files(&new.join("warehouse")) {
        let bytes = std::fs::read(&file).unwrap();
        let text = old.display().to_string();
        assert!(!bytes.windows(text.len()).any(|w| w == text.as_bytes()), "{} names the old place", file.display());
    }
    on(&["gc", "--older-than", "0s", "--apply"]).exits(99);
    // back again, where pyiceberg finds the catalog
    std::fs::rename(&new, &old).unwrap();
    mesh.mesh(["relocate", "--apply"]).exits(0);
    assert!(says(&python, &mesh, THEIRS).ends_with(&format!("{LEFT:?}]")));
}

#[test]
fn erasure_keeps_what_vectors_delete_deleted() {
    let mesh = Mesh::new();
    let Some(python) = python() else { return };
    deleted_by_vectors(&mesh, &python, "sales");
    let now = || ids(&mesh.mesh(["query", IDS, "--format", "ndjson"]).exits(0));
    let erase = |subject: &str| {
        mesh.mesh(["erase", "--subject", subject, "--apply"]).exits(0).says(&["proved"]);
    };
    // before a deleted row of the first file, whose place is another one afterwards; the second file stays as it is
    erase("id=1");
    assert_eq!(now(), &LEFT[1..]);
    // a deleted row itself, and the one behind it
    erase("item=cup");
    assert_eq!(now(), [3, 4, 11, 14, 15]);
    assert_eq!(says(&python, &mesh, THEIRS), "[[3, 4, 5], [3, 4, 5, 11, 13, 14, 15], [3, 4, 11, 14, 15]]");
    erase("item=spoon");
    erase("item=pot");
    assert_eq!((now(), mesh.value("select count(*) from shop.sales.sale")), (vec![4, 11, 14], 3.into()));
    mesh.mesh(["gc", "--older-than", "0s", "--apply"]).exits(99);
}
