//! M05xx: checks, and data that were rejected.
use super::Page;

pub(super) const PAGES: &[Page] = &[
    Page {
        code: "M0501",
        title: "a check failed",
        what: "More rows violate a check than it tolerates, or a number lies outside its bounds.",
        why: "Of severity error it keeps the run from being released: readers go on seeing the release before. The \
              rejected rows stay on the run's branch for a few days.",
        example: "[columns]\nco2 = { type = \"double\", min = 0 }   # and a row with co2 = -3",
        fix: "Query the branch to see the rows. Mend the data or the step; change the contract only if it was wrong.",
    },
    Page {
        code: "M0502",
        title: "a check cannot be run",
        what: "A check's SQL does not plan against the port, its column has another type there, or its program failed.",
        why: "A check that did not run proves nothing, so it counts as failed.",
        example: "[[checks]]\nid = \"sane\"\nkind = \"expression\"\nsql = \"co3 >= 0\"",
        fix: "Correct the check; in `query` checks the port's rows are the table `port`.",
    },
    Page {
        code: "M0503",
        title: "a value does not fit its promised type",
        what: "A row has a value that the column's promised type cannot hold, such as 3000000000 in an `int`.",
        why: "It would have to be cut off or lost.",
        example: "n = { type = \"int\" }   # the query returns 3000000000",
        fix: "Widen the column's type in the contract, or mend the value in a step.",
    },
    Page {
        code: "M0504",
        title: "a step fails on its data",
        what: "A query that plans well cannot be computed for some row, such as a division by zero.",
        why: "Half of the rows would be a wrong answer.",
        example: "select amount / people from districts   # a district without people",
        fix: "Write the query so that it holds for every row: `case when people > 0 then ...`, `nullif`, `try_cast`.",
    },
    Page {
        code: "M0505",
        title: "too many rows for the quarantine",
        what: "More rows violate the checks that quarantine than the contract lets go to the side table.",
        why: "A few bad rows can wait; a delivery that is mostly bad is a broken delivery, and must not be released.",
        example: "[contract]\nquarantine = { at_most = 0.01 }   # and a tenth of the rows violates",
        fix: "Look at the rows on the run's branch; mend the data, or raise `at_most` if the share was meant.",
    },
];
