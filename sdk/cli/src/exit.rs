//! Exit codes: they decide without parsing.

/// How the process ends. `mesh help exit-codes` prints them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Done,
    Usage,
    DataRejected,
    NotFound,
    Unavailable,
    Internal,
    Conflict,
    TryAgain,
    Breaking,
    Denied,
    ProductFiles,
    NothingToDo,
    Interrupted,
}

/// Number and meaning, in the order of numbers.
pub(crate) const ALL: [(Exit, u8, &str); 13] = [
    (Exit::Done, 0, "done"),
    (Exit::Usage, 64, "usage"),
    (Exit::DataRejected, 65, "data rejected by a check or a contract"),
    (Exit::NotFound, 66, "input not found"),
    (Exit::Unavailable, 69, "service unavailable"),
    (Exit::Internal, 70, "internal error"),
    (Exit::Conflict, 73, "conflict: somebody else's commit won"),
    (Exit::TryAgain, 75, "try again"),
    (Exit::Breaking, 76, "breaking change refused"),
    (Exit::Denied, 77, "denied"),
    (Exit::ProductFiles, 78, "the product's own files are wrong"),
    (Exit::NothingToDo, 99, "nothing to do"),
    (Exit::Interrupted, 130, "interrupted"),
];

impl Exit {
    pub(crate) fn number(self) -> u8 {
        ALL.iter().find(|(e, _, _)| *e == self).map_or(70, |(_, n, _)| *n)
    }
}
