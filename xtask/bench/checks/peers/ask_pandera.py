"""pandera on a Polars frame that is read lazily, told to look at the rows of such a frame too, not only at types."""
from questions import *
import os

os.environ["PANDERA_VALIDATION_DEPTH"] = "SCHEMA_AND_DATA"
import pandera.polars as pandera
import polars

at = datetime.fromisoformat
col, check = polars.col, pandera.Check


def column(kind, *checks, nullable=True, **keys):
    return pandera.Column(kind, list(checks), nullable=nullable, **keys)


def asks(name, holds):
    """A check that pandera has no word for: a function makes it, of a column or of whole rows."""
    return check(lambda data: data.lazyframe.select(holds(col(data.key)) if callable(holds) else holds), name=name)


columns = {
    "id": column(polars.Int64, nullable=False, unique=True),
    "customer_id": column(polars.Int64, nullable=False),
    "email": column(
        polars.String, check.str_matches(EMAIL, name="email.pattern"),
        asks("email-there", lambda email: email.null_count() <= MOST_NULLS * polars.len()),
    ),
    "country": column(
        polars.String, check.isin(COUNTRIES, name="country.values"),
        asks("countries", lambda country: country.n_unique() <= MOST_COUNTRIES),
    ),
    "status": column(polars.String, check.isin(STATES, name="status.values")),
    "quantity": column(polars.Int32, check.in_range(*QUANTITY, name="quantity.range")),
    "price": column(
        polars.Float64, check.in_range(*PRICE, name="price.range"),
        asks("mean-price", lambda price: price.drop_nans().mean().is_between(*MEAN_PRICE)),
    ),
    "discount": column(polars.Float64, check.in_range(*DISCOUNT, name="discount.range")),
    "created_at": column(
        polars.Datetime("us"), check.in_range(at(CREATED[0]), at(CREATED[1]), name="created_at.range"),
        asks("fresh", lambda created: created.max() >= at(LEAST_CREATED)), nullable=False,
    ),
    "shipped_at": column(polars.Datetime("us")),
    "sku": column(
        polars.String, check.str_matches(SKU, name="sku.pattern"), check.str_contains(r"\S", name="sku-there"),
    ),
    "note": column(polars.String, check.str_length(*NOTE, name="note.length")),
}
amount = col("price").is_nan() | (col("quantity") * col("price") > 1_000_000)
rows = [
    asks("rows", polars.len() >= LEAST_ROWS),
    asks("shipped-later", (col("shipped_at") >= col("created_at")).fill_null(True)),
    asks("amount", ~amount.fill_null(False)),
]
# it tells only of what failed
answers = {name: (True, None) for name in PLANTED}
try:
    pandera.DataFrameSchema(columns, checks=rows).validate(polars.scan_parquet(FILE), lazy=True)
except pandera.errors.SchemaErrors as errors:
    for error in errors.schema_errors:
        reason, where = error.reason_code.name, error.schema.name
        known = {"SERIES_CONTAINS_NULLS": f"{where}.required", "SERIES_CONTAINS_DUPLICATES": f"{where}.unique"}
        name = known.get(reason) or getattr(error.check, "name", None)
        if name not in PLANTED:
            raise
        if reason in known or reason == "DATAFRAME_CHECK":
            answers[name] = False, error.failure_cases.lazy().select(polars.len()).collect().item()
        else:
            answers[name] = f"{reason}: {error}"
answered(answers)
