//! Frames: a kind, a stream's number, a length, the bytes.
use std::io::{self, Read, Write};

/// Longer than any honest frame.
const LONGEST: usize = 1 << 30;

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    Hello = 1,
    Request = 2,
    Pull = 3,
    Data = 4,
    End = 5,
    Answer = 6,
    Failure = 7,
}

const OPS: [Op; 7] = [Op::Hello, Op::Request, Op::Pull, Op::Data, Op::End, Op::Answer, Op::Failure];

/// One frame.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) op: Op,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

impl Frame {
    /// The next frame; nothing if the other side has gone.
    pub(crate) fn read(from: &mut impl Read) -> io::Result<Option<Self>> {
        let mut head = [0; 9];
        if from.read(&mut head[..1])? == 0 {
            return Ok(None);
        }
        from.read_exact(&mut head[1..])?;
        let [op, s0, s1, s2, s3, l0, l1, l2, l3] = head;
        let length = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
        let op = OPS.into_iter().find(|known| *known as u8 == op).filter(|_| length <= LONGEST);
        let op =
            op.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the other side does not speak the protocol"))?;
        let mut payload = Vec::with_capacity(length);
        if from.take(length as u64).read_to_end(&mut payload)? < length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(Some(Self { op, stream: u32::from_le_bytes([s0, s1, s2, s3]), payload }))
    }

    /// Sends a frame.
    pub(crate) fn write(to: &mut impl Write, op: Op, stream: u32, payload: &[u8]) -> io::Result<()> {
        let length = u32::try_from(payload.len()).ok().filter(|length| *length as usize <= LONGEST);
        let length = length.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a row is larger than 1 GiB"))?;
        let mut head = [0; 9];
        head[0] = op as u8;
        head[1..5].copy_from_slice(&stream.to_le_bytes());
        head[5..].copy_from_slice(&length.to_le_bytes());
        to.write_all(&head)?;
        to.write_all(payload)?;
        to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_survive_and_torn_ones_are_noticed() {
        let mut bytes = Vec::new();
        Frame::write(&mut bytes, Op::Data, 3, b"abc").unwrap();
        Frame::write(&mut bytes, Op::End, 3, b"").unwrap();

        let mut from = bytes.as_slice();
        let frame = Frame::read(&mut from).unwrap().unwrap();
        assert_eq!(frame, Frame { op: Op::Data, stream: 3, payload: b"abc".to_vec() });
        assert_eq!(Frame::read(&mut from).unwrap().unwrap().op, Op::End);
        assert_eq!(Frame::read(&mut from).unwrap(), None);

        assert!(Frame::read(&mut &bytes[..11]).is_err());
        assert!(Frame::read(&mut &b"HTTP/1.1 200 OK"[..]).is_err());
    }
}
