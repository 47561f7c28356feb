//! Developer tasks, run as `cargo xtask <verb>`: one file per verb, printing allowed.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "its output is for the developer who started it")]

mod bench;
mod checkout;
mod demo;
mod features;
mod fuzz;
mod interop;
mod process;
mod test;
mod tidy;

use std::process::ExitCode;

/// What a verb ends with: nothing, or one line saying what went wrong.
type Outcome = Result<(), String>;

/// A task.
struct Verb {
    name: &'static str,
    usage: &'static str,
    about: &'static str,
    go: fn(&[String]) -> Outcome,
}

/// Adding a task is a file and a line here.
const VERBS: &[Verb] = &[
    Verb {
        name: "demo",
        usage: "demo [--release] [--keep]",
        about: "walk the user's path in a fresh mesh",
        go: demo::go,
    },
    Verb { name: "test", usage: "test [--fast]", about: "pass every test, cheap ones first", go: test::go },
    Verb { name: "tidy", usage: "tidy", about: "hold the sources against the house rules", go: tidy::go },
    Verb {
        name: "fuzz",
        usage: "fuzz [--minutes N]",
        about: "read harmed TOML, YAML and CSV, N minutes each",
        go: fuzz::go,
    },
    Verb {
        name: "interop",
        usage: "interop fetch|datacontract|gx|ceph [--mesh FILE] [--data FOLDER] [TEST]",
        about: "programs of others on what we write",
        go: interop::go,
    },
    Verb {
        name: "bench",
        usage: "bench [ingest|small|tables|checks] [--case NAME] [--runs N] [--large] [--mesh FILE] [--flights FILE]",
        about: "measure against the aims and the peers; five that check, only by `bench checks --case peers`",
        go: bench::go,
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((name, rest)) = arguments.split_first() else {
        help();
        return ExitCode::from(64);
    };
    if matches!(name.as_str(), "help" | "--help" | "-h") {
        help();
        return ExitCode::SUCCESS;
    }
    let Some(verb) = VERBS.iter().find(|v| v.name == name) else {
        eprintln!("error: there is no task `{name}`");
        help();
        return ExitCode::from(64);
    };
    if rest.iter().any(|a| a == "--help" || a == "-h") {
        println!("cargo xtask {}\n  {}", verb.usage, verb.about);
        return ExitCode::SUCCESS;
    }
    match (verb.go)(rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("error: cargo xtask {name}: {why}");
            ExitCode::FAILURE
        }
    }
}

fn help() {
    eprintln!("Developer tasks:");
    for verb in VERBS {
        eprintln!("  cargo xtask {:<78} {}", verb.usage, verb.about);
    }
}

/// How a task is called.
fn usage_of(name: &str) -> String {
    VERBS.iter().find(|v| v.name == name).map_or_else(String::new, |v| format!("cargo xtask {}", v.usage))
}

/// Takes the flags a verb knows out of its arguments; what is left over is refused.
fn only_known(arguments: &[String], known: &[&str]) -> Outcome {
    match arguments.iter().find(|a| !known.contains(&a.as_str())) {
        Some(odd) => Err(format!("`{odd}` is not understood; known: {}", known.join(" "))),
        None => Ok(()),
    }
}
