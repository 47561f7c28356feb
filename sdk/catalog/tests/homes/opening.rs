//! Opening: several processes make one mesh, what is missing is said, and nothing shows a password.
use meshwright_catalog::{Catalog, Home, Kind, NewRelease};

use crate::commits::{staged, start};
use crate::place::{Mesh, port, table};
use crate::postgres::Postgres;

#[tokio::test(flavor = "multi_thread")]
async fn a_mesh_that_many_make_at_once_is_one_mesh() {
    for mesh in Mesh::all() {
        let makers: Vec<_> = (0..8).map(|_| tokio::spawn(Catalog::open(mesh.home()))).collect();
        for maker in makers {
            maker.await.unwrap().unwrap_or_else(|e| panic!("{}: {e} {:?}", mesh.name, e.causes()));
        }
        let catalog = mesh.open().await;
        let tables: Vec<_> = (0..8)
            .map(|_| {
                let catalog = catalog.clone();
                tokio::spawn(async move { table(&catalog, "a").await.metadata().uuid() })
            })
            .collect();
        let mut uuids = vec![];
        for table in tables {
            uuids.push(table.await.unwrap());
        }
        uuids.dedup();
        assert_eq!(uuids.len(), 1, "{}: whoever came second got the first one's table", mesh.name);
        assert_eq!(catalog.tables().await.unwrap(), [port("a")]);
    }
}

/// Who comes while the tables are made must not make them again under the first one's release.
#[tokio::test(flavor = "multi_thread")]
async fn a_mesh_is_used_while_others_find_it_made() {
    for _ in 0..6 {
        let Some(mesh) = Mesh::postgres() else { return };
        let all: Vec<_> = (0..8)
            .map(|n| {
                let home = mesh.home();
                tokio::spawn(async move {
                    let catalog = Catalog::open(home).await.unwrap_or_else(|e| panic!("{e} {:?}", e.causes()));
                    let run = n.to_string();
                    let _guard = start(&catalog, &run).await;
                    let (staged, new) = staged(&catalog, &run, [&format!("a{n}"), &format!("b{n}")]).await;
                    let new = NewRelease { product: format!("shop.p{n}"), ..new };
                    catalog.release(staged, &new).await.unwrap_or_else(|e| panic!("{e} {:?}", e.causes()));
                })
            })
            .collect();
        for one in all {
            one.await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mesh_that_is_not_there_is_not_found() {
    for mesh in Mesh::all() {
        let error = Catalog::open_existing(mesh.home()).await.unwrap_err();
        assert_eq!(error.kind(), Kind::NotFound, "{}: {error}", mesh.name);
        mesh.open().await;
        Catalog::open_existing(mesh.home()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_remembers_the_warehouse() {
    let Some(mesh) = Mesh::postgres() else { return };
    let error = Catalog::open(Home::parse(mesh.url(), None).unwrap()).await.unwrap_err();
    assert!(error.help_text().unwrap().contains("warehouse"), "{error}");
    let made = mesh.open().await;
    let known = Catalog::open_existing(mesh.elsewhere()).await.unwrap();
    assert_eq!(known.home().warehouse, made.home().warehouse);
    assert_eq!(known.home().landing, made.home().landing);
    let other = Home::parse(mesh.url(), Some("/srv/elsewhere")).unwrap();
    assert_eq!(Catalog::open(other).await.unwrap_err().kind(), Kind::Invalid);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_is_unavailable_and_shows_no_password() {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("postgres://mesh:hunter2@localhost/mesh?host={}", dir.path().display());
    let error = Catalog::open(Home::parse(&url, Some("/srv/w")).unwrap()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable, "{error}");
    let shown = format!("{error} {error:?} {:?}", error.causes());
    assert!(!shown.contains("hunter2") && shown.contains("mesh@localhost"), "{shown}");
    let Some(server) = Postgres::shared() else { return };
    let absent = server.database().replace("localhost/mesh", "localhost/absent");
    let error = Catalog::open_existing(Home::parse(&absent, None).unwrap()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound, "{error}");
}
