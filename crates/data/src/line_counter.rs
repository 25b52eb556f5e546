//! Tells on which line of a text a byte stands, for messages, in time that grows with the text and not with
//! the number of questions.

use std::cell::Cell;

/// Counts the lines of a text. A line ends with LF, CRLF or (old Macintosh) a CR alone.
///
/// It goes on from where it was asked last: questions in the order of the text read every byte once in all,
/// and the same question again reads none.
pub(crate) struct LineCounter<'t> {
    text: &'t [u8],
    last: Cell<Answer>,
    /// Bytes that were looked at so far, for tests.
    #[cfg(test)]
    pub(crate) looked_at: Cell<usize>,
}

/// What was asked last and what the answer was.
#[derive(Clone, Copy)]
struct Answer {
    asked: usize,
    /// `asked`, or the first byte behind it that does not end a line.
    from: usize,
    line: u64,
}

impl<'t> LineCounter<'t> {
    pub(crate) fn new(text: &'t [u8]) -> Self {
        LineCounter {
            text,
            last: Cell::new(Answer { asked: 0, from: 0, line: 1 }),
            #[cfg(test)]
            looked_at: Cell::new(0),
        }
    }

    /// The line, counted from 1, on which byte `offset` stands, or the end of the text if it is shorter.
    pub(crate) fn line(&self, offset: usize) -> u64 {
        let last = self.last.get();
        let offset = offset.min(self.text.len());
        let start = if offset < last.from { Answer { asked: 0, from: 0, line: 1 } } else { last };
        let answer = Answer { asked: offset, from: offset, line: start.line + self.ends(start.from, offset) };
        self.last.set(answer);
        answer.line
    }

    /// The line of the first byte at or after `offset` that does not end a line.
    ///
    /// The CSV reader gives the place where it began to look for a row, which is before the line end of the
    /// previous row under CRLF, and before any empty lines it skips.
    pub(crate) fn line_of_row(&self, offset: usize) -> u64 {
        let last = self.last.get();
        if offset == last.asked && offset < last.from {
            return last.line;
        }
        let after = self.text.get(offset..).unwrap_or_default();
        let blank = after.iter().take_while(|byte| is_end(byte)).count();
        self.look_at(blank);
        let line = self.line(offset + blank);
        self.last.set(Answer { asked: offset, ..self.last.get() });
        line
    }

    /// The line ends in these bytes.
    fn ends(&self, from: usize, to: usize) -> u64 {
        let bytes = self.text.get(from..to).unwrap_or_default();
        self.look_at(bytes.len());
        let is_end = |&(i, byte): &(usize, &u8)| match byte {
            b'\n' => true,
            b'\r' => self.text.get(from + i + 1) != Some(&b'\n'),
            _ => false,
        };
        bytes.iter().enumerate().filter(is_end).count() as u64
    }

    #[cfg_attr(not(test), expect(clippy::unused_self, reason = "tests count here"))]
    fn look_at(&self, _bytes: usize) {
        #[cfg(test)]
        self.looked_at.update(|seen| seen + _bytes);
    }
}

fn is_end(byte: &u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_as_an_editor_counts_them() {
        for (text, row, expected) in [
            ("a\n1\n2\n", 4, 3),
            ("a\r\n1\r\n2", 6, 3),
            ("a\r\n1\r\n2", 5, 3), // the LF of the CRLF is still ahead
            ("a\r1\r2", 4, 3),
            ("a\n1\n\n\n2", 4, 5), // empty lines are skipped
            ("a", 0, 1),
            ("a\nb", 9, 2),
        ] {
            let lines = LineCounter::new(text.as_bytes());
            assert_eq!(lines.line_of_row(row), expected, "{text:?} from byte {row}");
            assert_eq!(lines.line_of_row(row), expected, "{text:?} from byte {row} again");
            assert_eq!(lines.line_of_row(0), 1, "{text:?} from the start");
        }
        let lines = LineCounter::new(b"a\r\nb\n\nc");
        assert_eq!([0, 3, 5, 6, 3, 0].map(|offset| lines.line(offset)), [1, 2, 3, 4, 2, 1]);
    }

    #[test]
    fn any_number_of_questions_reads_the_text_about_once() {
        let text = format!("{}\n\n\n\n1\n2\n3\n", "long,".repeat(10_000));
        let lines = LineCounter::new(text.as_bytes());
        for _ in 0..1000 {
            assert_eq!(lines.line_of_row(50_001), 5); // behind the empty lines
        }
        for (i, expected) in [(50_005, 6), (50_007, 7)] {
            for _ in 0..1000 {
                assert_eq!(lines.line_of_row(i), expected);
            }
        }
        assert!(lines.looked_at.get() < text.len() + 10, "{} of {}", lines.looked_at.get(), text.len());
    }
}
