//! Numbers of a port's newest release judged by those of its releases before.
use meshwright_catalog::Catalog;
use meshwright_check::anomaly::{Anomaly, AnomalySettings, judge};
use meshwright_spec::PortName;
use serde::Serialize;

use crate::describe::known;
use crate::failure::Result;

/// One number of a port, followed from release to release.
#[derive(Debug, Clone, Serialize)]
pub struct Metric {
    /// `rows`, or a check's id with `.share` (violating rows) or `.measured`.
    pub metric: String,
    /// Releases and numbers, the newest first; the first one is judged.
    pub series: Vec<(i64, f64)>,
    /// What is said of the newest.
    #[serde(flatten)]
    pub anomaly: Anomaly,
}

/// A metric's name, whether it is judged relative to its size, and release numbers with values, newest first.
type Series = (String, bool, Vec<(i64, f64)>);

/// Follows row counts and what checks measured through a port's releases, and judges the newest release.
///
/// # Errors
/// `NotFound` when the mesh has no such port.
pub async fn anomalies(catalog: &Catalog, port: &PortName, settings: &AnomalySettings) -> Result<Vec<Metric>> {
    known(catalog, port).await?;
    let mut releases = catalog.releases(port).await?;
    // what was taken back is no part of the history
    releases.retain(|release| release.withdrawn_by.is_none());
    let mut series: Vec<Series> = vec![("rows".to_owned(), true, vec![])];
    for release in releases.iter().take(settings.window + 1) {
        series[0].2.push((release.number, release.port.rows as f64));
        for record in catalog.check_results(&release.run, Some(port)).await? {
            let result = &record.result;
            let number = |key: &str| result[key].as_f64();
            // rows were judged where the number of violations is what was measured
            let found = match (number("violations"), number("rows_in_scope"), number("measured")) {
                (Some(bad), Some(rows), Some(measured))
                    if measured == bad && rows > 0.0 && result["kind"] != "row_count" =>
                {
                    Some(("share", bad / rows))
                }
                (_, _, Some(measured)) if result["kind"] != "row_count" => Some(("measured", measured)),
                _ => None,
            };
            let Some((what, value)) = found else { continue };
            let name = format!("{}.{what}", record.check);
            match series.iter_mut().find(|(known, ..)| *known == name) {
                Some((_, _, points)) => points.push((release.number, value)),
                None => series.push((name, false, vec![(release.number, value)])),
            }
        }
    }
    let newest = releases.first().map(|release| release.number);
    // a check that the newest release does not have is not judged
    series.retain(|(_, _, points)| points.first().map(|(number, _)| *number) == newest && newest.is_some());
    Ok(series
        .into_iter()
        .map(|(metric, relative, points)| {
            // from the oldest to the one before the newest
            let history: Vec<f64> = points[1..].iter().rev().map(|(_, value)| *value).collect();
            let anomaly = judge(&history, points[0].1, &AnomalySettings { relative, ..*settings });
            Metric { metric, series: points, anomaly }
        })
        .collect())
}
