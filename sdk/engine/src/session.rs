//! Query sessions: one configuration for everything that plans or runs SQL.
use std::sync::{Arc, OnceLock};

use datafusion::execution::SessionStateBuilder;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::TrackConsumersPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};

use crate::failure::Result;
use crate::memory::Memory;
use crate::scan::session_config;

/// A session on all cores, for work that has to stay small whatever it works on. Strings are `Utf8` throughout, as
/// contracts and other engines know them.
pub(crate) fn session() -> Result<SessionContext> {
    with(Memory::for_runs())
}

/// The same for the queries of people: they may take more of the machine before they go on from disk.
pub(crate) fn query_session() -> Result<SessionContext> {
    with(Memory::for_queries())
}

fn with(memory: Memory) -> Result<SessionContext> {
    // asking the system reads files
    static CORES: OnceLock<usize> = OnceLock::new();
    let cores = *CORES.get_or_init(|| std::thread::available_parallelism().map_or(2, usize::from));
    let mut config = session_config(SessionConfig::new())
        .with_target_partitions(cores)
        .with_information_schema(false)
        .with_default_catalog_and_schema("mesh", "product")
        .with_create_default_catalog_and_schema(true);
    let options = config.options_mut();
    options.sql_parser.map_string_types_to_utf8view = false;
    options.sql_parser.collect_spans = true;
    options.execution.parquet.schema_force_view_types = false;
    // a small table is one partition: starting tasks costs more than it wins
    options.optimizer.repartition_file_min_size = 4 << 20;
    let pool = TrackConsumersPool::new(memory, std::num::NonZeroUsize::new(5).unwrap_or(std::num::NonZeroUsize::MIN));
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(pool))
        .with_disk_manager_builder(DiskManagerBuilder::default().with_mode(DiskManagerMode::OsTmpDirectory))
        .build_arc()?;
    let state =
        SessionStateBuilder::new().with_config(config).with_runtime_env(runtime).with_default_features().build();
    Ok(SessionContext::new_with_state(state))
}
