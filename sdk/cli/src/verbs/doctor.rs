//! `mesh doctor`
use std::process::Command;

use clap::Args;
use meshwright_catalog::{Catalog, Kind};
use meshwright_engine::Project;
use serde::Serialize;
use serde_json::json;

use crate::context::Context;
use crate::exit::Exit;
use crate::printer;

/// Look at what `mesh` needs: the mesh, the product, git, cargo
#[derive(Debug, Args)]
pub(crate) struct Doctor {}

#[derive(Debug, Serialize)]
struct Finding {
    what: &'static str,
    state: &'static str,
    detail: String,
    fix: Option<String>,
}

impl Doctor {
    pub(crate) fn go(self, context: &Context) -> Exit {
        context.block_on(async {
            let mut found = vec![Finding {
                what: "mesh",
                state: "ok",
                detail: format!("version {}", env!("CARGO_PKG_VERSION")),
                fix: None,
            }];
            let product = context.dir.join("product.toml").exists();
            let project = if product { Some(Project::load(&context.dir)) } else { None };
            match &project {
                None => {}
                Some(Ok((p, _))) => {
                    found.push(Finding { what: "product", state: "ok", detail: p.product.name.to_string(), fix: None })
                }
                Some(Err(_)) => found.push(Finding {
                    what: "product",
                    state: "fail",
                    detail: "its files are wrong".to_owned(),
                    fix: Some("mesh check".to_owned()),
                }),
            }
            let loaded = project.as_ref().and_then(|p| p.as_ref().ok()).map(|(p, _)| &p.product);
            found.push(match context.home(loaded) {
                Err(_) => Finding {
                    what: "catalog",
                    state: "fail",
                    detail: "its URL cannot be used".to_owned(),
                    fix: Some("--mesh URL".to_owned()),
                },
                Ok(home) => match open(home.clone()).await {
                    Ok(ports) => Finding {
                        what: "catalog",
                        state: "ok",
                        detail: format!("{}, {ports} published ports", home.database),
                        fix: None,
                    },
                    Err(e) if e.kind() == Kind::NotFound && e.page().is_none() => Finding {
                        what: "catalog",
                        state: "warn",
                        detail: format!("there is no mesh at {} yet", home.database),
                        fix: Some("mesh run makes it".to_owned()),
                    },
                    Err(e) => Finding {
                        what: "catalog",
                        state: "fail",
                        detail: e.to_string(),
                        fix: e.help_text().map(str::to_owned),
                    },
                },
            });
            found.push(tool(
                "git",
                "commits are not recorded in snapshots without a repository; git itself is not needed",
            ));
            found.push(tool("cargo", "only products in Rust need it"));
            let failed = found.iter().any(|f| f.state == "fail");
            if context.json {
                printer::json(&json!({ "findings": found }));
            } else {
                for f in &found {
                    let fix = f.fix.as_deref().map(|f| format!("  ({f})")).unwrap_or_default();
                    printer::line(&format!("{:<5} {:<8} {}{fix}", f.state, f.what, f.detail));
                }
            }
            Ok(if failed { Exit::ProductFiles } else { Exit::Done })
        })
    }
}

async fn open(home: meshwright_catalog::Home) -> meshwright_catalog::Result<usize> {
    Ok(Catalog::open_existing(home).await?.ports(None).await?.len())
}

fn tool(name: &'static str, without: &str) -> Finding {
    let version = Command::new(name).arg("--version").output().ok().filter(|o| o.status.success());
    match version {
        Some(out) => Finding {
            what: name,
            state: "ok",
            detail: String::from_utf8_lossy(&out.stdout).trim().to_owned(),
            fix: None,
        },
        None => Finding { what: name, state: "warn", detail: format!("not found; {without}"), fix: None },
    }
}
