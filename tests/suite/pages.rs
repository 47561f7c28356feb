//! Pages for people who open a file: they need nothing else, say what there is to say, and keep secrets.
use crate::shop;
use crate::support::{Mesh, Product};

/// Nothing that a browser would fetch or run.
#[track_caller]
fn needs_nothing_else(page: &str) {
    assert!(page.starts_with("<!doctype html>") && page.contains("lang=\"en\"") && page.contains("default-src 'none'"));
    for part in ["<script", "<link", "<img", "src=", "href=\"http", "url(", "@import"] {
        assert!(!page.contains(part), "`{part}` in\n{page}");
    }
}

/// Sales with a secret buyer, some of whom have no address.
fn with_buyers<'a>(mesh: &'a Mesh) -> Product<'a> {
    let product = mesh.product("sales", shop::SALES);
    product.edit("product.toml", "amount = \"double\" }", "amount = \"double\", buyer = \"string\" }");
    product.write("sql/sale.sql", "select id, item, amount, buyer from till\n");
    product.edit(
        "contracts/sale.toml",
        "[[checks]]",
        "buyer  = { type = \"string\", tags = [\"pii\"], description = \"Who bought\" }\n\n[[checks]]\nid = \"reachable\"\n\
         kind = \"format\"\nformat = \"email\"\ncolumn = \"buyer\"\nseverity = \"warning\"\n\n[[checks]]",
    );
    product.write(
        "data/till.csv",
        "id,item,amount,buyer\n1,tea,2.5,ada@example.org\n2,cup,8,bo@example.org\n3,pot,31,cy@example.org\n",
    );
    product
}

#[test]
fn the_quality_page_has_score_history_and_samples_without_secrets() {
    let mesh = Mesh::new();
    let product = with_buyers(&mesh).released();
    product.write("data/till.csv", "id,item,amount,buyer\n1,tea,2.5,ada at home\n2,cup,8,bo@example.org\n3,pot,31,cy@example.org\n4,<b>jug</b>,1,\n");
    product.mesh(["run"]).exits(0);
    let page = mesh.mesh(["report", "shop.sales.sale"]).exits(0).out;
    needs_nothing_else(&page);
    let facts = [
        "Sales of the shop",
        "released with 1 warnings",
        "Score <strong>75 %</strong>",
        "<th scope=\"row\">conformity</th><td class=\"number\">75 %</td>",
        "<th scope=\"row\">uniqueness</th><td class=\"number\">100 %</td>",
        "1 of 4 rows violate",
        "6 of 6 checks ran",
        "<span class=\"passed\" title=\"holds\">✓</span><span class=\"warned\" title=\"warns\">!</span>",
        "<th scope=\"row\">r2</th>",
        "<th scope=\"row\">r1</th>",
        "***",
    ];
    for part in facts {
        assert!(page.contains(part), "no `{part}` in\n{page}");
    }
    for secret in ["ada at home", "bo@example", "<b>jug"] {
        assert!(!page.contains(secret), "`{secret}` in\n{page}");
    }
    let json = mesh.mesh(["report", "shop.sales.sale", "--json"]).exits(0).json();
    assert_eq!(
        (&json["executed"], &json["declared"], &json["score"]["port"]),
        (&6.into(), &6.into(), &0.75.into()),
        "{json}"
    );
    // of a file that was judged, too
    let page = product.mesh(["check", "data/till.csv", "--port", "sale", "--format", "html"]).exits(0).out;
    needs_nothing_else(&page);
    assert!(page.contains("Score <strong>75 %</strong>") && !page.contains("ada at home"), "{page}");
}

#[test]
fn a_profile_is_a_page_too() {
    let mesh = Mesh::new();
    let product = with_buyers(&mesh).released();
    product.write("data/till.csv", product.read("data/till.csv") + "4,<b>jug</b>,1,di@example.org\n");
    for (subject, extra) in [("data/till.csv", "&lt;b&gt;jug"), ("shop.sales.sale", "its contract says so")] {
        let page = product.mesh(["profile", subject, "--format", "html"]).exits(0).out;
        needs_nothing_else(&page);
        for part in [subject, "amount", "Quantiles", "Histogram", "Frequent values", "<rect", "***", extra] {
            assert!(page.contains(part), "no `{part}` in\n{page}");
        }
        assert!(!page.contains("ada@") && !page.contains("<b>jug"), "{page}");
    }
    let said = product.mesh(["profile", "sale", "--column", "amount", "--format", "html", "--output", "amount.html"]);
    said.exits(0).says(&["wrote", "amount.html"]);
    let page = product.read("amount.html");
    assert!(page.contains("1 columns") && !page.contains(">item<"), "{page}");
    product.mesh(["profile", "sale", "--output", "x.html"]).exits(64).says(&["--format"]);
    product.mesh(["profile", "sale", "--format", "json", "--output", "x.json"]).exits(0);
    let json: serde_json::Value = serde_json::from_str(&product.read("x.json")).unwrap();
    assert_eq!((&json["format_version"], &json["profile"]["rows"]), (&1.into(), &3.into()));
}
