//! Tables as `cargo xtask bench tables` measures them: each command is one process and prints one line of JSON.
//!
//! ```text
//! mesh-bench-tables init HOME                     a table of one column for `commits`
//! mesh-bench-tables commits HOME COUNT GO         appends, one file and one commit each, from the moment GO (seconds since 1970)
//! mesh-bench-tables verify HOME                   rows, snapshots, and files that nobody names
//! mesh-bench-tables write HOME CONTRACT FILE MODE a Parquet file into the port `bench.tables.rows`: append, upsert or replace
//! mesh-bench-tables decode FILE                   decodes a Parquet file and does nothing with it
//! mesh-bench-tables load HOME FOLDER              every Parquet file of a folder into a port `bench.tpch.<its name>`
//! mesh-bench-tables queries HOME FOLDER SQL RUNS WHO RESULTS
//!                                                 every query of the folder SQL, so often, by `mesh`, `bare` (DataFusion on the
//!                                                 files of FOLDER), `same` (that with our settings), several with commas between
//! mesh-bench-tables times HOME RUNS QUERY         one query, so often
//! ```
//! A database other than HOME's own is named by BENCH_DATABASE.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "its output is for the benchmark that started it")]

mod commits;
mod decode;
mod queries;
mod writes;

use meshwright_catalog::{Catalog, Home};

#[tokio::main]
async fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let said = match words[..] {
        ["init", home] => commits::init(home).await,
        ["commits", home, count, go] => commits::commits(home, count.parse().unwrap(), go.parse().unwrap()).await,
        ["verify", home] => commits::verify(home).await,
        ["write", home, contract, file, mode] => writes::write(home, contract, file, mode).await,
        ["decode", file] => decode::decode(file),
        ["load", home, folder] => writes::load(home, folder).await,
        ["queries", home, folder, sql, runs, who, results] => {
            queries::queries(home, folder, sql, runs.parse().unwrap(), who, results).await
        }
        ["times", home, runs, query] => queries::times(home, runs.parse().unwrap(), query).await,
        _ => panic!("see the first lines of xtask/tables/src/main.rs"),
    };
    println!("{said}");
}

async fn open(home: &str) -> Catalog {
    let home = match std::env::var("BENCH_DATABASE") {
        Ok(database) => Home::parse(&database, Some(&format!("{home}/warehouse"))),
        Err(_) => Home::parse(home, None),
    };
    Catalog::open(home.unwrap()).await.unwrap()
}

/// Peak resident bytes, where the system says it.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}
