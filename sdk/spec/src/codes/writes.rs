//! M12xx: writing tables.
use super::Page;

pub(super) const PAGES: &[Page] = &[
    Page {
        code: "M1201",
        title: "a layout of files that cannot be",
        what: "A size or version in `[outputs.<port>.files]` is not one that files can have.",
        why: "Files that are far too small make every reader slow; a version that nobody writes reads nowhere.",
        example: "[outputs.flights.files]\nsize = \"256 megabytes\"",
        fix: "Sizes are a number and `kB`, `MB` or `GB`, such as `256MB`; `format_version` is 2 or 3.",
    },
    Page {
        code: "M1202",
        title: "a file layout names a column that the port has not, or one that does not suit",
        what: "`bloom` and `dictionary` in `[outputs.<port>.files]` name columns of the port's contract that are not nested.",
        why: "A misspelled name would silently give no filter at all.",
        example: "[outputs.flights.files]\nbloom = [\"fligth\"]",
        fix: "Take the suggested column.",
    },
    Page {
        code: "M1203",
        title: "a change of type that a table cannot make while it keeps its rows",
        what: "A column's type changed in a way that stored values cannot be read as, and the port's mode keeps older rows.",
        why: "Iceberg reads `int` as `long`, `float` as `double` and decimals with more digits. Any other new type is \
              a new column, so rows that stay would lose their values of the old one without a word.",
        example: "[outputs.sale]\nmode = \"append\"\n\n# the contract said: amount = { type = \"string\" }\n[columns]\namount = { type = \
                  \"double\" }",
        fix: "Add a column of the new type beside the old one, or run once with `mode = \"replace\"`, which writes every row \
              anew.",
    },
    Page {
        code: "M1204",
        title: "a condition that cannot decide which rows to delete",
        what: "The text after `--where` is not a yes-or-no question about the port's own columns.",
        why: "Rows are deleted file by file, so the answer must follow from the row alone and be the same each time.",
        example: "mesh delete shop.sales.sale --where \"amount\"",
        fix: "Write a comparison such as `amount < 0`. For conditions that need other tables, look the keys up first \
              and name them: `id in (3, 14)`.",
    },
    Page {
        code: "M1205",
        title: "nothing to delete from",
        what: "The port has no release yet, or no product of this mesh has it.",
        why: "`mesh delete` makes a new release out of the newest one.",
        example: "mesh delete shop.sales.sael --where \"id = 3\"",
        fix: "`mesh list` shows the ports; the owner makes a release with `mesh run`.",
    },
];
