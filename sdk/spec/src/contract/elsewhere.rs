//! What other tools have kinds of checks for, and a contract says in another place.

/// Names of kinds that people know from elsewhere, and how the same is said here.
pub(super) const KINDS: [(&str, &str); 5] = [
    (
        "schema_change",
        "a port's columns are its contract: a change needs a new version, and the smallest allowed one is computed; \
         `mesh contract diff` shows it. For columns that were delivered say `kind = \"columns\"`",
    ),
    ("column_type", "the type in the column's line is kept by every run, without a check"),
    ("primary_key", "say `key = [\"country\", \"year\"]` under `[contract]`: unique and not null"),
    ("is_null", "say `kind = \"expression\"` and `sql = \"column is null\"`"),
    ("code", "say `kind = \"program\"`: a check of the product's own program"),
];
