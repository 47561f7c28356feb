//! M03xx: sources and ingest.
use super::Page;

pub(super) const PAGES: &[Page] = &[
    Page {
        code: "M0301",
        title: "batches do not match the declared schema",
        what: "A source or step of a program, or a command, yielded batches whose columns differ from those that it declared, in name, order or \
               type.",
        why: "What is written would no longer be what the contract was checked against.",
        example: "declared: at timestamptz, mw double\nyielded:  at timestamptz, mw int",
        fix: "Cast in the program, or declare what it really yields.",
    },
    Page {
        code: "M0302",
        title: "a malformed line",
        what: "A line has more or fewer fields than there are columns, an open quote, or is not JSON.",
        why: "Guessing would shift values into the wrong columns.",
        example: "country,year,co2\nChad,2000,0.2\nChad,2001",
        fix: "Mend the delivery. If all lines are reported, check `delimiter` and `quote` of the source.",
    },
    Page {
        code: "M0303",
        title: "a column is missing from the data",
        what: "A file lacks a column that the source declares or had when its columns were inferred.",
        why: "The steps would read nulls as if they had been delivered.",
        example: "# [sources.owid] columns = { country = \"string\", year = \"int\" }\ncountry,yr\nChad,2000",
        fix: "Ask for the column back, or change `columns` (or delete the source from `mesh.lock`) and the steps.",
    },
    Page {
        code: "M0304",
        title: "bytes that are not text in the declared encoding",
        what: "A file has bytes that its encoding, UTF-8 unless the source says otherwise, does not know.",
        why: "Names would be stored mutilated, and never match again.",
        example: "Côte d'Ivoire, written in windows-1252 and read as utf-8",
        fix: "Set `encoding`, for example `encoding = \"windows-1252\"`.",
    },
    Page {
        code: "M0305",
        title: "an empty file",
        what: "A delivered file has no bytes, or no rows below its header.",
        why: "An empty delivery is far more often a failed export than the truth.",
        example: "country,year,co2",
        fix: "Ask whoever delivers it, and put the file in place again.",
    },
    Page {
        code: "M0306",
        title: "a file is not what its name says",
        what: "The first bytes of a file belong to another format than its suffix or the source's `format`: an HTML page \
               named `.csv`, a zip named `.gz`.",
        why: "Error pages of web servers are delivered under the names of data.",
        example: "data/co2.csv:\n<!DOCTYPE html><html><title>503 Service Unavailable</title>",
        fix: "Look at the file, mend the delivery, or correct `format`.",
    },
    Page {
        code: "M0307",
        title: "an address that cannot be reached",
        what: "A source's URL did not answer, or not with data.",
        why: "The run has nothing to read; what was landed before stays as it is.",
        example: "[sources.owid]\nlocation = \"https://example.invalid/co2.csv\"\nformat = \"csv\"",
        fix: "Open the address by hand, check proxies and credentials in the environment, and run again.",
    },
    Page {
        code: "M0308",
        title: "a value does not fit the column's type",
        what: "A field cannot be read as the type of its column: letters in a number, a day that no month has.",
        why: "Storing null in its place would hide that something was delivered.",
        example: "year\ntwo thousand",
        fix: "Mend the delivery, add the spelling to `null` if it means nothing, or read the column as `string` and convert \
              it in a step.",
    },
    Page {
        code: "M0309",
        title: "no file matches",
        what: "A path or glob of a source matches no file.",
        why: "A product that runs on nothing would release nothing.",
        example: "[sources.owid]\nlocation = \"data/co2-*.csv\"\nformat = \"csv\"",
        fix: "Paths start at the folder of `product.toml`. Put the file there or correct `location`.",
    },
    Page {
        code: "M0310",
        title: "one file cannot stand for several sources",
        what: "`mesh check FILE --port PORT` was asked for a port that is fed by no source or by several.",
        why: "The file takes the place of one delivery.",
        example: "mesh check new.csv --port joined",
        fix: "Check the sources' own ports, or run with the file in place of the delivery.",
    },
];
