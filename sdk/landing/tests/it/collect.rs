//! Landing of local files.
use meshwright_landing::ErrorKind;

use crate::support::{Place, attempt, block_on, csv, source};

#[test]
fn objects_are_the_bytes_under_their_hash_and_landing_twice_changes_nothing() {
    let place = Place::new();
    std::fs::write(place.path().join("b.csv"), "x\n1\n").unwrap();
    std::fs::write(place.path().join("a.csv"), "x\n2\n").unwrap();
    let source = source(csv(), &["*.csv"]);
    let first = block_on(place.landing.collect(&source, place.path(), &attempt())).unwrap();
    let names: Vec<_> = first.resources.iter().map(|resource| resource.location.as_str()).collect();
    assert_eq!(names, ["a.csv", "b.csv"]);
    let b = &first.resources[1];
    assert_eq!(b.sha256, "daff832f802000e645771a60983c76c963f6ee602a6230e45237bd360e91cc1a");
    assert!(b.path.ends_with(format!("objects/sha256/{}/{}/{}", &b.sha256[..2], &b.sha256[2..4], b.sha256)));
    assert_eq!(std::fs::read(&b.path).unwrap(), b"x\n1\n");
    let written = std::fs::metadata(&b.path).unwrap().modified().unwrap();

    let second = block_on(place.landing.collect(&source, place.path(), &attempt())).unwrap();
    assert_eq!(second.resources, first.resources);
    assert_eq!(second.fingerprint(), first.fingerprint());
    assert_eq!(std::fs::metadata(&b.path).unwrap().modified().unwrap(), written);
    assert_eq!(place.objects().len(), 2);
    assert_eq!(place.log().lines().count(), 4, "{}", place.log());

    std::fs::write(place.path().join("b.csv"), "x\n3\n").unwrap();
    let third = block_on(place.landing.collect(&source, place.path(), &attempt())).unwrap();
    assert_ne!(third.fingerprint(), first.fingerprint());
    assert_eq!(place.objects().len(), 3);
}

#[test]
fn files_with_the_same_bytes_are_one_resource_and_two_attempts() {
    let place = Place::new();
    for name in ["one.csv", "two.csv"] {
        std::fs::write(place.path().join(name), "x\n1\n").unwrap();
    }
    let absolute = format!("file://{}/one.csv", place.path().display());
    let source = source(csv(), &["two.csv", "*.csv", &absolute]);
    let collected = block_on(place.landing.collect(&source, place.path(), &attempt())).unwrap();
    assert_eq!(collected.resources.len(), 1);
    assert_eq!(collected.attempts.len(), 2);
    assert_eq!(collected.duplicates[0].location, "two.csv");
    assert_eq!(collected.duplicates[0].same_as, "one.csv");
}

#[test]
fn what_is_not_there_is_logged_and_reported_with_what_is() {
    let place = Place::new();
    std::fs::write(place.path().join("co2-2020.csv"), "x\n1\n").unwrap();
    let source = source(csv(), &["c02-2020.csv", "missing/*.csv", "co2-2020.csv", "ftp://host/x"]);
    let error = block_on(place.landing.collect(&source, place.path(), &attempt())).unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound);
    let codes: Vec<_> = error.diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
    assert_eq!(codes, ["M0309", "M0307", "M0309"]);
    assert_eq!(error.diagnostics[0].help, ["did you mean `co2-2020.csv`?"]);
    assert_eq!(error.diagnostics[0].labels[0].span, source.location_span);
    let log = place.log();
    assert_eq!(log.lines().count(), 4, "{log}");
    assert_eq!(log.lines().filter(|line| line.contains("\"error\"")).count(), 3, "{log}");
    let row: serde_json::Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
    for key in ["at", "run", "product", "source", "location", "elapsed_ms", "bytes", "sha256"] {
        assert!(!row[key].is_null(), "{key} in {log}");
    }
}

#[test]
fn a_collection_can_be_spawned() {
    let place = Place::new();
    std::fs::write(place.path().join("a.csv"), "x\n1\n").unwrap();
    let (landing, folder) = (place.landing.clone(), place.path().to_owned());
    let collected = block_on(async move {
        let source = source(csv(), &["a.csv"]);
        tokio::spawn(async move { landing.collect(&source, &folder, &attempt()).await }).await
    });
    assert_eq!(collected.unwrap().unwrap().resources.len(), 1);
}

#[test]
fn a_large_file_is_readable_at_once_and_lasting_when_settled() {
    let place = Place::new();
    let bytes = b"id\n".iter().copied().chain(b"12345678\n".iter().copied().cycle().take(9 << 20)).collect::<Vec<u8>>();
    std::fs::write(place.path().join("big.csv"), &bytes).unwrap();
    let source = source(csv(), &["big.csv"]);
    let collected = block_on(place.landing.collect(&source, place.path(), &attempt())).unwrap();
    assert_eq!(collected.settling.len(), 1);
    assert!(std::fs::read(&collected.resources[0].path).unwrap() == bytes);
    let resources = collected.settled().unwrap();
    assert_eq!(resources[0].path, place.landing.object(&resources[0].sha256));
    assert!(std::fs::read(&resources[0].path).unwrap() == bytes);
    // the same bytes again: nothing to wait for
    let again = block_on(place.landing.collect(&source, place.path(), &attempt())).unwrap();
    assert!(again.settling.is_empty() && again.resources == resources);
}
