//! Products on whole real files, used where they lie. Without the data the tests say so and test nothing.
use std::path::PathBuf;

use crate::interop::{python, says};
use crate::support::{Mesh, Product, root, skip};

/// Emissions of Our World in Data: 24,016 rows, 38 columns.
pub const OWID: &str = "owid-co2/owid-co2-data_2020-08-07_9f743dc.csv";

/// A file of the real data, if they are on this machine.
pub fn real(name: &str) -> Option<PathBuf> {
    let base = std::env::var_os("MESH_TEST_DATA").map_or_else(|| root().join("../shared/data"), PathBuf::from);
    let path = base.join(name);
    if !path.exists() {
        skip(name, &format!("there are no real data at {}; MESH_TEST_DATA names their folder", base.display()));
        return None;
    }
    Some(path)
}

/// A product `climate.owid` whose port `country_year` has every row of the file.
pub fn owid(mesh: &Mesh) -> Option<Product<'_>> {
    let file = real(OWID)?;
    let product = mesh.product(
        "owid",
        &[
            (
                "product.toml",
                r#"[product]
domain = "climate"
name = "owid"
title = "Emissions by country and year"
description = "The whole file."
owner = { team = "climate-data" }
[sources.owid]
location = "LOCATION"
format = "csv"
null = [""]
[steps.country_year]
[outputs.country_year]
"#,
            ),
            ("sql/country_year.sql", "select country, year, iso_code, co2, co2_per_capita, cast(population as bigint) as population from owid"),
            (
                "contracts/country_year.toml",
                r#"[contract]
version = "1.0.0"
status = "active"
description = "One row per country and year."
key = ["country", "year"]
sort = ["country", "year"]
[columns]
country = { type = "string", required = true }
year = { type = "int", required = true, min = 1751, max = 2018 }
iso_code = { type = "string", pattern = "^([A-Z]{3}|OWID_[A-Z]+)$" }
co2 = { type = "double" }
co2_per_capita = { type = "double" }
population = { type = "long", min = 0 }
[[checks]]
id = "all-rows"
kind = "row_count"
min = 24016
max = 24016
"#,
            ),
        ],
    );
    product.edit("product.toml", "LOCATION", file.to_str().unwrap());
    Some(product)
}

#[test]
fn the_whole_owid_file_is_published() {
    let mesh = Mesh::new();
    let Some(product) = owid(&mesh) else { return };
    product.released();
    let row = &mesh.rows(
        "select count(*) as n, count(iso_code) as coded, count(distinct country) as countries, min(year) as a, max(year) as z
         from climate.owid.country_year",
    )[0];
    assert_eq!(
        (&row["n"], &row["countries"], &row["a"], &row["z"]),
        (&24_016.into(), &252.into(), &1751.into(), &2018.into())
    );
    assert_eq!(row["n"].as_i64().unwrap() - row["coded"].as_i64().unwrap(), 4_599, "rows without a code");
    let keys = "select count(*) from (select distinct country, year from climate.owid.country_year)";
    assert_eq!(mesh.value(keys), 24_016);
    // columns that nobody declared are in the lock, and the next run takes them from there
    assert!(mesh.at("owid").read("mesh.lock").contains("co2_per_capita"));
    mesh.at("owid").mesh(["run"]).exits(99);
}

#[test]
fn a_newer_file_of_the_same_source_is_a_new_release() {
    let mesh = Mesh::new();
    let Some(product) = owid(&mesh) else { return };
    let Some(newer) = real("owid-co2/owid-co2-data_2020-11-27_da0fcf7.csv") else { return };
    let product = product.released();
    product.edit("product.toml", real(OWID).unwrap().to_str().unwrap(), newer.to_str().unwrap());
    product.mesh(["run"]).exits(0);
    let sum = "select sum(co2_per_capita) as s from climate.owid.country_year";
    let (now, then) = (mesh.rows(sum), mesh.rows_at(sum, Some("r1")));
    assert_ne!(now[0]["s"], then[0]["s"]);
    // and the oldest one, with other headers, is refused by the names it lacks
    let Some(oldest) = real("owid-co2/owid-co2-data_2020-08-07_a96cbd0.csv") else { return };
    product.edit("product.toml", newer.to_str().unwrap(), oldest.to_str().unwrap());
    product.mesh(["run"]).exits(65).says(&["M0303"]);
    assert_eq!(mesh.rows(sum), now);
}

/// Sources of power plants, the most trusted first: name, the header's word for the main fuel.
const PLANTS: [(&str, &str); 12] = [
    ("database_USA", "primary_fuel"),
    ("database_AUS", "primary_fuel"),
    ("database_ARG", "primary_fuel"),
    ("database_BRA", "primary_fuel"),
    ("database_CAN", "primary_fuel"),
    ("database_CHL", "primary_fuel"),
    ("database_IND", "primary_fuel"),
    ("database_MEX", "primary_fuel"),
    ("database_URY", "primary_fuel"),
    ("database_GEODB", "primary_fuel"),
    ("database_CDMDB", "fuel1"),
    ("database_EPRTR", "fuel1"),
];

#[test]
fn power_plants_of_twelve_sources_become_one_product_by_a_rule() {
    let mesh = Mesh::new();
    let Some(folder) = real("gppd/source_databases_csv") else { return };
    let mut sources = String::new();
    let mut selects = vec![];
    for (priority, (name, fuel)) in PLANTS.iter().enumerate() {
        let table = name.to_lowercase();
        sources.push_str(&format!(
            "[sources.{table}]\nlocation = \"{}\"\nformat = \"csv\"\nnull = [\"\"]\ncolumns = {{ country = \"string\", name = \"string\", \
             gppd_idnr = \"string\", capacity_mw = \"double\", {fuel} = \"string\" }}\n",
            folder.join(format!("{name}.csv")).display(),
        ));
        selects.push(format!(
            "select {priority} as priority, '{name}' as source, gppd_idnr as plant_id, country, name, capacity_mw, {fuel} as fuel from {table}"
        ));
    }
    let product = mesh.product(
        "plants",
        &[
            ("sql/reported.sql", &selects.join("\nunion all\n")),
            (
                // the rule: reports of one country and name are one plant; the row of the most trusted source stands,
                // among equals the larger capacity, then the smaller id; one without a name goes by its id
                "sql/plant.sql",
                "select plant_id, country, name_key, capacity_mw, fuel, source, reports from (
                    select *, row_number() over (partition by country, name_key order by priority, capacity_mw desc, plant_id) as place,
                           count(*) over (partition by country, name_key) as reports
                    from (select *, coalesce(lower(btrim(name)), plant_id) as name_key from reported where capacity_mw > 0)) where place = 1",
            ),
            (
                "contracts/plant.toml",
                "[contract]\nversion = \"1.0.0\"\nstatus = \"active\"\ndescription = \"One row per plant.\"\nkey = [\"country\", \"name_key\"]\n\
                 [columns]\nplant_id = { type = \"string\", required = true, unique = true }\ncountry = { type = \"string\", required = true, pattern = \"^[A-Z]{3}$\" }\n\
                 name_key = { type = \"string\", required = true }\ncapacity_mw = { type = \"double\", required = true, min = 0 }\n\
                 fuel = { type = \"string\" }\nsource = { type = \"string\", required = true }\nreports = { type = \"long\", min = 1 }\n",
            ),
        ],
    );
    product.write(
        "product.toml",
        format!(
            "[product]\ndomain = \"energy\"\nname = \"world\"\ntitle = \"Power plants\"\ndescription = \"One list.\"\nowner = {{ team = \"energy\" }}\n\
             {sources}\n[steps.reported]\n[steps.plant]\n[outputs.plant]\n"
        ),
    );
    product.mesh(["check"]).exits(0);
    product.released();
    let row = &mesh.rows(
        "select count(*) as plants, sum(reports) as reports, count(distinct source) as sources from energy.world.plant",
    )[0];
    let (plants, reports) = (row["plants"].as_i64().unwrap(), row["reports"].as_i64().unwrap());
    assert!(plants < reports && reports > 20_000, "{row}");
    // a plant that both an own country's source and a worldwide one report comes from the former
    let sql = "select source, count(*) as n from energy.world.plant where country = 'MEX' and reports > 1 group by source order by n desc";
    assert_eq!(mesh.rows(sql)[0]["source"], "database_MEX");
    // the same rule, by another engine, straight from the files
    let Some(python) = python() else { return };
    let unions: Vec<String> = PLANTS
        .iter()
        .enumerate()
        .map(|(priority, (name, _))| {
            let file = folder.join(format!("{name}.csv"));
            format!("select {priority} as priority, gppd_idnr, country, name, capacity_mw::double as mw from read_csv('{}', all_varchar = true)", file.display())
        })
        .collect();
    let script = format!(
        "
import duckdb
print(*duckdb.sql(\"\"\"
select count(*), sum(mw) from (
  select mw, row_number() over (partition by country, coalesce(lower(trim(name)), gppd_idnr) order by priority, mw desc, gppd_idnr) as place
  from ({}) where mw > 0) where place = 1\"\"\").fetchall()[0])",
        unions.join(" union all ")
    );
    let theirs = says(&python, &mesh, &script);
    let theirs: Vec<f64> = theirs.split(' ').map(|n| n.parse().unwrap()).collect();
    let sum = mesh.value("select sum(capacity_mw) from energy.world.plant").as_f64().unwrap();
    assert_eq!(theirs[0], plants as f64);
    assert!((theirs[1] - sum).abs() < 1e-9 * sum, "{} is not {sum}", theirs[1]);
}
