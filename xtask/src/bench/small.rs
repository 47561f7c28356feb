//! A product of three steps and a thousand rows: what people wait for all day.
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use super::Bench;
use super::measure::{Contender, Patience, in_turns};
use super::report::{Aim, Report};
use crate::checkout::fresh_folder;

pub(super) fn measure(bench: &Bench, report: &mut Report, patience: &mut Patience) -> Result<(), String> {
    let product = bench.project("small/mesh", "small-mesh")?;
    write_orders(&product.join("data"))?;
    let dbt = bench.project("small/dbt", "small-dbt")?;
    write_orders(&dbt.join("seeds"))?;
    let sqlmesh = bench.project("small/sqlmesh", "small-sqlmesh")?;
    write_orders(&sqlmesh.join("seeds"))?;
    let contract = bench.project("small/datacontract", "small-datacontract")?;
    let home = bench.folder.join("work/small-home");
    fresh_folder(&bench.folder.join("work/user"))?;

    let ours = |name: &str, words: &'static [&'static str], expected: i32, cold: bool| {
        let (product, home) = (&product, &home);
        let prepare = move || {
            if cold {
                fresh_folder(home)?;
            }
            let mut command = Command::new(&bench.mesh);
            command.current_dir(product).args(words).env("MESH_URL", home);
            Ok(command)
        };
        Contender { name: name.to_owned(), expected, prepare: Box::new(prepare) }
    };
    let theirs = |peer: &str, words: &'static [&'static str], folder: &Path, leftovers: &'static [&'static str]| {
        let bin = bench.peers.bin(peer)?;
        let folder = folder.to_owned();
        let name = format!("{peer} {}", words.first().unwrap_or(&""));
        let program = bin.join(peer);
        let prepare = move || {
            for leftover in leftovers {
                let path = folder.join(leftover);
                let _ = if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
            }
            let mut command = Command::new(&program);
            command.current_dir(&folder).args(words);
            // nothing is sent home while the clock runs, nothing is left in the user's folder
            command.env("HOME", bench.folder.join("work/user"));
            command.env("DBT_SEND_ANONYMOUS_USAGE_STATS", "false").env("SQLMESH__DISABLE_ANONYMIZED_ANALYTICS", "true");
            Ok(command)
        };
        Some(Contender { name, expected: 0, prepare: Box::new(prepare) })
    };
    let mut case = |name: &str, contenders: Vec<Option<Contender<'_>>>, limit: f64| {
        println!("measuring: {name} ...");
        let results = in_turns(contenders.into_iter().flatten().collect(), bench.runs, patience)?;
        report.add(name, results, &[Aim::Under(limit)]);
        Ok::<(), String>(())
    };

    case(
        "small, everything anew",
        vec![
            Some(ours("mesh run", &["run"], 0, true)),
            theirs("dbt", &["build", "--profiles-dir", "."], &dbt, &["bench.duckdb", "target"]),
            theirs("sqlmesh", &["plan", "--auto-apply", "--no-prompts"], &sqlmesh, &["bench.duckdb", ".cache"]),
        ],
        0.4,
    )?;
    case(
        "small, nothing to do",
        vec![
            Some(ours("mesh run", &["run"], 99, false)),
            // dbt knows no such state and builds again
            theirs("dbt", &["build", "--profiles-dir", "."], &dbt, &[]),
            theirs("sqlmesh", &["run"], &sqlmesh, &[]),
        ],
        0.1,
    )?;
    case(
        "small, check",
        vec![
            Some(ours("mesh check", &["check"], 0, false)),
            theirs("dbt", &["parse", "--profiles-dir", "."], &dbt, &[]),
            theirs("datacontract", &["lint", "ranking.odcs.yaml"], &contract, &[]),
        ],
        0.1,
    )?;
    case(
        "small, version",
        vec![
            Some(ours("mesh --version", &["--version"], 0, false)),
            theirs("dbt", &["--version"], &dbt, &[]),
            theirs("sqlmesh", &["--version"], &sqlmesh, &[]),
        ],
        0.02,
    )
}

/// A thousand orders of 97 customers, the same every time.
fn write_orders(folder: &Path) -> Result<(), String> {
    let mut text = "id,customer,ordered,amount,status\n".to_owned();
    for i in 0..1000_u32 {
        let (customer, month, day) = (i * 7919 % 97, 1 + i % 12, 1 + i % 28);
        let (amount, status) = (f64::from(i * 37 % 5000) / 100.0 + 0.5, if i % 20 == 0 { "cancelled" } else { "paid" });
        let _ = writeln!(text, "{i},customer {customer:02},2024-{month:02}-{day:02},{amount},{status}");
    }
    let file = folder.join("orders.csv");
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&file, text))
        .map_err(|e| format!("{}: {e}", file.display()))
}
