"""Soda Core 4: a contract on a DuckDB view, verified without its cloud."""
from questions import *
import logging
import os

os.environ["SODA_SEND_ANONYMOUS_USAGE_STATS"] = "false"
import duckdb
from soda_core.contracts.api.verify_api import verify_contract_locally

database = str(FOLDER / "orders.duckdb")
with duckdb.connect(database) as connection:
    connection.execute(VIEW)


def check(kind, name, **keys):
    return {kind: {"name": name, "qualifier": name, **keys}}


missing = lambda name, **keys: check("missing", name, **keys)
listed = lambda name, values: check("invalid", name, valid_values=values)
matched = lambda name, regex: check("invalid", name, valid_format={"name": name, "regex": regex})
ranged = lambda name, bounds, what="": check(
    "invalid", name, **{f"valid_min{what}": bounds[0], f"valid_max{what}": bounds[1]}
)
at_most = lambda number, **keys: {"must_be_less_than_or_equal": number, **keys}
between = lambda bounds: {"must_be_between": {"greater_than_or_equal": bounds[0], "less_than_or_equal": bounds[1]}}
columns = {
    "id": [missing("id.required"), check("duplicate", "id.unique")],
    "customer_id": [missing("customer_id.required")],
    "email": [
        missing("email-there", threshold=at_most(MOST_NULLS * 100, metric="percent")), matched("email.pattern", EMAIL),
    ],
    "country": [
        listed("country.values", COUNTRIES),
        check("metric", "countries", expression="count(distinct country)", threshold=at_most(MOST_COUNTRIES)),
    ],
    "status": [listed("status.values", STATES)],
    "quantity": [ranged("quantity.range", QUANTITY)],
    "price": [
        ranged("price.range", PRICE), check("aggregate", "mean-price", function="avg", threshold=between(MEAN_PRICE)),
    ],
    "discount": [ranged("discount.range", DISCOUNT)],
    "created_at": [missing("created_at.required")],
    "sku": [matched("sku.pattern", SKU)],
    "note": [ranged("note.length", NOTE, "_length")],
}
whole = [check("failed_rows", name, expression=sql) for name, sql in BROKEN.items()] + [
    check("row_count", "rows", threshold={"must_be_greater_than_or_equal": LEAST_ROWS}),
    check("freshness", "fresh", column="created_at", threshold=at_most(MOST_DAYS, unit="day")),
]
contract, source = FOLDER / "contract.yml", FOLDER / "source.yml"
listing = [{"name": name, "checks": checks} for name, checks in columns.items()]
# JSON is YAML
contract.write_text(json.dumps({"dataset": "bench/main/orders", "columns": listing, "checks": whole}))
source.write_text(json.dumps({"type": "duckdb", "name": "bench", "connection": {"database": database}}))

logging.disable(logging.CRITICAL)
session = verify_contract_locally(data_source_file_path=str(source), contract_file_path=str(contract), publish=False)
counts = ["invalid_count", "duplicate_count", "missing_count", "failed_rows_count"]
answers = {}
for result in [result for one in session.contract_verification_results for result in one.check_results]:
    outcome, values = result.outcome.name, result.diagnostic_metric_values or {}
    if outcome in ["PASSED", "FAILED"]:
        # rows, a mean and distinct values are what is held against the threshold
        found = next((values[count] for count in counts if count in values), result.threshold_value)
        answers[result.check.name] = outcome == "PASSED", found
    else:
        answers[result.check.name] = outcome
answered(answers)
