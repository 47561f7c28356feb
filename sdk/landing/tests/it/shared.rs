//! Real data, where it is at hand: `MESHWRIGHT_SHARED`, or `../shared` beside the workspace.
use std::path::PathBuf;

use meshwright_landing::{Landing, infer};
use meshwright_spec::{DataType, Format};

use crate::support::{attempt, block_on, count, csv, source};

fn shared(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("MESHWRIGHT_SHARED")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")), PathBuf::from);
    let path = root.join("data").join(path);
    if !path.exists() {
        eprintln!("skipped: {} is not here", path.display());
        return None;
    }
    Some(path)
}

#[test]
fn owid_emissions_have_24016_rows() {
    let Some(path) = shared("owid-co2/owid-co2-data_2020-11-27_da0fcf7.csv") else { return };
    let folder = tempfile::tempdir().unwrap();
    let landing = Landing::open(folder.path()).unwrap();
    let source = source(csv(), &[path.to_str().unwrap()]);
    let resources = block_on(landing.collect(&source, folder.path(), &attempt())).unwrap().settled().unwrap();
    let columns = infer(&resources, &source).unwrap();
    assert_eq!(columns.len(), 38);
    let of = |name: &str| columns.iter().find(|(known, _)| known == name).map(|(_, data_type)| data_type.clone());
    assert_eq!(of("iso_code"), Some(DataType::String));
    assert_eq!(of("year"), Some(DataType::Long));
    assert_eq!(of("co2"), Some(DataType::Double));
    assert_eq!(count(&resources, &source, &columns), 24_016);
}

#[test]
fn flights_have_three_million_rows() {
    let Some(path) = shared("vega/flights-3m.parquet") else { return };
    let folder = tempfile::tempdir().unwrap();
    let landing = Landing::open(folder.path()).unwrap();
    let source = source(Format::Parquet, &[path.to_str().unwrap()]);
    let resources = block_on(landing.collect(&source, folder.path(), &attempt())).unwrap().settled().unwrap();
    let columns = infer(&resources, &source).unwrap();
    assert_eq!(count(&resources, &source, &columns), 3_000_000);
}
