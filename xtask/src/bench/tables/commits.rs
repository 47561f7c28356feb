//! Small commits: as many a second as there can be, by one writer and by eight, here and with pyiceberg.
use std::process::{Child, Command};
use std::time::{SystemTime, UNIX_EPOCH};

use super::super::measure::Patience;
use super::super::report::{Aim, Report};
use super::server::Server;
use super::{Tables, parsed, sample, who};

/// Seconds after which writers that were started begin together.
const GATHER: f64 = 3.0;

/// Writers, appends of each, and the seconds that all of them may take: 300 and 150 commits a second.
const CROWDS: [(usize, usize, f64); 2] = [(1, 200, 200.0 / 300.0), (8, 25, 200.0 / 150.0)];

pub(super) fn sqlite(tables: &Tables<'_>, report: &mut Report, patience: &mut Patience) -> Result<(), String> {
    CROWDS.iter().try_for_each(|crowd| commits(tables, report, patience, *crowd, None))
}

/// The same on one and the same Postgres server, which forces every commit to its disk.
pub(super) fn postgres(tables: &Tables<'_>, report: &mut Report, patience: &mut Patience) -> Result<(), String> {
    let server = match Server::start(&tables.folder) {
        Ok(server) => server,
        Err(why) => {
            eprintln!("note: commits on Postgres are left out: {why}");
            return Ok(());
        }
    };
    CROWDS.iter().try_for_each(|crowd| commits(tables, report, patience, *crowd, Some(&server)))
}

/// Appends of one row by each of `writers` processes, which begin together.
fn commits(
    tables: &Tables<'_>,
    report: &mut Report,
    patience: &mut Patience,
    (writers, each, aim): (usize, usize, f64),
    server: Option<&Server>,
) -> Result<(), String> {
    let writing = if writers == 1 { "1 writer".to_owned() } else { format!("{writers} writers") };
    let case = format!("{} commits, {writing}{}", writers * each, if server.is_some() { ", pg" } else { "" });
    println!("measuring: {case} ...");
    let mut results = vec![("mesh".to_owned(), vec![]), ("pyiceberg".to_owned(), vec![])];
    for _ in 0..tables.bench.runs {
        for peer in [false, true] {
            if peer && tables.theirs.is_none() {
                continue;
            }
            patience.wait_for_quiet();
            let home = tables.home("commits", peer)?;
            // a database of its own each time
            let database = server.map(|server| server.database(peer)).transpose()?;
            let start = |words: &[&str]| {
                let mut command = tables.command(peer, words).ok_or("there is no pyiceberg")?;
                if let Some(database) = &database {
                    command.env("BENCH_DATABASE", database);
                }
                Ok::<Command, String>(command)
            };
            crate::process::stdout_of(&mut start(&["init", &home])?)?;
            let go = now() + GATHER;
            let (count, moment) = (each.to_string(), format!("{go:.3}"));
            let children: Vec<Child> = (0..writers)
                .map(|_| start(&["commits", &home, &count, &moment]))
                .map(|command| command?.spawn().map_err(|e| format!("a writer cannot be started: {e}")))
                .collect::<Result<_, _>>()?;
            let (mut done, mut retries, mut end, mut peak) = (0, 0, go, 0);
            for child in children {
                let said = child.wait_with_output().map_err(|e| e.to_string())?;
                if !said.status.success() {
                    return Err(format!("a writer failed: {}", String::from_utf8_lossy(&said.stderr).trim()));
                }
                let said = parsed(&String::from_utf8_lossy(&said.stdout))?;
                done += said["done"].as_u64().unwrap_or(0);
                retries += said["retries"].as_u64().unwrap_or(0);
                end = said["end"].as_f64().unwrap_or(f64::NAN).max(end);
                peak = peak.max(said["peak"].as_u64().unwrap_or(0));
            }
            is_whole(peer, done, &crate::process::stdout_of(&mut start(&["verify", &home])?)?)?;
            let (asked, rate) = (writers * each, done as f64 / (end - go));
            println!("  {}: {rate:.0} commits/s, {done} of {asked}, {retries} tried again", who(peer));
            // as if all of them had been acknowledged, at the rate of those that were
            results[usize::from(peer)].1.push(sample(asked as f64 / rate, Some(peak)));
        }
    }
    results.retain(|(_, samples)| !samples.is_empty());
    // how fast the server's disk is belongs to the server: there the aim is the peer
    let aims = if server.is_some() { vec![Aim::Within("pyiceberg", 0.5)] } else { vec![Aim::Under(aim)] };
    report.add(&case, results, &aims);
    Ok(())
}

/// What was acknowledged is there, and of ours nothing else is on disk.
fn is_whole(peer: bool, done: u64, found: &str) -> Result<(), String> {
    let found = parsed(found)?;
    if found["rows"].as_u64() != Some(done) {
        return Err(format!("{} acknowledged {done} rows and has {}", who(peer), found["rows"]));
    }
    match found["unnamed"].as_u64() {
        Some(1..) => Err(format!("{} left {} files that nobody names", who(peer), found["unnamed"])),
        _ => Ok(()),
    }
}

/// A thousand commits to one table: the last hundred against the first.
pub(super) fn growth(tables: &Tables<'_>, report: &mut Report, patience: &mut Patience) -> Result<(), String> {
    println!("measuring: 1,000 commits ...");
    let (mut last, mut first) = (vec![], vec![]);
    for _ in 0..tables.bench.runs.min(3) {
        patience.wait_for_quiet();
        let home = tables.home("growth", false)?;
        tables.say(false, &["init", &home])?;
        let said = tables.say(false, &["commits", &home, "1000", "0"])?.unwrap_or_default();
        let found = tables.say(false, &["verify", &home])?.unwrap_or_default();
        is_whole(false, 1000, &found.to_string())?;
        let peak = said["peak"].as_u64();
        last.push(sample(said["last"].as_f64().unwrap_or(f64::NAN), peak));
        first.push(sample(said["first"].as_f64().unwrap_or(f64::NAN), peak));
    }
    let results = vec![("last hundred".to_owned(), last), ("first hundred".to_owned(), first)];
    report.add("of 1,000 commits", results, &[Aim::Within("first hundred", 1.25)]);
    Ok(())
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |d| d.as_secs_f64())
}
