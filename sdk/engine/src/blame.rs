//! Failures while rows are computed, put at the step that they come from.
use meshwright_catalog::Kind;
use meshwright_spec::{Contract, Diagnostic, Name, Span};

use crate::failure::{Failure, Findings, QUERY_FAILED};
use crate::project::Project;
use crate::steps::whole;

/// Gives findings in delivered data the files they point into.
pub(crate) fn place(failure: Failure, project: &Project) -> Failure {
    match failure {
        Failure::Data(mut findings) => {
            findings.sources = project.sources.clone();
            Failure::Data(findings)
        }
        other => other,
    }
}

/// A query that failed on its rows is a finding at its step; a value that does not fit, at its contract.
pub(crate) fn on_data(failure: Failure, project: &Project, step: &Name, contract: Option<&Contract>) -> Failure {
    let Failure::Operation(e) = &failure else { return place(failure, project) };
    if e.message() != QUERY_FAILED {
        return failure;
    }
    let cause = e.causes().into_iter().next_back().unwrap_or_default();
    let cast = cause.contains("Can't cast value") || cause.contains("Cast error") || cause.contains("Cannot cast");
    let d = match contract {
        Some(contract) if cast => {
            Diagnostic::error("M0503", "a value does not fit the type that its contract promises")
                .at(contract.version_span.clone(), cause)
                .help("widen the column's type in the contract, or mend the value in a step")
        }
        _ => Diagnostic::error("M0504", format!("step `{step}` fails on its data"))
            .at(span_of(project, step), cause)
            .help("mend the query so that it holds for every row, or the data that it reads"),
    };
    Failure::Data(Findings::one(d, &project.sources))
}

/// A program or command that failed is a finding at its step, unless trying again can help.
pub(crate) fn on_program(failure: Failure, project: &Project, step: &Name) -> Failure {
    match failure {
        Failure::Operation(e) if e.kind() != Kind::Unavailable && e.message() != QUERY_FAILED => {
            let d = Diagnostic::error("M0411", format!("the program of step `{step}` fails"))
                .at(span_of(project, step), "")
                .help(e.message());
            project.fail(vec![d])
        }
        other => on_data(other, project, step, None),
    }
}

/// The step's query, its lines in product.toml, or the file as a whole for what only the program knows.
fn span_of(project: &Project, step: &Name) -> Span {
    if let Some(text) = project.sql.iter().find(|t| t.step == *step) {
        return whole(text);
    }
    let declared = project.product.steps.iter().find(|s| s.name == *step).map(|s| s.span.clone());
    let offered = project.product.outputs.iter().find(|o| o.from == *step).map(|o| o.from_span.clone());
    declared.or(offered).unwrap_or(Span { file: project.product.file, start: 0, end: 0 })
}
