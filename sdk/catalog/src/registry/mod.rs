//! The registry: what the mesh knows beside the tables.
mod check_history;
mod checks;
mod contracts;
mod decisions;
mod erasures;
mod lineage;
mod products;
mod promises;
mod releases;
mod runs;
mod search;

pub use check_history::CheckedRun;
pub use checks::CheckRecord;
pub use contracts::ContractRecord;
pub use decisions::{Decided, Decision, Held, Need, Waiver};
pub(crate) use decisions::{end_accepted, write_decision};
pub use erasures::{ErasureRecord, RegistryText};
pub use lineage::{InputRecord, LineageEdge};
pub use products::{PortRecord, ProductRecord, Published};
pub(crate) use promises::{is_promised, keeps_columns};
pub(crate) use releases::releases_in;
pub use releases::{ReleaseRecord, ReleasedPort};
pub use runs::{RunGuard, RunOutcome, RunRecord};
pub use search::SearchHit;
