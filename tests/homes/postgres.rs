//! One Postgres server for all tests of a binary, on a socket in a folder of its own; a database for each test.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// A running server; it ends when its test binary does, however that ends.
pub(crate) struct Postgres {
    socket: PathBuf,
    _server: Child,
}

static SHARED: OnceLock<Option<Postgres>> = OnceLock::new();
static NUMBER: AtomicU32 = AtomicU32::new(0);

/// Starts the server, waits for the end of its own input, which the test binary holds, and clears up.
const SERVE: &str =
    r#"folder=$1; shift; "$@" & server=$!; cat >/dev/null; kill -QUIT $server; wait $server; rm -rf "$folder""#;

impl Postgres {
    /// The server that tests share; none, said aloud, where Postgres is not installed.
    pub(crate) fn shared() -> Option<&'static Self> {
        let started = SHARED.get_or_init(|| match Self::start() {
            Ok(server) => Some(server),
            Err(why) => {
                // past the harness's capture
                let _ = writeln!(std::io::stderr().lock(), "SKIPPED every home with Postgres: {why}");
                None
            }
        });
        started.as_ref()
    }

    fn start() -> Result<Self, String> {
        let programs = programs().ok_or("`initdb` and `postgres` are neither in PATH nor in /usr/lib/postgresql")?;
        // paths of sockets are short, and the server's user must get there
        let dir = PathBuf::from(format!("/tmp/mesh-pg-{}", std::process::id()));
        std::fs::create_dir_all(&dir).map_err(|e| e.to_string())?;
        if root() {
            run(Command::new("chown").arg("nobody").arg(&dir))?;
        }
        let data = dir.join("data");
        let mut initdb = as_server(&programs.join("initdb"));
        initdb.args(["--auth=trust", "--username=mesh", "--encoding=UTF8", "--no-sync", "--pgdata"]).arg(&data);
        run(&mut initdb)?;
        let mut server = as_server(&programs.join("postgres"));
        server.arg("-D").arg(&data).arg("-k").arg(&dir);
        server.args(["-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=300"]);
        let log = std::fs::File::create(dir.join("log")).map_err(|e| e.to_string())?;
        let mut command = Command::new("sh");
        command.args(["-c", SERVE, "sh"]).arg(&dir).arg(server.get_program()).args(server.get_args());
        command.current_dir("/").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(log);
        let server = command.spawn().map_err(|e| e.to_string())?;
        let server = Self { socket: dir, _server: server };
        server.wait()?;
        Ok(server)
    }

    /// Makes an empty database; its URL.
    pub(crate) fn database(&self) -> String {
        let name = format!("mesh{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let admin = self.url("postgres");
        let sql = format!("CREATE DATABASE {name}");
        // a thread of its own: the caller may be asynchronous
        std::thread::spawn(move || {
            runtime.block_on(async {
                use sqlx::Connection;
                let mut db = sqlx::PgConnection::connect(&admin).await.unwrap();
                sqlx::query(&sql).execute(&mut db).await.unwrap();
            });
        })
        .join()
        .unwrap();
        self.url(&name)
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://mesh@localhost/{database}?host={}", self.socket.display())
    }

    /// The socket is there before the server answers; its own file says when it does.
    fn wait(&self) -> Result<(), String> {
        let began = Instant::now();
        loop {
            let status = std::fs::read_to_string(self.socket.join("data/postmaster.pid")).unwrap_or_default();
            if status.lines().nth(7).is_some_and(|line| line.trim() == "ready") {
                return Ok(());
            }
            if began.elapsed() > Duration::from_secs(60) {
                return Err(std::fs::read_to_string(self.socket.join("log")).unwrap_or_default());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// The folder that holds `initdb` and `postgres`.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let mut installed: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|e| e.path().join("bin"))
        .collect();
    installed.sort();
    folders.extend(installed.into_iter().rev());
    folders.into_iter().find(|f| f.join("initdb").exists() && f.join("postgres").exists())
}

fn root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|m| std::os::unix::fs::MetadataExt::uid(&m) == 0)
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

fn run(command: &mut Command) -> Result<(), String> {
    let said = command.stdin(Stdio::null()).output().map_err(|e| format!("{command:?}: {e}"))?;
    match said.status.success() {
        true => Ok(()),
        false => Err(format!("{command:?}: {}", String::from_utf8_lossy(&said.stderr))),
    }
}
