"""Great Expectations on a DuckDB view. It has no patterns on DuckDB, so they are SQL here."""
from questions import *
import logging
import os

os.environ["GX_ANALYTICS_ENABLED"] = "false"
import duckdb
import great_expectations as gx
import great_expectations.expectations as expect
from great_expectations.execution_engine import SqlAlchemyExecutionEngine as Engine

# it reads rows after their connection is closed, when DuckDB has none any more: without this no check is answered
execute = Engine._execute_query_with_recovery


def kept(connection, query):
    result = execute(connection, query)
    return result.freeze()() if result.returns_rows else result


Engine._execute_query_with_recovery = staticmethod(kept)
logging.disable(logging.CRITICAL)
database = str(FOLDER / "orders.duckdb")
with duckdb.connect(database) as connection:
    connection.execute(VIEW)

at = datetime.fromisoformat
bounds = lambda bounds: {"min_value": bounds[0], "max_value": bounds[1]}
there = lambda column, **keys: expect.ExpectColumnValuesToNotBeNull(column=column, **keys)
listed = lambda column, values: expect.ExpectColumnValuesToBeInSet(column=column, value_set=values)
ranged = lambda column, ends: expect.ExpectColumnValuesToBeBetween(column=column, **bounds(ends))


def none(broken):
    """No rows of a query, which is a template: braces are doubled."""
    query = "select * from {batch} where " + broken.replace("{", "{{").replace("}", "}}")
    return expect.UnexpectedRowsExpectation(unexpected_rows_query=query)


expectations = {
    "rows": expect.ExpectTableRowCountToBeBetween(min_value=LEAST_ROWS),
    "id.required": there("id"),
    "id.unique": expect.ExpectColumnValuesToBeUnique(column="id"),
    "customer_id.required": there("customer_id"),
    "email-there": there("email", mostly=1 - MOST_NULLS),
    "email.pattern": none(f"not regexp_matches(email, '{EMAIL}')"),
    "country.values": listed("country", COUNTRIES),
    "countries": expect.ExpectColumnUniqueValueCountToBeBetween(column="country", max_value=MOST_COUNTRIES),
    "status.values": listed("status", STATES),
    "quantity.range": ranged("quantity", QUANTITY),
    "price.range": ranged("price", PRICE),
    "mean-price": expect.ExpectColumnMeanToBeBetween(column="price", **bounds(MEAN_PRICE)),
    "discount.range": ranged("discount", DISCOUNT),
    "created_at.required": there("created_at"),
    "created_at.range": ranged("created_at", [at(end) for end in CREATED]),
    "fresh": expect.ExpectColumnMaxToBeBetween(column="created_at", min_value=at(LEAST_CREATED)),
    "shipped-later": expect.ExpectColumnPairValuesAToBeGreaterThanB(
        column_A="shipped_at", column_B="created_at", or_equal=True, ignore_row_if="either_value_is_missing"
    ),
    "sku.pattern": none(f"not regexp_matches(sku, '{SKU}')"),
    "sku-there": none(BROKEN["sku-there"]),
    "note.length": expect.ExpectColumnValueLengthsToBeBetween(column="note", **bounds(NOTE)),
    "amount": none(BROKEN["amount"]),
}
for check, expectation in expectations.items():
    expectation.meta = {"check": check}
context = gx.get_context(mode="ephemeral")
context.variables.progress_bars = {"globally": False}
source = context.data_sources.add_sql("bench", connection_string=f"duckdb:///{database}")
batch = source.add_table_asset("orders", table_name="orders").add_batch_definition_whole_table("all")
suite = context.suites.add(gx.ExpectationSuite("orders", expectations=list(expectations.values())))
run = context.validation_definitions.add(gx.ValidationDefinition(name="orders", data=batch, suite=suite)).run()


def failure(info):
    """The message of an exception, which stands there by itself or one level down."""
    raised = [one for one in [info, *info.values()] if isinstance(one, dict) and one.get("raised_exception")]
    return str(raised[0].get("exception_message")) if raised else None


answers = {}
for result in run.results:
    found = result.result.get("unexpected_count", result.result.get("observed_value"))
    check = result.expectation_config.meta["check"]
    answers[check] = failure(result.exception_info) or (result.success, None if check == "fresh" else found)
answered(answers, "runs on DuckDB only once it keeps rows before it closes their connection")
