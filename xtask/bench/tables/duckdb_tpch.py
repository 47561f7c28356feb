"""duckdb_tpch.py FOLDER QUERIES RUNS RESULTS: the queries over bare Parquet files; answers must be those in RESULTS.

Prints the seconds of each run of each query, and the peak memory, as one line of JSON.
"""
import glob
import json
import os
import resource
import sys
import time

import duckdb

folder, queries, runs, results = sys.argv[1:]
db = duckdb.connect()
db.execute("attach ':memory:' as bench; create schema bench.tpch")
for file in glob.glob(f"{folder}/*.parquet"):
    name = os.path.basename(file).removesuffix(".parquet")
    db.execute(f"create view bench.tpch.{name} as select * from read_parquet('{file}')")


def number(cell):
    try:
        return float(cell)
    except (TypeError, ValueError):
        return None


def same(a, b):
    x, y = number(a), number(b)
    if x is None or y is None:
        return str(a) == str(b)
    return abs(x - y) <= 1e-4 * max(1.0, abs(x), abs(y))


seconds = {}
for file in sorted(glob.glob(f"{queries}/*.sql")):
    name, sql = os.path.basename(file).removesuffix(".sql"), open(file).read()
    seconds[name] = []
    for _ in range(int(runs)):
        started = time.perf_counter()
        rows = db.execute(sql).fetchall()
        seconds[name].append(time.perf_counter() - started)
    theirs = json.load(open(f"{results}/{name}.json"))
    ours = [["" if cell is None else cell for cell in row] for row in rows]
    # decimals and doubles are written differently: rows are matched by what is text in them, then by their numbers
    key = lambda row: [(1, round(number(c), 2)) if number(c) is not None else (0, str(c)) for c in row]
    ours, theirs = sorted(ours, key=key), sorted(theirs, key=key)
    if len(ours) != len(theirs) or not all(same(a, b) for x, y in zip(ours, theirs) for a, b in zip(x, y)):
        sys.exit(f"{name}: duckdb says otherwise: {ours[:3]} and not {theirs[:3]}")
print(json.dumps({"seconds": seconds, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))
