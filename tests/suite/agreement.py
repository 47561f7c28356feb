"""What other readers make of every state of every table: `states` lists the states, `read` the rows' hashes as JSON."""
import datetime
import decimal
import glob
import hashlib
import json
import sys

import duckdb
import duckdb_extension_avro
import duckdb_extension_iceberg
import polars
import pyarrow.ipc
from pyiceberg.catalog.sql import SqlCatalog

what, database, ours = sys.argv[1:]
catalog = SqlCatalog("mesh", uri=f"sqlite:///{database}")


def tables():
    for domain in catalog.list_namespaces():
        for name in catalog.list_namespaces(domain) or [domain]:
            for table in catalog.list_tables(name):
                yield ".".join(table), catalog.load_table(table)


def states(table):
    """Names of states as people write them: the head, every snapshot, every branch and tag."""
    yield "head"
    for snapshot in table.snapshots():
        yield str(snapshot.snapshot_id)
    for name in table.refs():
        if name != "main":
            yield name


def plain(value):
    """The same text for the same value, whichever library's type it has."""
    if isinstance(value, float):
        return "nan" if value != value else repr(value)
    if isinstance(value, datetime.datetime) and value.tzinfo:
        return value.astimezone(datetime.timezone.utc).isoformat()
    if isinstance(value, (datetime.date, datetime.time, datetime.datetime, decimal.Decimal)):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {key: plain(value[key]) for key in sorted(value)}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    return value


def digest(rows):
    """Columns, number of rows, and a hash that no order of rows changes."""
    names, total = rows.column_names, 0
    for row in rows.to_pylist():
        text = json.dumps([[name, plain(row[name])] for name in sorted(names)], sort_keys=True)
        total += int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")
    return [sorted(names), rows.num_rows, f"{total % 2**128:032x}"]


def of_pyiceberg(table, state):
    if state == "head":
        return table.scan().to_arrow()
    if state.isdigit():
        return table.scan(snapshot_id=int(state)).to_arrow()
    return table.scan().use_ref(state).to_arrow()


def snapshot_of(table, state):
    return int(state) if state.isdigit() else table.snapshot_by_name(state).snapshot_id


def of_polars(table, state):
    snapshot = None if state == "head" else snapshot_of(table, state)
    return polars.scan_iceberg(table, snapshot_id=snapshot, reader_override="native").collect().to_arrow()


session = duckdb.connect()
for package in (duckdb_extension_avro, duckdb_extension_iceberg):
    [extension] = glob.glob(package.__path__[0] + "/extensions/**/*.duckdb_extension", recursive=True)
    session.execute(f"load '{extension}'")


def of_duckdb(table, state):
    at = "" if state == "head" else f", snapshot_from_id => {snapshot_of(table, state)}"
    place = table.metadata_location.removeprefix("file://")
    return session.execute(f"select * from iceberg_scan('{place}'{at})").to_arrow_table()


def attempt(read, table, state):
    try:
        return digest(read(table, state))
    except Exception as error:
        return f"{type(error).__name__}: {error}"


if what == "states":
    print(json.dumps({name: list(states(table)) for name, table in tables()}))
else:
    readers = {"pyiceberg": of_pyiceberg, "polars": of_polars, "duckdb": of_duckdb}
    out = []
    for name, table in tables():
        for state in states(table):
            with pyarrow.ipc.open_stream(f"{ours}/{name}/{state}.arrow") as rows:
                found = {"ours": digest(rows.read_all())}
            found |= {reader: attempt(read, table, state) for reader, read in readers.items()}
            out.append({"port": name, "version": table.metadata.format_version, "state": state, "found": found})
    print(json.dumps(out))
