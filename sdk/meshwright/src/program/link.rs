//! The program's end of the socket.
use std::collections::HashMap;
use std::io::{self, BufReader};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use crate::wire::{Frame, Object, Op, PROTOCOL, RESULT};

/// The program's end of the socket; clones send on the same one.
#[derive(Clone)]
pub(super) struct Link {
    socket: Arc<Mutex<UnixStream>>,
}

impl Link {
    /// Connects and says hello.
    pub(super) fn connect(path: &Path) -> io::Result<Self> {
        let link = Self { socket: Arc::new(Mutex::new(UnixStream::connect(path)?)) };
        let hello = Object::new().number("protocol", PROTOCOL).text("sdk", env!("CARGO_PKG_VERSION")).finish();
        link.send(Op::Hello, RESULT, hello.as_bytes())?;
        Ok(link)
    }

    /// The bytes of the request; nothing if `mesh` has gone.
    pub(super) fn request(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut socket = self.socket.lock().unwrap_or_else(PoisonError::into_inner);
        let frame = Frame::read(&mut *socket)?;
        Ok(frame.filter(|frame| frame.op == Op::Request).map(|frame| frame.payload))
    }

    /// Sends one frame.
    pub(super) fn send(&self, op: Op, stream: u32, payload: &[u8]) -> io::Result<()> {
        let mut socket = self.socket.lock().unwrap_or_else(PoisonError::into_inner);
        Frame::write(&mut *socket, op, stream, payload)
    }

    /// Starts to receive the streams 1 to `count`. What arrives has been pulled before, so the queues stay short.
    pub(super) fn receive(&self, count: u32) -> io::Result<Vec<Receiver<Vec<u8>>>> {
        let socket = self.socket.lock().unwrap_or_else(PoisonError::into_inner).try_clone()?;
        let (senders, receivers): (HashMap<u32, Sender<Vec<u8>>>, Vec<_>) = (1..=count)
            .map(|stream| {
                let (sender, receiver) = channel();
                ((stream, sender), receiver)
            })
            .unzip();
        std::thread::Builder::new().name("mesh inputs".to_owned()).spawn(move || deliver(socket, senders))?;
        Ok(receivers)
    }
}

fn deliver(socket: UnixStream, mut senders: HashMap<u32, Sender<Vec<u8>>>) {
    let mut socket = BufReader::new(socket);
    while let Ok(Some(frame)) = Frame::read(&mut socket) {
        match (frame.op, senders.get(&frame.stream)) {
            // a step that has lost interest in an input has dropped its receiver
            (Op::Data, Some(sender)) => drop(sender.send(frame.payload)),
            (Op::End, Some(_)) => drop(senders.remove(&frame.stream)),
            _ => {}
        }
    }
    // mesh has gone: whatever is still being computed is for nobody
    std::process::exit(1);
}
