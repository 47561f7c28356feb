//! A run that the gate refuses: everything is said, and the refused rows can be looked at.
use crate::shop;
use crate::support::{Mesh, on_every_home};

on_every_home! {
    a_rejected_run_is_explained_and_can_be_queried,
    the_first_run_can_be_rejected_too,
    all_ports_are_released_or_none,
    a_warning_does_not_reject,
}

fn a_rejected_run_is_explained_and_can_be_queried(mesh: &Mesh) {
    mesh.product("stock", shop::STOCK).released();
    let product = mesh.product("sales", shop::SALES).released();
    let before = mesh.state();
    product.write("data/till.csv", "id,item,amount\n1,tea,2.5\n2,cup,-8\n2,pot,31\n4,tea,4000\n");

    let said = product.mesh(["run"]).exits(65);
    said.says(&[
        "M0501",
        "amount",
        "`key`",
        "-8",
        "4000",
        "contracts/sale.toml:11",
        "contracts/sale.toml:5",
        "measured 2, expected min = 0, max = 1000",
        "rejected",
        "--at run-",
    ]);

    let json = product.mesh(["run", "--json"]).exits(65).json();
    assert_eq!(json["outcome"], "rejected");
    let port = &json["ports"][0];
    assert_eq!(
        (&port["port"], &port["rows"], &port["declared"]),
        (&"shop.sales.sale".into(), &4.into(), &port["executed"])
    );
    let failed: Vec<_> = port["results"].as_array().unwrap().iter().filter(|r| r["outcome"] == "failed").collect();
    assert_eq!(failed.len(), 2, "{json}");
    for result in &failed {
        assert!(result["id"].is_string() && !result["measured"].is_null() && !result["expected"].is_null(), "{result}");
        assert!(!result["sample"].as_array().unwrap().is_empty(), "{result}");
        assert_eq!(result["at"]["file"], "contracts/sale.toml");
    }
    let range = failed.iter().find(|r| r["columns"][0] == "amount").unwrap();
    assert_eq!((&range["violations"], &range["at"]["line"]), (&2.into(), &11.into()));
    let unique = failed.iter().find(|r| r["kind"] == "unique").unwrap();
    assert_eq!((&unique["violations"], &unique["sample"][0]["key"]["id"]), (&1.into(), &2.into()), "{unique}");

    let branch = json["branch"].as_str().unwrap();
    let on_branch = mesh.rows_at("select count(*) as n, min(amount) as low from shop.sales.sale", Some(branch));
    assert_eq!((&on_branch[0]["n"], &on_branch[0]["low"]), (&4.into(), &(-8.0).into()));
    before.still_holds(mesh);

    let runs = mesh.runs("shop.sales");
    assert_eq!((&runs[0]["outcome"], &runs[0]["release"]), (&"rejected".into(), &serde_json::Value::Null));
    let run = runs[0]["run"].as_str().unwrap();
    mesh.mesh(["runs", run]).exits(0).says(&["rejected", "failed", "passed"]);

    // mended data are released as if nothing had been
    product.write("data/till.csv", shop::TILL.replace("2,cup,8", "2,cup,9"));
    product.mesh(["run"]).exits(0).says(&["r2"]);
    assert_eq!(mesh.value("select sum(amount) from shop.sales.sale"), 45.0);
}

fn the_first_run_can_be_rejected_too(mesh: &Mesh) {
    let product = mesh.product("sales", shop::SALES);
    product.edit("data/till.csv", "3,pot,31", "3,pot,-31");
    let json = product.mesh(["run", "--json"]).exits(65).json();
    let branch = json["branch"].as_str().unwrap();
    let count = "select count(*) as n from shop.sales.sale";
    assert_eq!(mesh.rows_at(count, Some(branch))[0]["n"], 5);
    let said = mesh.mesh(["query", count, "--format", "csv"]);
    assert!(said.code != Some(0) || said.out == "n\n0\n", "rejected rows are not for readers: {said}");
    assert_eq!(mesh.releases("shop.sales.sale").len(), 0);
    product.edit("data/till.csv", "3,pot,-31", "3,pot,31");
    product.mesh(["run"]).exits(0).says(&["r1"]);
    assert_eq!(mesh.value("select count(*) from shop.sales.sale"), 5);
}

fn all_ports_are_released_or_none(mesh: &Mesh) {
    let product = mesh.product("sales", shop::SALES);
    product.edit("product.toml", "[steps.sale]", "[steps.sale]\n[steps.item]");
    product.write("product.toml", format!("{}\n[outputs.item]\n", product.read("product.toml")));
    product.write("sql/item.sql", "select item, count(*) as sales from till group by item");
    let contract = "[contract]\nversion = \"1.0.0\"\nstatus = \"active\"\ndescription = \"One row per item.\"\nkey = [\"item\"]\n\
                    [columns]\nitem = { type = \"string\", required = true }\nsales = { type = \"long\", max = 2 }\n";
    product.write("contracts/item.toml", contract);
    let product = product.released();
    let before = mesh.state();
    // `sale` would be fine, `item` is not
    product.write("data/till.csv", format!("{}6,tea,1\n", shop::TILL));
    product.mesh(["run"]).exits(65).says(&["shop.sales.item", "max"]);
    before.still_holds(mesh);
    for port in ["shop.sales.sale", "shop.sales.item"] {
        assert_eq!(mesh.releases(port).len(), 1);
    }
}

fn a_warning_does_not_reject(mesh: &Mesh) {
    let product = mesh.product("sales", shop::SALES);
    product.edit("contracts/sale.toml", "min  = 3", "min  = 300\nseverity = \"warning\"");
    product.mesh(["run"]).exits(0).says(&["warning", "enough-rows", "released"]);
    product.mesh(["publish"]).exits(0);
    mesh.mesh(["describe", "shop.sales.sale"]).exits(0).says(&["1 warned"]);
}
