//! Commits and releases: the same on every home.
use iceberg::TableUpdate;
use iceberg::spec::TableMetadata;
use iceberg::table::Table;
use meshwright_catalog::{Catalog, Finish, Kind, NewRelease, ReleasedPort, RunGuard, RunOutcome, Staged, TableChange};

use crate::place::{Mesh, append, port, table};

/// Stages a release of two tables, named in the order given, each with one new row on branch `run-<run>`.
pub(crate) async fn staged(catalog: &Catalog, run: &str, names: [&str; 2]) -> (Vec<Staged>, NewRelease) {
    let (mut staged, mut ports) = (vec![], vec![]);
    let branch = format!("run-{run}");
    for name in names {
        table(catalog, name).await;
        let on_branch = loop {
            let base = catalog.load(&port(name)).await.unwrap();
            match catalog.commit(append(&base, run, &branch).await).await {
                Ok(table) => break table,
                Err(e) => assert_eq!(e.kind(), Kind::Conflict, "{e}"),
            }
        };
        staged.push(catalog.stage(TableChange::fast_forward(&on_branch, &branch, None).unwrap()).await.unwrap());
        ports.push(ReleasedPort { port: port(name).to_string(), ..ReleasedPort::default() });
    }
    let (product, run) = ("shop.sales".to_owned(), run.to_owned());
    (staged, NewRelease { product, run, ports, ..NewRelease::default() })
}

pub(crate) async fn start(catalog: &Catalog, run: &str) -> RunGuard {
    catalog.start_run(run, &port("a").product, &format!("run-{run}"), None).await.unwrap()
}

fn on_main(table: &Table) -> usize {
    table.metadata().history().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_commits_to_one_state_one_wins() {
    for mesh in Mesh::all() {
        let catalog = mesh.open().await;
        let base = table(&catalog, "a").await;
        let (one, two) = (append(&base, "one", "main").await, append(&base, "two", "main").await);
        let (one, two) = tokio::join!(catalog.commit(one), catalog.commit(two));
        let lost = [&one, &two].into_iter().filter_map(|r| r.as_ref().err()).map(meshwright_catalog::Error::kind);
        assert_eq!(lost.collect::<Vec<_>>(), [Kind::Conflict], "{}", mesh.name);
        assert_eq!(on_main(&catalog.load(&port("a")).await.unwrap()), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_is_whole_and_counted() {
    for mesh in Mesh::all() {
        let catalog = mesh.open().await;
        for number in 1..=3 {
            let run = number.to_string();
            let _guard = start(&catalog, &run).await;
            let (staged, new) = staged(&catalog, &run, ["a", "b"]).await;
            assert_eq!(catalog.release(staged, &new).await.unwrap(), number, "{}", mesh.name);
        }
        for name in ["a", "b"] {
            assert_eq!(on_main(&catalog.load(&port(name)).await.unwrap()), 3);
            let numbers: Vec<i64> = catalog.releases(&port(name)).await.unwrap().iter().map(|r| r.number).collect();
            assert_eq!(numbers, [3, 2, 1]);
        }
        let runs = catalog.runs(None, 10).await.unwrap();
        assert!(runs.iter().all(|r| r.outcome == RunOutcome::Released), "{}: {runs:?}", mesh.name);
        assert_eq!(catalog.reap_runs().await.unwrap(), [""; 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn releases_in_opposite_order_neither_deadlock_nor_mix() {
    for mesh in Mesh::all() {
        let catalog = mesh.open().await;
        for round in 0..5 {
            let (one, two) = (format!("{round}x"), format!("{round}y"));
            let _guards = (start(&catalog, &one).await, start(&catalog, &two).await);
            let (forth, new) = staged(&catalog, &one, ["a", "b"]).await;
            let (back, other) = staged(&catalog, &two, ["b", "a"]).await;
            // of another product, so that only the tables stand in each other's way
            let other = NewRelease { product: "shop.other".to_owned(), ..other };
            let (forth, back) = tokio::join!(catalog.release(forth, &new), catalog.release(back, &other));
            // the first one was staged before the second one's branches: it cannot win
            assert_eq!(forth.unwrap_err().kind(), Kind::Conflict, "{}", mesh.name);
            back.unwrap_or_else(|e| panic!("{}: {e} {:?}", mesh.name, e.causes()));
            let finish = Finish { detail: serde_json::json!({}), ..Finish::default() };
            catalog.finish_run(&one, RunOutcome::Failed, &[], &finish).await.unwrap();
        }
        for name in ["a", "b"] {
            assert_eq!(on_main(&catalog.load(&port(name)).await.unwrap()), 5, "{}", mesh.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_writers_lose_nothing_they_were_told_is_there() {
    for mesh in Mesh::all() {
        let catalog = mesh.open().await;
        table(&catalog, "a").await;
        let writers: Vec<_> = (0..6)
            .map(|writer| {
                let catalog = catalog.clone();
                tokio::spawn(async move {
                    for n in 0..5 {
                        loop {
                            let base = catalog.load(&port("a")).await.unwrap();
                            match catalog.commit(append(&base, &format!("{writer}-{n}"), "main").await).await {
                                Ok(_) => break,
                                Err(e) => assert_eq!(e.kind(), Kind::Conflict, "{e} {:?}", e.causes()),
                            }
                        }
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
        let now = catalog.load(&port("a")).await.unwrap();
        assert_eq!(on_main(&now), 30, "{}", mesh.name);
        let rows = &now.metadata().current_snapshot().unwrap().summary().additional_properties["total-records"];
        assert_eq!(rows, "30");
    }
}

/// Sets properties of a table.
async fn set(catalog: &Catalog, base: &Table, properties: [(&str, &str); 1]) -> Table {
    let updates = properties.map(|(k, v)| (k.to_owned(), v.to_owned())).into_iter().collect();
    let updates = vec![TableUpdate::SetProperties { updates }];
    catalog.commit(TableChange { base: base.clone(), requirements: vec![], updates }).await.unwrap()
}

/// What stands in the table's metadata file, packed or not.
async fn on_disk(catalog: &Catalog, table: &Table) -> (Vec<u8>, TableMetadata) {
    let location = table.metadata_location().unwrap();
    let bytes = catalog.files().new_input(location).unwrap().read().await.unwrap().to_vec();
    (bytes, TableMetadata::read_from(catalog.files(), location).await.unwrap())
}

/// Readers go by the file's name: one that ends in `.gz.metadata.json` has to be packed.
#[tokio::test(flavor = "multi_thread")]
async fn metadata_is_packed_where_the_table_says_so() {
    let mesh = &Mesh::all()[0];
    let catalog = mesh.open().await;
    let plain = table(&catalog, "a").await;
    let packed = set(&catalog, &plain, [("write.metadata.compression-codec", "gzip")]).await;
    assert!(packed.metadata_location().unwrap().ends_with(".gz.metadata.json"));
    let (bytes, read) = on_disk(&catalog, &packed).await;
    assert_eq!((&bytes[..2], &read), (&b"\x1f\x8b"[..], packed.metadata()));
    let again = set(&catalog, &packed, [("write.metadata.compression-codec", "none")]).await;
    let (bytes, read) = on_disk(&catalog, &again).await;
    assert_eq!((bytes[0], &read), (b'{', again.metadata()));
}

/// A process that commits again and again writes its metadata from parts that it keeps: they have to add up, whatever
/// comes between, as plain text and, when there is much of it, packed.
#[tokio::test(flavor = "multi_thread")]
async fn the_metadata_of_many_commits_in_a_row_is_all_there() {
    let mesh = &Mesh::all()[0];
    let catalog = mesh.open().await;
    let mut now = table(&catalog, "a").await;
    let mut packed = 0;
    for n in 0..120 {
        now = match n % 30 {
            // from here on the text is long
            _ if n == 60 => set(&catalog, &now, [("words", &"many words ".repeat(6_000))]).await,
            10 => catalog.commit(append(&now, &n.to_string(), "aside").await).await.unwrap(),
            11 => {
                catalog.commit(TableChange::fast_forward(&now, "aside", Some(&format!("v{n}"))).unwrap()).await.unwrap()
            }
            20 => set(&catalog, &now, [("owner", &n.to_string())]).await,
            _ => catalog.commit(append(&now, &n.to_string(), "main").await).await.unwrap(),
        };
        let (bytes, read) = on_disk(&catalog, &now).await;
        assert_eq!(&read, now.metadata(), "commit {n}");
        let is_packed = now.metadata_location().unwrap().ends_with(".gz.metadata.json");
        assert_eq!(bytes[0] == b'{', !is_packed, "commit {n}");
        packed += usize::from(is_packed);
    }
    assert!(now.metadata().snapshots().len() > 110);
    assert!((20..60).contains(&packed), "{packed} packed");
    // the table has the last word
    now = set(&catalog, &now, [("write.metadata.compression-codec", "none")]).await;
    assert_eq!(on_disk(&catalog, &now).await.0[0], b'{');
}
