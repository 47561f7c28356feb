//! What must hold wherever a mesh lives: the main path, killed and paused runs, a store that dies, secrets.
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use crate::homes_of::s3::{S3, serve_if_asked};
use crate::interop::python;
use crate::shop;
use crate::support::{Mesh, Product, Said, on_every_home, skip};

on_every_home! {
    a_product_is_run_published_read_and_found,
    states_of_the_past_stay_readable,
    a_killed_run_is_interrupted_and_the_next_one_completes,
}

const COUNT: &str = "select count(*) from shop.sales.sale";

fn a_product_is_run_published_read_and_found(mesh: &Mesh) {
    mesh.mesh(["list"]).exits(66).says(&["there is no mesh"]);
    mesh.product("stock", shop::STOCK).released();
    let product = mesh.product("sales", shop::SALES);
    product.mesh(["check"]).exits(0);
    let product = product.released();
    product.mesh(["run"]).exits(99);
    assert_eq!(mesh.value("select sum(amount) from shop.sales.sale"), 44.0);
    assert_eq!(mesh.value("select sum(pieces) from depot.stock.level"), 55);
    mesh.mesh(["search", "sold"]).exits(0).says(&["shop.sales.sale"]);
    mesh.mesh(["describe", "shop.sales.sale"]).exits(0).says(&["1.0.0", "amount"]);
    mesh.mesh(["lineage", "shop.sales.sale"]).exits(0).says(&["till"]);
    mesh.mesh(["doctor"]).exits(0).says(&["2 published ports"]);
    let list = mesh.mesh(["list", "--json"]).exits(0).json();
    assert_eq!(list["ports"].as_array().unwrap().len(), 2, "{list}");
    product.edit("data/till.csv", "2,cup,8", "2,cup,9");
    product.mesh(["run"]).exits(0).says(&["r2"]);
    assert_eq!(mesh.value("select sum(amount) from shop.sales.sale"), 45.0);
}

fn states_of_the_past_stay_readable(mesh: &Mesh) {
    let product = mesh.product("sales", shop::SALES).released();
    product.write("data/till.csv", format!("{}6,tray,10\n", shop::TILL));
    product.mesh(["run"]).exits(0);
    let at = |state: &str| mesh.rows_at("select count(*) as n from shop.sales.sale", Some(state))[0]["n"].clone();
    assert_eq!((at("r1"), at("r2")), (5.into(), 6.into()));
    assert_eq!(mesh.releases("shop.sales.sale").len(), 2);
    product.mesh(["rollback", "shop.sales.sale", "--to", "r1"]).exits(0);
    assert_eq!(mesh.value(COUNT), 5);
    assert_eq!(mesh.runs("shop.sales").iter().filter(|r| r["outcome"] == "running").count(), 0);
}

/// Sales whose items cannot be compressed, so that files are large.
fn till(rows: u64, seed: u64) -> String {
    use std::fmt::Write;
    let mut text = "id,item,amount\n".to_owned();
    for id in 0..rows {
        writeln!(text, "{id},{:x},{}", Sha256::digest(format!("{seed}/{id}")), id % 1000).unwrap();
    }
    text
}

/// Starts a run and waits until it has said this event.
fn run_until(product: &Product<'_>, event: &str, variables: &[(&str, &str)]) -> Child {
    let mut command = product.command(["run", "--events", "ndjson"]);
    command.envs(variables.iter().copied()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let found = BufReader::new(child.stdout.as_mut().unwrap()).lines().any(|line| line.unwrap().contains(event));
    assert!(found, "no {event}");
    child
}

fn a_killed_run_is_interrupted_and_the_next_one_completes(mesh: &Mesh) {
    let product = mesh.product("sales", shop::SALES).released();
    product.write("data/till.csv", till(20_000, 1));
    let mut child = run_until(&product, "source.landed", &[]);
    child.kill().unwrap();
    child.wait().unwrap();
    let runs = mesh.runs("shop.sales");
    if runs[0]["outcome"] == "interrupted" {
        assert_eq!(mesh.value(COUNT), 5, "nothing of it is visible");
        product.mesh(["run"]).exits(0).says(&["r2"]);
    } else {
        assert_eq!(runs[0]["outcome"], "released", "it was faster than the kill");
    }
    assert_eq!(mesh.value(COUNT), 20_000);
    assert_eq!(mesh.runs("shop.sales").iter().filter(|r| r["outcome"] == "running").count(), 0);
}

fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

#[test]
fn a_run_that_sleeps_past_its_lease_is_refused_when_it_wakes() {
    let Some(mesh) = Mesh::postgres_and_objects() else { return };
    let product = mesh.product("sales", shop::SALES).released();
    let other = mesh.product("elsewhere", shop::SALES);
    other.write("data/till.csv", format!("{}6,tray,10\n", shop::TILL));
    for seed in 0.. {
        assert!(seed < 10, "every run was faster than the pause");
        product.write("data/till.csv", till(20_000, seed));
        let sleeper = run_until(&product, "source.landed", &[("MESH_LEASE", "1")]);
        signal(&sleeper, "-STOP");
        if mesh.runs("shop.sales")[0]["outcome"] != "running" {
            signal(&sleeper, "-CONT");
            Said::after(sleeper);
            continue;
        }
        // another machine shares nothing with this one but the database and the bucket
        let there = mesh.path("another machine's cache");
        let began = Instant::now();
        let elsewhere = |args: &[&str]| {
            let mut command = other.command(args);
            command.env("XDG_CACHE_HOME", &there);
            Said::of(command)
        };
        let state = || elsewhere(&["runs", "--product", "shop.sales", "--json"]).exits(0).json()["runs"][0].clone();
        while state()["outcome"] == "running" {
            assert!(began.elapsed() < Duration::from_secs(120), "its lease does not end");
        }
        elsewhere(&["run"]).exits(0);
        signal(&sleeper, "-CONT");
        let said = Said::after(sleeper).exits(73);
        assert_eq!(mesh.value(COUNT), 6, "what the other one released stands: {said}");
        let outcomes: Vec<_> = mesh.runs("shop.sales").iter().map(|r| r["outcome"].clone()).collect();
        assert_eq!(outcomes[..2], ["released", "interrupted"]);
        return;
    }
}

/// The endpoint's process, when [`S3::process`] starts this test with the variable that it looks for.
#[test]
fn an_endpoint() {
    serve_if_asked();
}

/// All files below a folder; names that begin with a dot are the endpoint's own.
fn files_below(dir: &Path, hidden: bool) -> Vec<PathBuf> {
    let mut out = vec![];
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        match path.is_dir() {
            true => out.extend(files_below(&path, hidden)),
            false if entry.file_name().to_string_lossy().starts_with('.') == hidden => out.push(path),
            false => {}
        }
    }
    out
}

/// Every visible object is whole: Parquet with its last bytes, metadata that parses, landed bytes that match their name.
fn objects_are_whole(bucket: &Path) {
    for file in files_below(bucket, false) {
        let (name, bytes) = (file.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(&file).unwrap());
        if name.ends_with(".parquet") {
            assert!(bytes.ends_with(b"PAR1"), "{} is not whole", file.display());
        } else if name.ends_with(".metadata.json") {
            serde_json::from_slice::<serde_json::Value>(&bytes).unwrap();
        } else if file.to_string_lossy().contains("/_landing/objects/") {
            assert_eq!(format!("{:x}", Sha256::digest(&bytes)), name);
        }
    }
}

#[test]
fn a_store_that_is_killed_in_a_large_write_leaves_nothing_half_done() {
    let folder = tempfile::tempdir().unwrap();
    let buckets = folder.path().join("buckets");
    let (s3, mut process) = S3::process(&buckets, None, "homes::an_endpoint");
    let mesh = Mesh::new().with_objects(&s3);
    let product = mesh.product("sales", shop::SALES).released();
    let rows = 400_000;
    product.write("data/till.csv", till(rows, 7));
    let run = run_until(&product, "source.landed", &[]);
    // parts of an object that is not there yet: a data file is on its way
    let began = Instant::now();
    while files_below(&buckets, true).iter().all(|f| !f.to_string_lossy().contains(".part")) {
        assert!(began.elapsed() < Duration::from_secs(120), "no large write has begun");
    }
    process.kill().unwrap();
    process.wait().unwrap();
    let said = Said::after(run);
    assert!([Some(69), Some(75)].contains(&said.code), "{said}");
    objects_are_whole(&buckets);

    let (_, mut process) = S3::process(&buckets, Some(&s3), "homes::an_endpoint");
    assert_eq!(mesh.value(COUNT), 5, "readers see what they saw");
    assert_eq!(mesh.runs("shop.sales")[0]["outcome"], "failed");
    product.mesh(["run"]).exits(0).says(&["r2"]);
    assert_eq!(mesh.value(COUNT), rows);
    assert_eq!(mesh.value("select count(distinct item) from shop.sales.sale"), rows);
    objects_are_whole(&buckets);
    let said = mesh.mesh(["gc", "--apply"]);
    assert!([Some(0), Some(99)].contains(&said.code), "{said}");
    mesh.mesh(["gc"]).exits(0).says(&["nothing was left behind"]);
    assert_eq!(mesh.value(COUNT), rows);
    process.kill().unwrap();
    process.wait().unwrap();
}

#[test]
fn secrets_are_shown_and_kept_nowhere() {
    let Some(mesh) = Mesh::postgres_and_objects() else { return };
    let (password, secret_key) = ("hunter2-of-postgres", mesh.variable("AWS_SECRET_ACCESS_KEY"));
    let url = mesh.variable("MESH_URL").replace("mesh@", &format!("mesh:{password}@"));
    let file = mesh.path("secrets");
    std::fs::write(&file, format!("AWS_SECRET_ACCESS_KEY={secret_key}\n")).unwrap();
    let product = mesh.product("sales", shop::SALES);
    let wrong = format!("{secret_key}-wrong");
    let says = |args: &[&str], key: Option<&str>| {
        let mut command = product.command(args);
        command.env("MESH_URL", &url).env("MESH_SECRETS_FILE", &file).env_remove("AWS_SECRET_ACCESS_KEY");
        if let Some(key) = key {
            command.env("AWS_SECRET_ACCESS_KEY", key);
        }
        Said::of(command)
    };
    let mut all = vec![];
    for args in [
        &["run", "-vv", "--events", "ndjson"][..],
        &["publish", "-vv"],
        &["query", COUNT, "-vv"],
        &["doctor"],
        &["connect", "pyiceberg"],
        &["list", "--json"],
        &["runs", "--json"],
    ] {
        all.push(says(args, None).exits(0));
    }
    product.edit("data/till.csv", "2,cup,8", "2,cup,9");
    let refused = says(&["run", "-vv"], Some(&wrong)).exits(77);
    all.push(refused.says(&["denies access"]));
    all.push(says(&["run", "--json"], Some(&wrong)).exits(77));
    for said in &all {
        for secret in [secret_key, password] {
            assert!(!said.out.contains(secret) && !said.err.contains(secret), "a secret is shown: {said}");
        }
    }
    std::fs::remove_file(&file).unwrap();
    let kept = mesh.everything();
    assert!(kept.iter().any(|(name, _)| name.ends_with(".metadata.json")), "nothing was looked at");
    let mut texts: Vec<(String, Vec<u8>)> = kept.into_iter().collect();
    texts.push(("the registry".to_owned(), registry(mesh.variable("MESH_URL")).into_bytes()));
    for (place, text) in texts {
        for secret in [secret_key, password] {
            assert!(!text.windows(secret.len()).any(|w| w == secret.as_bytes()), "a secret is kept in {place}");
        }
    }
}

/// Every row of every table, as text.
fn registry(url: &str) -> String {
    use sqlx::{Connection, PgConnection};
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let mut db = PgConnection::connect(url).await.unwrap();
        let tables: Vec<String> =
            sqlx::query_scalar("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'")
                .fetch_all(&mut db)
                .await
                .unwrap();
        assert!(tables.iter().any(|t| t == "mesh_runs"));
        let mut out = String::new();
        for table in tables {
            let rows: Vec<String> =
                sqlx::query_scalar(&format!("SELECT t::text FROM {table} t")).fetch_all(&mut db).await.unwrap();
            out.push_str(&rows.join("\n"));
        }
        out
    })
}

#[test]
fn pyiceberg_reads_a_mesh_of_postgres_and_objects() {
    let Some(mesh) = Mesh::postgres_and_objects() else { return };
    let Some(python) = python() else { return };
    let mut driver = Command::new(&python);
    driver.args(["-m", "pip", "install", "--quiet", "psycopg2-binary"]);
    let said = Said::of(driver);
    if said.code != Some(0) {
        return skip("pyiceberg on Postgres", said.err.lines().last().unwrap_or_default());
    }
    mesh.product("sales", shop::SALES).released();
    let uri = mesh.variable("MESH_URL").replace("postgres://", "postgresql+psycopg2://");
    let script = format!(
        "from pyiceberg.catalog.sql import SqlCatalog
catalog = SqlCatalog('mesh', **{{'uri': '{uri}', 's3.endpoint': '{}', 's3.access-key-id': '{}',
    's3.secret-access-key': '{}', 's3.region': '{}'}})
rows = catalog.load_table('shop.sales.sale').scan().to_arrow()
print(rows.num_rows, sum(v for v in rows['amount'].to_pylist() if v is not None))",
        mesh.variable("AWS_ENDPOINT_URL"),
        mesh.variable("AWS_ACCESS_KEY_ID"),
        mesh.variable("AWS_SECRET_ACCESS_KEY"),
        mesh.variable("AWS_REGION"),
    );
    let mut command = Command::new(&python);
    command.arg("-c").arg(script);
    assert_eq!(Said::of(command).exits(0).out.trim(), "5 44.0");
}
