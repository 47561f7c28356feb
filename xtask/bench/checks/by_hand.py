"""The twenty checks written by hand: `python by_hand.py polars|duckdb FILE`; fails unless every count is right."""
import json
import sys

who, file = sys.argv[1:]
expected = json.load(open(file + ".json"))
COUNTRIES = "DE FR IT ES NL BE AT CH PL CZ DK SE NO FI IE PT GR HU RO BG HR SI SK LT LV EE LU GB US CA".split()
STATES = "new paid shipped delivered returned".split()
EMAIL, SKU = r"^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}$", r"^SKU-[0-9]{6}$"


def polars():
    import polars as pl
    from datetime import datetime

    c, no = pl.col, lambda e: e.sum()
    frame = pl.scan_parquet(file)
    one = frame.select(
        **{
            "rows": pl.len(), "id.required": c("id").null_count(), "customer_id.required": c("customer_id").null_count(),
            "created_at.required": c("created_at").null_count(), "email-there": c("email").null_count(),
            "email.pattern": no(~c("email").str.contains(EMAIL)), "sku.pattern": no(~c("sku").str.contains(SKU)),
            "country.values": no(~c("country").is_in(COUNTRIES)), "status.values": no(~c("status").is_in(STATES)),
            "quantity.range": no(~c("quantity").is_between(1, 1000)),
            "price.range": no(c("price").is_nan() | ~c("price").is_between(0, 100_000)),
            "discount.range": no(c("discount").is_nan() | ~c("discount").is_between(0, 1)),
            "created_at.range": no(~c("created_at").is_between(datetime(2024, 1, 1), datetime(2026, 12, 31))),
            "note.length": no(~c("note").str.len_chars().is_between(1, 200)),
            "shipped-later": no(c("shipped_at") < c("created_at")), "mean-price": c("price").drop_nans().mean(),
            "countries": c("country").n_unique(), "fresh": c("created_at").max(),
            "amount": no(c("price").is_nan() | (c("quantity") * c("price") > 1_000_000)),
            "sku-there": no(c("sku").is_null() | (c("sku").str.strip_chars() == "")),
        }
    ).collect(engine="streaming")
    found = one.row(0, named=True)
    found["id.unique"] = found["rows"] - frame.select(c("id").n_unique()).collect(engine="streaming").item()
    return found


def duckdb():
    import duckdb

    duckdb.execute("set enable_progress_bar = false; set preserve_insertion_order = false; set threads = 2")
    lists = lambda words: "(" + ", ".join(f"'{w}'" for w in words) + ")"
    counts = {
        "id.required": "id is null", "customer_id.required": "customer_id is null",
        "created_at.required": "created_at is null", "email-there": "email is null",
        "email.pattern": f"not regexp_matches(email, '{EMAIL}')", "sku.pattern": f"not regexp_matches(sku, '{SKU}')",
        "country.values": f"country not in {lists(COUNTRIES)}", "status.values": f"status not in {lists(STATES)}",
        "quantity.range": "not quantity between 1 and 1000", "price.range": "not price between 0 and 100000",
        "discount.range": "not discount between 0 and 1",
        "created_at.range": "not created_at between timestamp '2024-01-01' and timestamp '2026-12-31'",
        "note.length": "not length(note) between 1 and 200", "shipped-later": "shipped_at < created_at",
        "amount": "isnan(price) or quantity * price > 1000000", "sku-there": "sku is null or trim(sku) = ''",
    }
    parts = [f'count(*) filter (where {sql}) as "{name}"' for name, sql in counts.items()]
    parts += ["count(*) as rows", "avg(price) filter (where not isnan(price)) as \"mean-price\""]
    parts += ["count(distinct country) as countries", "max(created_at) as fresh", "count(distinct id) as ids"]
    cursor = duckdb.execute(f"select {', '.join(parts)} from read_parquet('{file}')")
    found = dict(zip([d[0] for d in cursor.description], cursor.fetchone()))
    found["id.unique"] = found["rows"] - found.pop("ids")
    return found


found = {"polars": polars, "duckdb": duckdb}[who]()
wrong = [f"{k}: {found[k]}, planted {v}" for k, v in expected.items() if abs(found[k] - v) > 1e-9 * max(abs(v), 1)]
sys.exit("; ".join(wrong) or 0)
