"""The same expectations by Great Expectations: `python gx.py gppd|owid FILE`, prints one JSON object by check id."""
import json
import logging
import numbers
import os
import sys

os.environ["GX_ANALYTICS_ENABLED"] = "False"
import great_expectations as gx
import great_expectations.expectations as E
import pandas as pd

logging.disable(logging.WARNING)
name, path = sys.argv[1:]
# as the mesh reads it: nothing but the empty text is null
frame = pd.read_csv(path, keep_default_na=False, na_values=[""], low_memory=False)


def not_null(column, **more):
    return E.ExpectColumnValuesToNotBeNull(column=column, **more)


def between(column, low=None, high=None, **more):
    return E.ExpectColumnValuesToBeBetween(column=column, min_value=low, max_value=high, **more)


def once(*columns):
    if len(columns) == 1:
        return E.ExpectColumnValuesToBeUnique(column=columns[0])
    return E.ExpectCompoundColumnsToBeUnique(column_list=list(columns), ignore_row_if="any_value_is_missing")


def matches(column, regex):
    return E.ExpectColumnValuesToMatchRegex(column=column, regex=regex)


def length(column, low=None, high=None):
    return E.ExpectColumnValueLengthsToBeBetween(column=column, min_value=low, max_value=high)


SUITES = {
    "gppd": {
        "rows": E.ExpectTableRowCountToBeBetween(min_value=11000, max_value=12000),
        "country-there": not_null("country"),
        "fuel-there": not_null("primary_fuel", mostly=0.95),
        "year-there": not_null("commissioning_year", mostly=0.999),
        "id-once": once("gppd_idnr"),
        "name-once": once("name"),
        "place-once": once("latitude", "longitude"),
        "fuel-known": E.ExpectColumnValuesToBeInSet(
            column="primary_fuel",
            value_set="Solar Gas Hydro Wind Oil Coal Waste Biomass Nuclear Geothermal".split(),
        ),
        "fuel-allowed": E.ExpectColumnValuesToNotBeInSet(column="primary_fuel", value_set=["Petcoke", "Storage"]),
        "capacity-range": between("capacity_mw", 1, 3000),
        "latitude-range": between("latitude", 25, 49),
        "longitude-range": between("longitude", -125, -66),
        "year-range": between("commissioning_year", 1900, 2018),
        "id-pattern": matches("gppd_idnr", "^USA[0-9]{7}$"),
        "name-pattern": matches("name", "[0-9]"),
        "owner-no-llc": E.ExpectColumnValuesToNotMatchRegex(column="owner", regex="LLC"),
        "country-length": length("country", 3, 3),
        "name-length": length("name", 5, 40),
        "capacity-mean": E.ExpectColumnMeanToBeBetween(column="capacity_mw", max_value=100),
        "capacity-max": E.ExpectColumnMaxToBeBetween(column="capacity_mw", max_value=6000),
        "capacity-min": E.ExpectColumnMinToBeBetween(column="capacity_mw", min_value=1),
        "capacity-sum": E.ExpectColumnSumToBeBetween(column="capacity_mw", min_value=1000000),
        "capacity-deviation": E.ExpectColumnStdevToBeBetween(column="capacity_mw", max_value=300),
        "capacity-median": E.ExpectColumnMedianToBeBetween(column="capacity_mw", min_value=3, max_value=6),
        "capacity-p95": E.ExpectColumnQuantileValuesToBeBetween(
            column="capacity_mw", quantile_ranges={"quantiles": [0.95], "value_ranges": [[300, 500]]}
        ),
        "fuel-values": E.ExpectColumnUniqueValueCountToBeBetween(column="primary_fuel", max_value=14),
        "fuel-share": E.ExpectColumnProportionOfUniqueValuesToBeBetween(column="primary_fuel", max_value=0.001),
        "solar-range": between(
            "capacity_mw", high=100, row_condition='primary_fuel=="Solar"', condition_parser="pandas"
        ),
        "shape": E.ExpectTableColumnsToMatchSet(column_set=["country", "name", "primary_fuel"], exact_match=False),
    },
    "owid": {
        "rows": E.ExpectTableRowCountToEqual(value=24016),
        "iso-there": not_null("iso_code"),
        "iso-mostly-there": not_null("iso_code", mostly=0.8),
        "key": once("country", "year"),
        "country-once": once("country"),
        "iso-pattern": matches("iso_code", "^[A-Z]{3}$"),
        "co2-range": between("co2", 0),
        "co2-per-capita-range": between("co2_per_capita", 0, 50),
        "year-range": between("year", 1800, 2018),
        "coal-is-part": E.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="co2", column_B="coal_co2", or_equal=True, ignore_row_if="either_value_is_missing"
        ),
        "gdp-there": not_null("gdp", mostly=0.5),
        "country-length": length("country", high=20),
        "country-letters": matches("country", "^[A-Za-z ]+$"),
        "co2-sum": E.ExpectColumnSumToBeBetween(column="co2", min_value=1000000),
        "year-newest": E.ExpectColumnMaxToBeBetween(column="year", min_value=2018, max_value=2018),
        "countries": E.ExpectColumnUniqueValueCountToBeBetween(column="country", min_value=200, max_value=252),
    },
}

context = gx.get_context(mode="ephemeral")
context.variables.progress_bars = {"globally": False}
batch = context.data_sources.add_pandas("p").add_dataframe_asset("a").add_batch_definition_whole_dataframe("all")
batch = batch.get_batch(batch_parameters={"dataframe": frame})
found = {}
for key, expectation in SUITES[name].items():
    # one by one: storing the result of a whole suite fails on numpy's booleans
    result = batch.validate(expectation, result_format="BASIC")
    value = result.result.get("observed_value")
    if isinstance(value, dict):
        value = value.get("values", [None])[0]
    found[key] = {
        "success": bool(result.success),
        "count": result.result.get("unexpected_count"),
        "value": float(value) if isinstance(value, numbers.Number) else None,
        "error": str(result.exception_info)[:300] if not result.result else None,
    }
print(json.dumps({"version": gx.__version__, "results": found}))
