//! Meshes, products and what `mesh` said: so that a test reads as its data and what must come of them.
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use meshwright_storage::Place;
use serde_json::Value;
use tempfile::TempDir;

use crate::homes_of::postgres::Postgres;
use crate::homes_of::s3::S3;
use crate::stored::Stored;

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Says that a test did not test, past the harness's capture.
pub fn skip(what: &str, why: &str) {
    let mut stderr = std::io::stderr().lock();
    writeln!(stderr, "SKIPPED {what}: {why}").unwrap();
}

/// Runs tests, functions of a mesh, on every kind of home.
macro_rules! on_every_home {
    ($($test:ident),+ $(,)?) => {
        mod directory { $(#[test] fn $test() { super::$test(&crate::support::Mesh::new()); })+ }
        mod objects { $(#[test] fn $test() { super::$test(&crate::support::Mesh::objects()); })+ }
        mod postgres {
            $(#[test] fn $test() {
                if let Some(mesh) = crate::support::Mesh::postgres() { super::$test(&mesh); }
            })+
        }
        mod postgres_and_objects {
            $(#[test] fn $test() {
                if let Some(mesh) = crate::support::Mesh::postgres_and_objects() { super::$test(&mesh); }
            })+
        }
    };
}
pub(crate) use on_every_home;

/// A mesh of a test's own, and the folder in which its products lie.
pub struct Mesh {
    dir: TempDir,
    /// Where the mesh is, as the environment says it.
    variables: Vec<(&'static str, String)>,
    /// Where the files of its tables are in the end.
    stored: Stored,
}

impl Mesh {
    /// A directory: SQLite and files.
    pub fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("mesh-suite-").tempdir().unwrap();
        let home = dir.path().join("mesh");
        let stored = Stored::Folder(home.join("warehouse"));
        Self { variables: vec![("MESH_URL", home.display().to_string())], stored, dir }
    }

    /// Postgres and files; none, said aloud, where Postgres is missing.
    pub fn postgres() -> Option<Self> {
        let url = Postgres::shared()?.database();
        let mut mesh = Self::new();
        mesh.variables =
            vec![("MESH_URL", url), ("MESH_WAREHOUSE", mesh.home().join("warehouse").display().to_string())];
        Some(mesh)
    }

    /// SQLite and an S3 endpoint.
    pub fn objects() -> Self {
        Self::new().with_objects(S3::shared())
    }

    /// Postgres and an S3 endpoint; none, said aloud, where Postgres is missing.
    pub fn postgres_and_objects() -> Option<Self> {
        Some(Self::postgres()?.with_objects(S3::shared()))
    }

    /// The same mesh with its tables and landing in a bucket.
    pub fn with_objects(mut self, s3: &S3) -> Self {
        let prefix = self.dir.path().file_name().unwrap().to_str().unwrap().to_owned();
        self.variables.retain(|(name, _)| *name != "MESH_WAREHOUSE");
        self.variables.push(("MESH_WAREHOUSE", format!("s3://lake/{prefix}")));
        self.variables.extend(s3.variables());
        self.stored = match &s3.folder {
            Some(folder) => Stored::Folder(folder.join("lake").join(prefix)),
            None => Stored::Bucket(Place { bucket: "lake".to_owned(), prefix }),
        };
        self
    }

    /// What the environment says of the mesh.
    pub fn variable(&self, name: &str) -> &str {
        self.set(name).unwrap()
    }

    /// The same, if it says anything.
    pub fn set(&self, name: &str) -> Option<&str> {
        self.variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// The files of its tables.
    pub fn tables(&self) -> &Stored {
        &self.stored
    }

    /// What was received.
    pub fn landing(&self) -> Stored {
        match self.set("MESH_WAREHOUSE") {
            Some(_) => self.stored.below("_landing"),
            None => Stored::Folder(self.home().join("landing")),
        }
    }

    /// Every file that the mesh keeps anywhere, products aside, by its name.
    pub fn everything(&self) -> BTreeMap<String, Vec<u8>> {
        let places = ["mesh", "cache", "nobody"].map(|name| (name, Stored::Folder(self.path(name)).all()));
        let all = places.into_iter().chain([("stored", self.stored.all())]);
        all.flat_map(|(place, files)| files.into_iter().map(move |(name, bytes)| (format!("{place}/{name}"), bytes)))
            .collect()
    }

    /// The mesh's folder: `catalog.db`, `warehouse/`, `landing/`.
    pub fn home(&self) -> PathBuf {
        self.dir.path().join("mesh")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// `mesh` in the test's folder, without anything of the person who runs the tests.
    pub fn command<I: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = I>) -> Command {
        let mut command = self.program(env!("CARGO_BIN_EXE_mesh"));
        command.args(args);
        command
    }

    /// Another program with the mesh's variables.
    pub fn program(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.dir.path()).env_remove("MESH_WAREHOUSE");
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.env("XDG_CACHE_HOME", self.path("cache")).env_remove("MESH_LEASE").env_remove("MESH_SECRETS_FILE");
        command.env("XDG_DATA_HOME", self.path("nobody")).env("NO_COLOR", "1").env_remove("MESH_LOG");
        // what a killed run cannot tidy away goes with the test
        command.stdin(Stdio::null()).env("TMPDIR", self.dir.path());
        // programs of products are built once for all tests, apart from the workspace's own build
        command.env("CARGO_TARGET_DIR", root().join("target/products")).env("CARGO_NET_OFFLINE", "true");
        command
    }

    /// Runs `mesh` to its end.
    pub fn mesh<I: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = I>) -> Said {
        Said::of(self.command(args))
    }

    /// Rows of a query, in its order, as JSON objects.
    pub fn rows(&self, sql: &str) -> Vec<Value> {
        self.rows_at(sql, None)
    }

    /// Rows of a query as it was then.
    pub fn rows_at(&self, sql: &str, at: Option<&str>) -> Vec<Value> {
        let mut args = vec!["query", sql, "--format", "ndjson"];
        args.extend(at.into_iter().flat_map(|at| ["--at", at]));
        let said = self.mesh(args).exits(0);
        said.out.lines().map(|l| serde_json::from_str(l).unwrap()).collect()
    }

    /// The one value of a query.
    pub fn value(&self, sql: &str) -> Value {
        let rows = self.rows(sql);
        let [Value::Object(row)] = &rows[..] else { panic!("not one row: {rows:?}") };
        row.values().next().unwrap().clone()
    }

    /// Writes a product's files.
    pub fn product(&self, folder: &str, files: &[(&str, &str)]) -> Product<'_> {
        let product = Product { mesh: self, dir: self.path(folder) };
        for (path, text) in files {
            product.write(path, text);
        }
        product
    }

    /// Copies a product of this repository, without what was built of it.
    pub fn copy_of(&self, from: &str, folder: &str) -> Product<'_> {
        copy(&root().join(from), &self.path(folder));
        Product { mesh: self, dir: self.path(folder) }
    }

    /// A product that is there already.
    pub fn at(&self, folder: &str) -> Product<'_> {
        Product { mesh: self, dir: self.path(folder) }
    }

    /// Runs of a product by outcome, newest first.
    pub fn runs(&self, product: &str) -> Vec<Value> {
        let said = self.mesh(["runs", "--product", product, "--limit", "1000", "--json"]).exits(0);
        said.json()["runs"].as_array().unwrap().clone()
    }

    /// Releases of a port, newest first.
    pub fn releases(&self, port: &str) -> Vec<Value> {
        let said = self.mesh(["history", port, "--json"]).exits(0);
        said.json()["releases"].as_array().unwrap().clone()
    }

    /// Everything readers depend on: bytes of all table files, rows of all published ports.
    pub fn state(&self) -> State {
        let files = self.stored.all();
        let list = self.mesh(["list", "--json"]).exits(0).json();
        let ports = list["ports"].as_array().unwrap().iter().map(|p| p["port"].as_str().unwrap().to_owned());
        let rows = |port: String| {
            let said = self.mesh(["query", &format!("select * from {port}"), "--format", "csv"]).exits(0);
            let mut lines: Vec<String> = said.out.lines().map(str::to_owned).collect();
            lines.sort();
            (port, lines)
        };
        State { files, rows: ports.map(rows).collect() }
    }
}

/// What readers depend on at one moment.
pub struct State {
    files: BTreeMap<String, Vec<u8>>,
    rows: BTreeMap<String, Vec<String>>,
}

impl State {
    /// Fails unless every file and every row is still what it was. New files that nobody names may have come.
    pub fn still_holds(&self, mesh: &Mesh) {
        assert!(!self.files.is_empty() && !self.rows.is_empty(), "there was nothing to protect");
        let now = mesh.state();
        assert_eq!(now.rows, self.rows, "what readers see has changed");
        for (path, bytes) in &self.files {
            assert!(now.files.get(path) == Some(bytes), "{path} is gone or has changed");
        }
    }
}

/// A product's folder.
pub struct Product<'a> {
    pub mesh: &'a Mesh,
    pub dir: PathBuf,
}

impl Product<'_> {
    /// Runs `mesh` in the product's folder.
    pub fn mesh<I: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = I>) -> Said {
        Said::of(self.command(args))
    }

    pub fn command<I: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = I>) -> Command {
        let mut command = self.mesh.command(args);
        command.current_dir(&self.dir);
        command
    }

    /// Runs and publishes what must be right.
    pub fn released(self) -> Self {
        self.mesh(["run"]).exits(0);
        self.mesh(["publish"]).exits(0);
        self
    }

    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.dir.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.dir.join(path)).unwrap()
    }

    /// Replaces a text that is there.
    pub fn edit(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert!(text.contains(from), "{path} has no `{from}`:\n{text}");
        self.write(path, text.replacen(from, to, 1));
    }
}

/// What a process said and how it ended.
pub struct Said {
    pub out: String,
    pub err: String,
    pub bytes: Vec<u8>,
    pub code: Option<i32>,
    command: String,
}

impl Said {
    pub fn of(mut command: Command) -> Self {
        let output = command.stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap();
        Self::from(format!("{command:?}"), output)
    }

    /// Of a process that was started before.
    pub fn after(child: Child) -> Self {
        let id = child.id();
        Self::from(format!("process {id}"), child.wait_with_output().unwrap())
    }

    fn from(command: String, output: Output) -> Self {
        Self {
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
            bytes: output.stdout,
            code: output.status.code(),
            command,
        }
    }

    /// Fails unless it ended with this code.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }

    /// Fails unless stdout or stderr has all of these.
    #[track_caller]
    pub fn says(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(self.out.contains(text) || self.err.contains(text), "nothing of `{text}` in\n{self}");
        }
        self
    }

    /// The one JSON object on stdout.
    #[track_caller]
    pub fn json(&self) -> Value {
        let value: Value = serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}:\n{self}"));
        assert_eq!(value["format_version"], 1, "{self}");
        value
    }
}

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { out, err, code, command, .. } = self;
        write!(f, "{command}\nended with {code:?}\n--- stdout\n{out}\n--- stderr\n{err}")
    }
}

/// Starts a process whose words are kept.
pub fn start(mut command: Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true if entry.file_name() == "target" => {}
            true => copy(&entry.path(), &target),
            false => {
                fs::copy(entry.path(), target).unwrap();
            }
        }
    }
}
