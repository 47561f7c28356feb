//! Other engines read and write the same tables, with nothing of ours in between.
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::real_data::owid;
use crate::shop;
use crate::support::{Mesh, Said, root, skip};

/// A Python with pyiceberg and DuckDB.
pub fn python() -> Option<PathBuf> {
    environment("interop-venv", &["pyiceberg[sql-sqlite,pyarrow]", "duckdb"])
}

/// A Python with three readers of Iceberg that share no code: pyiceberg, polars, and DuckDB with its own extension. The
/// versions are named, because what each cannot read is part of what is tested.
pub fn readers() -> Option<PathBuf> {
    let duckdb = ["duckdb==1.5.5", "duckdb-extension-iceberg==1.5.5", "duckdb-extension-avro==1.5.5"];
    let others = ["pyiceberg[sql-sqlite,pyarrow]==0.12.0", "polars==2.1.0"];
    environment("interop-readers", &[&others[..], &duckdb].concat())
}

/// A Python with packages, made once under `target/`.
fn environment(name: &str, packages: &[&str]) -> Option<PathBuf> {
    let venv = root().join("target").join(name);
    let (python, ready) = (venv.join("bin/python"), venv.join("ready"));
    std::fs::create_dir_all(root().join("target")).unwrap();
    // tests of this and of other checkouts' processes wait for the first one
    let lock = File::create(root().join(format!("target/{name}.lock"))).unwrap();
    lock.lock().unwrap();
    if ready.exists() {
        return Some(python);
    }
    let made = |mut c: Command| match c.output() {
        Ok(out) if out.status.success() => Ok(()),
        Ok(out) => Err(String::from_utf8_lossy(&out.stderr).trim().lines().last().unwrap_or_default().to_owned()),
        Err(e) => Err(e.to_string()),
    };
    let mut venv_of = Command::new("python3");
    venv_of.args(["-m", "venv"]).arg(&venv);
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet"]).args(packages);
    match made(venv_of).and_then(|()| made(install)) {
        Ok(()) => {
            File::create(ready).unwrap();
            Some(python)
        }
        Err(why) => {
            skip(&format!("interop with {}", packages.join(", ")), &why);
            None
        }
    }
}

/// Runs Python with the catalog of a mesh opened as `catalog`, by nothing but the file's path.
pub fn says(python: &Path, mesh: &Mesh, script: &str) -> String {
    let database = mesh.home().join("catalog.db");
    let open = format!(
        "from pyiceberg.catalog.sql import SqlCatalog\ncatalog = SqlCatalog('mesh', uri='sqlite:///{}')\n",
        database.display()
    );
    let mut command = Command::new(python);
    command.arg("-c").arg(open + script).current_dir(mesh.path("."));
    Said::of(command).exits(0).out.trim().to_owned()
}

#[test]
fn pyiceberg_and_duckdb_read_the_same_rows() {
    let mesh = Mesh::new();
    let Some(product) = owid(&mesh) else { return };
    let Some(python) = python() else { return };
    product.released();
    let ours =
        &mesh.rows("select count(*) as n, sum(co2) as s, count(iso_code) as coded from climate.owid.country_year")[0];
    let script = "
import duckdb
rows = catalog.load_table('climate.owid.country_year').scan().to_arrow()
print(rows.num_rows, duckdb.sql('select sum(co2) from rows').fetchall()[0][0], rows.num_rows - rows['iso_code'].null_count)";
    let theirs = says(&python, &mesh, script);
    let theirs: Vec<f64> = theirs.split(' ').map(|n| n.parse().unwrap()).collect();
    assert_eq!(theirs[0], ours["n"].as_f64().unwrap());
    assert_eq!(theirs[2], ours["coded"].as_f64().unwrap());
    let sum = ours["s"].as_f64().unwrap();
    // sums of doubles depend on their order in the last digits
    assert!((theirs[1] - sum).abs() < 1e-9 * sum, "{} is not {sum}", theirs[1]);
    let filtered = "print(catalog.load_table('climate.owid.country_year').scan(row_filter=\"country == 'Chad' and year >= 2000\").to_arrow().num_rows)";
    let count = mesh.value("select count(*) from climate.owid.country_year where country = 'Chad' and year >= 2000");
    assert_eq!(says(&python, &mesh, filtered), count.to_string());
}

#[test]
fn rows_that_pyiceberg_appends_are_seen() {
    let mesh = Mesh::new();
    let Some(python) = python() else { return };
    let product = mesh.product("sales", shop::SALES).released();
    let append = "
import pyarrow as pa
table = catalog.load_table('shop.sales.sale')
table.append(pa.Table.from_pylist([{'id': 6, 'item': 'tray', 'amount': 10.0}, {'id': 7, 'item': 'jug', 'amount': None}], schema=table.schema().as_arrow()))
print(catalog.load_table('shop.sales.sale').scan().to_arrow().num_rows)";
    assert_eq!(says(&python, &mesh, append), "7");
    assert_eq!(mesh.value("select count(*) from shop.sales.sale"), 7);
    assert_eq!(mesh.value("select sum(amount) from shop.sales.sale"), 54.0);
    assert_eq!(mesh.rows_at("select count(*) as n from shop.sales.sale", Some("r1"))[0]["n"], 5);
    // what stands is no longer what the newest release made, so the same run is work again
    product.mesh(["run"]).exits(0).says(&["r2"]);
    assert_eq!(mesh.value("select count(*) from shop.sales.sale"), 5);
}

#[test]
fn a_rejected_branch_is_not_what_others_read() {
    let mesh = Mesh::new();
    let Some(python) = python() else { return };
    let product = mesh.product("sales", shop::SALES).released();
    product.edit("data/till.csv", "2,cup,8", "2,cup,-8");
    let branch = product.mesh(["run", "--json"]).exits(65).json()["branch"].as_str().unwrap().to_owned();
    let script = format!(
        "
import pyarrow.compute as pc
table = catalog.load_table('shop.sales.sale')
low = lambda scan: pc.min(scan.to_arrow()['amount']).as_py()
print(low(table.scan()), low(table.scan(snapshot_id=table.snapshot_by_name('{branch}').snapshot_id)))"
    );
    assert_eq!(says(&python, &mesh, &script), "2.5 -8.0");
}

#[test]
fn the_snippets_of_connect_work_as_printed() {
    let mesh = Mesh::new();
    let Some(python) = python() else { return };
    mesh.product("sales", shop::SALES).released();
    for program in ["pyiceberg", "duckdb"] {
        let snippet = mesh.mesh(["connect", program, "--port", "shop.sales.sale"]).exits(0).out;
        let mut command = Command::new(&python);
        command.arg("-c").arg(&snippet);
        let said = Said::of(command).exits(0);
        assert!(said.out.contains("spoon"), "{said}");
    }
}

const MODEL: &str = "
import pyarrow as pa, pyarrow.compute as pc, pyarrow.ipc as ipc, sys
sales = ipc.open_stream(sys.stdin.buffer).read_all()
print('doubling', sales.num_rows, file=sys.stderr)
doubled = sales.set_column(2, 'amount', pc.multiply(sales['amount'], 2.0))
with ipc.new_stream(sys.stdout.buffer, doubled.schema) as out:
    out.write_table(doubled)
";

#[test]
fn a_step_in_python_is_a_step_like_any_other() {
    let mesh = Mesh::new();
    let Some(python) = python() else { return };
    let product = mesh.product("sales", shop::SALES);
    product.edit(
        "product.toml",
        "[steps.sale]",
        &format!("[steps.sale]\nrun = [\"{}\", \"steps/model.py\"]", python.display()),
    );
    product.write("steps/model.py", MODEL);
    let product = product.released();
    assert_eq!(mesh.value("select sum(amount) from shop.sales.sale"), 88.0);
    product.mesh(["run"]).exits(99);
    // the script is code: a change is work; one that fails releases nothing and says what it printed
    let before = mesh.state();
    product.edit("steps/model.py", "print(", "raise ValueError('no model today')\nprint(");
    let said = product.mesh(["run"]).says(&["no model today"]);
    assert!(![Some(0), Some(99)].contains(&said.code), "{said}");
    before.still_holds(&mesh);
    product.edit("steps/model.py", "raise ValueError('no model today')\n", "");
    product.edit("steps/model.py", "2.0", "3.0");
    product.mesh(["run"]).exits(0);
    assert_eq!(mesh.value("select sum(amount) from shop.sales.sale"), 132.0);
}
