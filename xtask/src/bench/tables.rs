//! Writing tables: commits of one writer and of eight, a table that grows, appends, upserts, and partitions that evolve.
//!
//! Seconds are what each process measures itself, from the moment when everything is loaded: a Python interpreter that
//! starts is no part of a commit. What was acknowledged is compared with what is there.
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::Bench;
use super::measure::{Patience, Sample};
use super::report::{Aim, Report};
use crate::checkout::fresh_folder;
use crate::process;

/// Seconds after which writers that were started begin together.
const GATHER: f64 = 3.0;

pub(super) fn measure(bench: &Bench, report: &mut Report, patience: &mut Patience) -> Result<(), String> {
    // built with the other programs of the workspace, beside `mesh`
    let ours = bench.mesh.with_file_name(format!("mesh-bench-tables{}", std::env::consts::EXE_SUFFIX));
    if !ours.exists() {
        return Err(format!("there is no {}: `cargo build --workspace --bins` makes it", ours.display()));
    }
    let theirs = bench.peers.bin("pyiceberg").map(|bin| bin.join("python"));
    let tables = Tables { bench, ours, theirs, folder: bench.folder.join("work/tables") };
    tables.commits(report, patience, "200 commits, 1 writer", 1, 200, 200.0 / 300.0)?;
    tables.commits(report, patience, "200 commits, 8 writers", 8, 25, 200.0 / 150.0)?;
    tables.growth(report)?;
    tables.writes(report, patience)?;
    tables.evolution(report)?;
    tables.polling()
}

/// Releases that a reader sees go by.
const RELEASES: u64 = 200;

struct Tables<'a> {
    bench: &'a Bench,
    /// The program of `xtask/tables`.
    ours: PathBuf,
    /// A Python that has pyiceberg.
    theirs: Option<PathBuf>,
    folder: PathBuf,
}

impl Tables<'_> {
    /// A command of ours or of the peer.
    fn command(&self, peer: bool, words: &[&str]) -> Option<Command> {
        let mut command = match (peer, &self.theirs) {
            (false, _) => Command::new(&self.ours),
            (true, Some(python)) => {
                let mut command = Command::new(python);
                command.arg(self.bench.script("tables/pyiceberg_tables.py"));
                command
            }
            (true, None) => return None,
        };
        command.args(words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Some(command)
    }

    /// The line of JSON that a command says.
    fn say(&self, peer: bool, words: &[&str]) -> Result<Option<Value>, String> {
        let Some(mut command) = self.command(peer, words) else { return Ok(None) };
        parsed(&process::stdout_of(&mut command)?).map(Some)
    }

    fn home(&self, name: &str, peer: bool) -> Result<String, String> {
        let home = self.folder.join(format!("{name}-{}", if peer { "pyiceberg" } else { "mesh" }));
        fresh_folder(&home)?;
        Ok(home.to_string_lossy().into_owned())
    }

    /// `each` appends of one row by each of `writers` processes, which begin together.
    fn commits(
        &self,
        report: &mut Report,
        patience: &mut Patience,
        case: &str,
        writers: usize,
        each: usize,
        aim: f64,
    ) -> Result<(), String> {
        println!("measuring: {case} ...");
        let mut results = vec![("mesh".to_owned(), vec![]), ("pyiceberg".to_owned(), vec![])];
        for _ in 0..self.bench.runs {
            for peer in [false, true] {
                if peer && self.theirs.is_none() {
                    continue;
                }
                patience.wait_for_quiet();
                let home = self.home("commits", peer)?;
                self.say(peer, &["init", &home])?;
                let go = now() + GATHER;
                let (count, start) = (each.to_string(), format!("{go:.3}"));
                let children: Vec<Child> = (0..writers)
                    .filter_map(|_| self.command(peer, &["commits", &home, &count, &start]))
                    .map(|mut command| command.spawn().map_err(|e| format!("a writer cannot be started: {e}")))
                    .collect::<Result<_, _>>()?;
                let (mut done, mut end, mut peak) = (0, go, 0);
                for child in children {
                    let said = child.wait_with_output().map_err(|e| e.to_string())?;
                    if !said.status.success() {
                        return Err(format!("a writer failed: {}", String::from_utf8_lossy(&said.stderr).trim()));
                    }
                    let said = parsed(&String::from_utf8_lossy(&said.stdout))?;
                    done += said["done"].as_u64().unwrap_or(0);
                    end = said["end"].as_f64().unwrap_or(f64::NAN).max(end);
                    peak = peak.max(said["peak"].as_u64().unwrap_or(0));
                }
                self.is_whole(peer, &home, done)?;
                // as if all of them had been acknowledged, at the rate of those that were
                let wall = (end - go) * (writers * each) as f64 / done.max(1) as f64;
                results[usize::from(peer)].1.push(Sample { wall, cpu: None, peak: Some(peak), others: None });
            }
        }
        results.retain(|(_, samples)| !samples.is_empty());
        report.add(case, results, &[Aim::Under(aim)]);
        Ok(())
    }

    /// What was acknowledged is there, and of ours nothing else is on disk.
    fn is_whole(&self, peer: bool, home: &str, done: u64) -> Result<(), String> {
        let Some(found) = self.say(peer, &["verify", home])? else { return Ok(()) };
        let who = if peer { "pyiceberg" } else { "mesh" };
        if found["rows"].as_u64() != Some(done) {
            return Err(format!("{who} acknowledged {done} rows and has {}", found["rows"]));
        }
        match found["unnamed"].as_u64() {
            Some(1..) => Err(format!("{who} left {} files that nobody names", found["unnamed"])),
            _ => Ok(()),
        }
    }

    /// A thousand commits to one table: the last hundred against the first.
    fn growth(&self, report: &mut Report) -> Result<(), String> {
        println!("measuring: 1,000 commits ...");
        let home = self.home("growth", false)?;
        self.say(false, &["init", &home])?;
        let said = self.say(false, &["commits", &home, "1000", "0"])?.unwrap_or_default();
        self.is_whole(false, &home, 1000)?;
        let sample = |key: &str| {
            let wall = said[key].as_f64().unwrap_or(f64::NAN);
            vec![Sample { wall, cpu: None, peak: said["peak"].as_u64(), others: None }]
        };
        let results = vec![("last hundred".to_owned(), sample("last")), ("first hundred".to_owned(), sample("first"))];
        report.add("of 1,000 commits", results, &[Aim::Within("first hundred", 1.25)]);
        Ok(())
    }

    /// Appends of 3 M rows, and upserts of one in a hundred of 1 M and 10 M.
    fn writes(&self, report: &mut Report, patience: &mut Patience) -> Result<(), String> {
        if self.theirs.is_none() {
            eprintln!("note: without pyiceberg there are no rows to append");
            return Ok(());
        }
        let million = 1_000_000;
        let rows = self.rows(3 * million, 1)?;
        self.write_case(
            report,
            patience,
            "append 3 M x 12",
            None,
            &rows,
            &[Aim::Within("pyiceberg", 0.8), Aim::Peak(300 << 20)],
        )?;
        let mut sizes = vec![million];
        sizes.extend(self.bench.large.then_some(10 * million));
        for count in sizes {
            let (base, new) = (self.rows(count, 1)?, self.rows(count, 100)?);
            let case = format!("upsert 1 % of {} M", count / million);
            let aims = [Aim::Within("pyiceberg", 0.4), Aim::Peak(500 << 20)];
            self.write_case(report, patience, &case, Some(&base), &new, &aims)?;
        }
        Ok(())
    }

    fn write_case(
        &self,
        report: &mut Report,
        patience: &mut Patience,
        case: &str,
        base: Option<&Path>,
        rows: &Path,
        aims: &[Aim],
    ) -> Result<(), String> {
        println!("measuring: {case} ...");
        let contract = self.bench.script("tables/contract.toml").to_string_lossy().into_owned();
        let mut results = vec![("mesh".to_owned(), vec![]), ("pyiceberg".to_owned(), vec![])];
        for _ in 0..self.bench.runs.min(3) {
            let mut counted = vec![];
            for peer in [false, true] {
                let home = self.home("write", peer)?;
                let write = |file: &Path, mode: &str| {
                    let file = file.to_string_lossy();
                    let words: Vec<&str> = match peer {
                        true => vec!["write", &home, &file, mode],
                        false => vec!["write", &home, &contract, &file, mode],
                    };
                    self.say(peer, &words)
                };
                if let Some(base) = base {
                    write(base, "append")?;
                }
                patience.wait_for_quiet();
                let said = write(rows, if base.is_some() { "upsert" } else { "append" })?.unwrap_or_default();
                let wall = said["seconds"].as_f64().unwrap_or(f64::NAN);
                let sample = Sample { wall, cpu: None, peak: said["peak"].as_u64(), others: None };
                results[usize::from(peer)].1.push(sample);
                counted.push(said["rows"].clone());
            }
            if counted[0] != counted[1] {
                return Err(format!("{case}: mesh has {} rows, pyiceberg {}", counted[0], counted[1]));
            }
        }
        report.add(case, results, aims);
        Ok(())
    }

    /// A Parquet file of rows, written once.
    fn rows(&self, count: u64, every: u64) -> Result<PathBuf, String> {
        let data = self.bench.folder.join("data");
        std::fs::create_dir_all(&data).map_err(|e| format!("{}: {e}", data.display()))?;
        let file = data.join(format!("rows-{count}-{every}.parquet"));
        if !file.exists() {
            let part = file.with_extension("part");
            let words = ["rows", &part.to_string_lossy(), &count.to_string(), &every.to_string()];
            let mut command = self.command(true, &words).ok_or("there is no pyiceberg to make rows with")?;
            process::stdout_of(&mut command)?;
            std::fs::rename(&part, &file).map_err(|e| format!("{}: {e}", file.display()))?;
        }
        Ok(file)
    }

    /// Three million flights by month become flights by day: the same counts, and a day is read from few files.
    fn evolution(&self, report: &mut Report) -> Result<(), String> {
        println!("measuring: months become days ...");
        let flights = self.bench.flights.canonicalize().map_err(|e| {
            format!("{}: {e}; `--flights FILE` names flights-3m.parquet of vega-datasets", self.bench.flights.display())
        })?;
        let product = self.bench.project("ingest", "tables-flights")?;
        super::ingest::fill(&product.join("product.toml"), &flights, "parquet")?;
        let home = self.home("evolution", false)?;
        let contract = product.join("contracts/flights.toml");
        let edit = |from: &str, to: &str| {
            let text = std::fs::read_to_string(&contract).map_err(|e| e.to_string())?;
            std::fs::write(&contract, text.replacen(from, to, 1)).map_err(|e| e.to_string())
        };
        let mesh = |words: &[&str]| {
            let mut command = Command::new(&self.bench.mesh);
            process::stdout_of(command.current_dir(&product).args(words).args(["--mesh", &home]))
        };
        let per_day =
            "select date_trunc('day', date) as day, count(*) as n from bench.flights.flights group by 1 order by 1";
        edit("[columns]", "partition   = [\"month(date)\"]\n\n[columns]")?;
        mesh(&["run"])?;
        let before = mesh(&["query", per_day, "--format", "csv"])?;
        edit("month(date)", "day(date)")?;
        mesh(&["run"])?;
        if mesh(&["query", per_day, "--format", "csv"])? != before {
            return Err("flights by day are not those by month".to_owned());
        }
        let day = "select count(*) from bench.flights.flights where date >= timestamp '2001-03-05' and date < timestamp '2001-03-06'";
        let started = std::time::Instant::now();
        let said = parsed(&mesh(&["query", day, "--json"])?)?;
        let wall = started.elapsed().as_secs_f64();
        let read = &said["metrics"]["reads"][0];
        let (files, opened) = (read["files"].as_f64().unwrap_or(0.0), read["files_read"].as_f64().unwrap_or(f64::NAN));
        println!("one day of flights: {opened} of {files} files, {:.2} %", 100.0 * opened / files);
        if opened.is_nan() || opened / files >= 0.02 {
            return Err(format!("one day of flights was read from {opened} of {files} files"));
        }
        let sample = Sample { wall, cpu: None, peak: None, others: None };
        report.add("one day of flights", vec![("mesh query".to_owned(), vec![sample])], &[Aim::Under(0.2)]);
        Ok(())
    }

    /// A reader asks again and again while one release follows the other: it sees whole ones only, and never an older
    /// one after a newer.
    fn polling(&self) -> Result<(), String> {
        println!("reading while {RELEASES} releases are made ...");
        let product = self.bench.project("tables/poll", "tables-poll")?;
        let home = self.home("polling", false)?;
        let mesh = |words: &[&str]| {
            let mut command = Command::new(&self.bench.mesh);
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
}

fn parsed(text: &str) -> Result<Value, String> {
    serde_json::from_str(text.trim()).map_err(|e| format!("`{}` is not JSON: {e}", text.trim()))
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |d| d.as_secs_f64())
}
