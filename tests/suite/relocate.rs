//! A mesh directory that was moved says so, is mended, and has lost nothing.
use std::fs;
use std::path::Path;

use crate::interop::python;
use crate::shop;
use crate::support::{Mesh, Said};
use crate::upkeep::files;

fn on(mesh: &Mesh, home: &Path, args: &[&str]) -> Said {
    let mut command = mesh.command(args);
    command.env("MESH_URL", home);
    Said::of(command)
}

fn rows_of(mesh: &Mesh, home: &Path, at: &str) -> Vec<String> {
    let said = on(mesh, home, &["query", "select * from shop.sales.sale", "--at", at, "--format", "ndjson"]).exits(0);
    let mut rows: Vec<String> = said.out.lines().map(str::to_owned).collect();
    rows.sort();
    rows
}

/// A mesh with three releases of one port and one of another.
fn filled() -> Mesh {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES).released();
    for price in [9, 10] {
        product.edit("data/till.csv", "1,tea,2.5", &format!("{price}1,tea,{price}\n1,tea,2.5"));
        product.mesh(["run"]).exits(0);
    }
    mesh.product("stock", shop::STOCK).released();
    mesh
}

#[test]
fn a_moved_mesh_is_recognised_and_mended() {
    let mesh = filled();
    let before: Vec<_> = ["r1", "r2", "r3"].map(|at| rows_of(&mesh, &mesh.home(), at)).to_vec();
    let data = |home: &Path| -> Vec<_> {
        let all = files(&home.join("warehouse")).into_iter().filter(|p| p.extension().is_some_and(|e| e == "parquet"));
        all.map(|p| (p.strip_prefix(home).unwrap().to_owned(), fs::read(&p).unwrap())).collect()
    };
    let bytes = data(&mesh.home());
    let new = mesh.path("somewhere else/mesh");
    fs::create_dir_all(new.parent().unwrap()).unwrap();
    fs::rename(mesh.home(), &new).unwrap();

    let said = on(&mesh, &new, &["query", "select count(*) from shop.sales.sale"]).exits(66);
    said.says(&["M1101", "this mesh was moved", "mesh relocate --apply"]);
    let mut run = mesh.at("sales").command(["run"]);
    run.env("MESH_URL", &new);
    Said::of(run).exits(66).says(&["M1101"]);
    let error = on(&mesh, &new, &["list", "--json"]).exits(66).json();
    assert_eq!(error["error"]["code"], "M1101", "{error}");
    mesh.mesh(["explain", "M1101"]).exits(0).says(&["relocate"]);

    let plan = on(&mesh, &new, &["relocate", "--json"]).exits(0).json();
    assert_eq!((plan["tables"].as_array().unwrap().len(), &plan["old_place_exists"]), (2, &false.into()), "{plan}");
    on(&mesh, &new, &["list"]).exits(66);
    on(&mesh, &new, &["relocate", "--apply"]).exits(0).says(&["shop.sales.sale  3 snapshots", "mended"]);
    on(&mesh, &new, &["relocate", "--apply"]).exits(99);

    for (at, rows) in ["r1", "r2", "r3"].iter().zip(&before) {
        assert_eq!(rows_of(&mesh, &new, at), *rows, "{at}");
    }
    assert_eq!(data(&new), bytes, "no data file was touched");
    let old = mesh.home().display().to_string();
    for file in files(&new.join("warehouse")) {
        let bytes = fs::read(&file).unwrap();
        let names = bytes.windows(old.len()).any(|w| w == old.as_bytes());
        assert!(!names, "{} still names the old place", file.display());
    }
    // no orphan is left, and work goes on
    on(&mesh, &new, &["gc", "--older-than", "0s", "--apply"]).exits(99);
    let mut run = mesh.at("sales").command(["run"]);
    run.env("MESH_URL", &new);
    Said::of(run).exits(99);
    if let Some(python) = python() {
        let script = format!(
            "from pyiceberg.catalog.sql import SqlCatalog\ntable = SqlCatalog('mesh', uri='sqlite:///{}').load_table('shop.sales.sale')\n\
             print(sorted(table.scan(snapshot_id=s.snapshot_id).to_arrow().num_rows for s in table.snapshots()))",
            new.join("catalog.db").display()
        );
        let mut command = std::process::Command::new(python);
        command.arg("-c").arg(script);
        assert_eq!(Said::of(command).exits(0).out.trim(), "[5, 6, 7]");
    }
}

#[test]
fn a_copy_does_not_work_on_the_original() {
    let mesh = filled();
    let copy = mesh.path("copy");
    let done = std::process::Command::new("cp").arg("-r").arg(mesh.home()).arg(&copy).status().unwrap();
    assert!(done.success());
    on(&mesh, &copy, &["list"]).exits(66).says(&["M1101"]);
    let plan = on(&mesh, &copy, &["relocate", "--json"]).exits(0).json();
    assert_eq!(plan["old_place_exists"], true, "{plan}");
    let before = mesh.state();
    on(&mesh, &copy, &["relocate", "--apply"]).exits(0).says(&["is a copy"]);
    assert_eq!(rows_of(&mesh, &copy, "r3").len(), 7);
    before.still_holds(&mesh);
}

#[test]
fn a_mesh_that_lost_files_on_the_way_is_not_mended_in_half() {
    let mesh = filled();
    let new = mesh.path("new");
    fs::rename(mesh.home(), &new).unwrap();
    let lost =
        files(&new.join("warehouse/depot")).into_iter().find(|p| p.extension().is_some_and(|e| e == "avro")).unwrap();
    let bytes = fs::read(&lost).unwrap();
    fs::remove_file(&lost).unwrap();
    let said = on(&mesh, &new, &["relocate", "--apply"]);
    assert!(![Some(0), Some(99)].contains(&said.code), "{said}");
    on(&mesh, &new, &["query", "select 1 from shop.sales.sale"]).exits(66).says(&["M1101"]);
    fs::write(&lost, bytes).unwrap();
    on(&mesh, &new, &["relocate", "--apply"]).exits(0);
    assert_eq!(rows_of(&mesh, &new, "r1").len(), 5);
}
