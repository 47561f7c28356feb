//! The side of `mesh`: starts a product's program or a command of a step, and exchanges Arrow data with it.
//!
//! Blocking, with nothing but `std`: call it from a thread of your own. Two ways to run somebody else's code:
//!
//! [`Program`] speaks with a program written with this crate. Every request is a process of its own, so that steps may
//! run side by side, a crash stays local, and what a run leaves behind in memory is gone with it. The process is killed
//! when its [`Stream`] is dropped before the end.
//!
//! [`run_command`] runs a program in any language. The convention:
//!
//! - Output: an Arrow IPC *stream* on stdout, and an exit status of zero. stderr is for people.
//! - One input: an Arrow IPC stream on stdin, sent as it is read.
//! - Every input is also at the path in the variable `MESH_INPUT_<NAME>`, the name in upper case. With one input that is
//!   stdin under another name; several are files, written before the command starts, and stdin is empty.
//! - The working directory is the product's folder.
mod command;
mod description;
mod exchange;
mod folder;
mod messages;
mod process;
mod program;
mod stream;
mod talk;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use command::run_command;
pub use description::{CheckDescription, Description, InputDescription, SourceDescription, StepDescription};
pub use program::Program;
pub use stream::Stream;

/// Is given what a process prints, line by line.
pub type Listener = Arc<dyn Fn(&str) + Send + Sync>;

/// How programs and commands are started.
#[derive(Clone)]
pub struct Options {
    /// Variables added to the environment.
    pub env: Vec<(String, String)>,
    /// Is given every line that is printed, without secrets and line feed, from a thread of its own.
    pub talk: Option<Listener>,
    /// How long a program may take until it speaks the protocol; long enough for `cargo run` to build it first.
    pub patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { env: Vec::new(), talk: None, patience: Duration::from_secs(600) }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // values may be secrets
        let names: Vec<&str> = self.env.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Options").field("env", &names).field("patience", &self.patience).finish_non_exhaustive()
    }
}
