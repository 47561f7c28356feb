//! What a run says while it works: a moving line on a terminal, plain lines elsewhere, NDJSON when asked for.
use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use meshwright_engine::{Event, Observer};
use serde_json::Value;

use crate::printer;

/// How events are shown.
pub(crate) enum Progress {
    /// Not at all.
    Silent,
    /// One JSON object a line, on stdout.
    Ndjson,
    /// Lines for people, on stderr; with a spinner on a terminal.
    Lines(Option<ProgressBar>),
}

impl Progress {
    /// Lines, with a spinner where it shows.
    pub(crate) fn lines() -> Self {
        if !std::io::stderr().is_terminal() {
            return Self::Lines(None);
        }
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
            bar.set_style(style);
        }
        bar.set_message("reading the product");
        bar.enable_steady_tick(Duration::from_millis(100));
        Self::Lines(Some(bar))
    }

    /// Takes the moving line away.
    pub(crate) fn finish(&self) {
        if let Self::Lines(Some(bar)) = self {
            bar.finish_and_clear();
        }
    }
}

impl Observer for Progress {
    fn event(&self, event: &Event) {
        match self {
            Self::Silent => {}
            Self::Ndjson => printer::line(&serde_json::to_string(event).unwrap_or_default()),
            Self::Lines(bar) => {
                let said = sentence(event);
                match (bar, said) {
                    (Some(bar), Some(said)) => bar.suspend(|| printer::talk(&said)),
                    (None, Some(said)) => printer::talk(&said),
                    (_, None) => {}
                }
                if let (Some(bar), Some(doing)) = (bar, doing(event)) {
                    bar.set_message(doing);
                }
            }
        }
    }
}

fn text<'a>(facts: &'a Value, key: &str) -> &'a str {
    facts[key].as_str().unwrap_or_default()
}

fn number(facts: &Value, key: &str) -> i64 {
    facts[key].as_i64().unwrap_or(0)
}

/// A finished thing in one line: what, which, how much.
fn sentence(event: &Event) -> Option<String> {
    let f = &event.facts;
    let seconds = |key: &str| format!("{:.2} s", number(f, key) as f64 / 1000.0);
    let count =
        |n: i64, one: &str, many: &str| format!("{} {}", printer::thousands(n), if n == 1 { one } else { many });
    let line = |verb: &str, what: &str, more: String| format!("{verb:>9}  {what}  {more}");
    Some(match event.event {
        "source.landed" => {
            let size = printer::bytes(f["bytes"].as_u64().unwrap_or(0));
            line("landed", text(f, "source"), format!("{}, {size}", count(number(f, "resources"), "file", "files")))
        }
        "step.finished" => {
            line("computed", text(f, "step"), format!("{}, {}", count(number(f, "rows"), "row", "rows"), seconds("ms")))
        }
        "port.written" => {
            let size = printer::bytes(f["bytes"].as_u64().unwrap_or(0));
            let (rows, files) = (count(number(f, "rows"), "row", "rows"), count(number(f, "files"), "file", "files"));
            line("wrote", text(f, "port"), format!("{rows} in {files}, {size}, {}", seconds("ms")))
        }
        "port.checked" => {
            let ran = format!("{} of {} checks", number(f, "executed"), number(f, "declared"));
            line("checked", text(f, "port"), format!("{ran}, {}", seconds("ms")))
        }
        "run.released" => line("released", &format!("r{}", number(f, "release")), seconds("ms")),
        _ => return None,
    })
}

/// What comes after an event.
fn doing(event: &Event) -> Option<String> {
    Some(match event.event {
        "run.started" => "landing sources".to_owned(),
        "source.landed" => "planning and computing".to_owned(),
        "step.started" => format!("computing {}", text(&event.facts, "step")),
        "port.written" => "checking".to_owned(),
        "port.checked" => "releasing".to_owned(),
        _ => return None,
    })
}
