"""dbt on DuckDB: a project of one view with 21 tests; of dbt's own kinds where there is one, in SQL otherwise.

A test of SQL selects rows, so its condition reaches the reader. DuckDB leaves out row groups by statistics in which NaN
does not count, whatever the condition says of NaN: https://github.com/duckdb/duckdb/issues/25521
"""
from questions import *
import os

from dbt.cli.main import dbtRunner

named = lambda kind, check, **keys: {kind: {"name": check, **keys}}
there = lambda check, **keys: named("not_null", check, **keys)
listed = lambda check, values: named("accepted_values", check, arguments={"values": values})
# a test knows of no share, but what its count is held against is SQL
share = {"error_if": f"> {MOST_NULLS} * (select count(*) from orders)"}
columns = {
    "id": [there("id.required"), named("unique", "id.unique")],
    "customer_id": [there("customer_id.required")],
    "created_at": [there("created_at.required")],
    "email": [there("email-there", config=share)],
    "country": [listed("country.values", COUNTRIES)],
    "status": [listed("status.values", STATES)],
}
between = "{} not between {} and {}".format
broken = BROKEN | {
    "email.pattern": f"not regexp_matches(email, '{EMAIL}')",
    "sku.pattern": f"not regexp_matches(sku, '{SKU}')",
    "quantity.range": between("quantity", *QUANTITY),
    "price.range": "isnan(price) or " + between("price", *PRICE),
    "discount.range": "isnan(discount) or " + between("discount", *DISCOUNT),
    "note.length": between("length(note)", *NOTE),
}
whole = {
    "rows": f"count(*) < {LEAST_ROWS}",
    "mean-price": between(MEAN, *MEAN_PRICE),
    "countries": f"count(distinct country) > {MOST_COUNTRIES}",
    "fresh": f"max(created_at) < timestamp '{LEAST_CREATED}'",
}
target = {"type": "duckdb", "path": str(FOLDER / "orders.duckdb"), "threads": os.cpu_count()}
model = {"name": "orders", "columns": [{"name": name, "data_tests": tests} for name, tests in columns.items()]}
files = {
    "dbt_project.yml": {"name": "bench", "profile": "bench", "flags": {"send_anonymous_usage_stats": False}},
    "profiles.yml": {"bench": {"target": "here", "outputs": {"here": target}}},
    "models/orders.yml": {"models": [model]},
    "models/orders.sql": f"select * from read_parquet('{FILE}')",
}
files |= {f"tests/{check}.sql": f"select * from {{{{ ref('orders') }}}} where {sql}" for check, sql in broken.items()}
files |= {f"tests/{check}.sql": f"select 1 from {{{{ ref('orders') }}}} having {sql}" for check, sql in whole.items()}
for name, content in files.items():
    FOLDER.joinpath(name).parent.mkdir(exist_ok=True)
    # JSON is YAML
    FOLDER.joinpath(name).write_text(content if isinstance(content, str) else json.dumps(content))

os.chdir(FOLDER)
done = dbtRunner().invoke(["--quiet", "build", "--project-dir", ".", "--profiles-dir", "."])
if not done.result:
    raise done.exception or RuntimeError("dbt has no results")
answers = {}
for result in done.result:
    check, status = result.node.name, str(result.status)
    if status in ["pass", "warn", "fail"]:
        # with a bound for errors, rows that stay below it are a warning
        answers[check] = status != "fail", None if check in whole else result.failures
    else:
        answers[check] = f"{status}: {result.message}"
answered(answers)
