//! Published promises are kept by the catalog itself, for writers that use nothing but this library.
use std::path::Path;

use meshwright_catalog::{Catalog, Error, Finish, Kind, ProductRecord, ReleasedPort, RunOutcome};
use meshwright_spec::{Contract, Sources};

use crate::commits::{staged, start};
use crate::place::{Mesh, port};

/// A contract of a port with one column, with these lines in its head and among its columns.
fn contract(version: &str, head: &str, columns: &str) -> Contract {
    let text = format!(
        "[contract]\nversion = \"{version}\"\n{head}\n[columns]\nid = {{ type = \"long\", required = true }}\n{columns}\n"
    );
    let mut sources = Sources::default();
    let file = sources.add(Path::new("contracts/a.toml"), text);
    let (contract, found) = Contract::parse(&"a".parse().unwrap(), file, &sources);
    contract.unwrap_or_else(|| panic!("{found:?}"))
}

async fn publish(catalog: &Catalog, mode: &str, contract: &Contract) -> Result<(), Error> {
    let product = ProductRecord {
        product: "shop.sales".into(),
        title: "Sales".into(),
        description: String::new(),
        owner_team: "shop".into(),
        owner_email: None,
        tags: vec![],
        repository: None,
        git_commit: None,
        template: None,
        published_at: None,
    };
    catalog.publish(&product, &[(port("a"), mode, contract)], &[]).await.map(drop)
}

/// Releases ports `a` and `b` as satisfying this contract of `a`.
async fn release(catalog: &Catalog, run: &str, contract: &Contract) -> Result<i64, Error> {
    let _guard = start(catalog, run).await;
    let (staged, mut new) = staged(catalog, run, ["a", "b"]).await;
    new.ports[0] = ReleasedPort {
        contract_version: contract.version.to_string(),
        contract_checksum: contract.checksum.clone(),
        ..new.ports[0].clone()
    };
    let outcome = catalog.release(staged, &new).await;
    if outcome.is_err() {
        let finish = Finish { detail: serde_json::json!({}), ..Finish::default() };
        catalog.finish_run(run, RunOutcome::Failed, &[], &finish).await.unwrap();
    }
    outcome
}

fn today(days: i64) -> String {
    (chrono::Utc::now() + chrono::Duration::days(days)).date_naive().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_under_a_contract_that_nobody_published_is_refused() {
    for mesh in Mesh::all() {
        let catalog = mesh.open().await;
        let published = contract("1.0.0", "", "");
        publish(&catalog, "replace", &published).await.unwrap();
        assert_eq!(release(&catalog, "1", &published).await.unwrap(), 1, "{}", mesh.name);
        for (run, other) in [
            ("2", contract("1.1.0", "", "n = { type = \"int\" }")),
            // the published version's number on another promise
            ("3", contract("1.0.0", "", "n = { type = \"int\" }")),
        ] {
            let refused = release(&catalog, run, &other).await.unwrap_err();
            assert_eq!(refused.kind(), Kind::Breaking, "{}: {refused}", mesh.name);
            assert!(refused.to_string().contains("is not published"), "{refused}");
            assert!(refused.help_text().is_some_and(|help| help.contains("publish it first")), "{refused}");
        }
        // neither port moved, and the same rows under the published contract are taken
        for name in ["a", "b"] {
            assert_eq!(catalog.load(&port(name)).await.unwrap().metadata().history().len(), 1, "{}", mesh.name);
        }
        assert_eq!(release(&catalog, "4", &published).await.unwrap(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_is_not_retired_before_its_last_day_is_over() {
    for mesh in Mesh::all() {
        let catalog = mesh.open().await;
        publish(&catalog, "replace", &contract("1.0.0", "", "")).await.unwrap();
        let refused = publish(&catalog, "replace", &contract("2.0.0", "status = \"retired\"", "")).await.unwrap_err();
        assert_eq!(refused.kind(), Kind::Breaking, "an active port: {refused}");
        for (at, days) in [(1, 300), (2, 0)] {
            let sunset = format!("sunset = {}\n", today(days));
            let deprecated = contract(&format!("{at}.1.0"), &format!("status = \"deprecated\"\n{sunset}"), "");
            publish(&catalog, "replace", &deprecated).await.unwrap();
            let retired = contract(&format!("{}.0.0", at + 1), &format!("status = \"retired\"\n{sunset}"), "");
            let refused = publish(&catalog, "replace", &retired).await.unwrap_err();
            assert_eq!(refused.kind(), Kind::Breaking, "{}: {refused}", mesh.name);
            assert!(refused.to_string().contains(&format!("until {}", today(days))), "{refused}");
        }
        let sunset = format!("sunset = {}\n", today(-1));
        let deprecated = contract("3.0.0", &format!("status = \"deprecated\"\n{sunset}"), "");
        publish(&catalog, "replace", &deprecated).await.unwrap();
        publish(&catalog, "replace", &contract("4.0.0", &format!("status = \"retired\"\n{sunset}"), "")).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_stay_need_a_value_for_a_new_required_column() {
    for mesh in Mesh::all() {
        for mode in ["append", "upsert", "replace-partitions", "replace"] {
            let catalog = mesh.open().await;
            let name = |version: &str, columns: &str| contract(version, &format!("description = \"{mode}\""), columns);
            // each mode goes on from the version that the one before ended with
            let major = ["append", "upsert", "replace-partitions", "replace"].iter().position(|m| *m == mode).unwrap();
            let base = format!("{}.0.0", major + 1);
            publish(&catalog, mode, &name(&base, "")).await.unwrap();
            let minor = format!("{}.1.0", major + 1);
            let late = name(&minor, "n = { type = \"int\", required = true }");
            match mode {
                "replace" => publish(&catalog, mode, &late).await.unwrap(),
                _ => {
                    let refused = publish(&catalog, mode, &late).await.unwrap_err();
                    assert_eq!(refused.kind(), Kind::Breaking, "{} {mode}: {refused}", mesh.name);
                    assert!(refused.to_string().contains("required column `n`"), "{refused}");
                    let with = name(&minor, "n = { type = \"int\", required = true, default = 0 }");
                    publish(&catalog, mode, &with).await.unwrap();
                }
            }
        }
    }
}
