//! `cargo xtask demo`: the user's path from nothing to a published port, as it would be typed, in a fresh mesh.
//!
//! Every step says which exit code it must end with; another one ends the demo. Nothing is asked, nothing is fetched,
//! and nothing outside a temporary folder is touched.
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::checkout::{build_mesh, copy_folder, fresh_folder, root};
use crate::{Outcome, only_known, process};

const TOP_FIVE: &str = "select country, sum(co2) from climate.emissions.country_year where year >= 2000 \
                        group by 1 order by 2 desc limit 5";
const TWO_PRODUCTS: &str = "select e.country, e.year, e.co2, i.intensity from climate.emissions.country_year e \
                            join finance.intensity.country_year i on i.iso_code = e.iso_code and i.year = e.year \
                            where e.year = 2016 order by i.intensity desc limit 5";

pub(crate) fn go(arguments: &[String]) -> Outcome {
    only_known(arguments, &["--release", "--keep"])?;
    let has = |flag: &str| arguments.iter().any(|a| a == flag);
    let mesh = build_mesh(has("--release"))?;
    let folder = std::env::temp_dir().join(format!("meshwright-demo-{}", std::process::id()));
    fresh_folder(&folder)?;
    println!("# everything happens in {}", folder.display());
    let begin = Instant::now();
    let told = Teller { mesh, folder: folder.clone() }.tell();
    if has("--keep") || told.is_err() {
        println!("\n# kept: {}", folder.display());
    } else {
        std::fs::remove_dir_all(&folder).map_err(|e| format!("{} stays behind: {e}", folder.display()))?;
    }
    told?;
    println!("\n# every step ended as it must, {:.1} s", begin.elapsed().as_secs_f64());
    Ok(())
}

/// Runs and shows commands.
struct Teller {
    mesh: PathBuf,
    folder: PathBuf,
}

impl Teller {
    fn tell(&self) -> Outcome {
        let climate = "climate.emissions.country_year";
        let finance = "finance.intensity.country_year";

        heading("A new product runs as it is scaffolded");
        self.mesh(".", &["new", "climate/emissions", "--into", "first"], 0)?;
        self.mesh("first", &["check"], 0)?;
        self.mesh("first", &["test"], 0)?;
        self.mesh("first", &["run"], 0)?;

        // another mesh begins here: the scaffolded sample and the real product have the same name
        heading("The real one: a repository of its own, run and published");
        self.repository("domains/climate/emissions", "emissions")?;
        self.mesh("emissions", &["check"], 0)?;
        self.mesh("emissions", &["test"], 0)?;
        self.mesh("emissions", &["run"], 0)?;
        self.mesh("emissions", &["publish"], 0)?;

        heading("Whoever looks for it finds, understands and reads it");
        self.mesh(".", &["search", "co2"], 0)?;
        self.mesh(".", &["describe", climate], 0)?;
        self.mesh(".", &["query", TOP_FIVE], 0)?;

        heading("Another domain builds on it through an input port");
        self.repository("domains/finance/intensity", "intensity")?;
        self.mesh("intensity", &["check"], 0)?;
        self.mesh("intensity", &["run"], 0)?;
        self.mesh("intensity", &["publish"], 0)?;
        self.mesh(".", &["lineage", finance, "--column", "intensity"], 0)?;
        self.mesh(".", &["query", TWO_PRODUCTS], 0)?;
        self.mesh(".", &["list"], 0)?;

        heading("Nothing changed, so nothing is done: exit code 99");
        self.mesh("intensity", &["run"], 99)?;

        heading("A delivery that breaks the contract stays invisible: exit code 65");
        self.spoil("emissions/data/co2-sample.csv")?;
        self.mesh("emissions", &["run"], 65)?;
        self.mesh(".", &["query", "select count(*), min(co2) from climate.emissions.country_year"], 0)?;
        self.mesh(".", &["runs"], 0)
    }

    /// Shows and runs `mesh` in a folder.
    fn mesh(&self, folder: &str, arguments: &[&str], expected: i32) -> Outcome {
        let mut command = Command::new(&self.mesh);
        command.args(arguments);
        self.show(folder, command, expected)
    }

    fn show(&self, folder: &str, mut command: Command, expected: i32) -> Outcome {
        let prompt = if folder == "." { String::new() } else { format!("{folder} ") };
        let line = process::shown(&command);
        println!("\n{prompt}$ {line}");
        let home = if folder == "first" { "mesh-of-the-sample" } else { "mesh" };
        command.current_dir(self.folder.join(folder)).stdin(Stdio::null());
        command.env("MESH_URL", format!("file://{}", self.folder.join(home).display()));
        // both streams of the child are ours, so that lines stand in the order in which they were printed
        command.stderr(std::io::stdout());
        let status = command.status().map_err(|e| format!("`{line}` cannot be started: {e}"))?;
        match status.code() {
            Some(code) if code == expected => Ok(()),
            _ => Err(format!("`{line}` in {folder} ended with {status}, not with exit code {expected}")),
        }
    }

    /// A product kept in this checkout, as the independent repository that it would be elsewhere.
    fn repository(&self, from: &str, to: &str) -> Outcome {
        println!("\n# {to}/ is a copy of {from}");
        copy_folder(&root().join(from), &self.folder.join(to))?;
        if !process::exists("git") {
            println!("# git is not installed: the copy stays without a repository");
            return Ok(());
        }
        let me = ["-c", "user.name=demo", "-c", "user.email=demo@example.org", "-c", "commit.gpgsign=false"];
        self.git(to, &["init", "--quiet", "--initial-branch=main"])?;
        self.git(to, &["add", "."])?;
        self.git(to, &[&me[..], &["commit", "--quiet", "--message=A product of its own"]].concat())
    }

    fn git(&self, folder: &str, arguments: &[&str]) -> Outcome {
        let mut command = Command::new("git");
        process::run(command.args(arguments).current_dir(self.folder.join(folder)))
    }

    /// Adds a row with negative emissions, as a careless supplier might.
    fn spoil(&self, file: &str) -> Outcome {
        let path: &Path = &self.folder.join(file);
        let failed = |e: std::io::Error| format!("{}: {e}", path.display());
        let mut text = std::fs::read_to_string(path).map_err(failed)?;
        let row = "FRA,France,2019,-1.0,5.0,1.0,1.0,1.0,65000000.0,2600000000000.0";
        println!("\n# one more row in {file}: {row}");
        text.push_str(row);
        text.push('\n');
        std::fs::write(path, text).map_err(failed)
    }
}

fn heading(text: &str) {
    println!("\n## {text}");
}
