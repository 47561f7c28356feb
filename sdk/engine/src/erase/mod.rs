//! Erasure: somebody's rows leave every state of every table, what was received, and everything made from it.
//!
//! History stays: releases, snapshots, tags and branches keep their names and ids, without the subject's rows. New files
//! are written first; one transaction makes them what readers see and records the erasure; then the old files go and
//! everything is searched. Killed anywhere, the same command goes on where it stopped.
mod cells;
mod landing;
mod proof;
mod reach;
mod subject;
mod tables;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{SecondsFormat, Utc};
use meshwright_catalog::{Catalog, ErasureRecord, Reach, RegistryText, RunOutcome, inside, local, normal, refs};
use meshwright_spec::{PortName, ProductName};
use serde::Serialize;
use serde_json::{Value, json};

pub use landing::ErasedObject;
pub use proof::{Hit, Proof};
pub use subject::Subject;

use crate::failure::Result;

/// Marks pending entries that are landed objects rather than files of tables.
const OBJECT: &str = "landing:";

/// How an erasure is done.
#[derive(Debug, Clone)]
pub struct EraseOptions {
    /// Begin at the ports of this product rather than at all that have the columns.
    pub product: Option<ProductName>,
    /// Why, for the record.
    pub reason: String,
    /// Do it, rather than say what would be done.
    pub apply: bool,
}

/// A table that holds the subject.
#[derive(Debug, Clone, Serialize)]
pub struct ErasedPort {
    /// `domain.product.port`
    pub port: String,
    /// The subject's columns there.
    pub columns: Vec<String>,
    /// States whose files hold the subject.
    pub snapshots: usize,
    /// Names of such states: tags and branches.
    pub refs: Vec<String>,
    /// Data files that are written again.
    pub files: usize,
    /// Rows that go, counted once for each file.
    pub rows: u64,
}

/// An erasure, planned or done.
#[derive(Debug, Clone, Serialize)]
pub struct EraseReport {
    /// Whether it was done.
    pub applied: bool,
    /// The record's id, once it is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub erasure: Option<String>,
    /// Tables that hold the subject.
    pub ports: Vec<ErasedPort>,
    /// Landed objects that hold the subject.
    pub landing: Vec<ErasedObject>,
    /// Ports made from these whose columns have no counterpart: look at them yourself.
    pub derived: Vec<String>,
    /// Texts of the registry that name the subject or show samples of the rows.
    pub registry_texts: usize,
    /// Files of an earlier erasure that are still to be removed.
    pub pending: usize,
    /// The search of everything; of what is there now, when only planned.
    pub proof: Proof,
}

impl EraseReport {
    /// Whether there is or was anything to do.
    pub fn has_work(&self) -> bool {
        !self.ports.is_empty() || !self.landing.is_empty() || self.pending > 0 || !self.proof.hits.is_empty()
    }
}

/// Plans or does an erasure.
///
/// # Errors
/// `Unavailable` while a run is at work; `Conflict` when a table moved meanwhile; `Unsupported` for files that cannot be
/// rewritten. Nothing has changed then, and the same command can be given again.
pub async fn erase(catalog: &Catalog, subject: &Subject, options: &EraseOptions) -> Result<EraseReport> {
    let mut subject = subject.clone();
    let unfinished: Vec<ErasureRecord> =
        catalog.erasures().await?.into_iter().filter(|e| !e.pending.is_empty()).collect();
    if options.apply {
        catalog.reap_runs().await?;
        let runs = catalog.runs(None, i64::MAX).await?;
        if let Some(run) = runs.iter().find(|r| r.outcome == RunOutcome::Running) {
            return Err(landing::busy(&run.run).into());
        }
        for earlier in &unfinished {
            remove_replaced(catalog, earlier, None).await?;
        }
    }
    let reached = reach::reach(catalog, &mut subject, options.product.as_ref()).await?;
    let mut found = vec![];
    for (port, names) in &reached.ports {
        found.push(tables::find(catalog, port, &subject, names).await?);
    }
    found.retain(tables::Found::is_touched);
    let products = options.product.as_ref().map(|p| {
        let of_ports = reached.ports.keys().map(|port| port.product.to_string());
        of_ports.chain([p.to_string()]).collect::<BTreeSet<_>>()
    });
    let objects = landing::find(catalog, &subject, products.clone()).await?;
    let touched: BTreeSet<String> = found.iter().map(|f| f.port.to_string()).collect();
    let texts = catalog.registry_texts().await?;
    let mut report = EraseReport {
        applied: options.apply,
        erasure: None,
        ports: vec![],
        landing: objects,
        derived: reached.derived.iter().cloned().collect(),
        registry_texts: texts.iter().filter(|t| redacted(&subject, &touched, t).is_some()).count(),
        pending: unfinished.iter().map(|e| e.pending.len()).sum(),
        proof: Proof::default(),
    };
    for one in &found {
        report.ports.push(described(one, &reached.ports[&one.port]).await?);
    }
    if !options.apply {
        report.proof = proof::search(catalog, &subject).await?;
        return Ok(report);
    }
    let needed = !found.is_empty() || !report.landing.is_empty() || report.registry_texts > 0;
    let mut record = record_of(&subject, options);
    if needed {
        apply(catalog, &subject, &mut record, &found, &mut report, &touched).await?;
        remove_replaced(catalog, &record, Some(&subject)).await?;
        report.erasure = Some(record.erasure.clone());
    }
    // what checks found in files is kept with samples of rows, and found again by reading them
    let states = catalog.check_states();
    if states.exists() {
        std::fs::remove_dir_all(states)?;
    }
    catalog.forget().await?;
    report.proof = prove(catalog, &subject, &reached.ports, products).await?;
    let clean = report.proof.is_clean();
    let mut proved: Vec<String> = unfinished.into_iter().map(|e| e.erasure).collect();
    proved.extend(report.erasure.clone());
    for erasure in proved {
        let facts = json!({
            "files": report.proof.files, "bytes": report.proof.bytes, "texts": report.proof.texts,
            "looked_for": report.proof.looked_for, "hits": report.proof.hits.len(),
        });
        catalog.prove_erasure(&erasure, &facts, clean).await?;
    }
    Ok(report)
}

async fn described(found: &tables::Found, names: &[BTreeSet<String>]) -> Result<ErasedPort> {
    let paths: BTreeSet<String> = found.files.iter().map(|(one, _)| normal(one.file.file_path())).collect();
    let metadata = found.table.metadata();
    let mut snapshots = BTreeSet::new();
    for snapshot in metadata.snapshots() {
        let list = found.table.manifest_list_reader(snapshot).load().await?;
        for manifest in list.entries() {
            let read = manifest.load_manifest(found.table.file_io()).await?;
            if read.entries().iter().any(|e| e.is_alive() && paths.contains(&normal(e.file_path()))) {
                snapshots.insert(snapshot.snapshot_id());
                break;
            }
        }
    }
    let named = refs(&found.table)?.into_iter().filter(|name| snapshots.contains(&name.snapshot_id));
    Ok(ErasedPort {
        port: found.port.to_string(),
        columns: names.iter().flatten().cloned().collect(),
        snapshots: snapshots.len(),
        refs: named.map(|one| one.name).collect(),
        files: found.files.len(),
        rows: found.rows(),
    })
}

fn record_of(subject: &Subject, options: &EraseOptions) -> ErasureRecord {
    let salt = uuid::Uuid::new_v4().simple().to_string();
    ErasureRecord {
        erasure: uuid::Uuid::now_v7().simple().to_string(),
        at: Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true),
        subject: subject.hash(&salt),
        salt,
        reason: subject.redacted(&options.reason).unwrap_or_else(|| options.reason.clone()),
        state: "committed".to_owned(),
        detail: json!({}),
        pending: vec![],
    }
}

/// Writes everything anew without the subject and makes it what readers see.
async fn apply(
    catalog: &Catalog,
    subject: &Subject,
    record: &mut ErasureRecord,
    found: &[tables::Found],
    report: &mut EraseReport,
    touched: &BTreeSet<String>,
) -> Result<()> {
    let objects = std::mem::take(&mut report.landing);
    report.landing = landing::replace(catalog, subject, objects, &record.erasure, &record.reason).await?;
    record.pending.extend(report.landing.iter().map(|o| format!("{OBJECT}{}", o.sha256)));
    let (mut staged, mut rows) = (vec![], BTreeMap::<(PortName, i64), i64>::new());
    for one in found {
        let before = Reach::of(&one.table).await?;
        let fates = tables::rewrite(one, &record.erasure).await?;
        let mark = Some(("mesh.erasure", record.erasure.as_str()));
        let retold = meshwright_catalog::Retold::of(&one.table, &fates, None, mark).await?;
        rows.extend(retold.rows.iter().map(|(snapshot, count)| ((one.port.clone(), *snapshot), *count)));
        let next = catalog.stage_retold(&one.table, &retold).await?;
        // the table as it will be: what it does not reach goes once that is certain
        let after = Reach::of(&catalog.staged_table(&next)?).await?;
        record.pending.extend(before.without(&after).into_keys());
        staged.push(next);
    }
    record.detail = json!({
        "ports": report.ports.iter().map(|p| json!({ "port": p.port, "snapshots": p.snapshots, "files": p.files, "rows": p.rows })).collect::<Vec<_>>(),
        "landing": report.landing.iter().map(|o| json!({ "sha256": o.sha256, "becomes": o.becomes, "records": o.records })).collect::<Vec<_>>(),
        "derived": report.derived,
    });
    let redact = |text: &RegistryText| redacted(subject, touched, text);
    catalog.commit_erasure(record, staged, &rows, &redact).await?;
    Ok(())
}

/// A text of the registry without the subject. Samples of rows go from results of ports that had the subject's rows: a
/// sample may show the subject without naming it.
fn redacted(subject: &Subject, touched: &BTreeSet<String>, text: &RegistryText) -> Option<String> {
    let mut out = subject.redacted(&text.text);
    if text.place == "mesh_check_results.result" && text.key.get(1).is_some_and(|port| touched.contains(port)) {
        let mut result: Value = serde_json::from_str(out.as_deref().unwrap_or(&text.text)).ok()?;
        if let Some(sample) = result.get_mut("sample").and_then(Value::as_array_mut).filter(|s| !s.is_empty()) {
            sample.clear();
            out = Some(result.to_string());
        }
    }
    out
}

/// Removes the files that an erasure replaced.
async fn remove_replaced(catalog: &Catalog, record: &ErasureRecord, subject: Option<&Subject>) -> Result<()> {
    let (objects, files): (Vec<&String>, Vec<&String>) = record.pending.iter().partition(|p| p.starts_with(OBJECT));
    let files = files.into_iter().map(|path| (path.clone(), 0));
    catalog.remove_files(&catalog.home().warehouse.clone(), files).await;
    let objects = objects.into_iter().filter_map(|o| o.strip_prefix(OBJECT)).map(str::to_owned).collect();
    landing::forget(catalog, subject, objects).await?;
    catalog.nothing_pending(&record.erasure).await?;
    Ok(())
}

/// Searches everything; files with the subject that nobody names, such as those of a run that died, go as well.
async fn prove(
    catalog: &Catalog,
    subject: &Subject,
    ports: &BTreeMap<PortName, Vec<BTreeSet<String>>>,
    products: Option<BTreeSet<String>>,
) -> Result<Proof> {
    let mut proof = proof::search(catalog, subject).await?;
    let mut removed = 0;
    for port in catalog.tables().await? {
        let table = catalog.load(&port).await?;
        let location = table.metadata().location().to_owned();
        let mine: Vec<&Hit> = proof.hits.iter().filter(|h| inside(&location, &h.place)).collect();
        if mine.is_empty() {
            continue;
        }
        let reach = Reach::of(&table).await?;
        let unnamed = mine.iter().filter(|h| !reach.has(&normal(&h.place))).map(|h| (h.place.clone(), 0));
        removed += catalog.remove_files(&location, unnamed).await.files;
    }
    // no run is at work: what lies here is of dead ones
    for folder in [catalog.home().runs.clone(), catalog.home().landing.join("arriving")] {
        let folder = folder.display().to_string();
        for hit in proof.hits.iter().filter(|h| inside(&folder, &h.place)) {
            removed += u64::from(local(&hit.place).is_some_and(|p| std::fs::remove_file(p).is_ok()));
        }
    }
    if removed > 0 {
        proof = proof::search(catalog, subject).await?;
    }
    for (port, names) in ports {
        if !tables::find(catalog, port, subject, names).await?.files.is_empty() {
            proof.hits.push(Hit { place: port.to_string(), what: "table rows" });
        }
    }
    for object in landing::find(catalog, subject, products).await? {
        proof.hits.push(Hit { place: object.sha256, what: "landed records" });
    }
    Ok(proof)
}
