//! A CSV file as a header and rows of equal length; what the cells mean is the callers' business.

use std::collections::HashMap;
use std::path::Path;

use csv::{ByteRecord, Reader, ReaderBuilder};

use super::cells::trimmed;
use super::file_text::{FileText, MOST_BYTES};
use super::line_counter::LineCounter;
use super::name::data_name;
use losslab_base::{Bytes, DataError, Place, counted, quoted};

/// The separators looked for; the first one wins a draw.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// Bytes of a cell once it is read: an f64.
const CELL_BYTES: u64 = 8;
/// So many rows, the header among them, are looked at to find the separator.
const ROWS_SAMPLED: usize = 20;

/// A CSV file whose header has been read: names that are all there and all different.
pub struct Table {
    source: FileText,
    delimiter: u8,
    /// The column names, without the blanks around them.
    pub(super) header: Vec<String>,
    /// Where each name stands.
    by_name: HashMap<String, usize>,
}

impl Table {
    /// Reads the file, finds its separator and checks its header.
    pub(super) fn open(path: &Path) -> Result<Table, DataError> {
        Table::open_within(path, MOST_BYTES)
    }

    /// The same, if its text and the numbers in it take no more than so many bytes.
    pub(super) fn open_within(path: &Path, most: u64) -> Result<Table, DataError> {
        let table = Table::of(FileText::read(path, most)?)?;
        let text = table.source.text.as_bytes();
        // A last line without an end is one more than there are line ends.
        let (rows, columns) = (LineCounter::new(text).line(text.len()), table.header.len() as u64);
        let needed =
            rows.saturating_mul(columns).saturating_mul(CELL_BYTES).saturating_add(text.len() as u64);
        if needed > most {
            let found = format!("{rows} lines of {columns} columns, which need {}", Bytes(needed));
            return Err(table.place().error(found, format!("at most {} (--max-memory)", Bytes(most))));
        }
        Ok(table)
    }

    /// Finds the separator of a text and checks its header.
    pub fn of(source: FileText) -> Result<Table, DataError> {
        let delimiter = find_delimiter(&source.text);
        let mut record = ByteRecord::new();
        if source.text.trim().is_empty()
            || !next_record(&source, &mut reader(&source.text, delimiter), &mut record)?
        {
            return Err(source.place().error("an empty file", "a header line and data rows"));
        }
        let header: Vec<String> =
            record.iter().map(|cell| String::from_utf8_lossy(trimmed(cell)).into_owned()).collect();
        let by_name = numbered(&header).map_err(|(found, expected)| {
            let line = LineCounter::new(source.text.as_bytes()).line_of_row(offset(&record));
            source.place().line(line).error(found, expected)
        })?;
        Ok(Table { source, delimiter, header, by_name })
    }

    /// Calls `visit` for every row below the header and returns how many there were (at least one).
    pub(super) fn for_each_row(
        &self,
        mut visit: impl FnMut(&Row<'_>) -> Result<(), DataError>,
    ) -> Result<usize, DataError> {
        let mut reader = reader(&self.source.text, self.delimiter);
        let lines = LineCounter::new(self.source.text.as_bytes());
        let mut row = Row { table: self, record: ByteRecord::new(), lines };
        next_record(&self.source, &mut reader, &mut row.record)?; // the header
        let mut rows = 0;
        while next_record(&self.source, &mut reader, &mut row.record)? {
            if row.record.len() != self.header.len() {
                return Err(row.wrong_length());
            }
            visit(&row)?;
            rows += 1;
        }
        if rows == 0 {
            return Err(self.place().error("a header and nothing below it", "data rows"));
        }
        Ok(rows)
    }

    /// Where the column of this name stands.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.by_name.get(name.trim_ascii()).copied()
    }

    /// The name of column `i`.
    pub(super) fn column(&self, i: usize) -> &str {
        self.header.get(i).map_or("", String::as_str)
    }

    /// The file as the place of an error.
    pub(super) fn place(&self) -> Place {
        self.source.place()
    }

    /// What a set read from it is called.
    pub(super) fn name(&self) -> String {
        data_name(Path::new(&self.source.file))
    }
}

/// One row of a [`Table`], with as many cells as the header.
pub(super) struct Row<'t> {
    table: &'t Table,
    record: ByteRecord,
    lines: LineCounter<'t>,
}

impl Row<'_> {
    /// The cell in column `i` without the blanks around it.
    pub(super) fn cell(&self, i: usize) -> &[u8] {
        trimmed(self.record.get(i).unwrap_or_default())
    }

    /// The error that names the line, the column and the content of cell `i`.
    pub(super) fn error(&self, i: usize, expected: impl Into<String>) -> DataError {
        let (place, found) = self.cell_in_words(i);
        place.error(found, expected)
    }

    /// Where cell `i` stands and what it holds, for messages.
    pub(super) fn cell_in_words(&self, i: usize) -> (Place, String) {
        let found = quoted(&String::from_utf8_lossy(self.cell(i)));
        (self.place().column(self.table.column(i)), found)
    }

    /// The error of a row that has not as many cells as the header.
    fn wrong_length(&self) -> DataError {
        let runs_over = self.record.as_slice().iter().any(|byte| b"\n\r".contains(byte));
        let hint = if runs_over { " (a cell runs over a line end: is a quote left open?)" } else { "" };
        let expected = format!("{} as in the header{hint}", self.table.header.len());
        self.place().error(counted(self.record.len(), "cell"), expected)
    }

    fn place(&self) -> Place {
        self.table.place().line(self.lines.line_of_row(offset(&self.record)))
    }
}

/// A reader over the whole text, header included, that leaves the number of cells to us.
fn reader(text: &str, delimiter: u8) -> Reader<&[u8]> {
    ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(text.as_bytes())
}

/// Reads the next record, `false` at the end.
fn next_record(
    source: &FileText,
    reader: &mut Reader<&[u8]>,
    record: &mut ByteRecord,
) -> Result<bool, DataError> {
    reader
        .read_byte_record(record)
        .map_err(|error| DataError::Read { file: source.file.clone(), error: error.into() })
}

/// The byte at which the reader began to look for a record.
fn offset(record: &ByteRecord) -> usize {
    record.position().map_or(0, |position| usize::try_from(position.byte()).unwrap_or(usize::MAX))
}

/// The separator that occurs in the header and cuts most of the first rows into as many cells as the header;
/// among equals the one that makes most cells. A file of one column has none, and any will do.
fn find_delimiter(text: &str) -> u8 {
    let mut best = (DELIMITERS[0], (0, 0));
    // One that does not occur cuts nothing, and a reader takes longer to build than a few rows to read.
    for delimiter in DELIMITERS.into_iter().filter(|delimiter| text.as_bytes().contains(delimiter)) {
        let lengths: Vec<usize> =
            reader(text, delimiter).byte_records().take(ROWS_SAMPLED).flatten().map(|r| r.len()).collect();
        let Some((&columns, rows)) = lengths.split_first() else { continue };
        let agreeing = rows.iter().filter(|&&length| length == columns).count();
        if columns > 1 && (agreeing, columns) > best.1 {
            best = (delimiter, (agreeing, columns));
        }
    }
    best.0
}

/// Where each name stands. Refuses columns without a name and names that occur twice; says what was found and
/// expected.
fn numbered(header: &[String]) -> Result<HashMap<String, usize>, (String, &'static str)> {
    let mut by_name = HashMap::new();
    for (i, name) in header.iter().enumerate() {
        if name.is_empty() {
            let hint =
                "a name for every column (an index that pandas wrote? to_csv(index=False) leaves it out)";
            return Err((format!("no name for column {} of {}", i + 1, header.len()), hint));
        }
        if let Some(first) = by_name.insert(name.clone(), i) {
            let found = format!("{} as the name of columns {} and {}", quoted(name), first + 1, i + 1);
            return Err((found, "every column name once"));
        }
    }
    Ok(by_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_separator_is_found_whatever_the_cells_hold() {
        for (text, expected) in [
            ("a,b\n1,2\n", b','),
            ("a;b\n1,5;2,5\n", b';'),
            ("a\tb\n1\t2\n", b'\t'),
            ("a|b\n1|2\n", b'|'),
            ("\"a;x;y;z\",b\n1,2\n", b','),  // quoted: no separator
            ("a;x;y;z,b\n1,2\n3,4\n", b','), // in the header only
            ("a;b\n1;2\n1;2;3\n", b';'),     // a faulty row does not confuse it
            ("label\n1\n", b','),
        ] {
            assert_eq!(find_delimiter(text) as char, expected as char, "{text:?}");
        }
    }

    #[test]
    fn every_cell_may_ask_for_its_line_and_the_text_is_read_once() {
        let names: Vec<String> = (0..500).map(|i| format!("column{i:0100}")).collect();
        let text = format!("{}\n{}", names.join(","), format!("{}1\n", "1,".repeat(499)).repeat(20));
        let table = Table::of(FileText { file: "x".into(), text: text.clone() }).unwrap();
        let mut looked_at = 0;
        let rows = table.for_each_row(|row| {
            let lines: Vec<_> = (0..500).map(|i| row.cell_in_words(i).0.line).collect();
            assert!(lines.iter().all(|line| *line == lines[0]));
            looked_at = row.lines.looked_at.get();
            Ok(())
        });
        assert_eq!(rows.unwrap(), 20);
        assert!(looked_at <= text.len() + 20, "{looked_at} of {} bytes", text.len());
    }
}
