//! Many rows at once: appends of 3 M of them, and upserts of one in a hundred of 1 M and 10 M.
use std::path::{Path, PathBuf};

use super::super::measure::Patience;
use super::super::report::{Aim, Report};
use super::{Tables, sample};
use crate::process;

const MILLION: u64 = 1_000_000;

pub(super) fn append(tables: &Tables<'_>, report: &mut Report, patience: &mut Patience) -> Result<(), String> {
    if !has_rows(tables) {
        return Ok(());
    }
    let new = rows(tables, 3 * MILLION, 1)?;
    let aims = [Aim::Within("pyiceberg", 0.8), Aim::Peak(300 << 20)];
    write_case(tables, report, patience, "append 3 M x 12", None, &new, &aims)
}

pub(super) fn upsert(tables: &Tables<'_>, report: &mut Report, patience: &mut Patience) -> Result<(), String> {
    if !has_rows(tables) {
        return Ok(());
    }
    let mut sizes = vec![MILLION];
    sizes.extend(tables.bench.large.then_some(10 * MILLION));
    for count in sizes {
        let (base, new) = (rows(tables, count, 1)?, rows(tables, count, 100)?);
        let case = format!("upsert 1 % of {} M", count / MILLION);
        let aims = [Aim::Within("pyiceberg", 0.4), Aim::Peak(500 << 20)];
        write_case(tables, report, patience, &case, Some(&base), &new, &aims)?;
    }
    Ok(())
}

/// Rows are made by the peer.
fn has_rows(tables: &Tables<'_>) -> bool {
    if tables.theirs.is_none() {
        eprintln!("note: without pyiceberg there are no rows to write");
    }
    tables.theirs.is_some()
}

fn write_case(
    tables: &Tables<'_>,
    report: &mut Report,
    patience: &mut Patience,
    case: &str,
    base: Option<&Path>,
    rows: &Path,
    aims: &[Aim],
) -> Result<(), String> {
    println!("measuring: {case} ...");
    let contract = tables.bench.script("tables/contract.toml").to_string_lossy().into_owned();
    let mut results = vec![("mesh".to_owned(), vec![]), ("pyiceberg".to_owned(), vec![])];
    for _ in 0..tables.bench.runs.min(3) {
        let mut counted = vec![];
        for peer in [false, true] {
            let home = tables.home("write", peer)?;
            let write = |file: &Path, mode: &str| {
                let file = file.to_string_lossy();
                let words: Vec<&str> = match peer {
                    true => vec!["write", &home, &file, mode],
                    false => vec!["write", &home, &contract, &file, mode],
                };
                tables.say(peer, &words)
            };
            if let Some(base) = base {
                write(base, "append")?;
            }
            patience.wait_for_quiet();
            let said = write(rows, if base.is_some() { "upsert" } else { "append" })?.unwrap_or_default();
            let wall = said["seconds"].as_f64().unwrap_or(f64::NAN);
            results[usize::from(peer)].1.push(sample(wall, said["peak"].as_u64()));
            counted.push(said["rows"].clone());
            std::fs::remove_dir_all(&home).map_err(|e| format!("{home}: {e}"))?;
        }
        if counted[0] != counted[1] {
            return Err(format!("{case}: mesh has {} rows, pyiceberg {}", counted[0], counted[1]));
        }
    }
    report.add(case, results, aims);
    Ok(())
}

/// A Parquet file of rows, written once.
fn rows(tables: &Tables<'_>, count: u64, every: u64) -> Result<PathBuf, String> {
    let data = tables.bench.folder.join("data");
    std::fs::create_dir_all(&data).map_err(|e| format!("{}: {e}", data.display()))?;
    let file = data.join(format!("rows-{count}-{every}.parquet"));
    if !file.exists() {
        let part = file.with_extension("part");
        let words = ["rows", &part.to_string_lossy(), &count.to_string(), &every.to_string()];
        let mut command = tables.command(true, &words).ok_or("there is no pyiceberg to make rows with")?;
        process::stdout_of(&mut command)?;
        std::fs::rename(&part, &file).map_err(|e| format!("{}: {e}", file.display()))?;
    }
    Ok(file)
}
