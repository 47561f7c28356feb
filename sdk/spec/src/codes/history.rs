//! M1001-M1029: history.
use super::Page;

pub(super) const PAGES: &[Page] = &[
    Page {
        code: "M1001",
        title: "a state is not clearly named",
        what: "`--at` names a release number for ports of several products, says two states for one thing, or speaks of \
               something that the query does not read.",
        why: "r5 of one product has nothing to do with r5 of another; joining them would look right and be wrong.",
        example: "mesh query \"select * from shop.sales.sale join depot.stock.level using (item)\" --at r5",
        fix: "Say it for each product, `--at shop.sales=r5,depot.stock=r2`, or name a time, which holds for all.",
    },
    Page {
        code: "M1002",
        title: "a state that is not there",
        what: "The port has no release, snapshot, tag, branch or time of that name.",
        why: "Reading something near instead would be a wrong answer.",
        example: "mesh query \"select * from shop.sales.sale\" --at r99",
        fix: "`mesh history PORT` shows releases, snapshots, tags and branches; `mesh branches` shows rejected runs.",
    },
    Page {
        code: "M1003",
        title: "a state has expired",
        what: "The release is known, but maintenance has dropped its snapshot.",
        why: "States are kept for a time only, so that storage does not grow without end.",
        example: "mesh rollback shop.sales --to r3   # r3 is a year old",
        fix: "Take a newer release. Tag what must be kept for longer: `mesh tag PRODUCT NAME --keep 90d`.",
    },
    Page {
        code: "M1004",
        title: "rows cannot be matched by this key",
        what: "A column of the key is not in both states, or very many rows of one state have the same key.",
        why: "A row that cannot be told from others has no counterpart to be compared with.",
        example: "mesh diff shop.sales.sale --from r1 --to r2 --key shop",
        fix: "Name columns that identify a row in both states, `--key a,b`, or compare whole rows with `--no-key`.",
    },
    Page {
        code: "M1005",
        title: "a name that no tag can have",
        what: "The tag's name reads as a release number, a snapshot id, a time or a run's branch, or has characters that \
               names do not have.",
        why: "`--at` takes one word for all of these: it must mean one thing.",
        example: "mesh tag shop.sales r12",
        fix: "Choose a name such as `training-2026`: letters, digits, `.`, `_` and `-`.",
    },
    Page {
        code: "M1006",
        title: "a tag's name is taken",
        what: "The port has a tag of that name on another state, or a branch of that name.",
        why: "Who reads by a tag relies on it to stay where it is.",
        example: "mesh tag shop.sales stable --at r3   # and `stable` is r2",
        fix: "Choose another name, or move the tag with `--move`.",
    },
    Page {
        code: "M1007",
        title: "going back would break a promise",
        what: "The older release lacks a port that the product has now, or keeps an older contract that the inputs of other \
               products cannot read.",
        why: "A rollback mends one product; it must not break others without anybody noticing.",
        example: "mesh rollback shop.sales --to r1   # contract 1.0.0, and depot.stock reads ^1.1",
        fix: "Go back to a release that keeps the promise, or say `--break-consumers`.",
    },
    Page {
        code: "M1008",
        title: "a run that cannot be accepted",
        what: "The run was not rejected by checks: it was released, failed, or had nothing to do.",
        why: "Only what was written and checked as a whole can be released as a whole.",
        example: "mesh accept 0198c2f0a1b2   # a run that failed half-way",
        fix: "`mesh runs` shows how runs ended; run again what failed.",
    },
    Page {
        code: "M1009",
        title: "what a run wrote is no longer kept",
        what: "The branch of the rejected run is gone, or somebody else has written to it.",
        why: "Rejected rows are kept for a few days, so that a person can look at them.",
        example: "mesh accept 0198c2f0a1b2 --reason \"known gap\"   # a month later",
        fix: "Run again; `mesh branches` shows what is kept and for how long.",
    },
    Page {
        code: "M1010",
        title: "a waiver that says too little",
        what: "`mesh accept` was given an empty reason, or a date that is none or has passed.",
        why: "Readers see the waiver: it tells them what does not hold, why, and for how long.",
        example: "mesh accept 0198c2f0a1b2 --reason \"\"",
        fix: "Say why in `--reason`, and in `--until` the day by which it is mended, such as 2026-12-31.",
    },
];
