//! The end of a port: those who read it are told while there is time, and refused afterwards.
use meshwright_catalog::Catalog;
use meshwright_spec::{Contract, Diagnostic, Input};

use crate::failure::Result;
use crate::project::Project;

/// Warnings for inputs whose port ends, errors for those whose port has ended.
pub(crate) async fn notices(project: &Project, catalog: &Catalog) -> Result<Vec<Diagnostic>> {
    let mut found = vec![];
    for input in &project.product.inputs {
        let Some(record) = catalog.frozen_contract(&input.port).await? else { continue };
        found.extend(notice(input, &record.parse()?));
    }
    Ok(found)
}

fn notice(input: &Input, contract: &Contract) -> Option<Diagnostic> {
    let today = chrono::Utc::now().date_naive().to_string();
    let port = &input.port;
    let over = contract.status == "retired" || contract.sunset.as_ref().is_some_and(|sunset| *sunset < today);
    let next = match &contract.successor {
        Some(successor) => format!("move to `{successor}`: `mesh describe {successor}`"),
        None => "ask its owner what to read instead: `mesh describe` names them".to_owned(),
    };
    if over {
        let since = contract.sunset.as_ref().map_or(String::new(), |sunset| format!(" since {sunset}"));
        let d = Diagnostic::error("M0234", format!("port `{port}` is no longer served{since}"));
        return Some(d.at(input.span.clone(), "").help(next));
    }
    if contract.status != "deprecated" && contract.sunset.is_none() {
        return None;
    }
    let until = contract.sunset.as_ref().map_or("one day".to_owned(), |sunset| format!("after {sunset}"));
    let d = Diagnostic::warning("M0233", format!("port `{port}` is deprecated and ends {until}"));
    Some(d.at(input.span.clone(), "").help(next))
}
