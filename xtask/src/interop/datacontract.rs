//! `cargo xtask interop datacontract` and `fetch`: what the standards' schemas and their authors' tool say of our exports,
//! and the standards' own examples for our tests.
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Outcome;
use crate::checkout;

/// The version of datacontract-cli that figures and expectations are about.
const DATACONTRACT: &str = "datacontract-cli[iceberg]==1.2.8";

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

/// Documents against the schemas that the tool brings along, and the product standard's where it has been fetched.
const VALIDATE: &str = r#"
import datetime, glob, json, os, sys
import datacontract, jsonschema, yaml

class Text(yaml.SafeLoader):
    "YAML as JSON has it: days and times are text"
Text.yaml_implicit_resolvers = {
    first: [(tag, regex) for tag, regex in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
shipped = os.path.join(os.path.dirname(datacontract.__file__), "schemas")
fetched, documents = sys.argv[1], sys.argv[2:]
wrong = 0
for path in documents:
    document = yaml.load(open(path), Text)
    version = document["apiVersion"].lstrip("v")
    product = document["kind"] == "DataProduct"
    name = f"odps-json-schema-v{version}.json" if product else f"odcs-{version}.schema.json"
    schema = os.path.join(fetched if product else shipped, name)
    if not os.path.exists(schema):
        print(f"SKIPPED {path}: {name} is not there, `cargo xtask interop fetch` brings it", file=sys.stderr)
        continue
    found = list(jsonschema.Draft201909Validator(json.load(open(schema))).iter_errors(document))
    for error in found:
        print(f"{path}: {'/'.join(map(str, error.absolute_path))}: {error.message[:300]}")
    wrong += len(found)
    print(f"{os.path.basename(path)}: {len(found)} errors against {name}", file=sys.stderr)
sys.exit(wrong > 0)
"#;

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
    let everything = checkout::root().join("sdk/spec/tests/spec/everything.odcs.yaml");
    fs::copy(everything, scratch.join("everything.odcs.yaml")).map_err(|e| e.to_string())?;
    for (path, text) in [("product.toml", PRODUCT), ("contracts/sale.toml", CONTRACT), ("till.csv", TILL)] {
        fs::write(scratch.join(path), text).map_err(|e| e.to_string())?;
    }
    let home = scratch.join("mesh");
    let ours = |words: &[&str]| run(Command::new(mesh).args(words).current_dir(scratch).env("MESH_URL", &home));
    ours(&["run", "--quiet"])?;
    ours(&["publish", "--quiet"])?;
    ours(&["contract", "export", "sale", "--output", "sale31.odcs.yaml"])?;
    ours(&["contract", "export", "sale", "--newest", "--output", "sale32.odcs.yaml"])?;
    ours(&["contract", "export", "--format", "bitol-product", "--output", "sale10.odps.yaml"])?;
    ours(&["contract", "export", "--format", "bitol-product", "--newest", "--output", "sale11.odps.yaml"])?;
    ours(&["contract", "import", "everything.odcs.yaml", "--port", "daily"])?;
    ours(&["contract", "export", "contracts/daily.toml", "--output", "daily.odcs.yaml"])?;
    let documents = ["sale31.odcs.yaml", "sale32.odcs.yaml", "sale10.odps.yaml", "sale11.odps.yaml", "daily.odcs.yaml"];
    let python = tool.with_file_name("python");
    let mut validate = Command::new(python);
    validate.args(["-c", VALIDATE]).arg(folder().join("schemas")).args(documents).current_dir(scratch);
    print!("{}", said_by(&mut validate)?);
    let theirs = |words: &[&str]| {
        let mut command = Command::new(tool);
        command.args(words).current_dir(scratch).env("DATACONTRACT_ICEBERG_CATALOG_TYPE", "sql");
        said_by(&mut command)
    };
    // it asks the web for every definition that a document names, so not of the one with everything in it
    for document in ["sale31.odcs.yaml", "sale32.odcs.yaml"] {
        theirs(&["lint", document])?;
    }
    print!("{}", theirs(&["test", "sale32.odcs.yaml", "--server", "mesh"])?);
    // a promise that the rows do not keep is found by their reading of our tables
    let text = fs::read_to_string(scratch.join("sale32.odcs.yaml")).map_err(|e| e.to_string())?;
    fs::write(scratch.join("broken.odcs.yaml"), text.replace("maximum: 1000", "maximum: 10"))
        .map_err(|e| e.to_string())?;
    match theirs(&["test", "broken.odcs.yaml", "--server", "mesh"]) {
        Err(why) if why.contains("amount") => {}
        Err(why) => return Err(format!("a broken promise is not what failed: {why}")),
        Ok(said) => return Err(format!("a broken promise went unseen\n{said}")),
    }
    println!("datacontract accepts the exports, tests the port from the embedded catalog, and finds a broken promise");
    Ok(())
}

fn run(command: &mut Command) -> Outcome {
    said_by(command).map(drop)
}

/// What a program says, if it ends well.
fn said_by(command: &mut Command) -> Result<String, String> {
    let said = command.output().map_err(|e| format!("{}: {e}", command.get_program().to_string_lossy()))?;
    let text = [said.stdout, said.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    if said.status.success() { Ok(text) } else { Err(format!("{command:?} ended with {}\n{text}", said.status)) }
}
