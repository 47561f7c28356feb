//! Starting other programs, with failures said in one line.
use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

/// The command as a person would type it.
pub(crate) fn shown(command: &Command) -> String {
    let program = command.get_program().to_string_lossy();
    let program = program.rsplit(['/', '\\']).next().unwrap_or(&program).to_owned();
    let words = command.get_args().map(|a| quoted(&a.to_string_lossy()));
    std::iter::once(program).chain(words).collect::<Vec<_>>().join(" ")
}

/// A word in quotes where a shell would need them.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:=,@+^~".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { format!("\"{word}\"") }
}

/// Runs to success, its output going where ours goes.
pub(crate) fn run(command: &mut Command) -> Result<(), String> {
    let status = command.stdin(Stdio::null()).status().map_err(|e| cannot_start(command, &e))?;
    if status.success() { Ok(()) } else { Err(format!("`{}` failed: {status}", shown(command))) }
}

/// Runs to its end and keeps what it printed.
pub(crate) fn output(command: &mut Command) -> Result<Output, String> {
    command.stdin(Stdio::null()).output().map_err(|e| cannot_start(command, &e))
}

/// Runs to success and returns what it printed to stdout.
pub(crate) fn stdout_of(command: &mut Command) -> Result<String, String> {
    let out = output(command)?;
    if !out.status.success() {
        let said = String::from_utf8_lossy(&out.stderr);
        return Err(format!("`{}` failed: {}\n{}", shown(command), out.status, said.trim()));
    }
    Ok(String::from_utf8_lossy(&out.stdout).into_owned())
}

/// A server beside us; it ends when this is dropped and when this process ends, however that happens.
pub(crate) struct Daemon(Child);

/// Starts the server, waits for the end of its own input, which we hold, and clears up. Signals meant for all of us must
/// not keep it from that.
const SERVE: &str = r#"signal=$1; folder=$2; shift 2; "$@" & server=$!; trap '' TERM INT HUP
cat >/dev/null; kill -$signal $server; wait $server; [ -z "$folder" ] || rm -rf "$folder""#;

impl Daemon {
    /// Starts a command that stays in the foreground, to be ended by `signal`; a folder that is to go with it, if any.
    pub(crate) fn start(
        command: &Command,
        signal: &str,
        folder: Option<&Path>,
        log: Option<File>,
    ) -> Result<Self, String> {
        let mut shell = Command::new("sh");
        shell.args(["-c", SERVE, "sh", signal]).arg(folder.unwrap_or(Path::new("")));
        shell.arg(command.get_program()).args(command.get_args()).current_dir("/");
        shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(log.map_or(Stdio::null(), Stdio::from));
        Ok(Self(shell.spawn().map_err(|e| cannot_start(command, &e))?))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// Whether a program can be started at all.
pub(crate) fn exists(program: &str) -> bool {
    let mut command = Command::new(program);
    command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    command.stdin(Stdio::null()).status().is_ok()
}

fn cannot_start(command: &Command, e: &std::io::Error) -> String {
    format!("`{}` cannot be started: {e}", shown(command))
}
