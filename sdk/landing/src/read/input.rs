//! A landed file as a stream of UTF-8 text.
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::PathBuf;

use encoding_rs::{Encoding, UTF_8};
use flate2::read::MultiGzDecoder;
use meshwright_spec::{Format, Source};

use super::encoding::{NotText, Transcoder, raw_offset};
use super::kind;
use crate::code;
use crate::data_error::{DataError, Place};
use crate::landing::Resource;

/// Bytes looked at to tell what a file is.
const HEAD: usize = 1024;

/// UTF-8's byte order mark.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// A landed text file. Offsets count bytes of its UTF-8 text.
#[derive(Debug)]
pub(super) struct Input {
    path: PathBuf,
    /// Its location, for messages.
    pub(super) shown: String,
    compression: Compression,
    /// Any but UTF-8, which needs no decoding.
    encoding: Option<&'static Encoding>,
    bytes: u64,
    /// Where text starts, after a byte order mark.
    pub(super) start: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compression {
    None,
    Gzip,
    Zstd,
}

impl Compression {
    fn of(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        match name.rsplit_once('.') {
            Some((_, "gz")) => Self::Gzip,
            Some((_, "zst")) => Self::Zstd,
            _ => Self::None,
        }
    }

    /// First bytes, and what the suffix promises.
    fn magic(self) -> Option<(&'static [u8], &'static str)> {
        match self {
            Self::None => None,
            Self::Gzip => Some((b"\x1f\x8b", "gzip")),
            Self::Zstd => Some((b"\x28\xb5\x2f\xfd", "zstd")),
        }
    }
}

impl Input {
    /// Looks at a landed file: it must not be empty, and be what its name and source say.
    pub(super) fn new(resource: &Resource, source: &Source) -> Result<Self, Box<DataError>> {
        let encoding = match &source.format {
            Format::Csv { encoding, .. } => Some(named(encoding, source, &resource.location)?).filter(|e| *e != UTF_8),
            _ => None,
        };
        let mut input = Self {
            path: resource.path.clone(),
            shown: resource.location.clone(),
            compression: Compression::of(&resource.name),
            encoding,
            bytes: resource.bytes,
            start: 0,
        };
        input.look(resource, source)?;
        Ok(input)
    }

    fn look(&mut self, resource: &Resource, source: &Source) -> Result<(), Box<DataError>> {
        let fail = |error: io::Error| fault(self, source, &error);
        if let Some((magic, name)) = self.compression.magic() {
            let head = head(self.file().map_err(fail)?).map_err(fail)?;
            if head.is_empty() {
                return Err(empty(self, source));
            }
            if !head.starts_with(magic) {
                let what = format!("named `{}` but not {name}-compressed", resource.name);
                let is = kind::announced(&head).map_or("plain text, it seems", |kind| kind);
                return Err(DataError::new(code::OTHER_KIND, source, &self.shown, what).help(format!("it is {is}")));
            }
        }
        let mut head_bytes = head(self.bytes_from(0).map_err(fail)?).map_err(fail)?;
        if let Some(kind) = kind::announced(&head_bytes) {
            return Err(other_kind(self, source, kind));
        }
        if self.encoding.is_none() && (head_bytes.starts_with(b"\xff\xfe") || head_bytes.starts_with(b"\xfe\xff")) {
            let error = DataError::placed(code::ENCODING, source, &self.shown, FIRST, "UTF-16, not UTF-8 text");
            return Err(error.help("say so in the source: `encoding = \"utf-16\"`"));
        }
        if self.encoding.is_some() {
            head_bytes = head(self.open(0, None).map_err(fail)?).map_err(fail)?;
        }
        let text = head_bytes.strip_prefix(BOM).unwrap_or(&head_bytes);
        // a long run of white space is left to the parser
        if text.trim_ascii().is_empty() && head_bytes.len() < HEAD {
            return Err(empty(self, source));
        }
        if matches!(source.format, Format::Csv { .. }) && kind::is_json(text) {
            return Err(other_kind(self, source, "JSON")
                .help("if it is meant to be JSON, say `format = \"json\"` or `\"ndjson\"`"));
        }
        self.start = (head_bytes.len() - text.len()) as u64;
        Ok(())
    }

    /// Whether parts of it can be read without what stands before them.
    pub(super) fn is_plain(&self) -> bool {
        self.compression == Compression::None && self.encoding.is_none()
    }

    /// Whether its bytes are still to be proven UTF-8.
    pub(super) fn is_unproven(&self) -> bool {
        self.encoding.is_none()
    }

    /// How long it takes to read, in bytes of text, about.
    pub(super) fn weight(&self) -> u64 {
        if self.compression == Compression::None { self.bytes } else { self.bytes.saturating_mul(4) }
    }

    /// Size of its text, where that is known.
    pub(super) fn length(&self) -> Option<u64> {
        self.is_plain().then_some(self.bytes)
    }

    /// Its text from one offset on, to another one or the end.
    pub(super) fn open(&self, from: u64, to: Option<u64>) -> io::Result<Box<dyn Read + Send>> {
        let mut stream: Box<dyn Read + Send> = match self.encoding {
            None => self.bytes_from(from)?,
            Some(encoding) => {
                let mut stream = Transcoder::new(self.bytes_from(0)?, encoding);
                io::copy(&mut (&mut stream).take(from), &mut io::sink())?;
                Box::new(stream)
            }
        };
        if let Some(to) = to {
            stream = Box::new(stream.take(to.saturating_sub(from)));
        }
        Ok(stream)
    }

    /// Decompressed bytes.
    fn bytes_from(&self, from: u64) -> io::Result<Box<dyn Read + Send>> {
        let mut file = self.file()?;
        let mut stream: Box<dyn Read + Send> = match self.compression {
            Compression::None => {
                file.seek(SeekFrom::Start(from))?;
                return Ok(Box::new(file));
            }
            Compression::Gzip => Box::new(MultiGzDecoder::new(BufReader::with_capacity(64 << 10, file))),
            Compression::Zstd => Box::new(zstd::stream::read::Decoder::new(file)?),
        };
        io::copy(&mut (&mut stream).take(from), &mut io::sink())?;
        Ok(stream)
    }

    fn file(&self) -> io::Result<File> {
        File::open(&self.path)
    }

    /// Line and byte of the file at an offset of the text. Reads the file again: for messages only.
    pub(super) fn place(&self, offset: u64) -> Place {
        let mut line = 1;
        let count = |line: &mut u64| -> io::Result<()> {
            let mut stream = self.open(0, Some(offset))?;
            let mut buffer = vec![0; 256 << 10];
            loop {
                match stream.read(&mut buffer)? {
                    0 => return Ok(()),
                    read => *line += memchr::memchr_iter(b'\n', &buffer[..read]).count() as u64,
                }
            }
        };
        // an error here must not hide the one that is being reported
        let counted = count(&mut line);
        tracing::trace!(?counted, "landing.place");
        let byte_offset = match self.encoding {
            None => offset,
            Some(encoding) => {
                self.bytes_from(0).and_then(|raw| raw_offset(BufReader::new(raw), encoding, offset)).unwrap_or(offset)
            }
        };
        Place { line, byte_offset }
    }
}

const FIRST: Place = Place { line: 1, byte_offset: 0 };

fn named(label: &str, source: &Source, shown: &str) -> Result<&'static Encoding, Box<DataError>> {
    Encoding::for_label(label.as_bytes()).ok_or_else(|| {
        DataError::new(code::ENCODING, source, shown, format!("`{label}` is not the name of an encoding"))
            .help("write it as browsers do: utf-8, windows-1252, iso-8859-2, utf-16, shift_jis, …")
    })
}

fn empty(input: &Input, source: &Source) -> Box<DataError> {
    DataError::new(code::EMPTY, source, &input.shown, "the file is empty")
}

fn other_kind(input: &Input, source: &Source, kind: &str) -> Box<DataError> {
    let format = match source.format {
        Format::Csv { .. } => "csv",
        Format::Ndjson => "ndjson",
        Format::Json => "json",
        Format::Parquet => "parquet",
    };
    DataError::new(code::OTHER_KIND, source, &input.shown, format!("it is {kind}, not {format}"))
}

/// A stream that cannot be read on: bytes that are no text, or a broken compression.
pub(super) fn fault(input: &Input, source: &Source, error: &io::Error) -> Box<DataError> {
    if let Some(not_text) = error.get_ref().and_then(|inner| inner.downcast_ref::<NotText>()) {
        let encoding = input.encoding.map_or("utf-8", Encoding::name).to_ascii_lowercase();
        let what = format!("byte {} is no text in {encoding}", not_text.byte_offset);
        let mut error = DataError::new(code::ENCODING, source, &input.shown, what);
        error.byte_offset = Some(not_text.byte_offset);
        return error.help("say another `encoding` in the source");
    }
    let what = match input.compression {
        Compression::None => format!("it cannot be read: {error}"),
        _ => format!("its compressed data is damaged or ends early: {error}"),
    };
    DataError::new(code::MALFORMED, source, &input.shown, what)
}

/// Bytes that are not UTF-8, at an offset of the text.
pub(super) fn not_utf8(input: &Input, source: &Source, offset: u64) -> Box<DataError> {
    let place = input.place(offset);
    DataError::placed(code::ENCODING, source, &input.shown, place, "these bytes are not UTF-8 text")
        .help("say the file's encoding in the source, for example `encoding = \"windows-1252\"`")
}

fn head(mut stream: impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(HEAD);
    stream.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
    Ok(head)
}
