//! What a session must be told before it reads tables.
use datafusion::common::{DataFusionError, Result};
use datafusion::config::ConfigOptions;
use datafusion::prelude::SessionConfig;

/// The same configuration without the parts of DataFusion 53 that give wrong answers over tables of several files.
///
/// Dynamic filters of aggregates are switched off: `select min(a), min(b + 1)` would prune by `a` alone, since such a
/// filter leaves out aggregates of anything but a column, and of columns that were null so far. A scan refuses a
/// session that has them on. Filters stay where they are instead of moving into the Parquet decoder.
pub fn session_config(mut config: SessionConfig) -> SessionConfig {
    let options = config.options_mut();
    options.optimizer.enable_aggregate_dynamic_filter_pushdown = false;
    options.execution.parquet.pushdown_filters = false;
    config
}

/// Fails for a session that did not come through [`session_config`].
pub(super) fn check(options: &ConfigOptions) -> Result<()> {
    if options.optimizer.enable_aggregate_dynamic_filter_pushdown {
        return Err(DataFusionError::Configuration(
            "tables cannot be read while `datafusion.optimizer.enable_aggregate_dynamic_filter_pushdown` is on: \
             min and max would miss rows"
                .into(),
        ));
    }
    Ok(())
}
