"""pyiceberg as the peer of xtask/tables: each command is one process and prints one line of JSON.

rows FILE COUNT EVERY          a Parquet file of 12 columns; with EVERY > 1 only every so-many-th id, with other values
init FOLDER                    a catalog with a table of one column
commits FOLDER COUNT GO        appends of one row each, from the moment GO (seconds since 1970)
verify FOLDER                  rows
write FOLDER FILE append|upsert
"""
import json
import logging
import os
import resource
import sys
import time
import warnings

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

what, place, *rest = sys.argv[1:]


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def rows(count, every):
    ids = pa.array(range(0, count, every), pa.int64())
    n = len(ids)
    number = lambda seed: pc.cast(pc.multiply(pc.random(n, initializer=seed + every), 1 << 30), pa.int64(), safe=False)
    text = lambda letter, numbers: pc.binary_join_element_wise(letter, pc.cast(numbers, pa.string()), "")
    modulo = lambda m: pc.subtract(ids, pc.multiply(pc.divide(ids, m), m))
    columns = {"id": ids}
    columns |= {f"l{k}": number(k) for k in range(4)}
    columns |= {f"d{k}": pc.random(n, initializer=10 + k + every) for k in range(4)}
    columns["s0"] = text("c", modulo(1000))
    columns["s1"] = text("k", modulo(50))
    columns["ts"] = pc.cast(pc.add(pc.multiply(ids, 1_000_000), 1_767_225_600_000_000), pa.timestamp("us"))
    return pa.table(columns)


if what == "rows":
    pq.write_table(rows(int(rest[0]), int(rest[1])), place, compression="zstd", row_group_size=1 << 18)
    sys.exit()

from pyiceberg.catalog.sql import SqlCatalog

os.makedirs(place, exist_ok=True)
DATABASE = os.environ.get("BENCH_DATABASE", f"sqlite:///{place}/catalog.db")
catalog = SqlCatalog("mesh", uri=DATABASE, warehouse=f"file://{place}/warehouse")
if what == "init":
    if DATABASE.startswith("sqlite"):
        import sqlite3

        sqlite3.connect(f"{place}/catalog.db").execute("pragma journal_mode=wal").fetchall()
    catalog.create_namespace("bench")
    schema = pa.schema([pa.field("id", pa.int64(), False)])
    # with the 4 retries that are the default, eight writers lose some of their commits
    catalog.create_table("bench.ticks", schema, properties={"commit.retry.num-retries": "50"})
    print("{}")
elif what == "commits":
    table = catalog.load_table("bench.ticks")
    schema = pa.schema([pa.field("id", pa.int64(), False)])
    time.sleep(max(0, float(rest[1]) - time.time()))
    started, at, lost = time.time(), [], 0
    for i in range(int(rest[0])):
        try:
            table.refresh()
            table.append(pa.table([[i]], schema=schema))
            at.append(time.time() - started)
        except Exception:
            lost += 1
    first = at[99] if len(at) > 99 else None
    last = at[-1] - at[-101] if len(at) > 100 else None
    print(json.dumps({"done": len(at), "end": time.time(), "lost": lost, "first": first, "last": last, "peak": peak()}))
elif what == "verify":
    table = catalog.load_table("bench.ticks")
    print(json.dumps({"rows": table.scan().to_arrow().num_rows, "snapshots": len(table.snapshots())}))
else:
    file, mode = rest
    started = time.time()
    new = pq.read_table(file)
    if mode == "append":
        catalog.create_namespace_if_not_exists("bench")
        table = catalog.create_table_if_not_exists("bench.rows", new.schema)
        table.append(new)
    else:
        table = catalog.load_table("bench.rows")
        table.upsert(new, join_cols=["id"])
    seconds = time.time() - started
    print(json.dumps({"seconds": seconds, "peak": peak(), "rows": table.scan().count()}))
