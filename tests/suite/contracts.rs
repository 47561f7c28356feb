//! Contracts of other formats, their versions, and the end of a port.
use std::path::Path;

use meshwright_catalog::{Catalog, Home, Kind, ProductRecord};
use meshwright_spec::{Contract, PortName, Sources};

use crate::shop;
use crate::support::{Mesh, Product};

/// The shop's contract as ODCS has it.
const ODCS: &str = "apiVersion: v3.1.0
kind: DataContract
id: shop-sale
version: 1.0.0
status: active
schema:
  - name: sale
    physicalType: table
    description: One row per sale.
    properties:
      - name: id
        logicalType: integer
        primaryKey: true
        primaryKeyPosition: 1
      - name: item
        logicalType: string
        physicalType: varchar(20)
        required: true
      - name: amount
        logicalType: number
        logicalTypeOptions: {minimum: 0, maximum: 1000}
    quality:
      - metric: rowCount
        mustBeGreaterThan: 2
      - id: cheap
        type: sql
        query: select max(amount) from ${object}
        mustBeLessThan: 100
      - type: text
        description: Prices are plausible.
price:
  priceAmount: 1
  priceCurrency: EUR
";

/// A product whose only contract is ODCS.
pub(crate) fn odcs<'a>(mesh: &'a Mesh) -> Product<'a> {
    let files: Vec<_> = shop::SALES.iter().filter(|(path, _)| !path.starts_with("contracts")).copied().collect();
    let product = mesh.product("sales", &files);
    product.write("contracts/sale.odcs.yaml", ODCS);
    product
}

#[test]
fn an_odcs_contract_is_a_contract() {
    let mesh = Mesh::new();
    let product = odcs(&mesh);
    product.mesh(["check"]).exits(0).says(&["rules declared", "M0229", "sale.odcs.yaml:29"]);
    let product = product.released();
    let described = mesh.mesh(["describe", "shop.sales.sale", "--json"]).exits(0).json();
    assert_eq!(described["contract"]["key"][0], "id");
    assert_eq!(described["contract"]["not_run"].as_array().unwrap().len(), 1);
    // a row that breaks a rule of the document keeps the run from being released
    product.write("data/till.csv", "id,item,amount\n1,tea,2.5\n2,cup,8\n3,pot,310\n");
    product.mesh(["run"]).exits(65).says(&["cheap", "contracts/sale.odcs.yaml:2"]);
    assert_eq!(mesh.value("select count(*) from shop.sales.sale"), 5);
}

#[test]
fn rules_that_cannot_be_run_are_errors_with_a_place() {
    let mesh = Mesh::new();
    let product = odcs(&mesh);
    product.edit(
        "contracts/sale.odcs.yaml",
        "type: text",
        "type: custom\n        engine: soda\n        implementation: x",
    );
    product.edit("contracts/sale.odcs.yaml", "mustBeGreaterThan: 2", "mustBeGreaterThen: 2");
    let said = product.mesh(["check", "--json"]).exits(78).json();
    let errors = said["errors"].as_array().unwrap();
    let place = |code: &str| {
        let error = errors.iter().find(|error| error["code"] == code).unwrap_or_else(|| panic!("no {code}: {said}"));
        (error["at"]["line"].as_u64().unwrap(), error["help"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(place("M0224").0, 30);
    assert!(place("M0102").1.contains("mustBeGreaterThan"), "{said}");
    // named runners are counted instead
    product.edit(
        "contracts/sale.odcs.yaml",
        "implementation: x",
        "implementation: x\n        customProperties: [{property: runBy, value: soda}]",
    );
    product.edit("contracts/sale.odcs.yaml", "mustBeGreaterThen", "mustBeGreaterThan");
    product.mesh(["check"]).exits(0).says(&["rules declared"]);
}

#[test]
fn formats_go_there_and_back() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES);
    for (format, file) in
        [("odcs", "sale.odcs.yaml"), ("avro", "sale.avsc"), ("json-schema", "sale.json"), ("dbt", "sale.yml")]
    {
        let written = product.mesh(["contract", "export", "sale", "--format", format]).exits(0).out;
        product.write(&format!("out/{file}"), &written);
        let back =
            product.mesh(["contract", "import", &format!("out/{file}"), "--port", "sale", "--stdout"]).exits(0).out;
        assert!(back.contains("[columns]") && back.contains("amount"), "{format}: {back}");
    }
    // as ODCS, it is the same promise but for its id
    product.write("contracts/old.toml", product.read("contracts/sale.toml"));
    let said = product.mesh(["contract", "diff", "contracts/old.toml", "out/sale.odcs.yaml", "--json"]);
    let rules: Vec<_> =
        said.exits(76).json()["diff"]["changes"].as_array().unwrap().iter().map(|c| c["rule"].clone()).collect();
    assert_eq!(rules, ["id-given", "server-added", "terms-changed"].map(serde_json::Value::from)[..rules.len()]);
    product.mesh(["contract", "import", "out/sale.avsc", "--port", "sale"]).exits(64).says(&["M0231", "--force"]);
    product
        .mesh(["contract", "export", "--format", "bitol-product"])
        .exits(0)
        .says(&["kind: DataProduct", "contractId"]);
    for file in ["contract", "product"] {
        let schema = product.mesh(["contract", "schema", file]).exits(0).out;
        let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
        assert_eq!(schema["additionalProperties"], false);
    }
}

#[test]
fn a_product_of_the_standard_goes_there_and_back() {
    let mesh = Mesh::new();
    let document = "apiVersion: v1.0.0\nkind: DataProduct\nid: 3b1f\nname: Sales & Returns\nstatus: draft\n\
                    domain: Retail Shop\ntenant: Example\noutputPorts:\n- name: raw sales\n  version: 1.0.0\n  \
                    contractId: c-1\n- name: raw sales\n  version: 2.0.0\n  contractId: c-2\n";
    let product = mesh.product("standard", &[("shop.odps.yaml", document)]);
    product.mesh(["contract", "import", "shop.odps.yaml"]).exits(0).says(&["wrote product.toml"]);
    // the same but for quotes, indentation and the order of keys
    let lines = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(|line| line.trim().replace(['\'', '"'], "")).collect();
        lines.sort();
        lines
    };
    let back = product.mesh(["contract", "export", "--format", "bitol-product"]).exits(0).out;
    assert_eq!(lines(&back), lines(document));
    // the mistakes of a contract are worth more
    product.write("contracts/raw_sales.toml", "[contract]\n");
    product.mesh(["contract", "export", "--format", "bitol-product"]).exits(78).says(&["contracts/raw_sales.toml"]);
}

#[test]
fn contracts_are_compared_between_files_revisions_and_versions() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES).released();
    let git = |words: &[&str]| {
        let mut command = std::process::Command::new("git");
        command.args(["-c", "user.name=n", "-c", "user.email=e@example.org"]).args(words).current_dir(&product.dir);
        assert!(command.output().unwrap().status.success(), "{words:?}");
    };
    git(&["init", "-q"]);
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "first"]);
    product.edit("contracts/sale.toml", "item   = { type", "article = { renamed_from = \"item\", type");
    product.mesh(["contract", "diff", "HEAD"]).exits(76).says(&["column-renamed", "major", "2.0.0", "too small"]);
    product.edit("contracts/sale.toml", "1.0.0", "2.0.0");
    product.mesh(["contract", "diff", "HEAD"]).exits(0).says(&["needs 2.0.0"]);
    let said =
        product.mesh(["contract", "diff", "HEAD:contracts/sale.toml", "contracts/sale.toml", "--json"]).exits(0).json();
    assert_eq!((&said["diff"]["grade"], &said["diff"]["needed"]), (&"major".into(), &"2.0.0".into()));
    let published = ["contract", "diff", "shop.sales.sale@1.0.0", "contracts/sale.toml", "--changelog"];
    product.mesh(published).exits(0).says(&["## 2.0.0", "### Breaking", "`column-renamed`"]);
    product.mesh(["contract", "diff", "HEAD~7"]).exits(66).says(&["HEAD~7"]);
    product.mesh(["contract", "diff", "shop.sales.sale@9.9.9", "contracts/sale.toml"]).exits(66).says(&["M0232"]);
    product.mesh(["contract", "rules"]).exits(0).says(&["retention-shortened"]);
}

/// A product that reads two columns of the shop's sales.
fn reader(mesh: &Mesh) -> Product<'_> {
    let product = "[product]\ndomain = \"books\"\nname = \"income\"\ntitle = \"Income\"\nowner = { team = \"books\" }\n\n\
                   [inputs.sale]\nport = \"shop.sales.sale\"\nversion = \"^1\"\ncolumns = [\"id\", \"amount\"]\n\n\
                   [steps.total]\n\n[outputs.total]\n";
    let contract = "[contract]\nversion = \"1.0.0\"\n\n[columns]\namount = { type = \"double\" }\n";
    let files = [
        ("product.toml", product),
        ("sql/total.sql", "select sum(amount) as amount from sale"),
        ("contracts/total.toml", contract),
    ];
    mesh.product("income", &files)
}

#[test]
fn consumers_of_what_breaks_are_named() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES).released();
    reader(&mesh).released();
    product.edit("contracts/sale.toml", "amount = { type", "price = { renamed_from = \"amount\", type");
    product.mesh(["publish"]).exits(76).says(&["M0601", "column-renamed", "used by books.income"]);
    let diff = ["contract", "diff", "shop.sales.sale@1.0.0", "contracts/sale.toml", "--json"];
    assert_eq!(product.mesh(diff).exits(76).json()["diff"]["affected"][0], "books.income");
    product.edit("contracts/sale.toml", "price = { renamed_from = \"amount\", type", "amount = { type");
    let item = "item   = { type = \"string\", required = true, description = \"What was sold\" }\n";
    product.edit("contracts/sale.toml", item, "");
    product.mesh(["publish"]).exits(76).says(&["which no registered consumer uses"]);
}

#[test]
fn a_port_ends_with_notice() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES).released();
    let reader = reader(&mesh).released();
    product.edit(
        "contracts/sale.toml",
        "\"1.0.0\"",
        "\"1.1.0\"\nsunset = 2999-12-31\nsuccessor = \"shop.sales.sale_v2\"",
    );
    product.edit("contracts/sale.toml", "\"active\"", "\"deprecated\"");
    product.mesh(["publish"]).exits(0);
    reader.mesh(["check"]).exits(0).says(&["M0233", "2999-12-31", "shop.sales.sale_v2"]);
    reader.mesh(["run", "--force"]).exits(0).says(&["M0233"]);
    mesh.mesh(["describe", "shop.sales.sale", "--json"]).exits(0);
    product.mesh(["run"]).exits(0);
    mesh.mesh(["describe", "shop.sales.sale"]).exits(0).says(&["ends", "2999-12-31", "move to"]);
    // it cannot be dropped or retired before
    let whole = product.read("product.toml");
    product.edit("product.toml", "[outputs.sale]\n", "[outputs.other]\nfrom = \"sale\"\n");
    product.write("contracts/other.toml", product.read("contracts/sale.toml"));
    product.mesh(["publish"]).exits(76).says(&["shop.sales.sale", "promised until 2999-12-31"]);
    product.write("product.toml", whole);
    // a sunset that is over: nobody may build on it
    product.edit("contracts/sale.toml", "2999-12-31", "2001-01-31");
    product.edit("contracts/sale.toml", "1.1.0", "2.0.0");
    product.mesh(["publish"]).exits(0);
    reader.mesh(["run", "--force"]).exits(78).says(&["M0234", "2001-01-31", "shop.sales.sale_v2"]);
}

#[test]
fn the_catalog_refuses_what_no_verb_was_asked_about() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES).released();
    let before = mesh.state();
    let text = product.read("contracts/sale.toml");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let catalog = Catalog::open_existing(Home::parse(&mesh.home().to_string_lossy(), None).unwrap()).await.unwrap();
        let port: PortName = "shop.sales.sale".parse().unwrap();
        let record: ProductRecord = catalog.product(&port.product).await.unwrap().unwrap();
        for (what, from, to) in [
            ("a column is gone under a patch", "item   = {", "thing = {"),
            ("a type changes under a minor version", "type = \"double\"", "type = \"string\""),
            ("the same version with another text", "max = 1000", "max = 10"),
        ] {
            let mut text = text.replace(from, to).replace("min = 0, max = 1000,", "");
            match what {
                "a column is gone under a patch" => text = text.replace("1.0.0", "1.0.1"),
                "a type changes under a minor version" => text = text.replace("1.0.0", "1.1.0"),
                _ => {}
            }
            let contract = contract(&text);
            let refused = catalog.publish(&record, &[(port.clone(), "replace", &contract)], &[]).await.unwrap_err();
            assert_eq!(refused.kind(), Kind::Breaking, "{what}: {refused}");
            assert!(refused.help_text().is_some_and(|help| help.contains("make it")), "{refused}");
        }
        let refused = catalog.publish(&record, &[], &[]).await.unwrap_err();
        assert_eq!(refused.kind(), Kind::Breaking, "a port is left out: {refused}");
        // a column dropped from the table itself, by a writer that knows nothing of contracts
        let table = catalog.load(&port).await.unwrap();
        let schema = table.metadata().current_schema();
        let fields = schema.as_struct().fields().iter().filter(|field| field.name != "item").cloned();
        let schema = iceberg::spec::Schema::builder().with_schema_id(99).with_fields(fields).build().unwrap();
        let change = meshwright_catalog::TableChange {
            base: table.clone(),
            requirements: vec![],
            updates: vec![
                iceberg::TableUpdate::AddSchema { schema },
                iceberg::TableUpdate::SetCurrentSchema { schema_id: -1 },
            ],
        };
        let refused = catalog.commit(change).await.unwrap_err();
        assert_eq!(refused.kind(), Kind::Breaking, "{refused}");
        assert!(refused.to_string().contains("item"), "{refused}");
    });
    before.still_holds(&mesh);
}

fn contract(text: &str) -> Contract {
    let mut sources = Sources::default();
    let file = sources.add(Path::new("contracts/sale.toml"), text);
    let (contract, found) = Contract::parse(&"sale".parse().unwrap(), file, &sources);
    contract.unwrap_or_else(|| panic!("{found:?}"))
}
