//! The dirty file before programs that are made for checking, each asked the same checks in its own words by a script in
//! `xtask/bench/checks/peers`. What one of them finds wrongly or cannot say is a finding, printed beside its figures; only
//! `mesh check` has to find everything.
use std::path::Path;
use std::process::Command;

use super::super::Bench;
use super::super::measure::{Contender, Patience, Sample, in_turns, median};
use super::super::report::{Aim, Report};
use super::{MEMORY, ours};
use crate::checkout::fresh_folder;

const PEERS: [&str; 5] = ["soda", "dbt", "pandera", "datacontract", "gx"];

pub(super) fn measure(
    bench: &Bench,
    report: &mut Report,
    patience: &mut Patience,
    decode: &Path,
    file: &Path,
) -> Result<(), String> {
    println!("measuring: checks, peers ...");
    let folder = bench.folder.join("work/checks-peers");
    fresh_folder(&folder)?;
    fresh_folder(&bench.folder.join("work/user"))?;
    let mut contenders = ours(bench, "checks", decode, file, 65)?;
    for peer in PEERS {
        let Some(bin) = bench.peers.bin(peer) else { continue };
        let folder = folder.join(peer);
        let prepare = move || {
            fresh_folder(&folder)?;
            let mut command = Command::new(bin.join("python"));
            // nothing is left among the scripts or in the user's folder
            command.arg("-B").arg(bench.script(&format!("checks/peers/ask_{peer}.py"))).arg(file).arg(&folder);
            command.env("HOME", bench.folder.join("work/user"));
            Ok(command)
        };
        contenders.push(Contender { name: peer.to_owned(), expected: 0, prepare: Box::new(prepare) });
    }
    let results = in_turns(contenders, bench.runs, patience)?;
    let decoding = times(&results, "decode");
    let beside = |who: &str| {
        let (wall, cpu) = times(&results, who)?;
        let (floor, cpu_floor) = decoding?;
        Some(format!("{:.2} x decode, of its CPU time {:.2} x", wall / floor, cpu / cpu_floor))
    };
    println!("mesh check: {}; every planted mistake found", beside("mesh check").unwrap_or_default());
    for peer in PEERS {
        // of its last run, or why it failed
        let findings = std::fs::read_to_string(folder.join(peer).join("findings.txt"));
        let findings = findings.unwrap_or_else(|_| "it says nothing".to_owned());
        println!("{peer}: {}; {findings}", beside(peer).unwrap_or("DID NOT RUN".to_owned()));
    }
    report.add("checks, peers", results, &[Aim::Peak(MEMORY)]);
    Ok(())
}

/// Median wall and CPU seconds of one that ran; the latter are not a number where they are not measured.
fn times(results: &[(String, Vec<Sample>)], who: &str) -> Option<(f64, f64)> {
    let (_, samples) = results.iter().find(|(name, _)| name == who)?;
    Some((median(samples.iter().map(|s| s.wall))?, median(samples.iter().map(|s| s.cpu.unwrap_or(f64::NAN)))?))
}
