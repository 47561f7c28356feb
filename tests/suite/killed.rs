//! `kill -9` at any moment of a run: readers see the release before or the release after, never anything between.
use std::collections::HashSet;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

use meshwright_catalog::{Catalog, Home};
use serde_json::Value;

use crate::moments::Moments;
use crate::shop;
use crate::support::{Mesh, Said, start};

const PORT: &str = "shop.sales.sale";
/// Rows of the first delivery; each later one has one more.
const ROWS: u64 = 200_000;
/// At random moments of the whole run, then shortly after these events, when it is about to commit or release.
const MOMENTS: u64 = 5;
const AFTER: [&str; 5] = ["source.landed", "port.written", "port.written", "port.checked", "port.checked"];
const DELIVERIES: u64 = MOMENTS + AFTER.len() as u64;

/// Deliveries `0..=n`: one row more each.
fn till(delivery: u64) -> String {
    let mut text = "id,item,amount\n".to_owned();
    for id in 0..ROWS + delivery {
        writeln!(text, "{id},item {},{}.25", id % 977, id % 1000).unwrap();
    }
    text
}

/// What a query must say of a delivery.
fn expected(delivery: u64) -> (u64, f64) {
    let rows = ROWS + delivery;
    (rows, (0..rows).map(|id| (id % 1000) as f64 + 0.25).sum())
}

fn seen(mesh: &Mesh) -> (u64, f64) {
    let row = &mesh.rows(&format!("select count(*) as n, count(distinct id) as ids, sum(amount) as s from {PORT}"))[0];
    assert_eq!(row["n"], row["ids"], "rows came twice");
    (row["n"].as_u64().unwrap(), row["s"].as_f64().unwrap())
}

#[test]
fn a_run_that_is_killed_leaves_nothing_visible_and_the_next_one_completes() {
    let mut moments = Moments::new();
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES);
    product.write("data/till.csv", till(0));
    let began = Instant::now();
    product.mesh(["run"]).exits(0);
    let usual = began.elapsed().as_millis() as u64;
    println!("an undisturbed run takes {usual} ms");
    product.mesh(["publish"]).exits(0);
    assert_eq!(seen(&mesh), expected(0));

    let mut killed: HashSet<String> = HashSet::new();
    for delivery in 1..=DELIVERIES {
        product.write("data/till.csv", till(delivery));
        let mut command = product.command(["run", "--events", "ndjson"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let after = delivery.checked_sub(MOMENTS + 1).map(|i| AFTER[i as usize]);
        let moment = match after {
            None => Duration::from_millis(moments.below(usual)),
            Some(event) => {
                let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
                assert!(lines.any(|line| line.unwrap().contains(event)), "no {event}");
                Duration::from_micros(moments.below(15_000))
            }
        };
        std::thread::sleep(moment);
        child.kill().unwrap();
        let ended = child.wait().unwrap();
        println!("delivery {delivery}: killed {moment:?} after {}, {ended}", after.unwrap_or("its start"));

        let runs = mesh.runs("shop.sales");
        let of = |outcome: &str| -> Vec<String> {
            runs.iter().filter(|r| r["outcome"] == outcome).map(|r| r["run"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(of("running"), [""; 0], "a dead run is not at work");
        let got_through = of("released").len() as u64 == delivery + 1;
        assert_eq!(
            seen(&mesh),
            expected(if got_through { delivery } else { delivery - 1 }),
            "killed {moment:?} after {after:?}"
        );
        killed.extend(of("interrupted"));

        product.mesh(["run"]).exits(if got_through { 99 } else { 0 });
        assert_eq!(seen(&mesh), expected(delivery));
    }

    let undisturbed = Mesh::new();
    undisturbed.product("sales", shop::SALES).write("data/till.csv", till(DELIVERIES));
    undisturbed.at("sales").released();
    let all = format!(
        "select item, count(*) as n, sum(amount) as s, min(id) as a, max(id) as z from {PORT} group by item order by item"
    );
    assert_eq!(mesh.rows(&all), undisturbed.rows(&all));

    let releases = mesh.releases(PORT);
    assert_eq!(releases.len() as u64, DELIVERIES + 1);
    for (release, delivery) in releases.iter().rev().zip(0..) {
        assert_eq!(release["rows"], expected(delivery).0);
    }
    println!("{} runs were interrupted on record", killed.len());
    only_released_runs_are_in_mains_history(&mesh, &killed, &releases);
    landing_is_whole(&mesh);
}

/// The table's own metadata, read as any Iceberg reader would.
fn only_released_runs_are_in_mains_history(mesh: &Mesh, killed: &HashSet<String>, releases: &[Value]) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let home = Home::parse(mesh.home().to_str().unwrap(), None).unwrap();
        let table = Catalog::open_existing(home).await.unwrap().load(&PORT.parse().unwrap()).await.unwrap();
        let metadata = table.metadata();
        let released: HashSet<&str> = releases.iter().map(|r| r["run"].as_str().unwrap()).collect();
        let mut next = metadata.current_snapshot().cloned();
        let mut length = 0;
        while let Some(snapshot) = next {
            let run = &snapshot.summary().additional_properties["mesh.run-id"];
            assert!(released.contains(run.as_str()) && !killed.contains(run), "{run} became main");
            length += 1;
            next = snapshot.parent_snapshot_id().and_then(|id| metadata.snapshot_by_id(id).cloned());
        }
        assert_eq!(length, releases.len());
        for entry in metadata.history() {
            let snapshot = metadata.snapshot_by_id(entry.snapshot_id).unwrap();
            assert!(released.contains(snapshot.summary().additional_properties["mesh.run-id"].as_str()));
        }
    });
}

/// Every landed object's name is still its hash: half a file never gets a name.
fn landing_is_whole(mesh: &Mesh) {
    use sha2::{Digest, Sha256};
    let mut stack = vec![mesh.home().join("landing/objects/sha256")];
    let mut count = 0;
    while let Some(dir) = stack.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                stack.push(path);
                continue;
            }
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            assert_eq!(format!("{:x}", Sha256::digest(std::fs::read(&path).unwrap())), name);
            count += 1;
        }
    }
    assert_eq!(count, DELIVERIES + 1);
}

#[test]
fn an_interrupt_from_the_keyboard_ends_with_130() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES).released();
    product.write("data/till.csv", till(0));
    let child = start(product.command(["run"]));
    // once the run is on record it is at work
    while mesh.runs("shop.sales").len() < 2 {
        std::thread::sleep(Duration::from_millis(5));
    }
    let sent = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let said = Said::after(child);
    if said.code == Some(0) {
        return assert_eq!(seen(&mesh), expected(0), "it was faster than the interrupt");
    }
    let said = said.exits(130).says(&["interrupted"]);
    assert_eq!(mesh.value(&format!("select count(*) from {PORT}")), 5, "{said}");
    assert_eq!(mesh.runs("shop.sales")[0]["outcome"], "interrupted");
}
