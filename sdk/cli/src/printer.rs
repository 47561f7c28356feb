//! The only place that prints: results to stdout, talk to stderr.
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use clap::CommandFactory;
use serde::Serialize;

use crate::exit::Exit;

/// Version of the JSON that `--json` prints; raised when something is removed.
const FORMAT_VERSION: u32 = 1;

/// A line of the result. A reader that went away ends the process quietly, as in `mesh list | head -1`.
pub(crate) fn line(text: &str) {
    if writeln!(std::io::stdout().lock(), "{text}").is_err() {
        std::process::exit(0);
    }
}

/// A line for people. Nobody listening is no failure.
pub(crate) fn talk(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// A failure in one line.
pub(crate) fn error(text: &str) {
    talk(&format!("{} {text}", paint("error:", "31;1")));
}

/// What to do next.
pub(crate) fn hint(text: &str) {
    talk(&format!("{} {text}", paint("hint:", "36")));
}

/// One JSON object: `format_version` and the facts.
pub(crate) fn json(facts: &impl Serialize) {
    line(&json_text(facts));
}

/// The same as text, for a file.
pub(crate) fn json_text(facts: &impl Serialize) -> String {
    let mut object = serde_json::Map::new();
    object.insert("format_version".to_owned(), FORMAT_VERSION.into());
    match serde_json::to_value(facts) {
        Ok(serde_json::Value::Object(facts)) => object.extend(facts),
        Ok(other) => {
            object.insert("value".to_owned(), other);
        }
        Err(e) => error(&format!("the result cannot be written as JSON: {e}")),
    }
    serde_json::Value::Object(object).to_string()
}

/// Whether stderr understands colour and nobody said no.
pub(crate) fn colour_on_stderr() -> bool {
    let no = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|t| t == "dumb");
    !no && !dumb && std::io::stderr().is_terminal()
}

/// Text in a colour, where colours show.
pub(crate) fn paint(text: &str, code: &str) -> String {
    if colour_on_stderr() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
}

/// What clap has to say; its own exit code 2 is ours for usage.
pub(crate) fn usage(e: &clap::Error) -> ExitCode {
    let _ = e.print();
    ExitCode::from(if e.use_stderr() { Exit::Usage.number() } else { 0 })
}

/// `mesh` alone.
pub(crate) fn short_help() -> Exit {
    let _ = crate::arguments::Arguments::command().print_help();
    Exit::Usage
}

/// 1234567 as `1,234,567`.
pub(crate) fn thousands(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    if n < 0 { format!("-{out}") } else { out }
}

/// 1536 as `1.5 KiB`.
pub(crate) fn bytes(n: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = n as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit < units.len() - 1 {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{n} B") } else { format!("{value:.1} {}", units[unit]) }
}

/// Rows of text under a header, columns as wide as they need.
pub(crate) fn table(header: &[&str], rows: &[Vec<String>]) {
    let mut widths: Vec<usize> = header.iter().map(|h| h.chars().count()).collect();
    for row in rows {
        for (w, cell) in widths.iter_mut().zip(row) {
            *w = (*w).max(cell.chars().count());
        }
    }
    let print = |cells: Vec<&str>| {
        let padded: Vec<String> = cells
            .iter()
            .zip(&widths)
            .map(|(c, w)| format!("{c}{}", " ".repeat(w.saturating_sub(c.chars().count()))))
            .collect();
        line(padded.join("  ").trim_end());
    };
    print(header.to_vec());
    for row in rows {
        print(row.iter().map(String::as_str).collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(thousands(-1_234_567), "-1,234,567");
        assert_eq!(thousands(999), "999");
        assert_eq!((bytes(512), bytes(1536)), ("512 B".to_owned(), "1.5 KiB".to_owned()));
    }
}
