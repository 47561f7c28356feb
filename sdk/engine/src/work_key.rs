//! The identity of work: everything a result depends on, as one hash.
use meshwright_spec::{FileLayout, Span, StepBody};
use sha2::{Digest, Sha256};

use crate::inputs::ResolvedInput;
use crate::program::Program;
use crate::project::{Project, mode_name};
use crate::source::Delivery;
use crate::steps::Plan;

/// hash(code, config, contracts, inputs, interval): the same key means the same rows, so no work. Queries count by their analysed
/// plan, so that layout and comments do not; the day of the run does not count.
pub(crate) fn work_key(
    project: &Project,
    plan: &Plan,
    deliveries: &[Delivery],
    inputs: &[ResolvedInput],
    program: Option<&Program>,
) -> String {
    let mut facts: Vec<String> = vec![format!("sdk {}", sdk_series())];
    for d in deliveries {
        facts.push(format!("source {} {:?} {:?}", d.source.name, d.source.format, d.columns));
        facts.extend(d.resources.iter().map(|r| format!("resource {}", r.sha256)));
    }
    for i in inputs {
        facts.push(format!("input {} {} {}", i.input.name, i.record.table_uuid, i.record.snapshot_id));
    }
    facts.extend(plan.fingerprints.iter().map(|(name, plan)| format!("step {name} {plan}")));
    for step in &project.product.steps {
        if let StepBody::Command(words) = &step.body {
            facts.push(format!("command {} {words:?}", step.name));
            // scripts named on the command line are code too
            facts.extend(words.iter().filter_map(|w| std::fs::read(project.dir.join(w)).ok()).map(|b| hex(&b)));
        }
    }
    if let Some(interval) = &project.interval {
        facts.push(format!("interval {interval}"));
    }
    if let Some(program) = program {
        facts.push(format!("program {}", program.fingerprint));
    }
    for (output, contract) in project.outputs() {
        let (from, mode) = (&output.from, mode_name(output.mode));
        facts.push(format!("output {} {from} {mode} {} {}", output.name, contract.version, contract.checksum));
        facts.extend(layout(&output.files).map(|layout| format!("files {} {layout}", output.name)));
    }
    hex(facts.join("\n").as_bytes())
}

/// The layout of files, where the product says something of it. Places in the file do not count.
fn layout(files: &FileLayout) -> Option<String> {
    let names =
        |columns: &[(String, Span)]| columns.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(",");
    let FileLayout { size, row_group, dictionary, bloom, format_version } = files;
    let (dictionary, bloom) = (dictionary.as_deref().map(names), names(bloom));
    let said = format!("{size:?} {row_group:?} {dictionary:?} {bloom} {format_version:?}");
    (*files != FileLayout::default()).then_some(said)
}

/// Patch releases of the SDK do not change results.
fn sdk_series() -> &'static str {
    concat!(env!("CARGO_PKG_VERSION_MAJOR"), ".", env!("CARGO_PKG_VERSION_MINOR"))
}

fn hex(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}
