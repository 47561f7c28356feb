//! Leases: a run that was silent for too long publishes nothing, whatever it still believes.
use meshwright_catalog::{Catalog, Kind, RunOutcome};

use crate::commits::{staged, start};
use crate::place::{Mesh, port};

/// Lets a lease run out without waiting.
async fn expire(mesh: &Mesh, run: &str) {
    use sqlx::Connection;
    let mut db = sqlx::PgConnection::connect(mesh.url()).await.unwrap();
    let done = sqlx::query("UPDATE mesh_leases SET expires_at = 0 WHERE run = $1").bind(run).execute(&mut db).await;
    assert_eq!(done.unwrap().rows_affected(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_lost_its_lease_is_refused_and_another_takes_over() {
    let Some(mesh) = Mesh::postgres() else { return };
    let here = mesh.open().await;
    let there = Catalog::open_existing(mesh.elsewhere()).await.unwrap();
    let paused = start(&here, "paused").await;
    let (late, new) = staged(&here, "paused", ["a", "b"]).await;
    assert_eq!(there.reap_runs().await.unwrap(), [""; 0], "it is alive, and another machine knows");

    expire(&mesh, "paused").await;
    assert_eq!(there.reap_runs().await.unwrap(), ["paused"]);
    assert_eq!(there.run("paused").await.unwrap().outcome, RunOutcome::Interrupted);
    let successor = start(&there, "successor").await;
    assert!(successor.fence() > paused.fence(), "tokens grow");

    // it wakes; nothing has moved meanwhile, so that only the fence stands in its way
    let error = here.release(late, &new).await.unwrap_err();
    assert!(error.kind() == Kind::Conflict && error.is_lasting() && error.to_string().contains("lease"), "{error}");
    assert!(here.releases(&port("a")).await.unwrap().is_empty());
    let (staged, new) = staged(&there, "successor", ["a", "b"]).await;
    assert_eq!(there.release(staged, &new).await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_process_is_known_to_be_dead_is_not_waited_for() {
    let Some(mesh) = Mesh::postgres() else { return };
    let catalog = mesh.open().await;
    let guard = start(&catalog, "dead").await;
    // its lock file without its lock, and a lease that has not run out
    let lock = catalog.home().runs.join("dead.lock");
    std::fs::rename(&lock, lock.with_extension("moved")).unwrap();
    std::fs::write(&lock, "").unwrap();
    assert_eq!(catalog.reap_runs().await.unwrap(), ["dead"]);
    drop(guard);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_that_ran_out_unnoticed_does_not_stop_its_run() {
    let Some(mesh) = Mesh::postgres() else { return };
    let catalog = mesh.open().await;
    let _guard = start(&catalog, "slow").await;
    let (staged, new) = staged(&catalog, "slow", ["a", "b"]).await;
    expire(&mesh, "slow").await;
    assert_eq!(catalog.release(staged, &new).await.unwrap(), 1, "nobody took over");
}
