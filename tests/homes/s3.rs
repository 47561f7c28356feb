//! An S3 endpoint over a folder: in the test's own process, or in one that can be killed.
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
pub(crate) const KEY: &str = "MESHTESTKEY";
pub(crate) const SECRET: &str = "wJalr+hunter2/never-shown";
pub(crate) const REGION: &str = "us-east-1";

/// Makes a test binary an endpoint instead: `<address> <folder>`.
pub(crate) const SERVE: &str = "MESH_TEST_SERVE_S3";

/// An endpoint and the folder that holds its buckets.
pub(crate) struct S3 {
    pub(crate) address: SocketAddr,
    pub(crate) folder: PathBuf,
}

static SHARED: OnceLock<S3> = OnceLock::new();

impl S3 {
    /// The endpoint that the tests of a binary share. A test binary has no last moment at which it could clear up:
    /// the next one does.
    pub(crate) fn shared() -> &'static Self {
        SHARED.get_or_init(|| {
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
        Self { address, folder: folder.to_owned() }
    }

    /// Starts the endpoint as a process, at an address that was free a moment ago. `test` is the test in this binary
    /// that calls [`serve_if_asked`].
    pub(crate) fn process(folder: &Path, address: Option<SocketAddr>, test: &str) -> (Self, Child) {
        std::fs::create_dir_all(folder.join("lake")).unwrap();
        let address = address.unwrap_or_else(|| TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", test, "--nocapture"]).env(SERVE, format!("{address} {}", folder.display()));
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().unwrap();
        let began = Instant::now();
        while std::net::TcpStream::connect(address).is_err() {
            assert!(began.elapsed() < Duration::from_secs(60), "the endpoint does not start");
            std::thread::sleep(Duration::from_millis(10));
        }
        (Self { address, folder: folder.to_owned() }, child)
    }

    /// What a process needs to know to use it.
    pub(crate) fn variables(&self) -> [(&'static str, String); 4] {
        [
            ("AWS_ENDPOINT_URL", format!("http://{}", self.address)),
            ("AWS_ACCESS_KEY_ID", KEY.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", SECRET.to_owned()),
            ("AWS_REGION", REGION.to_owned()),
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
