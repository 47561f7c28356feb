//! M06xx: catalog and publishing.
use super::Page;

pub(super) const PAGES: &[Page] = &[
    Page {
        code: "M0601",
        title: "a published contract changed under the same version",
        what: "The contract's text means something else than the one that was published with this version.",
        why: "Readers hold on to a version because it stays what it is. Layout and comments do not matter.",
        example: "# published as 1.0.0 without `max`\n[contract]\nversion = \"1.0.0\"\n\n[columns]\nyear = { type = \"int\", max = \
                  2100 }",
        fix: "Raise `version`; `mesh publish --dry-run` says to which.",
    },
    Page {
        code: "M0602",
        title: "the version was raised too little",
        what: "The contract changed in a way that asks for a greater version than the one it has now.",
        why: "Readers who accept `^1` must be able to read every 1.x.",
        example: "# 1.2.0 -> 1.3.0, and column `iso_code` is gone",
        fix: "Take the version that the message names, or take back the change that asks for it.",
    },
    Page {
        code: "M0603",
        title: "somebody else's commit won",
        what: "Between reading and releasing, another run or publication changed the same product.",
        why: "Writing over it would lose it. Nothing of this run became visible.",
        example: "two `mesh run` of one product at the same time",
        fix: "Run again; it starts from what is there now.",
    },
    Page {
        code: "M0604",
        title: "a port that is not there or not published",
        what: "No product of this mesh has a port of that name, or it is a draft that only its owner sees.",
        why: "Inputs and queries can only name what the mesh knows.",
        example: "[inputs.gdp]\nport = \"finance.economy.gpd\"",
        fix: "`mesh list` and `mesh search` show what there is; the owner publishes with `mesh publish`.",
    },
    Page {
        code: "M0605",
        title: "an input port has no version that would do",
        what: "None of the port's released contract versions satisfies the `version` of the input.",
        why: "The steps were written for another promise.",
        example: "[inputs.gdp]\nport = \"finance.economy.gdp\"\nversion = \"^2\"   # and the port is at 1.4.0",
        fix: "Look at `mesh describe` of the port, adapt the steps and the `version`.",
    },
    Page {
        code: "M0606",
        title: "an input port lacks a column",
        what: "A column that the input declares, or that a step uses, is not in the port's contract.",
        why: "What is not promised may be gone tomorrow.",
        example: "[inputs.gdp]\nport = \"finance.economy.gdp\"\ncolumns = [\"country\", \"gdp_real\"]",
        fix: "Take the suggested column, or ask the port's owner to promise it.",
    },
    Page {
        code: "M0607",
        title: "a contract version that nobody has published",
        what: "A published product runs with a contract version that is not in the catalog.",
        why: "Consumers hear of a new promise before data follow it.",
        example: "version = \"1.1.0\"   # published: 1.0.0",
        fix: "Run `mesh publish`; the next release makes the version current.",
    },
];
