"""Writes the rows of a Parquet file as CSV, as often as asked.

Usage: flights_csv.py PARQUET CSV TIMES
"""
import sys

import duckdb

source, target, times = sys.argv[1:4]
duckdb.execute("set enable_progress_bar = false")
duckdb.execute(f"""
    copy (select flights.* from read_parquet('{source}') flights, range({int(times)}))
    to '{target}' (format csv, header true)
""")
