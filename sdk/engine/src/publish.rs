//! Publishing: product, ports and contracts into the shared catalog; and what published contracts forbid.
use meshwright_catalog::{Catalog, ProductRecord, Published};
use meshwright_spec::{
    Change, Contract, Diagnostic, Grade, Impact, PortName, diff, impact, needed_bump, smallest_version,
};
use serde::Serialize;

use crate::contract_diff::consumers_of;
use crate::failure::{Failure, Findings, Result};
use crate::project::{Project, mode_name};

/// What `mesh publish` did, or would do.
#[derive(Debug, Clone, Serialize)]
pub struct PublishReport {
    /// `domain.product`
    pub product: String,
    /// Whether it was a draft until now.
    pub first: bool,
    /// Nothing was written.
    pub dry_run: bool,
    /// By port.
    pub ports: Vec<Published>,
}

/// Publishes a product.
///
/// # Errors
/// [`Failure::Breaking`] when a contract's text or version breaks a published promise.
pub async fn publish(project: &Project, catalog: &Catalog, dry_run: bool) -> Result<PublishReport> {
    frozen_promises(project, catalog, false).await?;
    let before = catalog.product(&project.product.name).await?;
    let first = before.is_none_or(|p| p.published_at.is_none());
    let ports: Vec<(PortName, &str, &Contract)> =
        project.outputs().map(|(o, c)| (project.port(o), mode_name(o.mode), c)).collect();
    let product = project.product.name.to_string();
    if dry_run {
        let mut planned = vec![];
        for (port, _, contract) in &ports {
            let known = catalog.contract(port, &contract.checksum).await?;
            let frozen = known.is_some_and(|k| k.frozen_at.is_some());
            let state = if frozen { "unchanged" } else { "new" };
            planned.push(Published { port: port.to_string(), version: contract.version.to_string(), state });
        }
        return Ok(PublishReport { product, first, dry_run, ports: planned });
    }
    let consumes: Vec<(String, PortName, String, Vec<String>)> = project
        .product
        .inputs
        .iter()
        .map(|i| {
            let locked = project.lock.inputs.iter().find(|l| l.name == i.name.as_str());
            let columns = i.columns.clone().or_else(|| locked.map(|l| l.columns.iter().map(|c| c.0.clone()).collect()));
            (i.name.to_string(), i.port.clone(), i.version.to_string(), columns.unwrap_or_default())
        })
        .collect();
    let ports = catalog.publish(&product_record(project), &ports, &consumes).await?;
    Ok(PublishReport { product, first, dry_run, ports })
}

/// What the registry keeps of a product.
pub(crate) fn product_record(project: &Project) -> ProductRecord {
    let p = &project.product;
    ProductRecord {
        product: p.name.to_string(),
        title: p.title.clone(),
        description: p.description.clone(),
        owner_team: p.owner.team.clone(),
        owner_email: p.owner.email.clone(),
        tags: p.tags.clone(),
        repository: project.git.remote.clone(),
        git_commit: project.git.commit.clone(),
        template: project.template.clone(),
        published_at: None,
    }
}

/// Compares every contract with what was published of its port. With `for_run`, a version that nobody has published yet
/// is refused as well: a release must not surprise consumers.
pub(crate) async fn frozen_promises(project: &Project, catalog: &Catalog, for_run: bool) -> Result<()> {
    let mut found = vec![];
    for (output, contract) in project.outputs() {
        let port = project.port(output);
        let Some(newest) = catalog.frozen_contract(&port).await? else { continue };
        if newest.checksum == contract.checksum && newest.version == contract.version.to_string() {
            continue;
        }
        let old = newest.parse()?;
        let changes = diff(&old, contract);
        let grade = needed_bump(&changes);
        let smallest = smallest_version(&old.version, grade);
        let at = |d: Diagnostic| d.at(contract.version_span.clone(), format!("published: {}", old.version));
        let hit = impact(&changes, &consumers_of(catalog, &port).await?);
        let said = changes.iter().map(|c| format!("{}: {}{}", c.rule, c.message, used_by(c, &hit)));
        let refused = changes.iter().find(|c| c.grade == Grade::Refused && c.rule != "version-lowered");
        let finding = if let Some(change) = refused {
            let message = format!("the contract of `{port}` cannot change like this: {}", change.message);
            let help = "no version can make this change: end the port with `status = \"deprecated\"`, a `sunset` and a \
                        `successor`, and offer another one beside it";
            Some(at(Diagnostic::error("M0235", message)).help(help))
        } else if contract.version == old.version {
            let message = format!("the contract of `{port}` has changed under its published version {}", old.version);
            Some(
                at(Diagnostic::error("M0601", message))
                    .help(format!("make it version {smallest}: {}", grade_words(grade))),
            )
        } else if contract.version < smallest {
            let message = format!(
                "version {} of the contract of `{port}` promises more stability than its changes keep",
                contract.version
            );
            Some(
                at(Diagnostic::error("M0602", message))
                    .help(format!("make it at least {smallest}: {}", grade_words(grade))),
            )
        } else if for_run && catalog.contract(&port, &contract.checksum).await?.is_none_or(|c| c.frozen_at.is_none()) {
            let message = format!("version {} of the contract of `{port}` is not published", contract.version);
            Some(
                at(Diagnostic::error("M0607", message))
                    .help("run `mesh publish` first; the next release makes it current"),
            )
        } else {
            None
        };
        found.extend(finding.map(|d| said.fold(d, |d, line| d.help(line))));
    }
    if found.is_empty() { Ok(()) } else { Err(Failure::Breaking(Findings::many(found, &project.sources))) }
}

/// Whom a change hits, or that nobody registered uses what it takes away.
fn used_by(change: &Change, hit: &[Impact]) -> String {
    match hit.iter().find(|impact| impact.change == *change) {
        Some(impact) if impact.consumers.is_empty() => ", which no registered consumer uses".to_owned(),
        Some(impact) => format!(", used by {}", impact.consumers.join(", ")),
        None => String::new(),
    }
}

fn grade_words(grade: Grade) -> &'static str {
    match grade {
        Grade::Patch => "the changes touch words only (patch)",
        Grade::Minor => "consumers keep working (minor)",
        Grade::Major => "consumers may break (major)",
        Grade::Refused => "a table cannot make this change",
    }
}
