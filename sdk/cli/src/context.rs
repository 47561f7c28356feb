//! Where a verb works: folder, mesh, and how it talks.
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use meshwright_catalog::{Catalog, Home};
use meshwright_engine::{Dataset, Failure, Interval, Project};
use meshwright_spec::{Diagnostic, Flavor, Product, ProductName, Sources};
use tracing_subscriber::EnvFilter;

use crate::arguments::Global;
use crate::exit::Exit;
use crate::{printer, problem};

/// Shared by all verbs.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    pub(crate) dir: PathBuf,
    mesh: Option<String>,
    warehouse: Option<String>,
    pub(crate) json: bool,
    pub(crate) quiet: bool,
    verbose: u8,
}

impl Context {
    pub(crate) fn new(global: &Global) -> Self {
        Self {
            dir: global.directory.clone().unwrap_or_else(|| PathBuf::from(".")),
            mesh: global.mesh.clone().or_else(|| set("MESH_URL")),
            warehouse: global.warehouse.clone().or_else(|| set("MESH_WAREHOUSE")),
            json: global.json,
            quiet: global.quiet,
            verbose: global.verbose,
        }
    }

    /// Logs go to stderr; `MESH_LOG` overrides `--verbose` with a filter such as `meshwright_engine=trace`.
    pub(crate) fn trace(&self) {
        let level = match self.verbose {
            0 => "error",
            1 => "info,meshwright_engine=debug,meshwright_catalog=debug,meshwright_landing=debug",
            _ => "debug,meshwright_engine=trace,meshwright_catalog=trace,meshwright_landing=trace",
        };
        let filter = std::env::var("MESH_LOG").ok().and_then(|f| EnvFilter::try_new(f).ok());
        let filter = filter.unwrap_or_else(|| EnvFilter::new(level));
        let layer = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
        layer.with_ansi(printer::colour_on_stderr()).without_time().init();
    }

    /// Runs a verb's async part; shows what failed and turns it into an exit code.
    pub(crate) fn block_on(&self, work: impl Future<Output = Result<Exit, Failure>>) -> Exit {
        let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(e) => {
                printer::error(&format!("no threads can be started: {e}"));
                return Exit::Internal;
            }
        };
        let outcome = runtime.block_on(async {
            tokio::select! {
                outcome = work => outcome,
                _ = tokio::signal::ctrl_c() => {
                    printer::talk("interrupted; nothing of the run is visible, `mesh run` starts it again");
                    Ok(Exit::Interrupted)
                }
            }
        });
        let code = outcome.unwrap_or_else(|failure| problem::show(self, &failure));
        // blocking readers may still wait for a pipe; nobody waits for them
        runtime.shutdown_background();
        code
    }

    /// The mesh's places: `--mesh`, `MESH_URL`, `product.toml`, the user's own.
    pub(crate) fn home(&self, product: Option<&Product>) -> Result<Home, Failure> {
        if let Some(url) = &self.mesh {
            return Ok(Home::parse(url, self.warehouse.as_deref())?);
        }
        let found = match product {
            Some(_) => None,
            None => product_file(&self.dir),
        };
        match product.or(found.as_ref()).and_then(|p| p.mesh.as_ref()) {
            Some(home) => Ok(Home::parse(&home.url, self.warehouse.as_deref().or(home.warehouse.as_deref()))?),
            None => Ok(Home::of_user(self.warehouse.as_deref())?),
        }
    }

    /// Opens the mesh, which must exist.
    pub(crate) async fn catalog(&self) -> Result<Catalog, Failure> {
        Ok(Catalog::open_existing(self.home(None)?).await?)
    }

    /// The mesh, if it has been made: for verbs that can do without.
    pub(crate) async fn catalog_if_any(&self) -> Result<Option<Catalog>, Failure> {
        Ok(Catalog::find(self.home(None)?).await?)
    }

    /// What a person named: a file, a port in full, or a port of the product here.
    pub(crate) fn subject(&self, text: &str, at: Option<&str>) -> Dataset {
        let own = product_file(&self.dir).and_then(|product| {
            let output = product.outputs.iter().find(|output| output.name.as_str() == text)?;
            Some(Dataset::Port(product.name.port(output.name.clone()), None))
        });
        match own.unwrap_or_else(|| Dataset::parse(text, &self.dir)) {
            Dataset::Port(port, _) => Dataset::Port(port, at.map(str::to_owned)),
            files => files,
        }
    }

    /// Reads the product's folder; warnings are shown.
    pub(crate) fn project(&self) -> Result<Project, Failure> {
        self.project_for(None)
    }

    /// The product's folder, if it is this product that lies here.
    pub(crate) fn project_of(&self, product: &ProductName) -> Result<Option<Project>, Failure> {
        match product_file(&self.dir) {
            Some(here) if here.name == *product => self.project().map(Some),
            _ => Ok(None),
        }
    }

    /// The same for a stretch of time.
    pub(crate) fn project_for(&self, interval: Option<Interval>) -> Result<Project, Failure> {
        let (project, warnings) = Project::load_for(&self.dir, interval)?;
        self.warn(&warnings, &project.sources);
        Ok(project)
    }

    /// Shows warnings on stderr, unless JSON or quiet is asked for.
    pub(crate) fn warn(&self, warnings: &[Diagnostic], sources: &Sources) {
        if !self.json && !self.quiet {
            for w in warnings {
                printer::talk(&w.render(sources, printer::colour_on_stderr()));
            }
        }
    }

    /// One line for people, unless JSON or quiet is asked for.
    pub(crate) fn say(&self, line: &str) {
        if !self.json && !self.quiet {
            printer::talk(line);
        }
    }

    /// Whether more is to be said than the result.
    pub(crate) fn is_verbose(&self) -> bool {
        self.verbose > 0
    }

    /// Whether somebody can answer questions.
    pub(crate) fn has_terminal(&self) -> bool {
        std::io::stdin().is_terminal() && std::io::stderr().is_terminal() && !self.json
    }
}

/// A variable of the environment, unless it is empty.
fn set(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn product_file(dir: &Path) -> Option<Product> {
    let mut sources = Sources::default();
    let file = sources.add("product.toml", std::fs::read_to_string(dir.join("product.toml")).ok()?);
    Product::parse(file, &sources, Flavor::Program).0
}
