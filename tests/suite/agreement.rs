//! Readers that share no code with us find the same rows in every state of every table: snapshots, branches and tags.
#![allow(clippy::print_stdout, reason = "what was compared is worth a line")]
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::foreign_deletes::deleted_by;
use crate::interop::readers;
use crate::shop;
use crate::support::{Mesh, Product, Said};
use crate::vectors::deleted_by_vectors;

/// What a reader cannot read: in which port, who, and a part of what it says; nothing when it gives other rows. Each of
/// these is looked for, so that the list and `docs/other-engines.md` stay true.
const CANNOT: [(&str, &str, &str); 3] = [
    // a null list of structs becomes an empty one: `ArrowProjectionVisitor.list` loses which lists are null
    ("shop.nulls.sale", "pyiceberg", ""),
    ("shop.sales.sale", "pyiceberg", "does not yet support equality deletes"),
    ("shop.sales.sale", "polars", "equality"),
];

/// Rows of a contract, a source and a step for these columns: name, type in the source, line in the contract.
fn columns(product: &Product<'_>, partition: &str, columns: &[(&str, &str, &str)]) {
    let text = product.read("product.toml");
    let line = text.lines().find(|line| line.starts_with("columns")).unwrap().to_owned();
    let typed: Vec<String> = columns.iter().map(|(name, of, _)| format!("{name} = \"{of}\"")).collect();
    product.edit("product.toml", &line, &format!("columns  = {{ {} }}", typed.join(", ")));
    let names: Vec<&str> = columns.iter().map(|(name, ..)| *name).collect();
    product.write("sql/sale.sql", format!("select {} from till", names.join(", ")));
    let lines: Vec<String> = columns.iter().map(|(name, _, line)| format!("{name} = {{ {line} }}")).collect();
    product.write(
        "contracts/sale.toml",
        format!(
            "[contract]\nversion = \"1.0.0\"\nstatus = \"active\"\ndescription = \"One row per sale.\"\nkey = [\"id\"]\n{partition}\n\
             [columns]\n{}\n[[checks]]\nid = \"sold\"\nkind = \"expression\"\nsql = \"amount is null or amount >= 0\"\n",
            lines.join("\n")
        ),
    );
}

/// A port that has lived: upserts, deletes, columns that were renamed, widened, dropped and added again, three
/// partitionings, bloom filters, a tag, a rejected branch, and a compaction in between.
fn lived(mesh: &Mesh, name: &str, version: u8) {
    let product = mesh.product(name, shop::SALES);
    product.edit("product.toml", "\"sales\"", &format!("\"{name}\""));
    product.edit("product.toml", "mode = \"replace\"", "mode = \"upsert\"");
    let files = format!("[outputs.sale.files]\nformat_version = {version}\nbloom = [\"id\"]\nrow_group = \"64kB\"\n");
    product.edit("product.toml", "[outputs.sale]", &format!("{files}[outputs.sale]"));
    let port = format!("shop.{name}.sale");
    let deliver = |text: &str, code: i32| {
        product.write("data/till.csv", text);
        product.mesh(["run"]).exits(code);
    };
    let id = ("id", "long", "type = \"long\", required = true");
    let day = ("day", "date", "type = \"date\"");
    let first = [
        id,
        ("item", "string", "type = \"string\""),
        ("amount", "float", "type = \"float\""),
        ("n", "int", "type = \"int\""),
        day,
    ];
    columns(&product, "", &first);
    deliver(
        "id,item,amount,n,day\n1,tea,2.5,1,2026-01-01\n2,cup,8,NA,2026-01-31\n3,Käse,NA,3,2026-02-01\n4,NA,0.1,4,NA\n",
        0,
    );
    deliver("id,item,amount,n,day\n2,mug,9,2,2026-01-31\n5,\"a, b\",1,5,2026-03-01\n", 0);
    // renamed, widened, and in buckets from now on
    let article = ("article", "string", "type = \"string\", renamed_from = \"item\"");
    let amount = ("amount", "double", "type = \"double\"");
    columns(&product, "partition = [\"bucket(4, id)\"]", &[id, article, amount, ("n", "long", "type = \"long\""), day]);
    deliver(
        "id,article,amount,n,day\n3,cheese,12.125,3000000000,2026-02-02\n6,jug,NA,6,2026-04-01\n7,tray,7,7,NA\n",
        0,
    );
    mesh.mesh(["tag", &format!("shop.{name}"), "kept", "--at", "r3"]).exits(0);
    // a column goes, and another one comes by its name
    let article = ("article", "string", "type = \"string\"");
    columns(&product, "partition = [\"bucket(4, id)\"]", &[id, article, amount, day]);
    deliver("id,article,amount,day\n1,tea,3,2026-01-02\n8,pan,8,2026-05-01\n", 0);
    let again = [id, ("n", "string", "type = \"string\""), article, amount, day];
    columns(&product, "partition = [\"month(day)\"]\nsort = [\"article\"]", &again);
    deliver("id,n,article,amount,day\n4,four,pot,4,2026-04-04\n9,nine,lid,9,2026-06-01\n", 0);
    mesh.mesh(["delete", &port, "--where", "id in (2, 7)"]).exits(0);
    deliver("id,n,article,amount,day\n10,ten,fork,-1,2026-06-01\n", 65);
    mesh.mesh(["maintain", &port, "--only", "compact", "--apply"]).exits(0);
    if version == 3 {
        let shop = ("shop", "string", "type = \"string\", default = \"main street\"");
        columns(
            &product,
            "partition = [\"month(day)\"]\nsort = [\"article\"]",
            &[again[0], again[1], again[2], again[3], again[4], shop],
        );
        deliver("id,n,article,amount,day,shop\n9,9,lid,9,2026-06-02,harbour\n11,eleven,cup,1,2026-06-03,harbour\n", 0);
    } else {
        deliver("id,n,article,amount,day\n9,9,lid,9,2026-06-02\n11,eleven,cup,1,2026-06-03\n", 0);
    }
}

/// A port whose structs and lists have changed inside.
fn nested(mesh: &Mesh, name: &str, marks: &str) {
    let product = mesh.product(name, shop::SALES);
    product.edit("product.toml", "\"sales\"", &format!("\"{name}\""));
    product.edit("product.toml", "mode = \"replace\"", "mode = \"append\"");
    product.edit("product.toml", "data/till.csv", "data/till.ndjson");
    product.edit("product.toml", "\"csv\"", "\"ndjson\"");
    product.edit("product.toml", "null     = [\"\", \"NA\"]\n", "");
    let deliver = |place: &str, row: &str| {
        let of = |of: &str| format!("type = \"{of}\"");
        let list = format!("list<{place}>");
        let (struct_line, list_line, id, amount) = (of(place), of(&list), of("long"), of("double"));
        columns(
            &product,
            "",
            &[
                ("id", "long", &id),
                ("amount", "double", &amount),
                ("place", place, &struct_line),
                ("marks", &list, &list_line),
            ],
        );
        product.write("data/till.ndjson", row);
        product.mesh(["run"]).exits(0);
    };
    deliver(
        "struct<street: string, nr: int>",
        &format!(
            "{{\"id\":1,\"amount\":1.5,\"place\":{{\"street\":\"a\",\"nr\":7}},\"marks\":[{{\"street\":\"b\",\"nr\":8}}]}}\n{{\"id\":2,\"amount\":2,\"place\":null,\"marks\":{marks}}}\n"
        ),
    );
    deliver(
        "struct<town: string, nr: long, street: string>",
        "{\"id\":3,\"amount\":3,\"place\":{\"town\":\"t\",\"nr\":3000000000,\"street\":\"c\"},\"marks\":[]}\n",
    );
    deliver(
        "struct<town: string, nr: long>",
        "{\"id\":4,\"amount\":4,\"place\":{\"town\":\"v\",\"nr\":4},\"marks\":[{\"town\":\"u\",\"nr\":1}]}\n",
    );
}

/// Runs the script of the readers; its last line is JSON.
fn script(python: &Path, mesh: &Mesh, what: &str, ours: &Path) -> Value {
    let mut command = Command::new(python);
    command.arg("-W").arg("ignore").arg("-c").arg(include_str!("agreement.py")).arg(what);
    command.arg(mesh.home().join("catalog.db")).arg(ours);
    let said = Said::of(command).exits(0);
    serde_json::from_str(said.out.lines().last().unwrap()).unwrap()
}

/// What was compared, and what was not the same.
#[derive(Default)]
struct Compared {
    same: BTreeMap<String, usize>,
    wrong: Vec<String>,
    cannot: BTreeSet<usize>,
}

impl Compared {
    fn compare(&mut self, mesh: &Mesh, python: &Path) {
        let ours = mesh.path("ours");
        let states: BTreeMap<String, Vec<String>> =
            serde_json::from_value(script(python, mesh, "states", &ours)).unwrap();
        for (port, states) in &states {
            std::fs::create_dir_all(ours.join(port)).unwrap();
            for state in states {
                let file = ours.join(port).join(format!("{state}.arrow"));
                let all = format!("select * from {port}");
                let mut args = vec!["query", &all, "--format", "arrow", "--output", file.to_str().unwrap()];
                args.extend(["--at", state.as_str()].iter().filter(|_| state != "head"));
                mesh.mesh(args).exits(0);
            }
        }
        for state in script(python, mesh, "read", &ours).as_array().unwrap() {
            self.judge(state);
        }
    }

    fn judge(&mut self, state: &Value) {
        let (port, name) = (state["port"].as_str().unwrap(), state["state"].as_str().unwrap());
        let ours = &state["found"]["ours"];
        for (reader, theirs) in state["found"].as_object().unwrap().iter().filter(|(reader, _)| *reader != "ours") {
            if theirs == ours {
                *self.same.entry(format!("{reader} v{}", state["version"])).or_default() += 1;
                continue;
            }
            let said = theirs.as_str().unwrap_or_default();
            let known = |(at, who, why): &(&str, &str, &str)| *at == port && who == reader && said.contains(why);
            match CANNOT.iter().position(known) {
                Some(at) => drop(self.cannot.insert(at)),
                None => self.wrong.push(format!("{port} at {name}: {reader} finds {theirs}, we {ours}")),
            }
        }
    }
}

#[test]
fn every_reader_finds_the_same_rows_in_every_state() {
    let Some(python) = readers() else { return };
    let (mesh, other) = (Mesh::new(), Mesh::new());
    lived(&mesh, "two", 2);
    lived(&mesh, "three", 3);
    nested(&mesh, "nested", "[]");
    nested(&mesh, "nulls", "null");
    deleted_by(&mesh, &python, false);
    deleted_by_vectors(&mesh, &python, "vectors");
    deleted_by(&other, &python, true);
    let mut compared = Compared::default();
    compared.compare(&mesh, &python);
    compared.compare(&other, &python);
    let Compared { same, wrong, cannot } = compared;
    assert!(wrong.is_empty(), "{} of {same:?}:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(same.len(), 6, "{same:?}");
    assert_eq!(cannot.len(), CANNOT.len(), "somebody reads what nobody thought: {cannot:?}");
    println!("{same:?}");
}
