//! Two states of a port, compared.
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::history::{SALE, data_files, diff, sell};
use crate::real_data::real;
use crate::shop;
use crate::support::{Mesh, Product};

#[test]
fn a_difference_is_counted_by_row_and_by_cell() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES);
    sell(&product, "1,tea,2.5\n2,cup,8\n3,pot,31\n4,jug,\n5,can,NaN\n");
    product.edit("contracts/sale.toml", "min = 0, max = 1000, ", "");
    let product = product.released();
    // 1 stays, 2 changes two cells, 3 goes, 4 gets a value, 5 stays NaN, 6 comes
    sell(&product, "6,urn,7\n5,can,NaN\n4,jug,4\n2,mug,9\n1,tea,2.5\n");
    product.mesh(["run"]).exits(0);
    let found = diff(&mesh, &["--from", "r1", "--to", "r2"]);
    assert_eq!(found["key"], serde_json::json!(["id"]));
    let rows = &found["rows"];
    assert_eq!(
        (&rows["added"], &rows["removed"], &rows["changed"], &rows["unchanged"]),
        (&1.into(), &1.into(), &2.into(), &2.into()),
        "{found}"
    );
    assert_eq!(
        (&found["cells"]["added"], &found["cells"]["removed"], &found["cells"]["changed"]),
        (&1.into(), &0.into(), &2.into())
    );
    let column = |name: &str| found["columns"].as_array().unwrap().iter().find(|c| c["name"] == name).unwrap().clone();
    assert_eq!(
        (&column("item")["changed"], &column("amount")["changed"], &column("amount")["added"]),
        (&1.into(), &1.into(), &1.into())
    );
    let sample =
        |change: &str| found["sample"].as_array().unwrap().iter().find(|s| s["change"] == change).unwrap().clone();
    assert_eq!(sample("changed")["cells"]["item"], serde_json::json!({ "from": "cup", "to": "mug" }));
    assert_eq!(
        (&sample("added")["cells"]["item"], &sample("removed")["cells"]["item"]),
        (&"urn".into(), &"pot".into())
    );
    // the other way round
    let back = diff(&mesh, &["--from", "r2", "--to", "r1"]);
    assert_eq!(
        (&back["rows"]["added"], &back["cells"]["removed"], &back["same"]),
        (&1.into(), &1.into(), &false.into())
    );
    assert_eq!(diff(&mesh, &["--from", "r2", "--to", "main"])["same"], true);
    // without words: the release before, and what readers see
    assert_eq!(diff(&mesh, &[])["rows"], found["rows"]);
    let text = mesh.mesh(["diff", SALE]).exits(0);
    text.says(&["r1 -> r2", "matched by id", "1 added, 1 removed, 2 changed, 2 unchanged (5 -> 5)", "item cup -> mug"]);
    let csv = mesh.mesh(["diff", SALE, "--from", "r1", "--to", "r2", "--format", "csv"]).exits(0);
    let lines: Vec<&str> = csv.out.lines().collect();
    assert_eq!(
        lines,
        [
            "change,id,item,amount",
            "before,2,cup,8.0",
            "after,2,mug,9.0",
            "removed,3,pot,31.0",
            "before,4,jug,",
            "after,4,jug,4.0",
            "added,6,urn,7.0"
        ]
    );
    let limited = mesh.mesh(["diff", SALE, "--format", "csv", "--limit", "2"]).exits(0);
    assert_eq!(limited.out.lines().count(), 3, "{limited}");
}

#[test]
fn columns_are_followed_across_renames_and_promotions() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES).released();
    product.edit("contracts/sale.toml", "item   = { type", "article = { renamed_from = \"item\", type");
    product.edit("contracts/sale.toml", "[[checks]]", "tax    = { type = \"double\" }\n\n[[checks]]");
    product.edit("contracts/sale.toml", "1.0.0", "2.0.0");
    product.write("sql/sale.sql", "select id, item as article, amount, amount * 0.2 as tax from till");
    product.mesh(["publish"]).exits(0);
    product.mesh(["run"]).exits(0);
    let found = diff(&mesh, &[]);
    assert_eq!(
        (&found["rows"]["changed"], &found["rows"]["unchanged"], &found["same"]),
        (&0.into(), &5.into(), &false.into())
    );
    assert_eq!(found["schema"]["renamed"], serde_json::json!([{ "from": "item", "to": "article" }]));
    assert_eq!(found["schema"]["added"], serde_json::json!(["tax"]));
    assert_eq!(diff(&mesh, &["--from", "r2", "--to", "r1"])["schema"]["removed"], serde_json::json!(["tax"]));
}

#[test]
fn rows_without_a_key_are_compared_as_often_as_they_are_there() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES);
    product.edit("contracts/sale.toml", "key         = [\"id\"]\n", "");
    sell(&product, "1,tea,1\n1,tea,1\n1,tea,1\n2,cup,\n");
    let product = product.released();
    sell(&product, "2,cup,\n2,cup,\n1,tea,1\n3,pot,-0.0\n");
    product.mesh(["run"]).exits(0);
    let found = diff(&mesh, &[]);
    assert_eq!(found["key"], serde_json::json!([]));
    let rows = &found["rows"];
    assert_eq!(
        (&rows["added"], &rows["removed"], &rows["changed"], &rows["unchanged"]),
        (&2.into(), &2.into(), &0.into(), &2.into()),
        "{found}"
    );
    let removed = found["sample"].as_array().unwrap().iter().find(|s| s["change"] == "removed").unwrap();
    assert_eq!((&removed["count"], &removed["cells"]["item"]), (&2.into(), &"tea".into()));
    let csv = mesh.mesh(["diff", SALE, "--format", "csv"]).exits(0);
    assert_eq!(csv.out.lines().filter(|l| l.starts_with("removed,1,tea")).count(), 2, "{csv}");
    // a key by word of mouth; rows that share it are matched as well as can be
    let keyed = diff(&mesh, &["--key", "id"]);
    assert_eq!(
        (&keyed["rows"]["duplicate_keys"], &keyed["rows"]["added"], &keyed["rows"]["removed"]),
        (&2.into(), &2.into(), &2.into())
    );
    mesh.mesh(["diff", SALE, "--key", "idd"]).exits(64).says(&["M1004", "did you mean `id`?"]);
}

#[test]
fn what_both_states_share_is_not_read() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES);
    product.edit("product.toml", "mode = \"replace\"", "mode = \"append\"");
    let product = product.released();
    let first = data_files(&mesh);
    sell(&product, "6,urn,7\n7,vat,8\n8,wok,9\n");
    product.mesh(["run"]).exits(0);
    // the proof: without its file the first release cannot be read, and the difference can
    for file in &first {
        std::fs::remove_file(file).unwrap();
    }
    assert_ne!(mesh.mesh(["query", "select sum(amount) from shop.sales.sale"]).code, Some(0));
    let found = diff(&mesh, &[]);
    assert_eq!((&found["rows"]["added"], &found["rows"]["unchanged"]), (&3.into(), &5.into()), "{found}");
    assert_eq!((&found["files"]["shared"], &found["files"]["only_after"]), (&first.len().into(), &1.into()), "{found}");
}

/// The three releases of the file, the oldest with titles for people in its header.
const OWID: [&str; 3] = ["2020-08-07_a96cbd0", "2020-08-07_9f743dc", "2020-11-27_da0fcf7"];

/// A header's words as a column's name; a title for people never makes the name that the column has later.
fn name_of(title: &str) -> String {
    if title.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_') {
        return title.to_owned();
    }
    let low = title.to_lowercase();
    let words: Vec<&str> = low.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty()).collect();
    format!("title_{}", words.join("_"))
}

/// Writes product, step and contract for one of the files; returns its columns.
fn load_owid(product: &Product<'_>, file: &Path, version: &str, before: Option<&[String]>) -> Vec<String> {
    let header = std::fs::read_to_string(file).unwrap().lines().next().unwrap().to_owned();
    let titles: Vec<&str> = header.split(',').collect();
    let columns: Vec<String> = titles.iter().map(|t| name_of(t)).collect();
    let data_type = |name: &str| match name {
        "iso_code" | "country" => "string",
        "year" => "int",
        _ => "double",
    };
    let typed: Vec<String> =
        titles.iter().zip(&columns).map(|(t, c)| format!("\"{t}\" = \"{}\"", data_type(c))).collect();
    product.write(
        "product.toml",
        format!(
            "[product]\ndomain = \"climate\"\nname = \"owid\"\ntitle = \"Emissions\"\ndescription = \"The whole file.\"\n\
             owner = {{ team = \"climate\" }}\n[sources.owid]\nlocation = \"{}\"\nformat = \"csv\"\nnull = [\"\"]\n\
             columns = {{ {} }}\n[steps.country_year]\n[outputs.country_year]\n",
            file.display(),
            typed.join(", ")
        ),
    );
    let selected: Vec<String> = titles.iter().zip(&columns).map(|(t, c)| format!("\"{t}\" as {c}")).collect();
    product.write("sql/country_year.sql", format!("select {} from owid", selected.join(", ")));
    let line = |(at, c): (usize, &String)| {
        let was = before.map(|b| &b[at]).filter(|b| *b != c);
        let renamed = was.map(|b| format!(", renamed_from = \"{b}\"")).unwrap_or_default();
        let required = if c == "country" || c == "year" { ", required = true" } else { "" };
        format!("{c} = {{ type = \"{}\"{required}{renamed} }}", data_type(c))
    };
    let lines: Vec<String> = columns.iter().enumerate().map(line).collect();
    product.write(
        "contracts/country_year.toml",
        format!(
            "[contract]\nversion = \"{version}\"\nstatus = \"active\"\ndescription = \"One row per country and year.\"\n\
             key = [\"country\", \"year\"]\n[columns]\n{}\n",
            lines.join("\n")
        ),
    );
    columns
}

#[test]
fn owid_releases_differ_by_exactly_what_is_known_of_them() {
    let files: Vec<PathBuf> = OWID.iter().filter_map(|f| real(&format!("owid-co2/owid-co2-data_{f}.csv"))).collect();
    let [titles, names, newest] = &files[..] else { return };
    let mesh = Mesh::new();
    let product = mesh.product("owid", &[]);
    let old = load_owid(&product, titles, "1.0.0", None);
    let product = product.released();
    let new = load_owid(&product, names, "2.0.0", Some(&old));
    product.mesh(["publish"]).exits(0);
    product.mesh(["run"]).exits(0);
    // the renames are of one version: the next contract has the columns as they are called now
    load_owid(&product, newest, "2.0.1", None);
    product.mesh(["publish"]).exits(0);
    product.mesh(["run"]).exits(0);

    let port = "climate.owid.country_year";
    let diff = |from: &str, to: &str| mesh.mesh(["diff", port, "--from", from, "--to", to, "--json"]).exits(0).json();
    let cells = |found: &Value| {
        ["added", "removed", "changed"].map(|k| found["cells"][k].as_i64().unwrap()).iter().sum::<i64>()
    };
    // 2020-08-07: 35 of 38 columns renamed, five per-capita columns computed anew
    let renamed = diff("r1", "r2");
    assert_eq!(renamed["schema"]["renamed"].as_array().unwrap().len(), 35);
    let rows = &renamed["rows"];
    assert_eq!((&rows["added"], &rows["removed"], &rows["changed"]), (&0.into(), &0.into(), &18_056.into()), "{rows}");
    assert_eq!((cells(&renamed), renamed["columns"].as_array().unwrap().len()), (65_171, 5));
    let first = "select max(title_annual_co2_emissions_mt) as most from climate.owid.country_year";
    let most = mesh.rows_at(first, Some("r1"))[0]["most"].clone();
    assert_eq!(most, mesh.rows_at("select max(co2) as most from climate.owid.country_year", Some("r2"))[0]["most"]);
    // 2020-11-27
    let found = diff("r2", "r3");
    let rows = &found["rows"];
    assert_eq!(
        (&rows["added"], &rows["removed"], &rows["changed"], &rows["unchanged"]),
        (&0.into(), &0.into(), &21_703.into(), &(24_016 - 21_703).into()),
        "{rows}"
    );
    assert_eq!((cells(&found), &found["cells"]["changed"]), (65_100, &65_100.into()));
    let changed = |name: &str| {
        found["columns"].as_array().unwrap().iter().find(|c| c["name"] == name).unwrap()["changed"].clone()
    };
    assert_eq!(
        [
            "co2_per_capita",
            "share_global_cumulative_co2",
            "co2_per_gdp",
            "trade_co2_share",
            "consumption_co2_per_capita",
            "consumption_co2_per_gdp"
        ]
        .map(changed),
        [20_464, 19_824, 14_940, 3_359, 3_331, 3_182].map(Value::from)
    );
    assert_eq!((found["columns"].as_array().unwrap().len(), &found["schema"]["renamed"]), (6, &serde_json::json!([])));
    assert_eq!(new.len(), 38);
}
