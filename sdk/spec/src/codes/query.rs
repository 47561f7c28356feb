//! M07xx: queries.
use super::Page;

pub(super) const PAGES: &[Page] = &[
    Page {
        code: "M0701",
        title: "a query names a port that is not there",
        what: "A table of the query is no port of this mesh, published or draft.",
        why: "A misspelt port would otherwise look like one without rows.",
        example: "mesh query \"select * from climate.emision.country_year\"",
        fix: "Write the port's full name, `domain.product.port`; `mesh list` and `mesh search` find it.",
    },
    Page {
        code: "M0702",
        title: "a query cannot be planned",
        what: "The SQL does not parse, or names a column or function that is not there.",
        why: "Nothing is read before the whole query is understood.",
        example: "mesh query \"select yaer from climate.emissions.country_year\"",
        fix: "Mend the place that is pointed at; `mesh describe PORT` lists the columns.",
    },
    Page {
        code: "M0703",
        title: "a query that would write",
        what: "`mesh query` was given a statement other than `select` or `explain`.",
        why: "Ports change by releases, which are checked; a door for reading never writes.",
        example: "mesh query \"delete from climate.emissions.country_year\"",
        fix: "Change the product's steps and run it: `mesh run`.",
    },
    Page {
        code: "M0704",
        title: "a port that was never released",
        what: "The port has a table, because a run has begun, but no run of it was released.",
        why: "Answering with no rows would look like a port that is empty.",
        example: "mesh query \"select * from climate.emissions.country_year\"   # after a first, rejected run",
        fix: "Run the product until it is released, or read a rejected run with `--at run-<id>`.",
    },
    Page {
        code: "M0705",
        title: "a subquery for one value that may return several rows",
        what: "A query or step uses a subquery as a value, and nothing keeps it to one row.",
        why: "With several rows the result would be multiplied instead of refused.",
        example: "select id, (select amount from till) from till",
        fix: "Aggregate it, as in `(select max(amount) from till)`, or add `limit 1`.",
    },
];
