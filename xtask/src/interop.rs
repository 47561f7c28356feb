//! `cargo xtask interop`: programs of others on what we write; one file per program.
mod ceph;
mod datacontract;
mod gx;

use crate::{Outcome, only_known, usage_of};

pub(crate) fn go(arguments: &[String]) -> Outcome {
    let (program, rest) = arguments.split_first().ok_or_else(|| format!("with whom? {}", usage_of("interop")))?;
    match program.as_str() {
        "fetch" => only_known(rest, &[]).and_then(|()| datacontract::fetch()),
        "datacontract" => only_known(rest, &[]).and_then(|()| datacontract::go()),
        "ceph" => ceph::go(rest),
        "gx" => gx::go(rest),
        other => Err(format!("`{other}` is not known; {}", usage_of("interop"))),
    }
}
