//! What programs read: one object with a version, errors with a place, events line by line.
use serde_json::Value;

use crate::shop;
use crate::support::Mesh;

#[test]
fn every_reading_verb_prints_one_versioned_object() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES);
    let checked = product.mesh(["check", "--json"]).exits(0).json();
    assert_eq!(checked["check"]["product"], "shop.sales");
    let ran = product.mesh(["run", "--json"]).exits(0).json();
    assert_eq!((&ran["outcome"], &ran["release"], &ran["draft"]), (&"released".into(), &1.into(), &true.into()));
    let port = &ran["ports"][0];
    assert_eq!(port["port"], "shop.sales.sale");
    assert_eq!(
        (&port["declared"], &port["executed"], &port["rows"]),
        (&port["executed"], &port["declared"], &5.into())
    );
    let at = &port["results"][0]["at"];
    assert_eq!(at["file"], "contracts/sale.toml");
    assert!(at["line"].as_u64().unwrap() > 1, "{at}");
    assert_eq!(product.mesh(["run", "--json"]).exits(99).json()["outcome"], "nothing_to_do");
    let published = product.mesh(["publish", "--json"]).exits(0).json();
    assert_eq!((&published["first"], &published["ports"][0]["version"]), (&true.into(), &"1.0.0".into()));

    let port = "shop.sales.sale";
    let readings: [(&[&str], &str); 15] = [
        (&["list"], "/ports/0/port"),
        (&["search", "spoon", "shop"], "/hits"),
        (&["describe", port], "/contract/columns/0/name"),
        (&["runs"], "/runs/0/outcome"),
        (&["history", port], "/releases/0/snapshot_id"),
        (&["history", port], "/snapshots/0/operation"),
        (&["branches"], "/branches"),
        (&["tag", "--list"], "/tags"),
        (&["lineage", port], "/upstream/0/source"),
        (&["query", "select 1 as one"], "/rows/0/one"),
        (&["test"], "/passed"),
        (&["connect", "pyiceberg"], "/snippet"),
        (&["doctor"], "/findings/0/state"),
        (&["explain", "M0204"], "/code"),
        (&["run", "--dry-run"], "/plan/product"),
    ];
    for (args, pointer) in readings {
        let said = product.mesh(args.iter().chain(&["--json"])).exits(0);
        assert!(said.json().pointer(pointer).is_some(), "no {pointer} in\n{said}");
        assert_eq!(said.err, "", "{args:?} talks although JSON was asked for");
    }
}

#[test]
fn errors_have_code_message_place_and_help() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES);
    product.edit("contracts/sale.toml", "item   = {", "itme   = {");
    let error = product.mesh(["check", "--json"]).exits(78).json()["error"].take();
    assert_eq!(error["code"], "M0204");
    assert_eq!(
        (&error["at"]["file"], &error["at"]["line"], &error["at"]["column"]),
        (&"contracts/sale.toml".into(), &10.into(), &1.into())
    );
    assert!(error["message"].is_string() && error["cause"].is_array() && error.get("help").is_some(), "{error}");
    let error = mesh.mesh(["describe", "shop.sales.sale", "--json"]).exits(66).json()["error"].take();
    assert!(error["code"].is_string() && error["message"].is_string() && error["cause"].is_array(), "{error}");
}

fn events(text: &str) -> Vec<Value> {
    let events: Vec<Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let run = &events[0]["run"];
    assert!(events.iter().all(|e| e["at"].is_string() && e["run"] == *run && e["event"].is_string()), "{text}");
    events
}

#[test]
fn events_are_told_line_by_line_and_end_with_the_outcome() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES);
    let tell = ["run", "--events", "ndjson"];
    let told = |code: i32| events(&product.mesh(tell).exits(code).out);
    let names = |events: &[Value]| events.iter().map(|e| e["event"].as_str().unwrap().to_owned()).collect::<Vec<_>>();

    let first = told(0);
    assert_eq!(names(&first), ["run.started", "source.landed", "port.written", "port.checked", "run.released"]);
    assert_eq!(first.last().unwrap()["release"], 1);
    assert_eq!(names(&told(99)).last().unwrap(), "run.nothing_to_do");

    product.edit("data/till.csv", "2,cup,8", "2,cup,-8");
    let rejected = names(&told(65));
    assert!(rejected.contains(&"check.failed".to_owned()), "{rejected:?}");
    assert_eq!(rejected.last().unwrap(), "run.rejected");
    product.edit("data/till.csv", "2,cup,-8", "2,cup");
    assert_eq!(names(&told(65)).last().unwrap(), "run.failed");
}

#[test]
fn exit_codes_are_printed_and_usage_is_64() {
    let mesh = Mesh::new();
    let said = mesh.mesh(["help", "exit-codes"]).exits(0);
    for code in [0, 64, 65, 66, 69, 70, 73, 75, 76, 77, 78, 99, 130] {
        assert!(said.out.lines().any(|l| l.trim_start().starts_with(&format!("{code} "))), "{code} is missing\n{said}");
    }
    for wrong in [
        &["runn"][..],
        &["query"],
        &["query", "select 1", "--format", "xml"],
        &["new", "nodomain"],
        &["explain", "M9999"],
    ] {
        mesh.mesh(wrong).exits(if wrong[0] == "explain" { 66 } else { 64 });
    }
}
