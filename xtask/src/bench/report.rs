//! The table of a run, and the same as JSON.
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::measure::{Sample, median};
use super::peers::Peers;

/// What our figure is held against.
#[derive(Debug, Clone, Copy)]
pub(super) enum Aim {
    /// Seconds of wall time.
    Under(f64),
    /// Bytes of peak memory.
    Peak(u64),
    /// Median wall time of a contender.
    NoSlowerThan(&'static str),
    /// So many times the median wall time of a contender.
    Within(&'static str, f64),
}

/// One line.
struct Row {
    case: String,
    who: String,
    samples: Vec<Sample>,
    /// Median wall time over that of ours.
    ratio: f64,
    aims: Vec<(String, Option<bool>)>,
}

/// Everything measured in one run.
pub(super) struct Report {
    runs: usize,
    load_before: Option<f64>,
    rows: Vec<Row>,
}

impl Report {
    pub(super) fn begin(runs: usize) -> Self {
        Self { runs, load_before: load(), rows: Vec::new() }
    }

    /// Adds a case; the first contender is ours, and the aims are for it.
    pub(super) fn add(&mut self, case: &str, results: Vec<(String, Vec<Sample>)>, aims: &[Aim]) {
        let walls: Vec<(String, f64)> = results.iter().map(|(who, s)| (who.clone(), wall(s))).collect();
        let ours = walls.first().map_or(f64::NAN, |(_, w)| *w);
        for (place, (who, samples)) in results.into_iter().enumerate() {
            let verdicts =
                if place == 0 { aims.iter().map(|a| judge(*a, &samples, &walls)).collect() } else { Vec::new() };
            let ratio = wall(&samples) / ours;
            self.rows.push(Row { case: case.to_owned(), who, samples, ratio, aims: verdicts });
        }
    }

    /// Prints the table and writes the JSON file.
    pub(super) fn end(self, folder: &Path, peers: &Peers) -> Result<(), String> {
        let versions = peers.versions();
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let line = "-".repeat(118);
        println!("\n{line}");
        println!(
            "{:<26}{:<23}{:>10}{:>17}{:>7}{:>8}{:>10}  aim",
            "case", "who", "median", "min..max", "x mesh", "cpu s", "peak MiB"
        );
        println!("{line}");
        let mut last = "";
        for row in &self.rows {
            let case = if row.case == last { "" } else { &row.case };
            last = &row.case;
            println!("{:<26}{}", case, row.shown());
        }
        println!("{line}");
        let said: Vec<String> = versions.iter().map(|(name, version)| format!("{name} {version}")).collect();
        println!("{cores} cores · {} runs in turns · {}", self.runs, said.join(" · "));
        let share = self.others();
        if share > 0.1 {
            println!(
                "note: other processes took {:.0} % of the cores meanwhile: trust ratios, not seconds",
                share * 100.0
            );
        }
        let at = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
        let facts = json!({
            "at": at, "cores": cores, "runs": self.runs, "load": [self.load_before, load()], "share_of_others": share,
            "peers": versions.into_iter().collect::<std::collections::BTreeMap<_, _>>(),
            "rows": self.rows.iter().map(Row::json).collect::<Vec<_>>(),
        });
        let file = folder.join(format!("bench-{at}.json"));
        std::fs::write(&file, format!("{facts:#}\n")).map_err(|e| format!("{}: {e}", file.display()))?;
        println!("written: {}", file.display());
        Ok(())
    }

    /// Share of all cores that processes took that were not measured.
    fn others(&self) -> f64 {
        let cores = std::thread::available_parallelism().map_or(1, usize::from) as f64;
        let samples = || self.rows.iter().flat_map(|r| &r.samples).filter(|s| s.others.is_some());
        let wall: f64 = samples().map(|s| s.wall).sum();
        let taken: f64 = samples().filter_map(|s| s.others).sum();
        if wall > 0.0 { taken / (wall * cores) } else { 0.0 }
    }
}

impl Row {
    fn shown(&self) -> String {
        let walls = || self.samples.iter().map(|s| s.wall);
        let range = format!("{}..{}", seconds(walls().fold(f64::MAX, f64::min)), seconds(walls().fold(0.0, f64::max)));
        let cpu = self.cpu().map_or("?".to_owned(), |s| format!("{s:.2}"));
        let peak = self.peak().map_or("?".to_owned(), |b| format!("{:.0}", b as f64 / 1048576.0));
        let verdict = |met: &Option<bool>| match met {
            Some(true) => "met",
            Some(false) => "NOT MET",
            None => "not measured",
        };
        let aims: Vec<String> = self.aims.iter().map(|(aim, met)| format!("{aim}: {}", verdict(met))).collect();
        let median = seconds(wall(&self.samples));
        format!("{:<23}{median:>10}{range:>17}{:>7.1}{cpu:>8}{peak:>10}  {}", self.who, self.ratio, aims.join(", "))
    }

    fn cpu(&self) -> Option<f64> {
        median(self.samples.iter().filter_map(|s| s.cpu))
    }

    fn peak(&self) -> Option<u64> {
        self.samples.iter().filter_map(|s| s.peak).max()
    }

    fn json(&self) -> Value {
        json!({
            "case": self.case, "who": self.who, "wall_s": self.samples.iter().map(|s| s.wall).collect::<Vec<_>>(),
            "median_s": wall(&self.samples), "ratio": self.ratio, "cpu_s": self.cpu(), "peak_bytes": self.peak(),
            "others_cpu_s": self.samples.iter().map(|s| s.others).collect::<Vec<_>>(),
            "aims": self.aims.iter().map(|(aim, met)| json!({ "aim": aim, "met": met })).collect::<Vec<_>>(),
        })
    }
}

fn judge(aim: Aim, ours: &[Sample], walls: &[(String, f64)]) -> (String, Option<bool>) {
    match aim {
        Aim::Under(limit) => (format!("< {:.0} ms", limit * 1000.0), Some(wall(ours) < limit)),
        Aim::Peak(limit) => {
            let peak = ours.iter().filter_map(|s| s.peak).max();
            (format!("< {} MiB", limit >> 20), peak.map(|p| p < limit))
        }
        Aim::Within(who, times) => {
            let theirs = walls.iter().find(|(name, _)| name == who).map(|(_, w)| *w);
            (format!("< {times} x {who}"), theirs.map(|w| wall(ours) < w * times))
        }
        Aim::NoSlowerThan(who) => {
            let theirs = walls.iter().find(|(name, _)| name == who).map(|(_, w)| *w);
            (format!("no slower than {who}"), theirs.map(|w| wall(ours) <= w))
        }
    }
}

fn wall(samples: &[Sample]) -> f64 {
    median(samples.iter().map(|s| s.wall)).unwrap_or(f64::NAN)
}

fn seconds(s: f64) -> String {
    if s < 1.0 { format!("{:.0} ms", s * 1000.0) } else { format!("{s:.2} s") }
}

/// Of the last minute.
fn load() -> Option<f64> {
    std::fs::read_to_string("/proc/loadavg").ok()?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aims_are_judged() {
        let ours = [Sample { wall: 0.3, cpu: None, peak: Some(600 << 20), others: None }];
        let walls = [("mesh run".to_owned(), 0.3), ("duckdb".to_owned(), 0.2)];
        let met = |aim| judge(aim, &ours, &walls).1;
        assert_eq!(met(Aim::Under(0.4)), Some(true));
        assert_eq!(met(Aim::Peak(500 << 20)), Some(false));
        assert_eq!(met(Aim::NoSlowerThan("duckdb")), Some(false));
        assert_eq!(met(Aim::NoSlowerThan("who was left out")), None);
        assert_eq!((met(Aim::Within("duckdb", 2.0)), met(Aim::Within("duckdb", 1.4))), (Some(true), Some(false)));
    }
}
