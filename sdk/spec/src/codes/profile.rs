//! M13xx: checks of files, profiles, suggestions and drift.
use super::Page;

pub(super) const PAGES: &[Page] = &[
    Page {
        code: "M1301",
        title: "a port outside its product needs its full name",
        what: "The name has no domain and product, and there is no product here whose port it could be.",
        why: "Several products may have a port of the same short name.",
        example: "mesh check delivery.csv --port country_year   # in a folder without product.toml",
        fix: "Name it `domain.product.port`, or go to the product's folder; `mesh list` shows the ports.",
    },
    Page {
        code: "M1302",
        title: "a file does not say what kind it is",
        what: "Its name ends with no suffix that is known, or several files end with different ones.",
        why: "Guessing from content reads some files wrongly, and nobody would notice.",
        example: "mesh profile delivery.txt",
        fix: "Rename it: .csv, .tsv, .ndjson, .jsonl, .json, .parquet, each also with .gz or .zst; or declare it as a \
              source of a product and check it with `--port`.",
    },
    Page {
        code: "M1303",
        title: "the two states have no column in common",
        what: "Drift compares columns of the same name and kind, and there is none.",
        why: "Without anything to compare, `no drift` would be said of nothing.",
        example: "mesh drift climate.emissions.country_year --against flights.parquet",
        fix: "Compare two states of the same port, or a file of the port's columns.",
    },
    Page {
        code: "M1304",
        title: "a contract is there already",
        what: "`mesh contract suggest --output` names a file that exists.",
        why: "A suggestion must not write over what people have agreed on.",
        example: "mesh contract suggest delivery.csv --output contracts/daily.toml",
        fix: "Write it beside and compare, or remove the old file first; `--force` writes over it.",
    },
    Page {
        code: "M1305",
        title: "nothing to compare with",
        what: "Drift is between two states, and only one was named: a file alone, or a port with a single release.",
        why: "There is no state before that could be guessed.",
        example: "mesh drift delivery.csv",
        fix: "Name the state before with `--from WHEN`, or a file or port with `--against`.",
    },
    Page {
        code: "M1320",
        title: "shares that do not fit",
        what: "A check of kind `distribution` has another number of shares than of values or bins, shares that do not \
               add up, or bounds that do not go up.",
        why: "Nobody could say which share belongs to what, or what all rows should be.",
        example: "[[checks]]\nid = \"fuels\"\nkind = \"distribution\"\ncolumn = \"fuel\"\nvalues = [\"coal\", \"gas\"]\n\
                  shares = [0.7, 0.2, 0.1]",
        fix: "One share for each value, what is left to 1 being that of all others; for bins one more than bounds, \
              together 1.",
    },
    Page {
        code: "M1321",
        title: "a level or threshold that could not alarm, or always would",
        what: "`level` and `threshold` lie between 0 and 1 (a `psi` may be larger), `window` is at least 5.",
        why: "At level 0 nothing is ever an alarm; with fewer than five releases nothing can be said of the next.",
        example: "[[checks]]\nid = \"same-fuels\"\nkind = \"drift\"\ncolumn = \"fuel\"\nlevel = 5",
        fix: "Say the chance of a false alarm that you accept, such as `level = 0.01`, and the smallest difference that \
              matters, such as `threshold = 0.1`.",
    },
    Page {
        code: "M1322",
        title: "a kind of check that is said otherwise here",
        what: "The kind is known from another tool; here the same is said in another place of the contract.",
        why: "Two ways to promise one thing would one day promise two things.",
        example: "[[checks]]\nid = \"schema\"\nkind = \"schema_change\"",
        fix: "Follow the help: it names the key that says it.",
    },
    Page {
        code: "M1323",
        title: "columns that refer to another number of columns",
        what: "A check of kind `references` names more columns here than there, or fewer.",
        why: "Values are looked up together, the first in the first column there, the second in the second.",
        example: "[[checks]]\nid = \"known\"\nkind = \"references\"\ncolumns = [\"country\", \"year\"]\n\
                  references = \"geo.places.countries(code)\"",
        fix: "Name one column there for each of ours: `references = \"geo.places.countries(code, year)\"`.",
    },
];
