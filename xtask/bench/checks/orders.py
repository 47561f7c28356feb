"""Writes orders with planted mistakes and the counts that every contender must find.

    python orders.py ROWS FIRST dirty|clean FILE

One Parquet file (zstd, row groups of 131072 rows) and, beside it, FILE.json. Planted rows are disjoint, so that every
count is known before anything reads them. FIRST is the number of the first row: files with other numbers share no id.
"""
import json
import sys

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

rows, first, kind, file = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
GROUP, CHUNK = 131_072, 1 << 20
START, DAY = 1_704_067_200_000_000, 86_400_000_000  # 2024-01-01 in microseconds
COUNTRIES = "DE FR IT ES NL BE AT CH PL CZ DK SE NO FI IE PT GR HU RO BG HR SI SK LT LV EE LU GB US CA".split()
STATES = "new paid shipped delivered returned".split()
NAMES = "ada bela cleo dora egon fritz gerd hanna ines jan kai lena mona nina otto pia ralf sven tom uta".split()
HOSTS = "example.com example.org mail.example.net post.example.de shop.example.co.uk".split()
WORDS = "please ring twice leave with neighbour fragile gift express customer backorder refund upright office garage".split()
PLANTS = {
    "customer_id.required": 13, "created_at.required": 5, "country.values": 11, "status.values": 17,
    "quantity.range": 23, "price.low": 12, "price.high": 7, "price.nan": 8, "email.pattern": 31, "sku.pattern": 29,
    "sku-there": 6, "note.length": 4, "created_at.range": 3, "shipped-later": 37, "amount": 9, "id.unique": 9,
} if kind == "dirty" else {}

random = np.random.default_rng(first + 7)
places = random.choice(rows, sum(PLANTS.values()), replace=False)
planted, at = {}, 0
for name, count in PLANTS.items():
    planted[name] = np.sort(places[at : at + count])
    at += count
bad = np.zeros(rows, bool)
bad[places] = True


def pick(words, count):
    return pa.array(words).take(pa.array(random.integers(0, len(words), count, dtype=np.int32)))


def put(array, here, values):
    if not len(here):
        return array
    mask = np.zeros(len(array), bool)
    mask[here] = True
    return pc.replace_with_mask(array, pa.array(mask), pa.array([values[i % len(values)] for i in range(len(here))]))


def order_id(row):
    # an odd multiplier is a bijection, so ids are unique and in no order
    return ((row.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) & np.uint64((1 << 63) - 1)).astype(np.int64)


numbers = pa.array([str(i) for i in range(100_000)])
skus = pa.array([f"SKU-{i:06d}" for i in range(1_000_000)])
expected = {"email-there": 0, "rows": rows}
total, counted, newest, writer = 0.0, 0, 0, None
for low in range(0, rows, CHUNK):
    count = min(CHUNK, rows - low)
    here = {name: found[(found >= low) & (found < low + count)] - low for name, found in planted.items()}
    none = np.array([], int)
    of = lambda name: here.get(name, none)
    clean = ~bad[low : low + count]
    ids = order_id(np.arange(first + low, first + low + count))
    ids[of("id.unique")] = order_id(np.array([first]))[0]
    customer_null = np.zeros(count, bool)
    customer_null[of("customer_id.required")] = True
    name = pc.binary_join_element_wise(pick(NAMES, count), pick(NAMES, count), ".")
    number = numbers.take(pa.array(random.integers(0, 100_000, count, dtype=np.int32)))
    email = pc.binary_join_element_wise(pc.binary_join_element_wise(name, number, ""), pick(HOSTS, count), "@")
    email_null = (random.random(count) < 0.02) & clean
    expected["email-there"] += int(email_null.sum())
    email = pc.if_else(pa.array(email_null), pa.scalar(None, pa.string()), email)
    email = put(email, of("email.pattern"), ["nobody.example.com", "two@@example.com", "a blank@example.com", "x@nodot"])
    quantity = random.integers(1, 21, count, dtype=np.int32)
    quantity[of("quantity.range")] = -1
    price = np.round(random.random(count) * 99.98 + 0.01, 2)
    price[of("price.low")], price[of("price.high")], price[of("price.nan")] = -5.0, 150_000.0, np.nan
    quantity[of("price.high")] = 2
    price[of("amount")], quantity[of("amount")] = 5_000.0, 900
    created = START + random.integers(0, 1000 * DAY, count)
    shipped = created + random.integers(60_000_000, 10 * DAY, count)
    shipped[of("shipped-later")] = created[of("shipped-later")] - 3_600_000_000
    created[of("created_at.range")] = START - 400 * DAY
    created_null = np.zeros(count, bool)
    created_null[of("created_at.required")] = True
    shipped_null = (random.random(count) < 0.15) & clean
    sku = skus.take(pa.array(random.integers(0, 1_000_000, count, dtype=np.int32)))
    sku = put(put(sku, of("sku.pattern"), ["SKU-12345", "sku-123456", "SKU-1234567"]), of("sku-there"), [""])
    note = pc.binary_join_element_wise(*[pick(WORDS, count) for _ in range(7)], " ")
    note = put(note, of("note.length"), ["x" * 250])
    note_null = (random.random(count) < 0.3) & clean
    right = ~np.isnan(price)
    total, counted = total + float(price[right].sum()), counted + int(right.sum())
    table = pa.table({
        "id": ids, "customer_id": pa.array(random.integers(1, 1_250_000, count), mask=customer_null), "email": email,
        "country": put(pick(COUNTRIES, count), of("country.values"), ["XX", "de"]),
        "status": put(pick(STATES, count), of("status.values"), ["lost", "PAID"]),
        "quantity": quantity, "price": price, "discount": np.round(random.random(count), 2),
        "created_at": pa.array(created, pa.timestamp("us"), mask=created_null),
        "shipped_at": pa.array(shipped, pa.timestamp("us"), mask=shipped_null), "sku": sku,
        "note": pc.if_else(pa.array(note_null), pa.scalar(None, pa.string()), note),
    })
    writer = writer or pq.ParquetWriter(file, table.schema, compression="zstd")
    writer.write_table(table, row_group_size=GROUP)
writer.close()
expected |= {name: count for name, count in PLANTS.items() if name.split(".")[0] != "price"}
plants = lambda *names: sum(PLANTS.get(name, 0) for name in names)
expected["price.range"] = plants("price.low", "price.high", "price.nan")
expected["amount"] = plants("amount", "price.nan")
expected["sku.pattern"] = plants("sku.pattern", "sku-there")
# the order whose id is repeated counts as the first, unless it was planted itself
expected["mean-price"] = total / counted
if kind == "dirty" and 0 in planted["id.unique"]:
    expected["id.unique"] -= 1
with open(file + ".json", "w") as out:
    json.dump(expected, out)
