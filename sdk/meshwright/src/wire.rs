//! The protocol between `mesh` and a product's program.
//!
//! One process answers one request and ends. `mesh` listens on a Unix socket in a private folder and names it in
//! [`SOCKET`]; stdin is empty, stdout and stderr stay what they are to everybody: places to print to.
//!
//! ```text
//! program                            mesh
//!  Hello {protocol, sdk}        ───►
//!                               ◄───  Request {verb, name, window, inputs}
//!  Pull n                       ───►       stream n is wanted, one message of it
//!                               ◄───  Data n, Data n, … End n
//!  Data 0, Data 0, … End 0      ───►       rows (ingest, step)
//!  Answer {..}                  ───►       or a JSON object (describe, check)
//!  Failure {..}                 ───►       or why not
//! ```
//! Streams are Arrow IPC streams, cut into messages. Stream 0 is the result, the inputs are 1, 2, … in the order of the
//! request. A program is sent only what it has pulled, so that neither side ever holds more than a few batches, and a
//! step that reads its inputs one after the other, or answers before it has read them, cannot lock itself up.
mod frame;
mod json;
mod message;
mod stream;

pub(crate) use frame::{Frame, Op};
pub(crate) use json::Object;
#[cfg(feature = "host")]
pub(crate) use message::error_of;
pub(crate) use message::{Request, Verb, failure};
pub(crate) use stream::{Decoder, Encoder};

/// Version of the protocol; a program says which one it speaks.
pub(crate) const PROTOCOL: u64 = 1;

/// The variable with the path of the socket.
pub(crate) const SOCKET: &str = "MESH_SOCKET";

/// The stream of the result.
pub(crate) const RESULT: u32 = 0;

/// Messages of one stream that are on their way at most.
pub(crate) const READ_AHEAD: usize = 2;
