//! Input ports: which release satisfies them, and their rows as a table.
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use iceberg::arrow::schema_to_arrow_schema;
use iceberg::spec::{SchemaRef as IcebergSchemaRef, SnapshotRef};
use iceberg::table::Table;
use meshwright_catalog::{Catalog, ContractRecord, InputRecord, ReleaseRecord};
use meshwright_spec::{Diagnostic, Input, LockedInput, nearest};

use crate::columns::contract_columns;
use crate::failure::{Failure, Findings, Result};
use crate::project::Project;
use crate::scan::IcebergTable;

/// An input port, resolved to one state of the port.
#[derive(Debug, Clone)]
pub(crate) struct ResolvedInput {
    pub(crate) input: Input,
    pub(crate) record: InputRecord,
    table: Table,
    snapshot: SnapshotRef,
    schema: IcebergSchemaRef,
}

impl ResolvedInput {
    /// The columns of that state.
    pub(crate) fn arrow(&self) -> Result<SchemaRef> {
        Ok(Arc::new(schema_to_arrow_schema(&self.schema)?))
    }

    /// The rows of that state.
    pub(crate) fn provider(&self) -> Result<Arc<IcebergTable>> {
        Ok(Arc::new(IcebergTable::at(self.table.clone(), Some(self.snapshot.clone()), self.schema.clone())?))
    }

    /// About how many bytes its rows are.
    pub(crate) fn bytes(&self) -> u64 {
        let size = self.snapshot.summary().additional_properties.get("total-files-size");
        size.and_then(|s| s.parse::<u64>().ok()).unwrap_or(0) * crate::source::PACKED
    }
}

/// The newest release of each input's port that satisfies its version requirement.
///
/// # Errors
/// [`Failure::Missing`] with a finding per input that nothing satisfies.
pub(crate) async fn resolve(project: &Project, catalog: &Catalog) -> Result<Vec<ResolvedInput>> {
    let (mut out, mut found) = (vec![], vec![]);
    let mut all = vec![];
    for input in &project.product.inputs {
        // a release that was taken back is nobody's input any more
        let mut releases = catalog.releases(&input.port).await?;
        releases.retain(|r| r.withdrawn_by.is_none());
        all.push((input, releases));
    }
    for (input, releases) in &all {
        let Some(release) = newest_common(input, releases, &all) else {
            found.push(
                unsatisfied(project, catalog, input, releases.first().map(|r| r.port.contract_version.as_str()))
                    .await?,
            );
            continue;
        };
        let table = catalog.load(&input.port).await?;
        let snapshot = table.metadata().snapshot_by_id(release.port.snapshot_id).cloned();
        let Some(snapshot) = snapshot else {
            found.push(
                Diagnostic::error("M0605", format!("release r{} of `{}` has expired", release.number, input.port))
                    .at(input.span.clone(), ""),
            );
            continue;
        };
        let schema = snapshot.schema(table.metadata())?;
        if let Some(columns) = &input.columns {
            for column in columns.iter().filter(|c| schema.field_by_name(c).is_none()) {
                let names: Vec<&str> = schema.as_struct().fields().iter().map(|f| f.name.as_str()).collect();
                found.push(
                    Diagnostic::error("M0606", format!("port `{}` has no column `{column}`", input.port))
                        .at(input.span.clone(), format!("it has: {}", names.join(", ")))
                        .help_if(nearest(column, names.iter().copied()).map(|n| format!("did you mean `{n}`?"))),
                );
            }
        }
        out.push(ResolvedInput {
            record: InputRecord {
                input: input.name.to_string(),
                port: input.port.to_string(),
                table_uuid: table.metadata().uuid().to_string(),
                snapshot_id: snapshot.snapshot_id(),
                contract_version: release.port.contract_version.clone(),
            },
            input: Input::clone(input),
            table,
            snapshot,
            schema,
        });
    }
    if found.is_empty() { Ok(out) } else { Err(Failure::Missing(Findings::many(found, &project.sources))) }
}

/// The newest release that satisfies an input and, where it can be, every other input from the same product: what is
/// joined was published together.
fn newest_common<'a>(
    input: &Input,
    releases: &'a [ReleaseRecord],
    all: &[(&Input, Vec<ReleaseRecord>)],
) -> Option<&'a ReleaseRecord> {
    let keeps = |input: &Input, r: &ReleaseRecord| {
        r.port.contract_version.parse().is_ok_and(|v: semver::Version| input.version.matches(&v))
    };
    let siblings = || all.iter().filter(|(i, _)| i.port.product == input.port.product);
    let common =
        |number: i64| siblings().all(|(i, releases)| releases.iter().any(|r| r.number == number && keeps(i, r)));
    let mut satisfying = releases.iter().filter(|r| keeps(input, r));
    let newest = satisfying.clone().next();
    satisfying.find(|r| common(r.number)).or(newest)
}

async fn unsatisfied(project: &Project, catalog: &Catalog, input: &Input, newest: Option<&str>) -> Result<Diagnostic> {
    let at = |d: Diagnostic, text: &str| d.at(input.span.clone(), text);
    if let Some(newest) = newest {
        let d =
            Diagnostic::error("M0605", format!("no release of `{}` satisfies version {}", input.port, input.version));
        return Ok(at(d, &format!("its newest release keeps contract {newest}"))
            .help(format!("read `mesh describe {}`, then change the version of [inputs.{}]", input.port, input.name)));
    }
    let known: Vec<String> = catalog.ports(None).await?.into_iter().map(|p| p.port).collect();
    let near =
        nearest(&input.port.to_string(), known.iter().map(String::as_str)).map(|n| format!("did you mean `{n}`?"));
    let own = input.port.product == project.product.name;
    let d = Diagnostic::error("M0604", format!("port `{}` has no release in this mesh", input.port));
    let help = match (own, near) {
        (true, _) => "a product reads its own steps by their names, not its own ports".to_owned(),
        (false, Some(near)) => near,
        (false, None) => {
            "`mesh list` shows the ports of this mesh; its owner runs `mesh run` and `mesh publish`".to_owned()
        }
    };
    Ok(at(d, "").help(help))
}

/// What `mesh.lock` keeps of an input.
pub(crate) fn locked(input: &Input, record: &ContractRecord) -> Result<LockedInput> {
    let contract = record.parse()?;
    Ok(LockedInput {
        name: input.name.to_string(),
        port: input.port.clone(),
        version: contract.version.clone(),
        checksum: record.checksum.clone(),
        columns: contract_columns(&contract),
    })
}
