//! A Postgres server of the benchmark's own, as durable as Postgres is when nobody says otherwise.
use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::checkout::fresh_folder;
use crate::process;

/// Ends when it is dropped, and when the benchmark does.
pub(super) struct Server {
    programs: PathBuf,
    socket: PathBuf,
    _server: process::Daemon,
    number: Cell<u32>,
}

impl Server {
    pub(super) fn start(folder: &Path) -> Result<Self, String> {
        let programs = programs().ok_or("`initdb` and `postgres` are neither in PATH nor in /usr/lib/postgresql")?;
        let data = folder.join("postgres");
        fresh_folder(&data)?;
        // paths of sockets are short
        let socket = std::env::temp_dir().join(format!("mesh-bench-pg-{}", std::process::id()));
        fresh_folder(&socket)?;
        if root() {
            process::run(Command::new("chown").arg("nobody").arg(&data).arg(&socket))?;
            reachable(&data)?;
        }
        let mut initdb = as_server(&programs.join("initdb"));
        initdb.args(["--auth=trust", "--username=mesh", "--encoding=UTF8", "--pgdata"]).arg(&data);
        process::stdout_of(&mut initdb)?;
        let mut server = as_server(&programs.join("postgres"));
        server.arg("-D").arg(&data).arg("-k").arg(&socket).args(["-c", "listen_addresses="]);
        let server = process::Daemon::start(&server, "QUIT", Some(&socket), None)?;
        let started = Self { programs, socket, _server: server, number: Cell::new(0) };
        let began = Instant::now();
        // the socket is there before the server answers; its own file says when it does
        while !std::fs::read_to_string(data.join("postmaster.pid")).is_ok_and(|s| s.contains("ready")) {
            if began.elapsed() > Duration::from_secs(60) {
                return Err("Postgres does not start".to_owned());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(started)
    }

    /// Makes an empty database; its URL, as we or as SQLAlchemy read it.
    pub(super) fn database(&self, peer: bool) -> Result<String, String> {
        self.number.set(self.number.get() + 1);
        let name = format!("bench{}", self.number.get());
        let mut made = Command::new(self.programs.join("createdb"));
        process::stdout_of(made.arg("-h").arg(&self.socket).args(["-U", "mesh", &name]))?;
        let (scheme, host) = if peer { ("postgresql+psycopg2", "") } else { ("postgres", "localhost") };
        Ok(format!("{scheme}://mesh@{host}/{name}?host={}", self.socket.display()))
    }
}

/// The folder that holds `initdb`, `postgres` and `createdb`.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    folders.extend(installed.map(|entry| entry.path().join("bin")));
    folders.into_iter().find(|f| ["initdb", "postgres", "createdb"].iter().all(|name| f.join(name).exists()))
}

fn root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|m| std::os::unix::fs::MetadataExt::uid(&m) == 0)
}

/// Every folder above can be entered by the server's user.
fn reachable(folder: &Path) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt;
    for above in folder.ancestors().skip(1).filter(|above| above.parent().is_some()) {
        let mode = std::fs::metadata(above).map_err(|e| e.to_string())?.permissions().mode();
        if mode & 0o001 == 0 {
            return Err(format!("user `nobody` cannot enter {}", above.display()));
        }
    }
    Ok(())
}

/// Postgres refuses to run as root.
fn as_server(program: &Path) -> Command {
    if !root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"]).arg(program).current_dir("/");
    command
}
