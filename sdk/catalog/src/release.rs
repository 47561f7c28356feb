//! The release: all ports of a product move, with everything that is to be known of it, in one transaction.

use crate::database::{Transaction, now};
use crate::registry::{end_accepted, is_promised, write_decision};
use crate::tables::Staged;
use crate::{
    Catalog, CheckRecord, Decided, Decision, Error, InputRecord, Kind, LineageEdge, ReleasedPort, Result, RunOutcome,
};

/// What a release records beside the moved pointers.
#[derive(Debug, Clone, Default)]
pub struct NewRelease {
    /// `domain.product`
    pub product: String,
    /// The run that made it.
    pub run: String,
    /// Every port of the product.
    pub ports: Vec<ReleasedPort>,
    /// Everything that was checked.
    pub checks: Vec<CheckRecord>,
    /// What was read.
    pub inputs: Vec<InputRecord>,
    /// Where each column comes from; replaces what was known of these ports.
    pub lineage: Vec<LineageEdge>,
    /// How the run ended.
    pub finish: Finish,
    /// The newest release when the work began, 0 for none: another one since is a conflict. None: whatever is newest.
    pub stands_on: Option<i64>,
    /// Whose decision it was, where no run that passed its checks made it.
    pub decision: Option<Decision>,
}

/// How a run ended.
#[derive(Debug, Clone, Default)]
pub struct Finish {
    /// One sentence for people.
    pub message: Option<String>,
    /// Hash of everything the result depends on.
    pub work_key: Option<String>,
    /// Facts about the run, as JSON.
    pub detail: serde_json::Value,
}

impl Catalog {
    /// Publishes staged tables together: pointers, contract versions, check results, lineage, inputs and the run record
    /// become visible in one transaction, or none does. Returns the release's number, counted from 1.
    ///
    /// # Errors
    /// `Conflict` when any table has moved since it was staged, or the run has lost its lease, `Breaking` when a published
    /// port would be released under a contract that is not published; nothing has changed then.
    pub async fn release(&self, staged: Vec<Staged>, new: &NewRelease) -> Result<i64> {
        let mut number = 0;
        let outcome = async {
            let mut tx = self.begin_alone(&new.product).await?;
            self.give_back(&mut tx, &new.run).await?;
            crate::tables::move_pointers(&mut tx, &staged).await?;
            number = record(&mut tx, new).await?;
            tx.commit().await?;
            Ok(())
        }
        .await;
        self.settle(&staged, outcome).await?;
        Ok(number)
    }

    /// Records a run that moved nothing: rejected, failed or without work.
    pub async fn finish_run(
        &self,
        run: &str,
        outcome: RunOutcome,
        checks: &[CheckRecord],
        finish: &Finish,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        write_checks(&mut tx, run, checks).await?;
        self.take_away(&mut tx, run, true).await?;
        end_run(&mut tx, run, outcome, None, finish).await?;
        tx.commit().await?;
        Ok(())
    }
}

async fn record(tx: &mut Transaction<'_>, new: &NewRelease) -> Result<i64> {
    let at = now();
    let number: i64 = sqlx::query_scalar("SELECT coalesce(max(number), 0) + 1 FROM mesh_releases WHERE product = $1")
        .bind(&new.product)
        .fetch_one(&mut **tx)
        .await?;
    if new.stands_on.is_some_and(|n| n + 1 != number) {
        return Err(Error::new(Kind::Conflict, format!("somebody else released `{}` first", new.product))
            .help("run again: the work is done on the new state"));
    }
    if let Some(decision) = &new.decision {
        write_decision(tx, new, number, decision).await?;
    }
    sqlx::query("INSERT INTO mesh_releases VALUES ($1, $2, $3, $4)")
        .bind(&new.product)
        .bind(number)
        .bind(&new.run)
        .bind(&at)
        .execute(&mut **tx)
        .await?;
    for port in &new.ports {
        // what was decided by a person returns to a promise that was published before
        if new.decision.is_none() {
            is_promised(tx, port).await?;
        }
        sqlx::query("INSERT INTO mesh_release_ports VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
            .bind(&new.product)
            .bind(number)
            .bind(&port.port)
            .bind(&port.table_uuid)
            .bind(port.snapshot_id)
            .bind(&port.contract_version)
            .bind(&port.contract_checksum)
            .bind(port.rows)
            .execute(&mut **tx)
            .await?;
        // the contract this release satisfies is the current one from here on
        sqlx::query(
            "UPDATE mesh_ports SET current_version = $2, current_checksum = $3,
             pending_version = CASE WHEN pending_checksum = $3 THEN NULL ELSE pending_version END,
             pending_checksum = CASE WHEN pending_checksum = $3 THEN NULL ELSE pending_checksum END WHERE port = $1",
        )
        .bind(&port.port)
        .bind(&port.contract_version)
        .bind(&port.contract_checksum)
        .execute(&mut **tx)
        .await?;
        sqlx::query("DELETE FROM mesh_lineage WHERE port = $1").bind(&port.port).execute(&mut **tx).await?;
    }
    for edge in &new.lineage {
        sqlx::query("INSERT INTO mesh_lineage VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING")
            .bind(&edge.port)
            .bind(&edge.column)
            .bind(&edge.source_kind)
            .bind(&edge.source)
            .bind(&edge.source_column)
            .bind(&edge.transformation)
            .bind(&new.run)
            .execute(&mut **tx)
            .await?;
    }
    for input in &new.inputs {
        sqlx::query("INSERT INTO mesh_run_inputs VALUES ($1, $2, $3, $4, $5, $6)")
            .bind(&new.run)
            .bind(&input.input)
            .bind(&input.port)
            .bind(&input.table_uuid)
            .bind(input.snapshot_id)
            .bind(&input.contract_version)
            .execute(&mut **tx)
            .await?;
    }
    write_checks(tx, &new.run, &new.checks).await?;
    match &new.decision {
        Some(Decision { what: Decided::Accept(_), .. }) => end_accepted(tx, new, number).await?,
        _ => end_run(tx, &new.run, RunOutcome::Released, Some(number), &new.finish).await?,
    }
    Ok(number)
}

async fn write_checks(tx: &mut Transaction<'_>, run: &str, checks: &[CheckRecord]) -> Result<()> {
    for check in checks {
        sqlx::query(
            "INSERT INTO mesh_check_results VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (run, port, check_id) DO UPDATE SET outcome = $4, severity = $5, result = $6",
        )
        .bind(run)
        .bind(&check.port)
        .bind(&check.check)
        .bind(&check.outcome)
        .bind(&check.severity)
        .bind(check.result.to_string())
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

async fn end_run(
    tx: &mut Transaction<'_>,
    run: &str,
    outcome: RunOutcome,
    release: Option<i64>,
    finish: &Finish,
) -> Result<()> {
    // a run that was declared interrupted meanwhile must not publish late
    let done = sqlx::query(
        "UPDATE mesh_runs SET finished_at = $2, outcome = $3, release = $4, message = $5, work_key = $6, detail = $7
         WHERE run = $1 AND outcome = 'running'",
    )
    .bind(run)
    .bind(now())
    .bind(outcome.as_str())
    .bind(release)
    .bind(&finish.message)
    .bind(&finish.work_key)
    .bind(finish.detail.to_string())
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() != 1 {
        return Err(Error::new(Kind::Conflict, format!("run `{run}` was ended by somebody else")).lasting());
    }
    Ok(())
}
