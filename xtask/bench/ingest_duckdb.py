"""DuckDB as a whole process: copy the input to zstd Parquet, then answer the eight checks over what was written.

Usage: ingest_duckdb.py INPUT OUTPUT
"""
import sys

import duckdb

source, target = sys.argv[1:3]
# the columns are declared, as they are for `mesh`
columns = "{'date': 'TIMESTAMP', 'delay': 'BIGINT', 'distance': 'BIGINT', 'origin': 'VARCHAR', 'destination': 'VARCHAR'}"
rows = f"read_parquet('{source}')" if source.endswith(".parquet") else f"read_csv('{source}', columns = {columns}, header = true)"
db = duckdb.connect()
db.execute("set enable_progress_bar = false")
db.execute(f"copy (select * from {rows}) to '{target}' (format parquet, compression zstd)")
answers = db.execute(f"""
    select
        count(*) filter (date is null),
        count(*) filter (origin is null),
        count(*) filter (not (delay between -2000 and 2000)),
        count(*) filter (not (distance between 1 and 10000)),
        count(*) filter (not regexp_matches(origin, '^[A-Z]{{3}}$')),
        count(*) filter (not regexp_matches(destination, '^[A-Z]{{3}}$')),
        count(*) filter (not (origin <> destination)),
        count(*)
    from read_parquet('{target}')
""").fetchone()
if any(answers[:-1]) or answers[-1] < 3_000_000:
    sys.exit(f"rejected: {answers}")
