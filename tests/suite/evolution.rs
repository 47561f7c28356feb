//! Contracts change and their tables follow by field id: columns, types, partitioning. Old and new files are read together.
use std::collections::HashMap;

use meshwright_catalog::{Catalog, Home};

use crate::real_data::real;
use crate::shop;
use crate::support::{Mesh, Product};

/// Title and name of the columns of two releases of Our World in Data's file, `iso_code`, `country` and `year` aside.
const RENAMED: [(&str, &str); 35] = [
    ("Annual CO2 emissions (Mt)", "co2"),
    ("Annual growth in CO2 emissions (%)", "co2_growth_prct"),
    ("Annual CO2 emisions growth (Mt)", "co2_growth_abs"),
    ("Annual consumption-based CO2 emissions (Mt)", "consumption_co2"),
    ("CO2 emissions embedded in trade (Mt)", "trade_co2"),
    ("Share of CO2 emissions embedded in trade", "trade_co2_share"),
    ("Per capita CO2 emissions (tonnes)", "co2_per_capita"),
    ("Per capita consumption-based CO2 emissions (tonnes)", "consumption_co2_per_capita"),
    ("Share of global CO2 emissions", "share_global_co2"),
    ("Cumulative CO2 emissions (Mt)", "cumulative_co2"),
    ("Share of global cumulative CO2 emissions", "share_global_cumulative_co2"),
    ("CO2 per GDP (kg per $PPP)", "co2_per_gdp"),
    ("Consumption-based CO2 per GDP (kg per $PPP)", "consumption_co2_per_gdp"),
    ("CO2 per unit energy (kgCO2 per kilowatt-hour)", "co2_per_unit_energy"),
    ("CO2 emissions from cement (Mt)", "cement_co2"),
    ("CO2 emissions from coal (Mt)", "coal_co2"),
    ("CO2 emissions from flaring (Mt)", "flaring_co2"),
    ("CO2 emissions from gas (Mt)", "gas_co2"),
    ("CO2 emissions from oil (Mt)", "oil_co2"),
    ("Coal (per capita)", "coal_co2_per_capita"),
    ("Oil (per capita)", "oil_co2_per_capita"),
    ("Gas (per capita)", "gas_co2_per_capita"),
    ("Cement (per capita)", "cement_co2_per_capita"),
    ("Flaring (per capita)", "flaring_co2_per_capita"),
    ("Total GHG emissions (MtCO2e)", "total_ghg"),
    ("GHG emissions per capita (tCO2e)", "ghg_per_capita"),
    ("CH4 emissions (MtCO2e)", "methane"),
    ("CH4 emissions per capita (tCO2e)", "methane_per_capita"),
    ("N2O emissions (MtCO2e)", "nitrous_oxide"),
    ("N2O emissions per capita (tCO2e)", "nitrous_oxide_per_capita"),
    ("Primary energy consumption (TWh)", "primary_energy_consumption"),
    ("Energy per capita (kWh)", "energy_per_capita"),
    ("Energy per GDP (kWh per $)", "energy_per_gdp"),
    ("Population", "population"),
    ("Total real GDP", "gdp"),
];

/// A title as the name of a column.
fn slug(title: &str) -> String {
    let words = title.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), " ");
    words.split_whitespace().collect::<Vec<_>>().join("_")
}

/// Product, step and contract for one file; each column is named as the file names it and as the port does.
fn owid(product: &Product<'_>, source: &str, file: &str, version: &str, columns: &[(String, String, Option<String>)]) {
    product.write(
        "product.toml",
        format!(
            "[product]\ndomain = \"climate\"\nname = \"owid\"\ntitle = \"Emissions\"\ndescription = \"The whole file.\"\n\
             owner = {{ team = \"climate-data\" }}\n[sources.{source}]\nlocation = \"{file}\"\nformat = \"csv\"\nnull = [\"\"]\n\
             [steps.country_year]\n[outputs.country_year]\n"
        ),
    );
    let selected: Vec<String> =
        columns.iter().map(|(header, name, _)| format!("cast(\"{header}\" as double) as {name}")).collect();
    product.write(
        "sql/country_year.sql",
        format!("select iso_code, country, cast(year as int) as year, {} from {source}", selected.join(", ")),
    );
    let promised: Vec<String> = columns
        .iter()
        .map(|(_, name, from)| match from {
            Some(from) => format!("{name} = {{ type = \"double\", renamed_from = \"{from}\" }}"),
            None => format!("{name} = {{ type = \"double\" }}"),
        })
        .collect();
    product.write(
        "contracts/country_year.toml",
        format!(
            "[contract]\nversion = \"{version}\"\nstatus = \"active\"\ndescription = \"One row per country and year.\"\n\
             key = [\"country\", \"year\"]\n[columns]\niso_code = {{ type = \"string\" }}\ncountry = {{ type = \"string\", required = true }}\n\
             year = {{ type = \"int\", required = true }}\n{}\n",
            promised.join("\n")
        ),
    );
}

/// Field ids of a port's columns as they are now.
fn ids(mesh: &Mesh, port: &str) -> HashMap<String, i32> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let home = Home::parse(mesh.home().to_str().unwrap(), None).unwrap();
        let table = Catalog::open_existing(home).await.unwrap().load(&port.parse().unwrap()).await.unwrap();
        let fields = table.metadata().current_schema().as_struct().fields();
        fields.iter().map(|f| (f.name.clone(), f.id)).collect()
    })
}

#[test]
fn three_releases_of_owid_are_one_port() {
    let mesh = Mesh::new();
    let file = |name: &str| real(&format!("owid-co2/owid-co2-data_{name}.csv"));
    let (Some(first), Some(second), Some(third)) =
        (file("2020-08-07_a96cbd0"), file("2020-08-07_9f743dc"), file("2020-11-27_da0fcf7"))
    else {
        return;
    };
    let text = |path: &std::path::Path| path.to_str().unwrap().to_owned();
    let product = mesh.product("owid", &[]);
    let titles: Vec<_> = RENAMED.iter().map(|(title, _)| ((*title).to_owned(), slug(title), None)).collect();
    owid(&product, "titles", &text(&first), "1.0.0", &titles);
    product.mesh(["run"]).exits(0);
    product.mesh(["publish"]).exits(0);
    let before = ids(&mesh, "climate.owid.country_year");
    let sum = "select count(*) as n, round(sum(annual_co2_emissions_mt), 3) as s, sum(population) as p from climate.owid.country_year";
    let then = mesh.rows(sum);
    assert_eq!(then[0]["n"], 24_016);

    // dropping a column and adding another is no renaming, and breaks who reads it
    let anew: Vec<_> = RENAMED.iter().map(|(_, name)| ((*name).to_owned(), (*name).to_owned(), None)).collect();
    owid(&product, "machine", &text(&second), "1.1.0", &anew);
    product.mesh(["run"]).exits(76).says(&["M0602", "column-removed", "2.0.0"]);
    assert_eq!(mesh.rows(sum), then, "a refused run changes nothing");

    // with a map of names in the contract it is the same port with other names
    let map: Vec<_> = RENAMED.iter().map(|(t, name)| ((*name).to_owned(), (*name).to_owned(), Some(slug(t)))).collect();
    let map: Vec<_> = map.into_iter().map(|(h, name, from)| (h, name.clone(), from.filter(|f| *f != name))).collect();
    owid(&product, "machine", &text(&second), "2.0.0", &map);
    product.mesh(["publish"]).exits(0);
    product.mesh(["run"]).exits(0);
    let now = ids(&mesh, "climate.owid.country_year");
    for (title, name) in RENAMED {
        assert_eq!(before[&slug(title)], now[name], "`{title}` and `{name}` are one column");
    }
    assert_eq!(mesh.rows_at(sum, Some("r1")), then, "the old names answer at the first release");
    let machine = "select count(*) as n, round(sum(co2), 3) as s, sum(population) as p from climate.owid.country_year";
    assert_eq!(mesh.rows(machine), then, "the values are the same");
    mesh.mesh(["query", machine, "--at", "r1"]).exits(64).says(&["co2"]);

    // the third one has new values under the same contract
    owid(&product, "machine", &text(&third), "2.0.0", &map);
    product.mesh(["run"]).exits(0);
    assert_eq!(ids(&mesh, "climate.owid.country_year"), now);
    let capita =
        |at| mesh.rows_at("select sum(co2_per_capita) as s from climate.owid.country_year", at)[0]["s"].clone();
    assert_ne!(capita(Some("r2")), capita(Some("r3")));
    assert_eq!(mesh.rows_at(sum, Some("r1")), then);
}

/// Sales that are appended, with a contract of these columns.
fn appended<'a>(mesh: &'a Mesh, source: &str, contract: &str) -> Product<'a> {
    let product = mesh.product("sales", shop::SALES);
    product.edit("product.toml", "mode = \"replace\"", "mode = \"append\"");
    columns(&product, source, contract);
    product
}

pub fn columns(product: &Product<'_>, source: &str, contract: &str) {
    let text = product.read("product.toml");
    let line = text.lines().find(|l| l.starts_with("columns")).unwrap().to_owned();
    product.edit("product.toml", &line, &format!("columns  = {{ {source} }}"));
    let names: Vec<&str> = contract.lines().filter_map(|l| l.split_once(" =")).map(|(name, _)| name).collect();
    product.write("sql/sale.sql", format!("select {} from till", names.join(", ")));
    product.write(
        "contracts/sale.toml",
        format!(
            "[contract]\nversion = \"1.0.0\"\nstatus = \"active\"\ndescription = \"One row per sale.\"\n[columns]\n{contract}\n"
        ),
    );
}

#[test]
fn names_that_are_swapped_are_swapped_once() {
    let mesh = Mesh::new();
    let contract = "id = \"long\"\na = \"string\"\nb = \"string\"";
    let product = appended(&mesh, "id = \"long\", a = \"string\", b = \"string\"", contract);
    product.write("data/till.csv", "id,a,b\n1,x,y\n");
    product.mesh(["run"]).exits(0);
    let swapped = "id = \"long\"\na = { type = \"string\", renamed_from = \"b\" }\nb = { type = \"string\", renamed_from = \"a\" }";
    columns(&product, "id = \"long\", a = \"string\", b = \"string\"", swapped);
    for (id, expected) in [(2, 2), (3, 3)] {
        product.write("data/till.csv", format!("id,a,b\n{id},y,x\n"));
        product.mesh(["run"]).exits(0);
        let n = mesh.value("select count(*) from shop.sales.sale where a = 'y' and b = 'x'");
        assert_eq!(n, expected, "after row {id}");
    }
    assert_eq!(mesh.rows_at("select a, b from shop.sales.sale", Some("r1"))[0]["a"], "x");
}

#[test]
fn types_widen_in_place_and_nothing_else_does_where_rows_stay() {
    let mesh = Mesh::new();
    let product = appended(
        &mesh,
        "id = \"int\", price = \"float\", paid = \"decimal(5,2)\"",
        "id = \"int\"\nprice = \"float\"\npaid = \"decimal(5,2)\"",
    );
    product.write("data/till.csv", "id,price,paid\n1,0.5,123.45\n");
    product.mesh(["run"]).exits(0);
    let wide = "id = \"long\"\nprice = \"double\"\npaid = \"decimal(9,2)\"";
    columns(&product, "id = \"long\", price = \"double\", paid = \"decimal(9,2)\"", wide);
    product.write("data/till.csv", "id,price,paid\n3000000000,0.25,1234567.89\n");
    product.mesh(["run"]).exits(0);
    let row =
        &mesh.rows("select sum(id) as i, sum(price) as p, cast(sum(paid) as varchar) as d from shop.sales.sale")[0];
    assert_eq!((&row["i"], &row["p"], &row["d"]), (&3_000_000_001_i64.into(), &0.75.into(), &"1234691.34".into()));

    columns(
        &product,
        "id = \"string\", price = \"double\", paid = \"decimal(9,2)\"",
        &wide.replacen("long", "string", 1),
    );
    product.write("data/till.csv", "id,price,paid\nz,0.25,1.00\n");
    let said = product.mesh(["run"]).exits(76).says(&["M1203", "`id` cannot change from long to string"]);
    assert!(said.err.contains("contracts/sale.toml"), "{said}");
    assert_eq!(mesh.value("select count(*) from shop.sales.sale"), 2);
    // where every row is written anew it can
    product.edit("product.toml", "mode = \"append\"", "mode = \"replace\"");
    product.mesh(["run"]).exits(0);
    assert_eq!(mesh.rows("select id from shop.sales.sale")[0]["id"], "z");
    assert_eq!(mesh.rows_at("select id from shop.sales.sale order by id", Some("r2"))[0]["id"], 1);
}

#[test]
fn a_default_stands_for_rows_that_are_older_than_its_column() {
    let mesh = Mesh::new();
    let product = appended(&mesh, "id = \"long\"", "id = \"long\"");
    product.edit("product.toml", "[outputs.sale]", "[outputs.sale.files]\nformat_version = 3\n[outputs.sale]");
    product.write("data/till.csv", "id\n1\n");
    product.mesh(["run"]).exits(0);
    let contract = "id = \"long\"\nshop = { type = \"string\", required = true, default = \"main street\" }";
    columns(&product, "id = \"long\", shop = \"string\"", contract);
    product.write("data/till.csv", "id,shop\n2,harbour\n");
    product.mesh(["run"]).exits(0);
    let rows = mesh.rows("select id, shop from shop.sales.sale order by id");
    assert_eq!((&rows[0]["shop"], &rows[1]["shop"]), (&"main street".into(), &"harbour".into()));
    assert_eq!(mesh.value("select count(*) from shop.sales.sale where shop = 'main street'"), 1);
}

/// Flights of half a year: day, and a number.
fn flights(days: std::ops::Range<u32>, per_day: u32) -> String {
    let mut text = "day,flight\n".to_owned();
    for day in days {
        let (month, date) = (day / 28 + 1, day % 28 + 1);
        for flight in 0..per_day + day % 3 {
            text.push_str(&format!("2001-{month:02}-{date:02},{flight}\n"));
        }
    }
    text
}

const FLIGHTS: &str = "[contract]\nversion = \"1.0.0\"\nstatus = \"active\"\ndescription = \"One row per flight.\"\npartition = [\"month(day)\"]\n\
                       sort = [\"day\"]\n[columns]\nday = { type = \"date\", required = true }\nflight = { type = \"long\" }\n";

const PER_DAY: &str = "select day, count(*) as n from shop.sales.sale group by day order by day";

fn air<'a>(mesh: &'a Mesh, mode: &str) -> Product<'a> {
    let product = mesh.product("sales", shop::SALES);
    product.edit("product.toml", "mode = \"replace\"", &format!("mode = \"{mode}\""));
    product.edit(
        "product.toml",
        "id = \"long\", item = \"string\", amount = \"double\"",
        "day = \"date\", flight = \"long\"",
    );
    product.write("sql/sale.sql", "select day, flight from till");
    product.write("contracts/sale.toml", FLIGHTS);
    product
}

/// Files of the port, and those of them that a query opens.
fn files(mesh: &Mesh, sql: &str) -> (u64, u64) {
    let said = mesh.mesh(["query", sql, "--json"]).exits(0).json();
    let read = &said["metrics"]["reads"][0];
    (read["files"].as_u64().unwrap(), read["files_read"].as_u64().unwrap())
}

#[test]
fn months_become_days_and_a_day_is_one_file() {
    let mesh = Mesh::new();
    let product = air(&mesh, "replace");
    product.write("data/till.csv", flights(0..168, 20));
    product.mesh(["run"]).exits(0);
    let (before, months) = (mesh.rows(PER_DAY), files(&mesh, PER_DAY));
    assert_eq!((before.len(), months), (168, (6, 6)));
    product.edit("contracts/sale.toml", "month(day)", "day(day)");
    product.mesh(["run"]).exits(0);
    assert_eq!(mesh.rows(PER_DAY), before, "the same counts, day by day");
    let one_day = "select count(*) from shop.sales.sale where day = date '2001-03-05'";
    let (all, read) = files(&mesh, one_day);
    assert_eq!((all, read), (168, 1));
    assert!(read * 50 < all, "under two in a hundred");
    // before the change it was a month's file
    assert_eq!(mesh.rows_at(PER_DAY, Some("r1")), before);
    let said = mesh.mesh(["query", one_day, "--verbose"]).exits(0);
    assert!(said.err.contains("read 1 of 168 files of shop.sales.sale"), "{said}");
    // and back again
    product.edit("contracts/sale.toml", "day(day)", "month(day)");
    product.mesh(["run"]).exits(0);
    assert_eq!((mesh.rows(PER_DAY), files(&mesh, PER_DAY)), (before, (6, 6)));
}

#[test]
fn files_of_two_partitionings_are_read_and_replaced_together() {
    let mesh = Mesh::new();
    let product = air(&mesh, "replace-partitions");
    product.write("data/till.csv", flights(0..56, 5));
    product.mesh(["run"]).exits(0);
    let before = mesh.rows(PER_DAY);
    product.edit("contracts/sale.toml", "month(day)", "day(day)");
    // two days of February: its other days were written by month and stay
    product.write("data/till.csv", "day,flight\n2001-02-03,1\n2001-02-04,1\n2001-02-04,2\n");
    product.mesh(["run"]).exits(0);
    let after = mesh.rows(PER_DAY);
    for (then, now) in before.iter().zip(&after) {
        let expected = match then["day"].as_str().unwrap() {
            "2001-02-03" => 1.into(),
            "2001-02-04" => 2.into(),
            _ => then["n"].clone(),
        };
        assert_eq!(now["n"], expected, "{}", then["day"]);
    }
    assert_eq!(after.len(), before.len());
    // January's file was not touched: 26 days, the two new ones and January
    assert_eq!(files(&mesh, PER_DAY).0, 26 + 2 + 1);
    assert_eq!(mesh.rows_at(PER_DAY, Some("r1")), before);
}

#[test]
fn a_rejected_change_of_columns_and_partitions_leaves_the_table_as_it_was() {
    let mesh = Mesh::new();
    let product = air(&mesh, "append");
    product.write("data/till.csv", flights(0..28, 3));
    product.mesh(["run"]).exits(0);
    let before = ids(&mesh, "shop.sales.sale");
    product.edit("contracts/sale.toml", "[\"month(day)\"]", "[\"carrier\"]");
    product.edit("contracts/sale.toml", "flight = ", "carrier = { type = \"string\", required = true }\nflight = ");
    product.edit("product.toml", "flight = \"long\"", "flight = \"long\", carrier = \"string\"");
    product.write("sql/sale.sql", "select day, carrier, flight from till");
    product.write("data/till.csv", "day,flight,carrier\n2001-03-01,1,\n");
    product.mesh(["run"]).exits(65).says(&["carrier"]);
    assert_eq!(ids(&mesh, "shop.sales.sale"), before);
    // once the column may be null, it is a column and a partitioning of the table
    product.edit(
        "contracts/sale.toml",
        "carrier = { type = \"string\", required = true }",
        "carrier = { type = \"string\" }",
    );
    product.write("data/till.csv", "day,flight,carrier\n2001-03-01,1,AA\n2001-03-01,2,UA\n");
    product.mesh(["run"]).exits(0);
    assert!(ids(&mesh, "shop.sales.sale").contains_key("carrier"));
    assert_eq!(mesh.value("select count(*) from shop.sales.sale where carrier = 'UA'"), 1);
    // one by its partition; the month's file is too old to have any carrier
    assert_eq!(files(&mesh, "select count(*) from shop.sales.sale where carrier = 'UA'"), (3, 1));
}
