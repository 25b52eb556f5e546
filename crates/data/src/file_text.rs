//! Reads a text file as it comes: plain or gzip, with or without a byte order mark. Refuses what is not text.

use std::io::{self, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::line_counter::LineCounter;
use losslab_base::{DataError, Place};

/// Most bytes of text in a file, unpacked: 4 GiB. A gzip file of 4 MB can hold that much.
const MOST_BYTES: u64 = 1 << 32;

/// The whole text of a file, in memory: it is parsed in one go, and an error can count lines back from any
/// byte.
pub struct FileText {
    /// The path as the user gave it, for messages.
    pub(super) file: String,
    /// The text without its byte order mark.
    pub(super) text: String,
}

impl FileText {
    /// Reads `path`.
    pub(super) fn read(path: &Path) -> Result<FileText, DataError> {
        let file = path.display().to_string();
        match std::fs::read(path) {
            Ok(bytes) => FileText::of(file, bytes),
            Err(error) => Err(DataError::Read { file, error }),
        }
    }

    /// The text in these bytes. Gzip is known by its first bytes, so a wrong file ending does no harm.
    pub fn of(file: String, mut bytes: Vec<u8>) -> Result<FileText, DataError> {
        if bytes.starts_with(&[0x1f, 0x8b]) {
            bytes = gunzip(&bytes).map_err(|(found, expected)| Place::of(&file).error(found, expected))?;
        }
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

/// The unpacked bytes of all members, or what is wrong with the packed ones and what was expected.
fn gunzip(packed: &[u8]) -> Result<Vec<u8>, (String, &'static str)> {
    const WHOLE: &str = "a complete gzip file (was it copied or downloaded in part?)";
    let mut unpacked = Vec::new();
    match MultiGzDecoder::new(packed).take(MOST_BYTES + 1).read_to_end(&mut unpacked) {
        Ok(_) if unpacked.len() as u64 > MOST_BYTES => {
            Err(("gzip data that unpack to more than 4 GiB".into(), "at most 4 GiB of text"))
        }
        Ok(_) => Ok(unpacked),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Err((format!("gzip data that is cut off, after {} bytes of text", unpacked.len()), WHOLE))
        }
        Err(error) => Err((format!("damaged gzip data ({error})"), WHOLE)),
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
