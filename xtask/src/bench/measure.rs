//! One process, measured: wall time, CPU time, peak memory, and what others did meanwhile.
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::process::shown;

/// Kernel ticks in a second, the same on every Linux that Rust runs on.
const TICKS: f64 = 100.0;

/// What one process took.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    pub(super) wall: f64,
    /// User and system time, of its children too.
    pub(super) cpu: Option<f64>,
    /// Peak resident bytes.
    pub(super) peak: Option<u64>,
    /// CPU seconds that other processes took meanwhile.
    pub(super) others: Option<f64>,
}

/// Somebody who is measured.
pub(super) struct Contender<'a> {
    pub(super) name: String,
    /// The exit code it must end with.
    pub(super) expected: i32,
    /// Makes the command and everything it finds; this takes no time.
    pub(super) prepare: Box<dyn Fn() -> Result<Command, String> + 'a>,
}

/// Waiting for others to finish, of which there is only so much in one run.
pub(super) struct Patience {
    left: Duration,
}

impl Patience {
    pub(super) fn new(seconds: u64) -> Self {
        Self { left: Duration::from_secs(seconds) }
    }

    /// Until the cores were nine tenths idle for a moment, or patience is at its end.
    pub(super) fn wait_for_quiet(&mut self) {
        let moment = Duration::from_millis(200);
        // not all of it for one sample: on a machine that is never quiet the rest would have none
        let mut now = Duration::from_secs(5);
        let cores = std::thread::available_parallelism().map_or(1, usize::from) as f64;
        while self.left >= moment && now >= moment {
            let Some(before) = busy() else { return };
            std::thread::sleep(moment);
            self.left -= moment;
            now -= moment;
            if busy().is_none_or(|after| after - before < 0.1 * cores * moment.as_secs_f64()) {
                return;
            }
        }
    }
}

/// Lets all contenders run once unmeasured, then in turns. A contender that fails is said and left out, unless it is
/// the first, which is ours.
pub(super) fn in_turns(
    contenders: Vec<Contender<'_>>,
    runs: usize,
    patience: &mut Patience,
) -> Result<Vec<(String, Vec<Sample>)>, String> {
    let mut able = Vec::new();
    for (place, contender) in contenders.into_iter().enumerate() {
        match once(&contender) {
            Ok(_) => able.push((contender, Vec::new())),
            Err(why) if place > 0 => eprintln!("note: {} is left out: {why}", contender.name),
            Err(why) => return Err(why),
        }
    }
    for _ in 0..runs {
        for (contender, samples) in &mut able {
            patience.wait_for_quiet();
            samples.push(once(contender)?);
        }
    }
    Ok(able.into_iter().map(|(c, samples)| (c.name, samples)).collect())
}

fn once(contender: &Contender<'_>) -> Result<Sample, String> {
    let command = (contender.prepare)()?;
    let line = shown(&command);
    let (status, sample) = measured(command)?;
    if status.code() == Some(contender.expected) {
        return Ok(sample);
    }
    Err(format!("`{line}` ended with {status}, not with exit code {}", contender.expected))
}

/// Runs a command, under `/usr/bin/time` where that is GNU's.
fn measured(command: Command) -> Result<(ExitStatus, Sample), String> {
    let note = std::env::temp_dir().join(format!("meshwright-bench-{}", std::process::id()));
    let gnu = gnu_time();
    let mut command = if gnu { timed(&command, &note) } else { command };
    let line = shown(&command);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let before = busy();
    let start = Instant::now();
    let mut child = command.spawn().map_err(|e| format!("`{line}` cannot be started: {e}"))?;
    let (status, polled) = if gnu {
        (child.wait(), None)
    } else {
        let mut peak = None;
        loop {
            peak = peak.max(high_water(child.id()));
            match child.try_wait() {
                Ok(Some(status)) => break (Ok(status), peak),
                Ok(None) => std::thread::sleep(Duration::from_millis(2)),
                Err(e) => break (Err(e), peak),
            }
        }
    };
    let wall = start.elapsed().as_secs_f64();
    let after = busy();
    let status = status.map_err(|e| format!("`{line}`: {e}"))?;
    let (cpu, peak) = if gnu { read_note(&note) } else { (None, polled) };
    let others = match (before, after, cpu) {
        (Some(before), Some(after), Some(cpu)) => Some((after - before - cpu).max(0.0)),
        _ => None,
    };
    Ok((status, Sample { wall, cpu, peak, others }))
}

/// The same command under `time`, which writes seconds and KiB to a file.
fn timed(command: &Command, note: &Path) -> Command {
    let mut timed = Command::new("/usr/bin/time");
    timed.args(["--quiet", "--format=%U %S %M"]).arg("--output").arg(note);
    timed.arg("--").arg(command.get_program()).args(command.get_args());
    for (key, value) in command.get_envs() {
        match value {
            Some(value) => timed.env(key, value),
            None => timed.env_remove(key),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        timed.current_dir(folder);
    }
    timed
}

fn gnu_time() -> bool {
    let version = Command::new("/usr/bin/time").arg("--version").stdin(Stdio::null()).output();
    version.is_ok_and(|out| [out.stdout, out.stderr].concat().windows(3).any(|w| w == b"GNU"))
}

fn read_note(note: &Path) -> (Option<f64>, Option<u64>) {
    let text = std::fs::read_to_string(note).unwrap_or_default();
    let _ = std::fs::remove_file(note);
    let numbers: Vec<f64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    match numbers[..] {
        [user, system, kib] => (Some(user + system), Some(kib as u64 * 1024)),
        _ => (None, None),
    }
}

/// The peak of a running process, where the system says it in `/proc`.
fn high_water(id: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

/// CPU seconds that all processes together have taken so far, stolen ones included.
fn busy() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/stat").ok()?;
    let ticks: Vec<f64> =
        stat.lines().next()?.split_whitespace().skip(1).take(8).filter_map(|w| w.parse().ok()).collect();
    // idle and waiting for a disk are the fourth and the fifth
    (ticks.len() == 8).then(|| (ticks.iter().sum::<f64>() - ticks[3] - ticks[4]) / TICKS)
}

/// The middle one, or the mean of the two in the middle.
pub(super) fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        n if n % 2 == 1 => Some(sorted[middle]),
        _ => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), Some(2.0));
        assert_eq!(median([4.0, 1.0, 2.0, 3.0].into_iter()), Some(2.5));
        assert_eq!(median(std::iter::empty()), None);
    }
}
