"""datacontract-cli: an ODCS contract tested against the file, in DuckDB. Types are given twice: a long that is only a
logical `integer` is read as an INT32, which ends the run."""
from questions import *

from datacontract.data_contract import DataContract


def dashed(check):
    """As an id, in which there are no dots."""
    return check.replace(".", "-")


def quality(kind, check, most=None, **keys):
    return {"id": dashed(check), "type": kind, **keys, **(most or {"mustBe": 0})}


def column(name, logical, physical, *quality, **options):
    return {
        "name": name, "logicalType": logical, "physicalType": physical, "logicalTypeOptions": options,
        "quality": list(quality),
    }


library = lambda check, metric, most=None, **keys: quality("library", check, most, metric=metric, **keys)
listed = lambda check, values: library(check, "invalidValues", arguments={"validValues": values})
matched = lambda check, pattern: library(check, "invalidValues", arguments={"pattern": pattern})
sql = lambda check, query, most=None: quality("sql", check, most, query=query)
ranged = lambda bounds: {"minimum": bounds[0], "maximum": bounds[1]}
share = {"unit": "percent", "mustBeLessOrEqualTo": MOST_NULLS * 100}
text = ["string", "VARCHAR"]
columns = [
    column("id", "integer", "BIGINT", library("id.required", "nullValues"), library("id.unique", "duplicateValues")),
    column("customer_id", "integer", "BIGINT", library("customer_id.required", "nullValues")),
    column("email", *text, library("email-there", "nullValues", share), matched("email.pattern", EMAIL)),
    column("country", *text, listed("country.values", COUNTRIES)),
    column("status", *text, listed("status.values", STATES)),
    column("quantity", "integer", "INTEGER", **ranged(QUANTITY)),
    column("price", "number", "DOUBLE", **ranged(PRICE)),
    column("discount", "number", "DOUBLE", **ranged(DISCOUNT)),
    column("created_at", "timestamp", "TIMESTAMP", library("created_at.required", "nullValues")),
    column("shipped_at", "timestamp", "TIMESTAMP"),
    column("sku", *text, matched("sku.pattern", SKU)),
    column("note", *text, minLength=NOTE[0], maxLength=NOTE[1]),
]
whole = [
    library("rows", "rowCount", {"mustBeGreaterOrEqualTo": LEAST_ROWS}),
    sql("mean-price", f"select {MEAN} from {{model}}", {"mustBeBetween": MEAN_PRICE}),
    sql("countries", "select count(distinct country) from {model}", {"mustBeLessOrEqualTo": MOST_COUNTRIES}),
    sql("fresh", f"select count(*) from {{model}} where created_at >= timestamp '{LEAST_CREATED}'", {"mustNotBe": 0}),
    *(sql(check, f"select count(*) from {{model}} where {broken}") for check, broken in BROKEN.items()),
]
contract = {
    "apiVersion": "v3.1.0", "kind": "DataContract", "id": "bench", "version": "1.0.0", "status": "active",
    "servers": [{"server": "here", "type": "local", "path": FILE, "format": "parquet"}],
    "schema": [{"name": "orders", "physicalType": "table", "quality": whole, "properties": columns}],
}
# JSON is YAML
FOLDER.joinpath("contract.yaml").write_text(json.dumps(contract))
run = DataContract(data_contract_file=str(FOLDER / "contract.yaml")).test()
# bounds are no quality rules: a check for each end, that counts what lies beyond it
ends = {"field_minimum": "range", "field_maximum": "range", "field_min_length": "length", "field_max_length": "length"}
checks = {dashed(check): check for check in PLANTED}
answers = {}
for result in run.checks:
    check = checks.get(result.qualityId) or f"{result.field}.{ends.get(result.type)}"
    found = (result.diagnostics or {}).get("value")
    if result.result.value not in ["passed", "failed"] or found is None:
        answers[check] = f"{result.result.value}: {result.reason}"
    elif isinstance(before := answers.get(check, (True, 0)), tuple):
        answers[check] = before[0] and result.result.value == "passed", before[1] + found
answered(answers)
