"""pyiceberg as a whole process: read the input with pyarrow, append it to a new table of a SQLite catalog. No checks.

Usage: ingest_pyiceberg.py INPUT FOLDER
"""
import os
import sys

os.environ["PYICEBERG_DOWNCAST_NS_TIMESTAMP_TO_US_ON_WRITE"] = "true"

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from pyiceberg.catalog.sql import SqlCatalog

source, folder = sys.argv[1:3]
columns = {"date": pa.timestamp("us"), "delay": pa.int64(), "distance": pa.int64(), "origin": pa.string(), "destination": pa.string()}
if source.endswith(".parquet"):
    rows = pa.parquet.read_table(source)
else:
    rows = pa.csv.read_csv(source, convert_options=pa.csv.ConvertOptions(column_types=columns))
catalog = SqlCatalog("bench", uri=f"sqlite:///{folder}/catalog.db", warehouse=f"file://{folder}/warehouse")
catalog.create_namespace("bench")
table = catalog.create_table("bench.flights", schema=rows.schema)
table.append(rows)
