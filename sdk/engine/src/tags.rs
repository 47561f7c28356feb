//! Tags: names that keep a state of a port, or of all ports of a product, for as long as somebody wants.
use chrono::Utc;
use meshwright_catalog::{Catalog, Kind, RefKind, TableChange, refs};
use meshwright_spec::{Diagnostic, Duration, PortName, Sources};
use serde::Serialize;

use crate::failure::{Failure, Findings, Result};
use crate::retry::{ATTEMPTS, pause};
use crate::target::{Seen, Target, tables_of};
use crate::when::{When, release_of, state_at};

/// A tag of one port.
#[derive(Debug, Clone, Serialize)]
pub struct TagOf {
    /// `domain.product.port`
    pub port: PortName,
    /// Its name.
    pub tag: String,
    /// The snapshot it keeps.
    pub snapshot_id: i64,
    /// The release that snapshot is.
    pub release: Option<i64>,
    /// Rows in it.
    pub rows: Option<i64>,
    /// When maintenance may drop it, RFC 3339; none: never.
    pub kept_until: Option<String>,
    /// Its time is over; it reads until maintenance has dropped it.
    pub over: bool,
}

/// What a new tag is to be.
#[derive(Debug, Clone, Default)]
pub struct NewTag {
    /// Its name.
    pub name: String,
    /// The state it keeps; none: what readers see now.
    pub at: Option<String>,
    /// For how long; none: for ever.
    pub keep: Option<Duration>,
    /// Move it when it is there already.
    pub moves: bool,
}

/// Names a state; all ports of a product in one transaction.
///
/// # Errors
/// [`Failure::Usage`] for a name that means something else or is taken, [`Failure::Missing`] for a state that is not there.
pub async fn tag(catalog: &Catalog, target: &Target, new: &NewTag) -> Result<Vec<TagOf>> {
    nameable(&new.name)?;
    let when = When::parse(new.at.as_deref().unwrap_or("main"));
    let keep = new.keep.map(|k| i64::try_from(k.seconds).unwrap_or(i64::MAX).saturating_mul(1000));
    let change = |tables: &[Seen]| {
        let mut changes = vec![];
        for (port, table, releases) in tables {
            let state = state_at(port, table, releases, &when)?;
            let id = state.snapshot.snapshot_id();
            let there = refs(table)?.into_iter().find(|r| r.name == new.name);
            match there {
                Some(r) if r.kind == RefKind::Branch => {
                    return Err(usage(
                        "M1006",
                        format!("`{}` is a branch of `{port}`", new.name),
                        "choose another name",
                    ));
                }
                Some(r) if r.snapshot_id != id && !new.moves => {
                    let message = format!("`{port}` has a tag `{}` on another state", new.name);
                    return Err(usage("M1006", message, "choose another name, or move it with `--move`"));
                }
                _ => changes.push(TableChange::tag(table, &new.name, id, keep)?),
            }
        }
        Ok(changes)
    };
    commit(catalog, target, change).await?;
    let made = tags(catalog, Some(target)).await?;
    Ok(made.into_iter().filter(|t| t.tag == new.name).collect())
}

/// Drops a tag; returns the ports that had it.
///
/// # Errors
/// [`Failure::Missing`] when no port has it.
pub async fn untag(catalog: &Catalog, target: &Target, name: &str) -> Result<Vec<PortName>> {
    let mut ports = vec![];
    let change = |tables: &[Seen]| {
        let mut changes = vec![];
        for (_, table, _) in tables {
            if refs(table)?.iter().any(|r| r.name == name && r.kind == RefKind::Tag) {
                changes.push(TableChange::drop_ref(table, name));
            }
        }
        if changes.is_empty() {
            let d = Diagnostic::error("M1002", format!("`{target}` has no tag `{name}`"));
            let d = d.help(format!("`mesh tag {target} --list` shows its tags"));
            return Err(Failure::Missing(Findings::one(d, &Sources::default())));
        }
        Ok(changes)
    };
    for t in tags(catalog, Some(target)).await?.into_iter().filter(|t| t.tag == name) {
        ports.push(t.port);
    }
    commit(catalog, target, change).await?;
    Ok(ports)
}

/// Tags of a port or product, or of the whole mesh.
///
/// # Errors
/// `NotFound` when the mesh knows no such port or product.
pub async fn tags(catalog: &Catalog, target: Option<&Target>) -> Result<Vec<TagOf>> {
    let tables = tables_of(catalog, target).await?;
    let now = Utc::now();
    let mut out = vec![];
    for (port, table) in tables {
        let found: Vec<_> = refs(&table)?.into_iter().filter(|r| r.kind == RefKind::Tag).collect();
        if found.is_empty() {
            continue;
        }
        let releases = catalog.releases(&port).await?;
        for r in found {
            let snapshot = table.metadata().snapshot_by_id(r.snapshot_id);
            let rows = snapshot.and_then(|s| s.summary().additional_properties.get("total-records")?.parse().ok());
            out.push(TagOf {
                port: port.clone(),
                over: r.is_over(now),
                tag: r.name,
                snapshot_id: r.snapshot_id,
                release: release_of(&table, &releases, r.snapshot_id).map(|x| x.number),
                rows,
                kept_until: r.kept_until,
            });
        }
    }
    Ok(out)
}

/// Commits to all tables at one moment, again on what is there when somebody else's commit came first.
async fn commit(
    catalog: &Catalog,
    target: &Target,
    change: impl Fn(&[Seen]) -> Result<Vec<TableChange>>,
) -> Result<()> {
    for attempt in 0.. {
        let tables = target.states(catalog).await?;
        match catalog.commit_all(change(&tables)?).await {
            Err(e) if e.kind() == Kind::Conflict && attempt < ATTEMPTS => pause(attempt).await,
            other => return Ok(other?),
        }
    }
    unreachable!("the loop ends by returning")
}

/// A tag must not read as another word for a state.
fn nameable(name: &str) -> Result<()> {
    let plain = name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
        && name.len() <= 100;
    let other = match When::parse(name) {
        When::Release(_) => "a release number",
        When::Snapshot(_) => "a snapshot id",
        When::Time(_) => "a time",
        When::Ref(_) if name == "main" => "what readers see",
        When::Ref(_) if name.starts_with("run-") => "the branch of a run",
        When::Ref(_) if plain => return Ok(()),
        When::Ref(_) => {
            let help = "letters, digits, `.`, `_` and `-`, at most 100, a letter or digit first";
            return Err(usage("M1005", format!("`{name}` cannot be the name of a tag"), help));
        }
    };
    Err(usage("M1005", format!("`{name}` cannot be the name of a tag: it reads as {other}"), "such as `training-2026`"))
}

fn usage(code: &'static str, message: String, help: &str) -> Failure {
    Failure::Usage(Findings::one(Diagnostic::error(code, message).help(help), &Sources::default()))
}
