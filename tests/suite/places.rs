//! Where things lie must not matter: odd folders, relative and encoded URLs, the product's own `[mesh]`.
use crate::shop;
use crate::support::Mesh;

#[test]
fn folders_with_blanks_and_umlauts_hold_meshes_and_products() {
    let mesh = Mesh::new();
    let product = mesh.product("meine Daten/Zürich & Söhne", shop::SALES);
    let home = mesh.path("a mesh #1 (ä)");
    let encoded = format!("file://{}", home.display()).replace(' ', "%20");
    let on = |url: &str, args: &[&str]| {
        crate::support::Said::of({
            let mut command = product.command(args);
            command.env("MESH_URL", url);
            command
        })
    };
    on(&encoded, &["run"]).exits(0);
    on(home.to_str().unwrap(), &["run"]).exits(99);
    on(&format!("sqlite://{}/catalog.db", home.display()), &["publish"]).exits(0);
    let count = ["query", "select count(*) from shop.sales.sale", "--format", "csv"];
    assert_eq!(on(&encoded, &count).exits(0).out, "count(*)\n5\n");
    assert!(home.join("catalog.db").exists() && !mesh.home().exists());
}

#[test]
fn the_flag_wins_over_the_environment_and_that_over_the_file() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES);
    let own = mesh.path("own");
    product.write("product.toml", format!("{}\n[mesh]\nurl = \"file://{}\"\n", shop::PRODUCT, own.display()));
    let without = |args: &[&str]| {
        crate::support::Said::of({
            let mut command = product.command(args);
            command.env_remove("MESH_URL");
            command
        })
    };
    let flag = mesh.path("flag");
    product.mesh(["run", "--mesh", flag.to_str().unwrap()]).exits(0);
    assert!(flag.join("catalog.db").exists() && !mesh.home().exists());
    product.mesh(["run"]).exits(0);
    assert!(mesh.home().join("catalog.db").exists() && !own.exists());
    without(&["run"]).exits(0);
    assert!(own.join("catalog.db").exists());
    without(&["query", "select count(*) from shop.sales.sale"]).exits(0);
    // nothing said anywhere: the user's own
    product.write("product.toml", shop::PRODUCT);
    without(&["run"]).exits(0);
    assert!(mesh.path("nobody/meshwright/catalog.db").exists());
}

#[test]
fn a_product_is_named_by_its_folder() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES);
    mesh.mesh(["-C", product.dir.to_str().unwrap(), "run"]).exits(0);
    mesh.mesh(["check", "-C", "sales"]).exits(0);
    mesh.mesh(["-C", "nowhere", "run"]).exits(66).says(&["nowhere"]);
}

#[test]
fn a_mesh_that_was_moved_by_hand_says_so() {
    let mesh = Mesh::new();
    mesh.product("sales", shop::SALES).released();
    let elsewhere = mesh.path("elsewhere");
    std::fs::rename(mesh.home(), &elsewhere).unwrap();
    let said = mesh.mesh(["query", "select count(*) from shop.sales.sale", "--mesh", elsewhere.to_str().unwrap()]);
    said.exits(66).says(&["M1101", "was moved", "mesh relocate"]);
}

#[test]
fn a_mesh_that_is_none_is_refused() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES);
    product.mesh(["run", "--mesh", "ftp://host/mesh"]).exits(64).says(&["ftp://"]);
    std::fs::create_dir_all(mesh.home()).unwrap();
    std::fs::write(mesh.home().join("catalog.db"), "not a database, but long enough to be taken for one ......")
        .unwrap();
    let said = product.mesh(["run"]);
    assert!(![Some(0), Some(99)].contains(&said.code) && !said.err.contains("panicked"), "{said}");
    assert!(std::fs::read_to_string(mesh.home().join("catalog.db")).unwrap().starts_with("not a database"));
}

#[test]
fn sources_are_lists_globs_and_compressed_files() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES);
    product.edit("product.toml", "\"data/till.csv\"", "[\"data/2024-*.csv\", \"data/old.csv.gz\"]");
    std::fs::remove_file(product.dir.join("data/till.csv")).unwrap();
    product.write("data/2024-01.csv", "id,item,amount\n1,tea,2\n");
    product.write("data/2024-02.csv", "id,item,amount\n2,cup,3\n");
    product.write("data/old.csv", "id,item,amount\n3,pot,4\n");
    assert!(std::process::Command::new("gzip").arg(product.dir.join("data/old.csv")).status().unwrap().success());
    product.mesh(["run"]).exits(0).says(&["3 files"]);
    assert_eq!(mesh.value("select sum(id) from shop.sales.sale"), 6);
    // a defect is told with the file it is in
    product.write("data/2024-02.csv", "id,item,amount\n2,cup\n");
    product.mesh(["run"]).exits(65).says(&["data/2024-02.csv", "line 2, byte 15"]);
}
