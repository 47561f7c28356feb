//! A reader at work while releases are made.
use std::collections::BTreeSet;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use super::super::measure::Patience;
use super::super::report::Report;
use super::Tables;
use crate::process;

/// Releases that a reader sees go by.
const RELEASES: u64 = 200;

/// A reader asks again and again while one release follows the other: it sees whole ones only, and never an older
/// one after a newer.
pub(super) fn measure(tables: &Tables<'_>, _: &mut Report, _: &mut Patience) -> Result<(), String> {
    println!("reading while {RELEASES} releases are made ...");
    let product = tables.bench.project("tables/poll", "tables-poll")?;
    let home = tables.home("polling", false)?;
    let mesh = |words: &[&str]| {
        let mut command = Command::new(&tables.bench.mesh);
        process::stdout_of(command.current_dir(&product).args(words).args(["--mesh", &home]))
    };
    let rows = |delivery: u64| 100 + delivery % 7;
    let deliver = |delivery: u64| {
        let text = (0..rows(delivery)).fold("delivery,row\n".to_owned(), |t, row| format!("{t}{delivery},{row}\n"));
        std::fs::write(product.join("data/raw.csv"), text).map_err(|e| e.to_string())?;
        mesh(&["run"])
    };
    deliver(0)?;
    let sql = "select delivery, count(*) from bench.poll.delivered group by delivery";
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let (mut seen, mut newest, mut asked) = (BTreeSet::new(), 0, 0);
            while !done.load(Ordering::Relaxed) {
                let said = mesh(&["query", sql, "--format", "csv"])?;
                let lines: Vec<&str> = said.lines().skip(1).collect();
                let found = lines.first().and_then(|line| line.split_once(','));
                let found = found.and_then(|(d, n)| Some((d.parse::<u64>().ok()?, n.parse::<u64>().ok()?)));
                match found {
                    Some((delivery, n)) if lines.len() == 1 && n == rows(delivery) && delivery >= newest => {
                        (newest, asked) = (delivery, asked + 1);
                        seen.insert(delivery);
                    }
                    _ => return Err(format!("a reader saw no whole release after r{}: {said}", newest + 1)),
                }
            }
            Ok((asked, seen.len()))
        });
        let made = (1..=RELEASES).try_for_each(|delivery| deliver(delivery).map(drop));
        done.store(true, Ordering::Relaxed);
        let read = reader.join().map_err(|_| "the reader stopped".to_owned())?;
        made?;
        let (asked, seen) = read?;
        println!("a reader asked {asked} times and saw {seen} of {RELEASES} releases, each of them whole");
        Ok(())
    })
}
