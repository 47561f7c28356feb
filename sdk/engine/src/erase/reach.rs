//! Where a subject can be: ports that have its columns, and ports made from them, by lineage.
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use meshwright_catalog::{Catalog, LineageEdge};
use meshwright_spec::{PortName, ProductName};

use super::subject::Subject;
use crate::failure::Result;

/// The ports that an erasure looks into.
#[derive(Debug, Default)]
pub(super) struct Reached {
    /// For each port the names of the subject's columns, in the order of its pairs.
    pub(super) ports: BTreeMap<PortName, Vec<BTreeSet<String>>>,
    /// Ports made from these in which the columns have no counterpart: they may hold the subject in another form.
    pub(super) derived: BTreeSet<String>,
}

/// Ports with all of the subject's columns (of one product, when named), and everything made from them. The subject
/// learns the names that its columns have there and in deliveries.
pub(super) async fn reach(catalog: &Catalog, subject: &mut Subject, product: Option<&ProductName>) -> Result<Reached> {
    let mut out = Reached::default();
    let mut queue = VecDeque::new();
    for port in catalog.tables().await? {
        if product.is_some_and(|p| port.product != *p) {
            continue;
        }
        let table = catalog.load(&port).await?;
        let known: BTreeSet<&str> =
            table.metadata().schemas_iter().flat_map(|s| s.as_struct().fields()).map(|f| f.name.as_str()).collect();
        if subject.pairs.iter().all(|p| known.contains(p.column.as_str())) {
            let names = subject.pairs.iter().map(|p| BTreeSet::from([p.column.clone()])).collect();
            queue.push_back((port, names));
        }
    }
    while let Some((port, names)) = queue.pop_front() {
        let known = out.ports.entry(port.clone()).or_insert_with(|| vec![BTreeSet::new(); subject.pairs.len()]);
        let before: usize = known.iter().map(BTreeSet::len).sum();
        for (known, names) in known.iter_mut().zip::<Vec<BTreeSet<String>>>(names) {
            known.extend(names);
        }
        let names = known.clone();
        if names.iter().map(BTreeSet::len).sum::<usize>() == before {
            continue;
        }
        let sources = catalog.lineage_of(&port).await?;
        for (pair, names) in subject.pairs.iter_mut().zip(&names) {
            pair.names.extend(names.iter().cloned());
            let from = sources.iter().filter(|e| names.contains(&e.column) && e.source_kind == "source");
            pair.names.extend(from.map(|e| e.source_column.clone()));
        }
        let mut readers: BTreeMap<String, Vec<LineageEdge>> =
            catalog.readers_of(&port).await?.into_iter().map(|reader| (reader, vec![])).collect();
        for edge in catalog.lineage_from(&port).await? {
            readers.entry(edge.port.clone()).or_default().push(edge);
        }
        for (reader, edges) in readers {
            let same = |edge: &&LineageEdge| edge.transformation == "identity";
            let counterparts: Vec<BTreeSet<String>> = names
                .iter()
                .map(|names| {
                    let from = edges.iter().filter(same).filter(|e| names.contains(&e.source_column));
                    from.map(|e| e.column.clone()).collect()
                })
                .collect();
            match reader.parse::<PortName>() {
                Ok(reader) if counterparts.iter().all(|c| !c.is_empty()) => queue.push_back((reader, counterparts)),
                _ => {
                    out.derived.insert(reader);
                }
            }
        }
    }
    out.derived.retain(|port| !out.ports.keys().any(|p| p.to_string() == *port));
    Ok(out)
}
