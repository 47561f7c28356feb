//! `mesh check FILE` for deliveries as they come: by address, packed, and for ports whose rows stay.
use std::io::{Read, Write};
use std::net::TcpListener;

use serde_json::Value;

use crate::shop;
use crate::support::{Mesh, Product};

const NEXT: &str = "id,item,amount\n4,tea,2.5\n6,cup,-8\n6,pot,31\n";

fn result<'a>(report: &'a Value, id: &str) -> &'a Value {
    let port = if report["ports"].is_array() { &report["ports"][0] } else { &report["port"] };
    let results = port["results"].as_array().unwrap_or_else(|| panic!("{report}"));
    results.iter().find(|r| r["id"] == id).unwrap_or_else(|| panic!("no `{id}` in {report}"))
}

/// Outcomes and counts of all checks, without places.
fn verdicts(report: &Value) -> Vec<(String, String, Value)> {
    let port = if report["ports"].is_array() { &report["ports"][0] } else { &report["port"] };
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let results = port["results"].as_array().unwrap_or_else(|| panic!("{report}"));
    results.iter().map(|r| (text(&r["id"]), text(&r["outcome"]), r["measured"].clone())).collect()
}

/// A file packed by gzip without compressing it (RFC 1952, a stored block).
fn gzip(text: &[u8]) -> Vec<u8> {
    let length = u16::try_from(text.len()).unwrap();
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff, 1];
    out.extend(length.to_le_bytes());
    out.extend((!length).to_le_bytes());
    out.extend(text);
    let crc = text.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    });
    out.extend((!crc).to_le_bytes());
    out.extend(u32::from(length).to_le_bytes());
    out
}

/// A file packed by Zstandard without compressing it (RFC 8878, a raw block).
fn zstd(text: &[u8]) -> Vec<u8> {
    let length = u16::try_from(text.len()).unwrap();
    let mut out = vec![0x28, 0xb5, 0x2f, 0xfd, 0x60];
    out.extend((length - 256).to_le_bytes());
    let block = u32::from(length) << 3 | 1;
    out.extend(&block.to_le_bytes()[..3]);
    out.extend(text);
    out
}

/// Serves files by their paths until the test ends.
fn serve(files: Vec<(&'static str, Vec<u8>)>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let (mut request, mut bytes) = (vec![], [0; 1024]);
            while !request.windows(4).any(|w| w == b"\r\n\r\n") {
                match stream.read(&mut bytes) {
                    Ok(n) if n > 0 => request.extend(&bytes[..n]),
                    _ => break,
                }
            }
            let path = String::from_utf8_lossy(&request).split(' ').nth(1).unwrap_or_default().to_owned();
            let (status, body) = match files.iter().find(|(name, _)| *name == path) {
                Some((_, body)) => ("200 OK", &body[..]),
                None => ("404 Not Found", &b"gone"[..]),
            };
            let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
        }
    });
    address
}

#[test]
fn packed_files_and_addresses_get_the_same_verdict() {
    let mesh = Mesh::new();
    let product = mesh.product("sales", shop::SALES).released();
    // long enough for a length of two bytes
    let long: String = (10..60).map(|n| format!("{n},tea,{n}\n")).collect();
    let text = format!("{NEXT}{long}");
    product.write("next.csv", &text);
    product.write("next.csv.gz", gzip(text.as_bytes()));
    product.write("next.csv.zst", zstd(text.as_bytes()));
    let address = serve(vec![
        ("/next.csv", text.clone().into_bytes()),
        ("/next.csv.gz", gzip(text.as_bytes())),
        ("/next.csv.zst", zstd(text.as_bytes())),
    ]);
    let before = mesh.state();
    let judge = |file: &str| product.mesh(["check", file, "--port", "sale", "--json"]).exits(65).json();
    let plain = judge("next.csv");
    assert_eq!(plain["port"]["rows"], 53);
    assert_eq!(
        (&result(&plain, "key")["violations"], &result(&plain, "amount.range")["violations"]),
        (&1.into(), &1.into())
    );
    for file in ["next.csv.gz", "next.csv.zst"] {
        assert_eq!(verdicts(&judge(file)), verdicts(&plain), "{file}");
    }
    for file in ["next.csv", "next.csv.gz", "next.csv.zst"] {
        let there = format!("{address}/{file}");
        let found = judge(&there);
        assert_eq!(verdicts(&found), verdicts(&plain), "{there}");
        assert_eq!(found["file"], there.as_str());
        // and of a port by its full name, from anywhere
        let elsewhere = mesh.mesh(["check", &there, "--port", "shop.sales.sale", "--json"]).exits(65).json();
        assert_eq!(verdicts(&elsewhere), verdicts(&plain), "{there}");
    }
    let gone = format!("{address}/none.csv");
    let said = product.mesh(["check", &gone, "--port", "sale"]);
    assert!([Some(66), Some(69)].contains(&said.code), "{said}");
    said.says(&["none.csv", "404"]);
    // torn while it was packed
    product.write("torn.csv.gz", &gzip(text.as_bytes())[..60]);
    product.mesh(["check", "torn.csv.gz", "--port", "sale"]).exits(65).says(&["torn.csv.gz"]);
    before.still_holds(&mesh);
}

fn of_mode<'a>(mesh: &'a Mesh, mode: &str, checks: &str) -> Product<'a> {
    let product = mesh.product("sales", shop::SALES);
    product.edit("product.toml", "mode = \"replace\"", &format!("mode = \"{mode}\""));
    product.edit("product.toml", "data/till.csv", "data/*.csv");
    product.write("contracts/sale.toml", format!("{}{checks}", shop::CONTRACT));
    product
}

/// What the file's verdict is, and then that of the run that takes it.
fn both(product: &Product<'_>, text: &str, code: i32) -> (Value, Value) {
    product.write("next.csv", text);
    let judged = product.mesh(["check", "next.csv", "--port", "sale", "--json"]).exits(code).json();
    product.write("data/next.csv", text);
    let ran = product.mesh(["run", "--json"]).exits(code).json();
    assert_eq!(judged["port"]["rows"], ran["ports"][0]["rows"], "{judged}");
    assert_eq!(verdicts(&judged), verdicts(&ran));
    (judged, ran)
}

#[test]
fn an_upsert_is_judged_with_the_rows_that_it_leaves() {
    let mesh = Mesh::new();
    let product = of_mode(&mesh, "upsert", "\n[[checks]]\nid = \"few\"\nkind = \"row_count\"\nmax = 6\n");
    let product = product.released();
    // five rows, of which 4 and 5 are replaced, and 6 comes
    std::fs::remove_file(product.dir.join("data/till.csv")).unwrap();
    let (judged, _) = both(&product, "id,item,amount\n4,mug,1\n5,mug,1\n6,urn,9\n", 0);
    assert_eq!(judged["port"]["rows"], 6);
    // two more are too many, and a key that the delivery repeats is found
    std::fs::remove_file(product.dir.join("data/next.csv")).unwrap();
    product.write("next.csv", "id,item,amount\n7,mug,1\n8,mug,1\n8,urn,2000\n");
    let judged = product.mesh(["check", "next.csv", "--port", "sale", "--json"]).exits(65).json();
    assert_eq!((&result(&judged, "few")["measured"], &result(&judged, "key")["violations"]), (&9.into(), &1.into()));
    assert_eq!(result(&judged, "amount.range")["violations"], 1);
}

#[test]
fn a_change_of_the_row_count_is_that_of_the_whole_port() {
    let mesh = Mesh::new();
    let steady = "\n[[checks]]\nid = \"steady\"\nkind = \"row_count_change\"\nmax_rise = 0.5\nmax_drop = 0.0\n";
    let product = of_mode(&mesh, "append", steady).released();
    let (judged, _) = both(&product, "id,item,amount\n6,tea,1\n7,tea,1\n", 0);
    let steady = &result(&judged, "steady")["measured"];
    assert_eq!((&steady["rows"], &steady["before"]), (&7.into(), &5.into()), "an append drops nothing: {judged}");
    // four more than seven rows are too many
    product.write("more.csv", "id,item,amount\n8,tea,1\n9,tea,1\n10,tea,1\n11,tea,1\n");
    let judged = product.mesh(["check", "more.csv", "--port", "sale", "--json"]).exits(65).json();
    let steady = result(&judged, "steady");
    assert_eq!((&steady["outcome"], &steady["measured"]["rows"]), (&"failed".into(), &11.into()), "{steady}");
}

#[test]
fn partitions_that_are_not_delivered_are_part_of_the_verdict() {
    let mesh = Mesh::new();
    let checks = r#"
[[checks]]
id   = "few"
kind = "row_count"
max  = 7

[[checks]]
id       = "total"
kind     = "aggregate"
column   = "amount"
function = "sum"
max      = 60

[[checks]]
id   = "some-tea"
kind = "query"
sql  = "select count(*) from port where item = 'tea'"
min  = 2
"#;
    let product = of_mode(&mesh, "replace-partitions", checks);
    product.edit("contracts/sale.toml", "key         = [\"id\"]", "key = [\"id\"]\npartition = [\"item\"]");
    let product = product.released();
    std::fs::remove_file(product.dir.join("data/till.csv")).unwrap();
    // cups are replaced, urns come, and everything else stays
    let (judged, _) = both(&product, "id,item,amount\n6,cup,9\n7,cup,1\n8,urn,9\n", 0);
    assert_eq!((&judged["port"]["rows"], &result(&judged, "some-tea")["measured"]), (&7.into(), &2.0.into()));
    assert_eq!(result(&judged, "total")["measured"], 55.0);
    std::fs::remove_file(product.dir.join("data/next.csv")).unwrap();
    // the id of a tea that stays, and of a cup that leaves; one row too many, and too much money
    let (judged, _) = both(&product, "id,item,amount\n1,pot,30\n6,pot,1\n9,cup,20\n10,lid,1\n11,lid,1\n", 65);
    let found = |id: &str| result(&judged, id)["outcome"].clone();
    assert_eq!((found("few"), found("total"), found("some-tea")), ("failed".into(), "failed".into(), "passed".into()));
    assert_eq!((&judged["port"]["rows"], &result(&judged, "key")["violations"]), (&9.into(), &1.into()));
}

#[test]
fn rows_that_stay_have_no_value_in_a_new_column() {
    let mesh = Mesh::new();
    let product = of_mode(&mesh, "append", "").released();
    product.edit("contracts/sale.toml", "version     = \"1.0.0\"", "version     = \"1.1.0\"");
    product.edit(
        "contracts/sale.toml",
        "item   =",
        "note   = { type = \"string\", description = \"Remark\" }\nitem   =",
    );
    product.write("sql/sale.sql", "select id, item, amount, 'new' as note from till\n");
    product.mesh(["publish"]).exits(0);
    std::fs::remove_file(product.dir.join("data/till.csv")).unwrap();
    let (judged, _) = both(&product, "id,item,amount\n6,tea,1\n", 0);
    assert_eq!(judged["port"]["rows"], 6);
}
