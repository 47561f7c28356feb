//! `cargo xtask fuzz`: the readers' properties with fresh seeds for as long as you like. They hold that nothing panics,
//! that nothing is refused without a reason, and that memory stays within a bound.
use std::process::Command;
use std::time::{Duration, Instant};

use crate::checkout;
use crate::{Outcome, usage_of};

/// Readers, the tests that read what was harmed, by their program and name, and the cases of one go.
const READERS: [(&str, &str, &str, u32); 3] = [
    ("toml", "spec", "never_panics::harmed_toml", 2000),
    ("yaml", "spec", "never_panics::harmed_yaml", 1000),
    ("csv", "it", "any_bytes::harmed_csv", 500),
];

pub(crate) fn go(arguments: &[String]) -> Outcome {
    let minutes = match arguments {
        [] => 3.0,
        [flag, minutes] if flag == "--minutes" => {
            minutes.parse::<f64>().map_err(|_| format!("`{minutes}` is no number of minutes"))?
        }
        _ => return Err(format!("not understood; {}", usage_of("fuzz"))),
    };
    for (reader, binary, test, cases) in READERS {
        let program = built(binary)?;
        let start = Instant::now();
        let mut done = 0;
        while start.elapsed() < Duration::from_secs_f64(minutes * 60.0) {
            let said = Command::new(&program)
                .args(["--exact", test, "--nocapture"])
                .current_dir(checkout::root())
                .env("PROPTEST_CASES", cases.to_string())
                .output()
                .map_err(|e| format!("{program}: {e}"))?;
            if !said.status.success() {
                let text =
                    [said.stdout, said.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
                return Err(format!("{reader}: after {done} cases\n{text}"));
            }
            done += cases;
        }
        println!("{reader}: {done} cases in {:.0} s, none of them out of bounds", start.elapsed().as_secs_f64());
    }
    Ok(())
}

/// Builds a program of tests and finds it among what cargo made.
fn built(binary: &str) -> Result<String, String> {
    let words = ["test", "--workspace", "--test", binary, "--no-run", "--message-format", "json", "--quiet"];
    let said = crate::process::stdout_of(&mut checkout::cargo(&words))?;
    let made = said.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let made = made.filter(|message| message["target"]["name"] == binary && message["target"]["kind"][0] == "test");
    let program = made.filter_map(|message| message["executable"].as_str().map(str::to_owned)).next_back();
    program.ok_or_else(|| format!("cargo built no test `{binary}`"))
}
