"""What every peer is asked, read from the contract that `mesh check` reads, and what its answers are worth.

A script is called as `python ask_PEER.py FILE FOLDER`. It may write to FOLDER, asks the 21 checks and calls `answered`
once, which leaves a line in FOLDER/findings.txt. What a peer has a check for is asked with that check, and with no more
than people write who do not think of NaN; what it leaves to SQL or to a function is written so that it is right.
"""
import json
import math
import sys
from datetime import datetime, timedelta
from pathlib import Path

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10, whose pip has it
    from pip._vendor import tomli as tomllib

FILE, FOLDER = sys.argv[1], Path(sys.argv[2])
CONTRACT = tomllib.loads(Path(__file__).parent.parent.joinpath("contracts/orders.toml").read_text())
COLUMNS = CONTRACT["columns"]
CHECKS = {check["id"]: check for check in CONTRACT["checks"]}

COUNTRIES, STATES = COLUMNS["country"]["values"], COLUMNS["status"]["values"]
EMAIL, SKU = COLUMNS["email"]["pattern"], COLUMNS["sku"]["pattern"]
QUANTITY, PRICE, DISCOUNT, CREATED = (
    (COLUMNS[name]["min"], COLUMNS[name]["max"]) for name in ["quantity", "price", "discount", "created_at"]
)
NOTE = COLUMNS["note"]["min_length"], COLUMNS["note"]["max_length"]
MOST_NULLS = CHECKS["email-there"]["at_most"]
LEAST_ROWS = CHECKS["rows"]["min"]
MEAN_PRICE = CHECKS["mean-price"]["min"], CHECKS["mean-price"]["max"]
MOST_COUNTRIES = CHECKS["countries"]["max"]
MOST_DAYS = int(CHECKS["fresh"]["max_age"].removesuffix("d"))
LEAST_CREATED = (datetime.now() - timedelta(days=MOST_DAYS)).isoformat(" ", "seconds")

VIEW = f"create view orders as select * from read_parquet('{FILE}')"
MEAN = "avg(price) filter (where not isnan(price))"
# rows that break a check which most peers leave to SQL
BROKEN = {
    "created_at.range": f"created_at not between timestamp '{CREATED[0]}' and timestamp '{CREATED[1]}'",
    "shipped-later": "shipped_at < created_at",
    "amount": f"not ({CHECKS['amount']['sql']})",
    "sku-there": "sku is null or trim(sku) = ''",
}

# nothing is planted for these four; the last two have no count to compare
PLANTED = {"id.required": 0, "discount.range": 0, "countries": None, "fresh": None}
PLANTED |= json.loads(Path(FILE + ".json").read_text())
# these hold for the whole, whatever single rows are like
HOLDING = ["rows", "email-there", "mean-price", "countries", "fresh"]


def answered(answers, note=None):
    """Leaves what the answers are worth: for each check whether it passed and its count, if there is one, or why there
    is no answer."""
    answers = {check: answers.get(check, "not among the results") for check in PLANTED}
    if all(isinstance(answer, str) for answer in answers.values()):
        raise RuntimeError(f"no check was answered: {'; '.join(sorted(set(answers.values())))}")
    wrong = {check: why for check, answer in answers.items() if (why := mistake(check, answer))}
    said = [f"{len(PLANTED) - len(wrong)} of {len(PLANTED)} checks right"]
    if all(isinstance(answer, str) or answer[0] for answer in answers.values()):
        said.append("FOUND NOTHING")
    said += [f"{check}: {why}" for check, why in wrong.items()]
    silent = [check for check, a in answers.items() if check not in wrong and a[1] is None and PLANTED[check]]
    if silent:
        said.append(f"no count of {', '.join(silent)}")
    leave("; ".join(said + [note] * bool(note)))


def mistake(check, answer):
    """What is wrong with an answer, if anything is."""
    if isinstance(answer, str):
        return f"no answer, {answer}"
    passed, found = answer
    planted = PLANTED[check]
    # an id that is there several times: the ids, the rows too many or all its rows; only one is planted
    right = [1, planted, planted + 1] if check == "id.unique" and planted else [planted]
    same = planted is None or found is None or any(math.isclose(found, r, rel_tol=1e-9) for r in right)
    if passed != (check in HOLDING or planted == 0):
        return f"{'passes' if passed else 'fails'} wrongly, found {found}, planted {planted}"
    return None if same else f"found {found}, planted {planted}"


def leave(line):
    (FOLDER / "findings.txt").write_text(" ".join(line.split()))


def unanswered(kind, error, trace):
    leave(f"{kind.__name__}: {error}"[:300])
    sys.__excepthook__(kind, error, trace)


sys.excepthook = unanswered
