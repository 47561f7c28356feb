//! Keeps the keys of deleted rows whole.
use std::any::Any;
use std::fmt;
use std::sync::Arc;

use datafusion::common::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, Distribution, ExecutionPlan, ExecutionPlanProperties, Partitioning, PlanProperties,
};

/// Hands on its input and takes no filters.
///
/// A filter on the key may go to both sides of an anti-join, but DataFusion 53 takes it for applied as soon as one
/// side applies it: if only the deleted keys were filtered, deleted rows would come back and others slip through.
#[derive(Debug)]
pub(super) struct DeletedKeysExec {
    keys: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
}

impl DeletedKeysExec {
    pub(super) fn new(keys: Arc<dyn ExecutionPlan>) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(keys.schema()),
            Partitioning::UnknownPartitioning(1),
            keys.pipeline_behavior(),
            keys.boundedness(),
        );
        Self { keys, properties: Arc::new(properties) }
    }
}

impl DisplayAs for DeletedKeysExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeletedKeysExec")
    }
}

impl ExecutionPlan for DeletedKeysExec {
    fn name(&self) -> &str {
        "DeletedKeysExec"
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn required_input_distribution(&self) -> Vec<Distribution> {
        vec![Distribution::SinglePartition]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.keys]
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(Arc::new(Self::new(children.swap_remove(0))))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        self.keys.execute(partition, context)
    }
}
