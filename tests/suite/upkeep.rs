//! Compaction, expiry and garbage collection: every state that stays reads the same, and what may go is gone.
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::interop::{python, says};
use crate::shop;
use crate::support::{Mesh, Product, Said, on_every_home};

on_every_home! { the_landing_is_listed_and_verified }

const PORT: &str = "shop.sales.sale";

/// A port with one small file for each of `runs` appends, sorted by its contract.
fn appended(mesh: &Mesh, runs: usize) -> Product<'_> {
    let product = mesh.product("sales", shop::SALES);
    product.edit("product.toml", "mode = \"replace\"", "mode = \"append\"");
    product.edit("contracts/sale.toml", "key         = [\"id\"]", "key         = [\"id\"]\nsort        = [\"id\"]");
    for run in 0..runs {
        product.write("data/till.csv", till(run));
        product.mesh(["run"]).exits(0);
    }
    product.mesh(["publish"]).exits(0);
    product
}

/// Five sales; later deliveries have lower numbers, so that appending them is not sorted.
fn till(run: usize) -> String {
    (0..5).fold("id,item,amount\n".to_owned(), |text, i| format!("{text}{},item {run},{i}\n", 1000 - run * 10 - i))
}

/// Every file below a folder.
pub fn files(root: &Path) -> Vec<PathBuf> {
    let (mut out, mut folders) = (vec![], vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { out.push(path) }
        }
    }
    out.sort();
    out
}

fn data_files(mesh: &Mesh) -> usize {
    files(&mesh.home().join("warehouse")).iter().filter(|p| p.extension().is_some_and(|e| e == "parquet")).count()
}

/// Rows of every release, by its number, in an order of their own.
pub fn states(mesh: &Mesh, port: &str) -> BTreeMap<String, Vec<String>> {
    let releases = mesh.releases(port);
    let of = |release: &Value| {
        let name = format!("r{}", release["number"]);
        let said = mesh.mesh(["query", &format!("select * from {port}"), "--at", &name, "--format", "ndjson"]).exits(0);
        let mut rows: Vec<String> = said.out.lines().map(str::to_owned).collect();
        rows.sort();
        (name, rows)
    };
    releases.iter().map(of).collect()
}

fn report(mesh: &Mesh, args: &[&str]) -> Value {
    let said = mesh.mesh(["maintain", PORT, "--json"].iter().chain(args));
    assert!([Some(0), Some(99)].contains(&said.code), "{said}");
    said.json()["ports"][0].clone()
}

/// Compacts everything whatever the age, and expires what nothing keeps.
const ALL: [&str; 6] = ["--keep", "0s", "--keep-releases", "1", "--older-than", "0s"];

#[test]
fn a_plan_changes_nothing() {
    let mesh = Mesh::new();
    appended(&mesh, 3);
    let before = mesh.state();
    let plan = report(&mesh, &ALL);
    assert_eq!((&plan["compact"]["rewritten"], &plan["applied"]), (&Value::from(3), &Value::from(false)), "{plan}");
    assert_eq!(plan["expire"]["snapshots"].as_array().unwrap().len(), 2, "{plan}");
    mesh.mesh(["maintain", PORT]).exits(0).says(&["this is a plan", "kept by head of main", "--apply"]);
    mesh.mesh(["gc"]).exits(0).says(&["nothing was left behind"]);
    before.still_holds(&mesh);
    mesh.mesh(["maintain"]).exits(64).says(&["--all"]);
    mesh.mesh(["maintain", "shop.sales.nothing"]).exits(66);
    mesh.mesh(["maintain", PORT, "--keep", "5 days"]).exits(64).says(&["5d"]);
}

#[test]
fn compaction_makes_one_sorted_file_and_every_release_reads_the_same() {
    let mesh = Mesh::new();
    let product = appended(&mesh, 10);
    let before = states(&mesh, PORT);
    assert_eq!((before.len(), data_files(&mesh)), (10, 10));
    let done = report(&mesh, &["--only", "compact", "--apply"]);
    assert_eq!(
        (&done["compact"]["rewritten"], &done["compact"]["into"]),
        (&Value::from(10), &Value::from(1)),
        "{done}"
    );
    assert_eq!(states(&mesh, PORT), before);
    let sum = "select count(*) as n, sum(id) as ids, count(distinct item) as items from shop.sales.sale";
    assert_eq!(mesh.rows(sum), mesh.rows_at(sum, Some("r10")));
    // in the contract's order, in one file
    let ids: Vec<i64> = mesh.rows("select id from shop.sales.sale").iter().map(|r| r["id"].as_i64().unwrap()).collect();
    assert!(ids.is_sorted() && ids.len() == 50, "{ids:?}");
    let again = report(&mesh, &["--only", "compact", "--apply"]);
    assert_eq!(again["compact"]["rewritten"], 0, "{again}");
    // no new work and no new release: the rows are those of the newest one
    product.mesh(["run"]).exits(99);
    assert_eq!(mesh.releases(PORT).len(), 10);
    product.write("data/till.csv", till(10));
    product.mesh(["run"]).exits(0).says(&["r11"]);
    assert_eq!(mesh.value("select count(*) from shop.sales.sale"), 55);
    if let Some(python) = python() {
        let script = "
table = catalog.load_table('shop.sales.sale')
print(sorted(table.scan(snapshot_id=s.snapshot_id).to_arrow().num_rows for s in table.snapshots()))
print([s.summary.operation.value for s in table.snapshots()].count('replace'), len(table.scan().to_arrow()))";
        let counts: Vec<String> = (1..=10).chain([10, 11]).map(|n| (n * 5).to_string()).collect();
        assert_eq!(says(&python, &mesh, script), format!("[{}]\n1 55", counts.join(", ")));
    }
}

#[test]
fn expiry_removes_files_and_leaves_what_something_keeps() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES).released();
    for run in 1..6 {
        product.write("data/till.csv", till(run));
        product.mesh(["run"]).exits(0);
    }
    let before = states(&mesh, PORT);
    let third = mesh.releases(PORT)[3]["snapshot_id"].to_string();
    tag(&mesh, "audit", &third);
    assert_eq!(data_files(&mesh), 6);
    let done = report(&mesh, &["--only", "expire", "--keep", "0s", "--keep-releases", "2", "--apply"]);
    assert_eq!(done["expire"]["snapshots"].as_array().unwrap().len(), 3, "{done}");
    let why: Vec<&str> =
        done["expire"]["kept"].as_array().unwrap().iter().map(|k| k["why"].as_str().unwrap()).collect();
    assert!(why.contains(&"tag audit") && why.contains(&"release r5") && why.contains(&"head of main"), "{done}");
    assert!(done["removed"]["files"].as_u64().unwrap() >= 9, "three data files, three lists, three manifests: {done}");
    assert_eq!(data_files(&mesh), 3);
    for kept in ["r3", "r5", "r6"] {
        let mut rows: Vec<String> = mesh
            .mesh(["query", "select * from shop.sales.sale", "--at", kept, "--format", "ndjson"])
            .exits(0)
            .out
            .lines()
            .map(str::to_owned)
            .collect();
        rows.sort();
        assert_eq!(rows, before[kept], "{kept}");
    }
    mesh.mesh(["query", "select * from shop.sales.sale", "--at", "r1"]).exits(66);
    // what was done stays known, although the snapshots are gone
    product.mesh(["run"]).exits(99);
    assert_eq!(mesh.releases(PORT).len(), 6);
    if let Some(python) = python() {
        let script = "
table = catalog.load_table('shop.sales.sale')
print(sorted(table.scan(snapshot_id=s.snapshot_id).to_arrow().num_rows for s in table.snapshots()))
print(table.scan(snapshot_id=table.snapshot_by_name('audit').snapshot_id).to_arrow().num_rows)";
        assert_eq!(says(&python, &mesh, script), "[5, 5, 5]\n5");
    }
    mesh.mesh(["maintain", PORT, "--only", "expire", "--keep", "0s", "--keep-releases", "2", "--apply"]).exits(99);
}

/// Tags a snapshot as any Iceberg client would.
fn tag(mesh: &Mesh, name: &str, snapshot: &str) {
    use iceberg_tag::tag;
    tag(&mesh.home(), PORT, name, snapshot.parse().unwrap());
}

mod iceberg_tag {
    use std::path::Path;

    use meshwright_catalog::{Catalog, Home, TableChange};

    pub(super) fn tag(home: &Path, port: &str, name: &str, snapshot: i64) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let home = Home::parse(home.to_str().unwrap(), None).unwrap();
            let catalog = Catalog::open_existing(home).await.unwrap();
            let base = catalog.load(&port.parse().unwrap()).await.unwrap();
            let update = serde_json::json!({
                "action": "set-snapshot-ref", "ref-name": name, "type": "tag", "snapshot-id": snapshot,
            });
            let updates = vec![serde_json::from_value(update).unwrap()];
            catalog.commit(TableChange { base, requirements: vec![], updates }).await.unwrap();
        });
    }
}

#[test]
fn a_rejected_branch_stays_for_its_time_and_goes_after_it() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES).released();
    product.edit("data/till.csv", "2,cup,8", "2,cup,-8");
    let branch = product.mesh(["run", "--json"]).exits(65).json()["branch"].as_str().unwrap().to_owned();
    let kept = report(&mesh, &["--only", "expire", "--keep", "0s", "--apply"]);
    assert!(kept["expire"]["refs"].as_array().unwrap().is_empty(), "{kept}");
    assert_eq!(mesh.rows_at("select min(amount) as m from shop.sales.sale", Some(&branch))[0]["m"], -8.0);
    // eight days later: the table as it would be had the branch been kept for no time at all
    age_branch(&mesh, &branch);
    let gone = report(&mesh, &["--only", "expire", "--keep", "0s", "--apply"]);
    assert_eq!(gone["expire"]["refs"][0]["name"], branch, "{gone}");
    assert_eq!(data_files(&mesh), 1, "the rejected rows are gone from the disk");
    mesh.mesh(["query", "select 1 from shop.sales.sale", "--at", &branch]).exits(66);
    assert_eq!(mesh.value("select count(*) from shop.sales.sale"), 5);
}

fn age_branch(mesh: &Mesh, branch: &str) {
    use meshwright_catalog::{Catalog, Home, TableChange};
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let catalog = Catalog::open_existing(Home::parse(mesh.home().to_str().unwrap(), None).unwrap()).await.unwrap();
        let base = catalog.load(&PORT.parse().unwrap()).await.unwrap();
        let id = base.metadata().snapshot_for_ref(branch).unwrap().snapshot_id();
        let update = serde_json::json!({
            "action": "set-snapshot-ref", "ref-name": branch, "type": "branch", "snapshot-id": id, "max-ref-age-ms": 1,
        });
        let updates = vec![serde_json::from_value(update).unwrap()];
        catalog.commit(TableChange { base, requirements: vec![], updates }).await.unwrap();
    });
}

#[test]
fn garbage_is_what_nobody_names_and_nothing_else() {
    let mesh = Mesh::new();
    let product = appended(&mesh, 2);
    let before = mesh.state();
    let table = mesh.home().join("warehouse/shop/sales/sale");
    let dead = mesh.runs("shop.sales")[0]["run"].as_str().unwrap().to_owned();
    let of_dead = table.join(format!("data/{dead}-9-00001.parquet"));
    let unknown = table.join("data/unknown.parquet");
    let stray = table.join("metadata/00099-stray.metadata.json");
    let outside = mesh.home().join("warehouse/shop/sales/other.parquet");
    for file in [&of_dead, &unknown, &stray, &outside] {
        fs::write(file, "left behind").unwrap();
    }
    let scratch = mesh.home().join(format!("runs/{dead}.scratch"));
    fs::create_dir_all(&scratch).unwrap();
    fs::write(scratch.join("spooled"), "rows").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(mesh.path("sales"), table.join("data/link")).unwrap();
    // of a dead run at once, of nobody when it is old enough
    let plan = mesh.mesh(["gc", "--json"]).exits(0).json();
    let orphans = plan["tables"][0][1]["orphans"].as_array().unwrap().clone();
    assert_eq!(orphans.len(), 1, "{plan}");
    assert_eq!((&plan["tables"][0][1]["left_alone"], plan["scratch"].as_array().unwrap().len()), (&Value::from(2), 1));
    assert!(of_dead.exists() && scratch.exists(), "a plan removes nothing");
    mesh.mesh(["gc", "--apply"]).exits(0).says(&["removed 2 files"]);
    assert!(!of_dead.exists() && !scratch.exists() && unknown.exists() && stray.exists());
    mesh.mesh(["gc", "--older-than", "0s", "--apply"]).exits(0);
    assert!(!unknown.exists() && !stray.exists());
    assert!(outside.exists() && product.dir.join("product.toml").exists(), "nothing outside a table is touched");
    mesh.mesh(["gc", "--older-than", "0s", "--apply"]).exits(99);
    fs::remove_file(&outside).unwrap();
    before.still_holds(&mesh);
}

fn the_landing_is_listed_and_verified(mesh: &Mesh) {
    let product = mesh.product("sales", shop::SALES).released();
    product.write("data/till.csv", till(1));
    product.mesh(["run"]).exits(0);
    mesh.mesh(["landing", "verify"]).exits(0).says(&["2 objects", "0 damaged"]);
    let list = mesh.mesh(["landing", "list", "--json"]).exits(0).json();
    assert_eq!(list["deliveries"].as_array().unwrap().len(), 2);
    assert_eq!(list["deliveries"][0]["state"], "landed");
    mesh.mesh(["landing", "list", "--product", "shop.sales", "--limit", "1"]).exits(0).says(&["shop.sales:till"]);
    let landing = mesh.landing().below("objects/sha256");
    let objects: Vec<(String, Vec<u8>)> = landing.all().into_iter().collect();
    let mut bytes = objects[0].1.clone();
    bytes[20] ^= 1;
    let name = objects[0].0.rsplit('/').next().unwrap().to_owned();
    landing.put(&objects[0].0, bytes);
    landing.remove(&objects[1].0);
    landing.put("note.txt", b"not an object".to_vec());
    let said = mesh.mesh(["landing", "verify", "--json"]).exits(65).json();
    let damaged = said["damaged"].as_array().unwrap();
    let kinds: Vec<&str> = damaged.iter().map(|d| d["kind"].as_str().unwrap()).collect();
    assert_eq!((kinds.len(), said["objects"].as_u64()), (3, Some(2)), "{said}");
    assert!(["changed", "missing", "stray"].iter().all(|k| kinds.contains(k)), "{said}");
    let changed = damaged.iter().find(|d| d["kind"] == "changed").unwrap();
    assert_eq!(changed["sha256"], name);
    assert!(changed["locations"][0].as_str().unwrap().ends_with("till.csv"), "{said}");
    mesh.mesh(["landing", "verify"]).exits(65).says(&["3 damaged", "came from"]);
}

#[test]
fn all_of_it_holds_for_format_version_3() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES);
    product.edit("product.toml", "mode = \"replace\"", "mode = \"append\"\n[outputs.sale.files]\nformat_version = 3");
    for run in 0..3 {
        product.write("data/till.csv", till(run));
        product.mesh(["run"]).exits(0);
    }
    product.mesh(["publish"]).exits(0);
    let before = states(&mesh, PORT);
    let done = report(&mesh, &["--only", "compact", "--apply"]);
    assert_eq!(done["compact"]["into"], 1, "{done}");
    assert_eq!(states(&mesh, PORT), before);
    let erased = mesh.mesh(["erase", "--subject", "item=item 1", "--apply", "--json"]).exits(0).json();
    assert_eq!(erased["ports"][0]["rows"], 10, "five rows in a file of their own, and in the compacted one: {erased}");
    let after = states(&mesh, PORT);
    assert_eq!(after.values().map(Vec::len).collect::<Vec<_>>(), [5, 5, 10]);
    assert_eq!(mesh.value("select count(*) from shop.sales.sale"), 10);
    let elsewhere = mesh.path("elsewhere");
    fs::rename(mesh.home(), &elsewhere).unwrap();
    let relocate = || {
        let mut command = mesh.command(["relocate", "--apply"]);
        command.env("MESH_URL", &elsewhere);
        command
    };
    Said::of(relocate()).exits(0);
    fs::rename(&elsewhere, mesh.home()).unwrap();
    mesh.mesh(["relocate", "--apply"]).exits(0);
    assert_eq!(states(&mesh, PORT), after);
    report(&mesh, &["--only", "expire", "--keep", "0s", "--keep-releases", "1", "--apply"]);
    assert_eq!(mesh.value("select count(*) from shop.sales.sale"), 10);
    product.write("data/till.csv", till(5));
    product.mesh(["run"]).exits(0);
    assert_eq!(mesh.value("select count(*) from shop.sales.sale"), 15);
    if let Some(python) = python() {
        let script = "
table = catalog.load_table('shop.sales.sale')
print(table.metadata.format_version, sorted(table.scan(snapshot_id=s.snapshot_id).to_arrow().num_rows for s in table.snapshots()))";
        assert_eq!(says(&python, &mesh, script), "3 [10, 10, 15]");
    }
}
