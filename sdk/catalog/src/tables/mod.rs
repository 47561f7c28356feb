//! Table pointers and commits: what `iceberg` 0.10.1 does not do itself.
//!
//! Its SQL catalog ignores a failed `COMMIT`, and its transactions only append to `main`. So loading, creating and
//! committing are done here, over its public types, and nowhere else; parts go as upstream gains them.
mod load;
mod recent;

mod json;
mod pieces;
mod stage;
mod turn;

mod produce;

mod entries;
mod layout;
mod merge;
mod refs;

mod names;

mod apply;

mod upkeep;

pub use apply::Applied;
pub use layout::Layout;
pub use load::{NewTable, ident_of};
pub use names::{NamedSnapshot, RefKind, refs};
pub use produce::{Change, Produced};
pub(crate) use stage::move_pointers;
pub use stage::{Staged, TableChange};
pub use turn::Turn;
pub use upkeep::{
    Expiry, Fate, GoneRef, GoneSnapshot, HistoryFile, Leftovers, Moved, Orphan, Reach, Removed, Retention, Retold,
    StoredFile, carried, inside, local, normal, same_rows, stored_files,
};
