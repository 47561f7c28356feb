//! The product that most tests start from: five sales of a shop, promised with a key, ranges and a count.

pub const PRODUCT: &str = r#"[product]
domain      = "shop"
name        = "sales"
title       = "Sales of the shop"
description = "What was sold, and for how much."
owner       = { team = "shop-data", email = "shop-data@example.org" }
tags        = ["retail"]

[sources.till]
location = "data/till.csv"
format   = "csv"
null     = ["", "NA"]
columns  = { id = "long", item = "string", amount = "double" }

[steps.sale]

[outputs.sale]
mode = "replace"
"#;

pub const SQL: &str = "select id, item, amount from till\n";

pub const CONTRACT: &str = r#"[contract]
version     = "1.0.0"
status      = "active"
description = "One row per sale."
key         = ["id"]
license     = "CC0-1.0"

[columns]
id     = { type = "long", required = true, description = "Number of the sale" }
item   = { type = "string", required = true, description = "What was sold" }
amount = { type = "double", min = 0, max = 1000, unit = "euro", description = "Price paid" }

[[checks]]
id   = "enough-rows"
kind = "row_count"
min  = 3
"#;

pub const TILL: &str = "id,item,amount\n1,tea,2.5\n2,cup,8\n3,pot,31\n4,tea,2.5\n5,spoon,NA\n";

/// All files of `shop.sales`; its port is `shop.sales.sale`.
pub const SALES: &[(&str, &str)] =
    &[("product.toml", PRODUCT), ("sql/sale.sql", SQL), ("contracts/sale.toml", CONTRACT), ("data/till.csv", TILL)];

/// A product of another domain, `depot.stock`; its port is `depot.stock.level`.
pub const STOCK: &[(&str, &str)] = &[
    (
        "product.toml",
        r#"[product]
domain      = "depot"
name        = "stock"
title       = "Stock levels"
description = "How many of each item are left."
owner       = { team = "depot" }

[sources.level]
location = "data/level.csv"
format   = "csv"
columns  = { item = "string", pieces = "int" }

[outputs.level]
"#,
    ),
    (
        "contracts/level.toml",
        r#"[contract]
version     = "1.0.0"
status      = "active"
description = "One row per item."
key         = ["item"]

[columns]
item   = { type = "string", required = true, description = "The item" }
pieces = { type = "int", required = true, min = 0, description = "How many are left" }
"#,
    ),
    ("data/level.csv", "item,pieces\ntea,40\ncup,12\npot,3\n"),
];
