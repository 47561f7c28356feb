//! Deliveries that are wrong: each is refused with its code and place, and nothing that readers see has changed.
use crate::shop;
use crate::support::{Mesh, Product};

/// How a run must be refused.
struct Refusal<'a> {
    exit: i32,
    code: &'a str,
    /// File and line that the JSON error points to.
    at: (&'a str, u64),
    says: &'a [&'a str],
}

/// Releases two products, spoils the first, runs it.
fn refused(spoil: impl FnOnce(&Product<'_>), expected: &Refusal<'_>) {
    let mesh = Mesh::new();
    mesh.product("stock", shop::STOCK).released();
    let product = mesh.product("sales", shop::SALES).released();
    let before = mesh.state();
    spoil(&product);
    let said = product.mesh(["run"]).exits(expected.exit).says(&[expected.code]).says(expected.says);
    assert!(!said.err.contains("panicked"), "{said}");
    let json = product.mesh(["run", "--json"]).exits(expected.exit).json();
    let error = &json["error"];
    assert_eq!(error["code"], expected.code, "{json}");
    assert_eq!(
        (error["at"]["file"].as_str(), error["at"]["line"].as_u64()),
        (Some(expected.at.0), Some(expected.at.1)),
        "{json}"
    );
    before.still_holds(&mesh);
    assert_eq!(mesh.releases("shop.sales.sale").len(), 1);

    // what was wrong is mended, and all goes on
    for (path, text) in shop::SALES {
        product.write(path, text);
    }
    product.mesh(["run"]).exits(99);
}

/// A delivery that is refused while it is read: the error points at the source's location.
fn bad_delivery(text: impl AsRef<[u8]>, code: &str, says: &[&str]) {
    refused(|p| p.write("data/till.csv", text), &Refusal { exit: 65, code, at: ("product.toml", 10), says });
}

/// Rows that a check refuses: the error points at the contract's line.
fn bad_rows(text: &str, line: u64, says: &[&str]) {
    refused(
        |p| p.write("data/till.csv", text),
        &Refusal { exit: 65, code: "M0501", at: ("contracts/sale.toml", line), says },
    );
}

#[test]
fn a_key_that_comes_twice() {
    bad_rows(
        "id,item,amount\n1,tea,2\n7,cup,3\n7,pot,4\n",
        5,
        &["check `key` of `shop.sales.sale`", "id = 7", "contracts/sale.toml:5"],
    );
}

#[test]
fn a_required_value_that_is_missing() {
    bad_rows("id,item,amount\n1,tea,2\n2,NA,3\n3,pot,4\n", 10, &["item", "null", "contracts/sale.toml:10"]);
}

#[test]
fn a_value_out_of_range() {
    bad_rows(
        "id,item,amount\n1,tea,2\n2,cup,-3\n3,pot,1000.5\n",
        11,
        &["amount", "-3", "1000.5", "contracts/sale.toml:11"],
    );
}

#[test]
fn too_few_rows() {
    bad_rows("id,item,amount\n1,tea,2\n2,cup,3\n", 14, &["enough-rows", "2", "3", "contracts/sale.toml:"]);
}

#[test]
fn a_malformed_line() {
    bad_delivery(
        "id,item,amount\n1,tea,2\n2,cup\n3,pot,4\n",
        "M0302",
        &["line 3, byte 23", "2 fields", "data/till.csv", "2,cup"],
    );
}

#[test]
fn a_quote_that_is_never_closed() {
    bad_delivery("id,item,amount\n1,tea,2\n2,\"cup,3\n3,pot,4\n", "M0302", &["line 3, byte", "never closed"]);
}

#[test]
fn a_value_of_another_type() {
    bad_delivery("id,item,amount\n1,tea,2\ntwo,cup,3\n", "M0308", &["line 3, byte 23", "`two`", "`id`", "long"]);
}

#[test]
fn a_missing_column() {
    bad_delivery("id,amount\n1,2\n2,3\n3,4\n", "M0303", &["item", "data/till.csv"]);
}

#[test]
fn a_wrong_encoding() {
    bad_delivery(b"id,item,amount\n1,tea,2\n2,caf\xe9,3\n3,pot,4\n", "M0304", &["line 3, byte", "encoding"]);
}

#[test]
fn an_empty_file() {
    bad_delivery("", "M0305", &["data/till.csv"]);
}

#[test]
fn a_file_with_nothing_but_its_header() {
    bad_delivery("id,item,amount\n", "M0305", &["data/till.csv"]);
}

#[test]
fn a_page_that_is_named_csv() {
    bad_delivery("<!DOCTYPE html>\n<html><body>Not found</body></html>\n", "M0306", &["data/till.csv", "web page"]);
}

#[test]
fn a_parquet_file_that_is_none() {
    let at = ("product.toml", 10);
    let says = &["till.parquet"];
    let spoil = |p: &Product<'_>| {
        p.edit("product.toml", "data/till.csv", "data/till.parquet");
        p.edit("product.toml", "\"csv\"\nnull     = [\"\", \"NA\"]", "\"parquet\"");
        p.write("data/till.parquet", shop::TILL);
    };
    refused(spoil, &Refusal { exit: 65, code: "M0306", at, says });
}

#[test]
fn a_file_that_is_not_there() {
    let spoil = |p: &Product<'_>| std::fs::remove_file(p.dir.join("data/till.csv")).unwrap();
    refused(spoil, &Refusal { exit: 66, code: "M0309", at: ("product.toml", 10), says: &["data/till.csv", "till"] });
}

#[test]
fn an_address_that_does_not_answer() {
    let spoil =
        |p: &Product<'_>| p.edit("product.toml", "data/till.csv", "http://me:secret@127.0.0.1:1/till.csv?token=hidden");
    refused(spoil, &Refusal { exit: 69, code: "M0307", at: ("product.toml", 10), says: &["127.0.0.1:1"] });
}

#[test]
fn secrets_of_an_address_are_printed_and_stored_nowhere() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES);
    product.edit("product.toml", "data/till.csv", "http://me:secret@127.0.0.1:1/till.csv?token=hidden");
    for args in [
        &["run", "-vv"][..],
        &["run", "--json"],
        &["run", "--events", "ndjson"],
        &["run", "--dry-run"],
        &["runs", "--json"],
    ] {
        let said = product.mesh(args);
        assert!(!format!("{}{}", said.out, said.err).contains("secret"), "{said}");
        assert!(!format!("{}{}", said.out, said.err).contains("hidden"), "{said}");
    }
    let mut stack = vec![mesh.home()];
    while let Some(dir) = stack.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                stack.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            let text = String::from_utf8_lossy(&bytes);
            assert!(!text.contains("secret") && !text.contains("hidden"), "{}", path.display());
        }
    }
}

#[test]
fn a_file_is_judged_before_it_is_delivered() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES).released();
    let before = mesh.state();
    product.write("good.csv", "id,item,amount\n8,tea,2\n9,cup,3\n10,pot,4\n");
    product.write("bad.csv", "id,item,amount\n8,tea,2\n8,cup,3\n10,pot,-4\n");
    product.write("torn.csv", "id,item,amount\n8,tea,2\n9,cu");
    product.mesh(["check", "good.csv", "--port", "sale"]).exits(0).says(&["would be accepted", "3 rows"]);
    product.mesh(["check", "bad.csv", "--port", "sale"]).exits(65).says(&["would be rejected", "id = 8", "-4"]);
    product.mesh(["check", "torn.csv", "--port", "sale"]).exits(65).says(&["M0302", "line 3", "torn.csv"]);
    product.mesh(["check", "good.csv", "--port", "sales"]).exits(66).says(&["M0604", "sale"]);
    before.still_holds(&mesh);
    assert_eq!(mesh.runs("shop.sales").len(), 1, "judging is no run");
}
