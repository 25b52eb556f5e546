//! Reading files whose size is not known, or not to be believed, into no more memory than is allowed.

use std::io::{self, Read};

/// Why reading ended before the end of the file.
pub(crate) enum ReadFault {
    /// There are more bytes than are allowed.
    TooLong,
    /// The system does not have the memory; so many bytes were read.
    NoMemory(usize),
    /// Reading failed; so many bytes were read.
    Io(io::Error, usize),
}

/// Bytes that are read at a time.
const CHUNK: usize = 1 << 16;

/// All that the reader yields, up to `most` bytes, or up to and with the first chunk that `is_enough`.
///
/// Memory is taken as bytes arrive, at most twice as much as they need and never more than `most`, and a
/// system that has none left is an error, not the end of the program.
pub(crate) fn read_bounded(
    mut reader: impl Read,
    most: u64,
    is_enough: impl Fn(&[u8]) -> bool,
) -> Result<Vec<u8>, ReadFault> {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let mut bytes: Vec<u8> = Vec::new();
    let mut chunk = vec![0; CHUNK];
    loop {
        let count = match reader.read(&mut chunk) {
            Ok(0) => return Ok(bytes),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(ReadFault::Io(error, bytes.len())),
        };
        let new = chunk.get(..count).unwrap_or_default();
        let needed = bytes.len().saturating_add(count);
        if needed > most {
            return Err(ReadFault::TooLong);
        }
        if needed > bytes.capacity() {
            let wanted = bytes.capacity().saturating_mul(2).clamp(needed, most);
            let more = wanted - bytes.len();
            bytes.try_reserve_exact(more).map_err(|_| ReadFault::NoMemory(bytes.len()))?;
        }
        bytes.extend_from_slice(new);
        if is_enough(new) {
            return Ok(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    /// Zeros without an end, counted.
    struct Endless<'a>(&'a Cell<usize>);

    impl Read for Endless<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            out.fill(0);
            self.0.update(|read| read + out.len());
            Ok(out.len())
        }
    }

    #[test]
    fn an_endless_file_ends_at_the_limit_or_where_enough_was_seen() {
        let read = Cell::new(0);
        let most = 10 * CHUNK as u64 + 1;
        assert!(matches!(read_bounded(Endless(&read), most, |_| false), Err(ReadFault::TooLong)));
        assert_eq!(read.get(), 11 * CHUNK, "no chunk behind the one that is too many");
        read.set(0);
        let bytes = read_bounded(Endless(&read), u64::MAX, |new| new.contains(&0)).ok().unwrap();
        assert_eq!((bytes.len(), read.get()), (CHUNK, CHUNK));
        let bytes = read_bounded(&[7; 3][..], 3, |_| false).ok().unwrap();
        assert_eq!((bytes, 3), (vec![7; 3], 3));
    }

    #[test]
    fn no_more_room_is_taken_than_allowed() {
        let text = vec![1; 9 * CHUNK];
        let bytes = read_bounded(&text[..], text.len() as u64, |_| false).ok().unwrap();
        assert_eq!((bytes.len(), bytes.capacity()), (text.len(), text.len()));
    }
}
