//! A connection that dies inside COMMIT: what happened is found out, never guessed.
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use meshwright_catalog::{Catalog, Home, Kind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

use crate::place::{Mesh, append, port, table};

/// Lets everything through.
const CALM: u8 = 0;
/// The next COMMIT reaches the server, its answer reaches nobody.
const AFTER: u8 = 1;
/// The next COMMIT reaches nobody.
const BEFORE: u8 = 2;

/// Stands between the catalog and the server; what it does with the next COMMIT can be changed.
async fn between(server: String, socket: &Path) -> Arc<AtomicU8> {
    let mode = Arc::new(AtomicU8::new(CALM));
    let listener = UnixListener::bind(socket.join(".s.PGSQL.5432")).unwrap();
    let shared = mode.clone();
    tokio::spawn(async move {
        loop {
            let Ok((client, _)) = listener.accept().await else { return };
            let Ok(server) = UnixStream::connect(&server).await else { continue };
            tokio::spawn(pass(client, server, shared.clone()));
        }
    });
    mode
}

async fn pass(client: UnixStream, server: UnixStream, mode: Arc<AtomicU8>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let (mut asked, mut answered) = (vec![0; 64 << 10], vec![0; 64 << 10]);
    loop {
        tokio::select! {
            read = from_client.read(&mut asked) => {
                let Ok(read @ 1..) = read else { return };
                let commits = asked[..read].windows(6).any(|w| w == b"COMMIT");
                let now = if commits { mode.swap(CALM, Ordering::SeqCst) } else { CALM };
                if now == BEFORE {
                    return;
                }
                to_server.write_all(&asked[..read]).await.unwrap();
                if now == AFTER {
                    // the server has answered: it is done
                    let _ = from_server.read(&mut answered).await;
                    return;
                }
            }
            read = from_server.read(&mut answered) => {
                let Ok(read @ 1..) = read else { return };
                if to_client.write_all(&answered[..read]).await.is_err() {
                    return;
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_is_lost_is_looked_for() {
    let Some(mesh) = Mesh::postgres() else { return };
    mesh.open().await;
    let (place, socket) = mesh.url().split_once("?host=").unwrap();
    let mode = between(format!("{socket}/.s.PGSQL.5432"), mesh.dir.path()).await;
    let home = Home::parse(&format!("{place}?host={}", mesh.dir.path().display()), None).unwrap();
    let catalog = Catalog::open_existing(home).await.unwrap();
    let base = table(&catalog, "a").await;

    mode.store(AFTER, Ordering::SeqCst);
    let now = catalog.commit(append(&base, "kept", "main").await).await.expect("it happened, and was found");
    assert_eq!(mode.load(Ordering::SeqCst), CALM, "the connection was cut");
    assert_eq!(catalog.load(&port("a")).await.unwrap().metadata_location(), now.metadata_location());

    mode.store(BEFORE, Ordering::SeqCst);
    let error = catalog.commit(append(&now, "lost", "main").await).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable, "{error}: it did not happen");
    let left = catalog.load(&port("a")).await.unwrap();
    assert_eq!(left.metadata_location(), now.metadata_location());
    assert_eq!(left.metadata().history().len(), 1);
    let dir = Path::new(left.metadata().location().trim_start_matches("file://")).join("metadata");
    let files = std::fs::read_dir(dir)
        .unwrap()
        .filter(|f| f.as_ref().unwrap().file_name().to_string_lossy().ends_with(".metadata.json"));
    assert_eq!(files.count(), 2, "the lost attempt's file is gone");
}
