//! `kill -9` at any moment of upkeep: no reader sees a difference, and the same command gets it done afterwards.
#![allow(clippy::print_stdout, reason = "what a failed test needs to be repeated")]
use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::moments::Moments;
use crate::shop;
use crate::support::{Mesh, Product, Said};
use crate::upkeep::{files, states};

const PORT: &str = "shop.sales.sale";
/// Kills of each command.
const KILLS: u32 = 5;

/// Starts a command and kills it after a while.
fn kill(mut command: Command, after: Duration) {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(after);
    child.kill().unwrap();
    println!("killed after {after:?}: {}", child.wait().unwrap());
}

fn appended(mesh: &Mesh) -> Product<'_> {
    let product = mesh.product("sales", shop::SALES);
    product.edit("product.toml", "mode = \"replace\"", "mode = \"append\"");
    for run in 0..5 {
        product
            .write("data/till.csv", format!("id,item,amount\n{run}1,tea,1\n{run}2,Zebulon Quirke,2\n{run}3,cup,3\n"));
        product.mesh(["run"]).exits(0);
    }
    product.mesh(["publish"]).exits(0);
    product
}

/// How long a command takes when nobody kills it: on a mesh of its own.
fn usual(of: impl Fn(&Mesh) -> Command) -> Duration {
    let mesh = Mesh::new();
    appended(&mesh);
    let command = of(&mesh);
    let began = Instant::now();
    Said::of(command).exits(0);
    began.elapsed()
}

#[test]
fn killed_maintenance_changes_no_row_and_is_completed_by_the_next() {
    let args = ["maintain", PORT, "--keep", "0s", "--keep-releases", "3", "--older-than", "0s", "--apply"];
    let most = usual(|mesh| mesh.command(args));
    let mut moments = Moments::new();
    for _ in 0..KILLS {
        let mesh = Mesh::new();
        let product = appended(&mesh);
        let before = states(&mesh, PORT);
        kill(mesh.command(args), moments.within(most));
        let count = mesh.value("select count(*) from shop.sales.sale");
        assert_eq!(count, 15);
        let said = mesh.mesh(args);
        assert!([Some(0), Some(99)].contains(&said.code), "{said}");
        for kept in ["r3", "r4", "r5"] {
            let rows =
                mesh.mesh(["query", "select * from shop.sales.sale", "--at", kept, "--format", "ndjson"]).exits(0);
            let mut rows: Vec<&str> = rows.out.lines().collect();
            rows.sort_unstable();
            assert_eq!(rows, before[kept], "{kept}");
        }
        mesh.mesh(["gc", "--older-than", "0s", "--apply"]);
        mesh.mesh(["gc", "--older-than", "0s", "--apply"]).exits(99);
        mesh.mesh(args).exits(99);
        product.mesh(["run"]).exits(99);
    }
}

#[test]
fn a_killed_relocation_is_completed_by_the_next() {
    let mut moments = Moments::new();
    let mesh = Mesh::new();
    let product = appended(&mesh);
    let before = states(&mesh, PORT);
    let mut home = mesh.home();
    let mut most = Duration::from_millis(300);
    for n in 0..KILLS {
        let next = mesh.path(&format!("place {n}"));
        fs::rename(&home, &next).unwrap();
        home = next;
        let relocate = || {
            let mut command = mesh.command(["relocate", "--apply"]);
            command.env("MESH_URL", &home);
            command
        };
        kill(relocate(), moments.within(most));
        let began = Instant::now();
        let said = Said::of(relocate());
        most = began.elapsed();
        assert!([Some(0), Some(99)].contains(&said.code), "{said}");
        let mut gc = mesh.command(["gc", "--older-than", "0s", "--apply"]);
        gc.env("MESH_URL", &home);
        Said::of(gc);
    }
    fs::rename(&home, mesh.home()).unwrap();
    mesh.mesh(["relocate", "--apply"]).exits(0);
    assert_eq!(states(&mesh, PORT), before);
    product.mesh(["run"]).exits(99);
}

#[test]
fn a_killed_erasure_is_completed_by_the_next() {
    let args = ["erase", "--subject", "item=Zebulon Quirke", "--apply"];
    let most = usual(|mesh| mesh.command(args));
    let mut moments = Moments::new();
    for _ in 0..KILLS {
        let mesh = Mesh::new();
        appended(&mesh);
        kill(mesh.command(args), moments.within(most));
        // all or nothing, for every state
        let left = states(&mesh, PORT);
        let named: Vec<usize> =
            left.values().map(|rows| rows.iter().filter(|r| r.contains("Quirke")).count()).collect();
        assert!(named == [1, 2, 3, 4, 5] || named == [0; 5], "{named:?}");
        let said = mesh.mesh(args);
        assert!([Some(0), Some(99)].contains(&said.code), "{said}");
        for file in files(&mesh.home()) {
            let bytes = fs::read(&file).unwrap();
            assert!(!bytes.windows(6).any(|w| w == b"Quirke"), "{}", file.display());
        }
        let counts: Vec<usize> = states(&mesh, PORT).values().map(Vec::len).collect();
        assert_eq!(counts, [2, 4, 6, 8, 10]);
        let verified = mesh.mesh(["landing", "verify", "--json"]).exits(0).json();
        assert_eq!(verified["redacted"], 5, "{verified}");
        mesh.mesh(["gc", "--older-than", "0s", "--apply"]);
        mesh.mesh(args).exits(99);
    }
}
