//! Reads a text file as it comes: plain or gzip, with or without a byte order mark. Refuses what is not text.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::bounded_read::{ReadFault, read_bounded};
use super::line_counter::LineCounter;
use losslab_base::{Bytes, DataError, Place};

/// Most bytes of text in a file, unpacked, where no other limit is given: 4 GiB. A gzip file of 4 MB can hold
/// that much.
pub(crate) const MOST_BYTES: u64 = 1 << 32;

/// What is expected of a packed file.
const WHOLE: &str = "a complete gzip file (was it copied or downloaded in part?)";

/// The whole text of a file, in memory: it is parsed in one go, and an error can count lines back from any
/// byte.
pub struct FileText {
    /// The path as the user gave it, for messages.
    pub(super) file: String,
    /// The text without its byte order mark.
    pub(super) text: String,
}

impl FileText {
    /// Reads `path`, as long as its text, unpacked, has no more than `most` bytes.
    pub(super) fn read(path: &Path, most: u64) -> Result<FileText, DataError> {
        let file = path.display().to_string();
        match File::open(path) {
            Ok(opened) => FileText::from_reader(file, BufReader::new(opened), most),
            Err(error) => Err(DataError::Read { file, error }),
        }
    }

    /// The text in these bytes.
    pub fn of(file: String, bytes: Vec<u8>) -> Result<FileText, DataError> {
        FileText::from_reader(file, &bytes[..], MOST_BYTES)
    }

    /// The text that a reader yields. Gzip is known by its first bytes, so a wrong file ending does no harm.
    fn from_reader(file: String, mut reader: impl BufRead, most: u64) -> Result<FileText, DataError> {
        let packed = reader.fill_buf().is_ok_and(|start| start.starts_with(&[0x1f, 0x8b]));
        // A NUL decides that this is no text: no need to read on.
        let is_binary = |new: &[u8]| new.contains(&0);
        let read = match packed {
            true => read_bounded(MultiGzDecoder::new(reader), most, is_binary),
            false => read_bounded(reader, most, is_binary),
        };
        let mut bytes = match read {
            Ok(bytes) => bytes,
            Err(ReadFault::Io(error, _)) if !packed => return Err(DataError::Read { file, error }),
            Err(fault) => {
                let (found, expected) = said(&fault, packed, most);
                return Err(Place::of(&file).error(found, expected));
            }
        };
        if bytes.starts_with(b"\xef\xbb\xbf") {
            bytes.drain(..3);
        }
        let text = decode(bytes).map_err(|(found, line)| {
            let place = Place::of(&file);
            let place = if let Some(line) = line { place.line(line) } else { place };
            place.error(found, "CSV as UTF-8 text, plain or gzip")
        })?;
        Ok(FileText { file, text })
    }

    /// The file as the place of an error.
    pub(super) fn place(&self) -> Place {
        Place::of(&self.file)
    }
}

/// What was found in a file that could not be read to its end, and what was expected.
fn said(fault: &ReadFault, packed: bool, most: u64) -> (String, String) {
    let unpacked = if packed { ", unpacked" } else { "" };
    match fault {
        ReadFault::TooLong => {
            let most = Bytes(most);
            (format!("more than {most} of text{unpacked}"), format!("at most {most} (--max-memory)"))
        }
        ReadFault::NoMemory(read) => {
            let read = Bytes(*read as u64);
            (
                format!("no more memory after {read} of text{unpacked}"),
                "a smaller file, or more memory".into(),
            )
        }
        ReadFault::Io(error, read) if error.kind() == io::ErrorKind::UnexpectedEof => {
            (format!("gzip data that is cut off, after {read} bytes of text"), WHOLE.into())
        }
        ReadFault::Io(error, _) => (format!("damaged gzip data ({error})"), WHOLE.into()),
    }
}

/// The bytes as text, or what they are instead and, where it helps, on which line.
fn decode(bytes: Vec<u8>) -> Result<String, (String, Option<u64>)> {
    if bytes.starts_with(b"PK\x03\x04") {
        return Err(("a zip archive (an .xlsx workbook is one, too)".into(), None));
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(("UTF-16 text".into(), None));
    }
    if let Some(nul) = bytes.iter().position(|&byte| byte == 0) {
        return Err(("a NUL byte, as in binary files".into(), Some(LineCounter::new(&bytes).line(nul))));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let byte = error.as_bytes().get(valid).copied().unwrap_or_default();
        (
            format!("byte 0x{byte:02X}, which is not UTF-8"),
            Some(LineCounter::new(error.as_bytes()).line(valid)),
        )
    })
}
