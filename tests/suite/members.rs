//! Members of structs come, go, grow, and keep their values under another name.
use crate::evolution::columns;
use crate::shop;
use crate::support::{Mesh, Product};

fn delivering_lines(mesh: &Mesh) -> Product<'_> {
    let product = mesh.product("sales", shop::SALES);
    product.edit("product.toml", "mode = \"replace\"", "mode = \"append\"");
    product.edit("product.toml", "data/till.csv", "data/till.ndjson");
    product.edit("product.toml", "\"csv\"", "\"ndjson\"");
    product.edit("product.toml", "null     = [\"\", \"NA\"]\n", "");
    product
}

#[test]
fn members_of_structs_lists_and_maps_evolve_too() {
    let mesh = Mesh::new();
    let product = delivering_lines(&mesh);
    let old = "struct<street: string, nr: int>";
    let one = |place: &str| {
        (
            format!("id = \"long\", place = \"{place}\", marks = \"list<{place}>\""),
            format!("id = \"long\"\nplace = \"{place}\"\nmarks = \"list<{place}>\""),
        )
    };
    let (source, contract) = one(old);
    columns(&product, &source, &contract);
    product.write(
        "data/till.ndjson",
        "{\"id\":1,\"place\":{\"street\":\"a\",\"nr\":7},\"marks\":[{\"street\":\"b\",\"nr\":8}]}\n",
    );
    product.mesh(["run"]).exits(0);
    // one member wider, one new, in another order
    let (source, contract) = one("struct<town: string, nr: long, street: string>");
    columns(&product, &source, &contract);
    product.write(
        "data/till.ndjson",
        "{\"id\":2,\"place\":{\"town\":\"t\",\"nr\":3000000000,\"street\":\"c\"},\"marks\":[{\"town\":\"u\",\"nr\":1,\"street\":\"d\"}]}\n",
    );
    product.mesh(["run"]).exits(0);
    let rows = mesh.rows("select id, place, marks from shop.sales.sale order by id");
    assert_eq!(rows[0]["place"], serde_json::json!({"town": null, "nr": 7, "street": "a"}));
    assert_eq!(rows[0]["marks"], serde_json::json!([{"town": null, "nr": 8, "street": "b"}]));
    assert_eq!(rows[1]["place"], serde_json::json!({"town": "t", "nr": 3_000_000_000_i64, "street": "c"}));
    // and one gone
    let (source, contract) = one("struct<town: string, nr: long>");
    columns(&product, &source, &contract);
    product.write("data/till.ndjson", "{\"id\":3,\"place\":{\"town\":\"v\",\"nr\":4},\"marks\":[]}\n");
    product.mesh(["run"]).exits(0);
    let rows = mesh.rows("select place from shop.sales.sale order by id");
    assert_eq!(rows[0]["place"], serde_json::json!({"town": null, "nr": 7}));
    // a member's type is as little another one's as a column's
    let (source, contract) = one("struct<town: string, nr: string>");
    columns(&product, &source, &contract);
    product.write("data/till.ndjson", "{\"id\":4,\"place\":{\"town\":\"v\",\"nr\":\"4b\"},\"marks\":[]}\n");
    product.mesh(["run"]).exits(76).says(&["M1203", "place.nr", "marks.element.nr"]);
}

#[test]
fn members_keep_their_values_under_another_name() {
    let mesh = Mesh::new();
    let product = delivering_lines(&mesh);
    let deliver = |of: &str, renamed: [&str; 2], rows: &str| {
        let source = format!("id = \"long\", place = \"{of}\", marks = \"list<{of}>\"");
        let place = format!("place = {{ type = \"{of}\"{} }}", renamed[0]);
        let contract = format!("id = \"long\"\n{place}\nmarks = {{ type = \"list<{of}>\"{} }}", renamed[1]);
        columns(&product, &source, &contract);
        product.write("data/till.ndjson", rows);
        product.mesh(["run"]).exits(0);
    };
    let first = "{\"id\":1,\"place\":{\"a\":1,\"b\":2},\"marks\":[{\"a\":3,\"b\":4}]}\n";
    deliver("struct<a: int, b: int>", ["", ""], first);
    // two members swap their names; elsewhere one has another name and is wider
    let renamed = [
        ", renamed_members = { a = \"b\", b = \"a\" }",
        ", renamed_members = { \"element.a\" = \"b\", \"element.b\" = \"a\" }",
    ];
    let second = first.replace("\"id\":1", "\"id\":2");
    deliver("struct<a: int, b: int>", renamed, &second);
    let all = || mesh.rows("select place, marks from shop.sales.sale order by id");
    let row = |place: serde_json::Value, mark: serde_json::Value| serde_json::json!({"place": place, "marks": [mark]});
    let (older, newer) = (serde_json::json!({"a": 2, "b": 1}), serde_json::json!({"a": 1, "b": 2}));
    let (older_mark, newer_mark) = (serde_json::json!({"a": 4, "b": 3}), serde_json::json!({"a": 3, "b": 4}));
    assert_eq!(all(), [row(older, older_mark), row(newer, newer_mark)]);
    // what was said stays in the contract and is no news
    deliver("struct<a: int, b: int>", renamed, &first.replace("\"id\":1", "\"id\":3"));
    let later = [", renamed_members = { c = \"a\" }", ", renamed_members = { \"element.c\" = \"a\" }"];
    let fourth = "{\"id\":4,\"place\":{\"c\":1,\"b\":2},\"marks\":[{\"c\":3,\"b\":4}]}\n";
    deliver("struct<c: long, b: int>", later, fourth);
    let places: Vec<_> = mesh.rows("select place from shop.sales.sale order by id");
    let places: Vec<[i64; 2]> =
        places.iter().map(|r| ["c", "b"].map(|name| r["place"][name].as_i64().unwrap())).collect();
    assert_eq!(places, [[2, 1], [1, 2], [1, 2], [1, 2]]);
}

#[test]
fn a_member_that_goes_and_one_that_comes_break_those_who_read_them() {
    let mesh = Mesh::new();
    let product = delivering_lines(&mesh);
    let row = |name: &str| format!("{{\"id\":1,\"place\":{{\"{name}\":1}}}}\n");
    let of = |name: &str| format!("id = \"long\", place = \"struct<{name}: int>\"");
    let promise = |version: &str, line: &str| {
        columns(&product, &of("c"), &format!("id = \"long\"\n{line}"));
        product.edit("contracts/sale.toml", "version = \"1.0.0\"", &format!("version = \"{version}\""));
        product.write("data/till.ndjson", row("c"));
    };
    columns(&product, &of("a"), "id = \"long\"\nplace = \"struct<a: int>\"");
    product.write("data/till.ndjson", row("a"));
    product.mesh(["run"]).exits(0);
    product.mesh(["publish"]).exits(0);
    promise("1.1.0", "place = \"struct<c: int>\"");
    product.mesh(["run"]).exits(76).says(&["M0602", "member-removed", "2.0.0"]);
    let renamed = "place = { type = \"struct<c: int>\", renamed_members = { c = \"a\" } }";
    promise("1.1.0", renamed);
    product.mesh(["run"]).exits(76).says(&["M0602", "member-renamed", "2.0.0"]);
    promise("2.0.0", renamed);
    product.mesh(["publish"]).exits(0);
    product.mesh(["run"]).exits(0);
    assert_eq!(mesh.value("select sum(place['c']) from shop.sales.sale"), 2);
}
