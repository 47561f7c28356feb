//! An S3 endpoint over a folder: in the test's own process, or in one that can be killed. `MESH_TEST_S3` names another
//! one, which has a bucket `lake` and takes the `AWS_*` variables of the tests' process.
use std::io::Read;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;

/// What the endpoint lets in.
const KEY: &str = "MESHTESTKEY";
const SECRET: &str = "wJalr+hunter2/never-shown";
const REGION: &str = "us-east-1";

/// Names an endpoint that somebody else runs, `http://127.0.0.1:7480`.
const ELSEWHERE: &str = "MESH_TEST_S3";

/// Makes a test binary an endpoint instead: `<address> <folder>`.
pub(crate) const SERVE: &str = "MESH_TEST_SERVE_S3";

/// An endpoint with a bucket `lake`.
pub(crate) struct S3 {
    endpoint: String,
    /// The folder that holds its buckets; none when it is not one of ours.
    pub(crate) folder: Option<PathBuf>,
}

static SHARED: OnceLock<S3> = OnceLock::new();

impl S3 {
    /// The endpoint that the tests of a binary share. A test binary has no last moment at which it could clear up:
    /// the next one does.
    pub(crate) fn shared() -> &'static Self {
        SHARED.get_or_init(|| {
            if let Ok(endpoint) = std::env::var(ELSEWHERE) {
                return Self { endpoint, folder: None };
            }
            let temporary = std::env::temp_dir();
            for entry in std::fs::read_dir(&temporary).unwrap().flatten() {
                let name = entry.file_name().to_string_lossy().into_owned();
                let Some(process) = name.strip_prefix("mesh-s3-of-") else { continue };
                if !Path::new("/proc").join(process).exists() {
                    let _ = std::fs::remove_dir_all(entry.path());
                }
            }
            Self::start(&temporary.join(format!("mesh-s3-of-{}", std::process::id())))
        })
    }

    /// Starts an endpoint with the bucket `lake` on a thread; it ends with the process.
    pub(crate) fn start(folder: &Path) -> Self {
        std::fs::create_dir_all(folder.join("lake")).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let root = folder.to_owned();
        std::thread::spawn(move || serve(listener, &root));
        Self::at(address, folder)
    }

    fn at(address: SocketAddr, folder: &Path) -> Self {
        Self { endpoint: format!("http://{address}"), folder: Some(folder.to_owned()) }
    }

    /// Starts the endpoint as a process, where it was before or at an address that was free a moment ago. `test` is the test in this binary
    /// that calls [`serve_if_asked`].
    pub(crate) fn process(folder: &Path, before: Option<&Self>, test: &str) -> (Self, Child) {
        std::fs::create_dir_all(folder.join("lake")).unwrap();
        let again = before.map(|s3| s3.endpoint.trim_start_matches("http://").parse().unwrap());
        let address = again.unwrap_or_else(|| TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", test, "--nocapture"]).env(SERVE, format!("{address} {}", folder.display()));
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().unwrap();
        let began = Instant::now();
        while std::net::TcpStream::connect(address).is_err() {
            assert!(began.elapsed() < Duration::from_secs(60), "the endpoint does not start");
            std::thread::sleep(Duration::from_millis(10));
        }
        (Self::at(address, folder), child)
    }

    /// What a process needs to know to use it.
    pub(crate) fn variables(&self) -> [(&'static str, String); 4] {
        // whoever runs another endpoint says what it lets in
        let said = |name: &str, ours: &str| {
            let theirs = std::env::var(name).ok().filter(|_| self.folder.is_none());
            theirs.unwrap_or_else(|| ours.to_owned())
        };
        [
            ("AWS_ENDPOINT_URL", self.endpoint.clone()),
            ("AWS_ACCESS_KEY_ID", said("AWS_ACCESS_KEY_ID", KEY)),
            ("AWS_SECRET_ACCESS_KEY", said("AWS_SECRET_ACCESS_KEY", SECRET)),
            ("AWS_REGION", said("AWS_REGION", REGION)),
        ]
    }
}

/// Serves until its input ends, when the environment asks for it.
pub(crate) fn serve_if_asked() {
    let Ok(asked) = std::env::var(SERVE) else { return };
    let (address, folder) = asked.split_once(' ').unwrap();
    let listener = TcpListener::bind(address).unwrap();
    let folder = PathBuf::from(folder);
    std::thread::spawn(move || serve(listener, &folder));
    let _ = std::io::stdin().read_to_end(&mut vec![]);
    std::process::exit(0);
}

fn serve(listener: TcpListener, folder: &Path) {
    let mut service = S3ServiceBuilder::new(FileSystem::new(folder).unwrap());
    service.set_auth(SimpleAuth::from_single(KEY, SECRET));
    let service = service.build();
    listener.set_nonblocking(true).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        loop {
            let Ok((socket, _)) = listener.accept().await else { continue };
            let service = service.clone();
            tokio::spawn(async move {
                let http = Builder::new(TokioExecutor::new());
                let _ = http.serve_connection(TokioIo::new(socket), service).await;
            });
        }
    });
}
