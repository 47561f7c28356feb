//! Upkeep of tables: what is reachable, what may go, and the same history told over other files.
mod place;
mod reach;

mod expire;
mod orphans;

mod retell;

mod moved;

mod same_rows;

pub use expire::{Expiry, GoneRef, GoneSnapshot, Retention};
pub use moved::Moved;
pub use orphans::{Leftovers, Orphan};
pub use place::{StoredFile, inside, local, normal, stored_files};
pub use reach::{Reach, Removed};
pub use retell::{Fate, HistoryFile, Retold, carried};
pub use same_rows::same_rows;
