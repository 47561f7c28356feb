//! `cargo xtask interop datacontract` and `fetch`: what its authors' tool says of our exports, and the standards' own
//! examples and schemas for our tests.
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Outcome;
use crate::checkout;

/// The version of datacontract-cli that figures and expectations are about.
const DATACONTRACT: &str = "datacontract-cli==1.2.8";

/// Where official examples and their JSON Schemas come from: address, folder of examples, folder of schemas.
const STANDARDS: [(&str, &str, &str); 2] = [
    ("odcs", "https://github.com/bitol-io/open-data-contract-standard", "docs/examples"),
    ("odps", "https://github.com/bitol-io/open-data-product-standard", "docs/examples"),
];

fn folder() -> PathBuf {
    checkout::root().join("target/interop")
}

/// Official examples to `target/interop/<standard>/`, schemas to `target/interop/schemas/`; nothing is committed.
pub(super) fn fetch() -> Outcome {
    let target = folder();
    for (name, address, examples) in STANDARDS {
        let source = target.join(format!("{name}.git"));
        if !source.exists() {
            let clone = Command::new("git").args(["clone", "--quiet", "--depth", "1", address]).arg(&source).status();
            if !clone.map_err(|e| e.to_string())?.success() {
                return Err(format!("{address} cannot be cloned"));
            }
        }
        copy(&source.join(examples), &target.join(name), ".yaml")?;
        copy(&source.join("schema"), &target.join("schemas"), ".json")?;
    }
    println!("examples and schemas are in {}", target.display());
    Ok(())
}

/// All files below a folder whose names end like this, into one folder.
fn copy(from: &Path, to: &Path, suffix: &str) -> Outcome {
    fs::create_dir_all(to).map_err(|e| e.to_string())?;
    for entry in fs::read_dir(from).map_err(|e| format!("{}: {e}", from.display()))?.flatten() {
        let path = entry.path();
        if path.is_dir() {
            copy(&path, to, suffix)?;
        } else if path.to_string_lossy().ends_with(suffix) {
            fs::copy(&path, to.join(entry.file_name())).map_err(|e| e.to_string())?;
        }
    }
    Ok(())
}

/// `datacontract lint` and `datacontract test` on the export of a published example, read from our embedded catalog.
pub(super) fn go() -> Outcome {
    let venv = checkout::root().join("target/interop-datacontract");
    let tool = venv.join("bin/datacontract");
    if !tool.exists() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
        let packages = [DATACONTRACT, "jsonschema", "pyiceberg[sql-sqlite,pyarrow]"];
        run(Command::new(venv.join("bin/pip")).args(["install", "--quiet"]).args(packages))?;
    }
    run(Command::new("cargo")
        .args(["build", "--workspace", "--quiet", "--bin", "mesh"])
        .current_dir(checkout::root()))?;
    let mesh = checkout::root().join("target/debug/mesh");
    let scratch = std::env::temp_dir().join(format!("mesh-datacontract-{}", std::process::id()));
    let outcome = judge(&tool, &mesh, &scratch);
    // nothing of the trial is to stay, whatever came of it
    fs::remove_dir_all(&scratch).ok();
    outcome
}

const PRODUCT: &str = "[product]\ndomain = \"shop\"\nname = \"sales\"\ntitle = \"Sales\"\nowner = { team = \"shop\", email = \"shop@example.org\" }\n\n[sources.till]\nlocation = \"till.csv\"\nformat = \"csv\"\ncolumns = { id = \"long\", item = \"string\", amount = \"double\", day = \"date\" }\n\n[outputs.sale]\nfrom = \"till\"\n";
const CONTRACT: &str = "[contract]\nversion = \"1.0.0\"\ndescription = \"One row per sale.\"\nkey = [\"id\"]\n\n[columns]\nid = { type = \"long\" }\nitem = { type = \"string\", required = true, min_length = 2 }\namount = { type = \"double\", min = 0, max = 1000 }\nday = { type = \"date\" }\n\n[[checks]]\nid = \"enough\"\nkind = \"row_count\"\nmin = 2\n\n[[checks]]\nid = \"sane\"\nkind = \"expression\"\nsql = \"amount is null or amount < 500\"\n";
const TILL: &str = "id,item,amount,day\n1,tea,2.5,2026-01-01\n2,cup,8,2026-01-02\n3,pot,31,2026-01-03\n";

fn judge(tool: &Path, mesh: &Path, scratch: &Path) -> Outcome {
    fs::create_dir_all(scratch.join("contracts")).map_err(|e| e.to_string())?;
    for (path, text) in [("product.toml", PRODUCT), ("contracts/sale.toml", CONTRACT), ("till.csv", TILL)] {
        fs::write(scratch.join(path), text).map_err(|e| e.to_string())?;
    }
    let home = scratch.join("mesh");
    let ours = |words: &[&str]| run(Command::new(mesh).args(words).current_dir(scratch).env("MESH_URL", &home));
    ours(&["run", "--quiet"])?;
    ours(&["publish", "--quiet"])?;
    ours(&["contract", "export", "sale", "--output", "sale31.odcs.yaml"])?;
    ours(&["contract", "export", "sale", "--newest", "--output", "sale32.odcs.yaml"])?;
    let theirs = |words: &[&str]| {
        run(Command::new(tool).args(words).current_dir(scratch).env("DATACONTRACT_ICEBERG_CATALOG_TYPE", "sql"))
    };
    theirs(&["lint", "sale31.odcs.yaml"])?;
    theirs(&["lint", "sale32.odcs.yaml"])?;
    theirs(&["test", "sale32.odcs.yaml", "--server", "mesh"])?;
    println!("datacontract lints both exports and tests the port from the embedded catalog");
    Ok(())
}

fn run(command: &mut Command) -> Outcome {
    let said = command.output().map_err(|e| format!("{}: {e}", command.get_program().to_string_lossy()))?;
    if said.status.success() {
        return Ok(());
    }
    let text = [said.stdout, said.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    Err(format!("{:?} ended with {}\n{text}", command, said.status))
}
