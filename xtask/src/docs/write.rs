//! Blocks of a page, replaced by what their commands print now.

use super::blocks::What;
use super::compare::ELISION;
use std::ops::Range;

/// The lines of a block as they would be now, if that is clear: the whole output where nothing is left out,
/// else tables in boxes, each replaced by the only one with the same rows.
pub fn rewritten(what: &What, expected: &[&str], printed: &[String]) -> Option<Vec<String>> {
    if matches!(what, What::All(_)) && !expected.contains(&ELISION) {
        return Some(printed.to_vec());
    }
    let shown: Vec<String> = expected.iter().map(|&line| line.to_owned()).collect();
    let mut new = shown.clone();
    // From the last on: those before keep their places.
    for range in boxes(&shown).into_iter().rev() {
        let rows = first_column(&shown[range.clone()]);
        let mut alike =
            boxes(printed).into_iter().filter(|other| first_column(&printed[other.clone()]) == rows);
        if let (Some(only), None) = (alike.next(), alike.next()) {
            new.splice(range, printed[only].iter().cloned());
        }
    }
    (new != shown).then_some(new)
}

/// The tables in boxes, from their first to their last line.
fn boxes(lines: &[String]) -> Vec<Range<usize>> {
    let starts = lines.iter().enumerate().filter(|(_, line)| line.starts_with('┌'));
    starts
        .filter_map(|(start, _)| {
            Some(start..start + 1 + lines[start..].iter().position(|l| l.starts_with('└'))?)
        })
        .collect()
}

/// What stands at the left of a table.
fn first_column(table: &[String]) -> Vec<String> {
    let cells = table.iter().filter_map(|line| line.strip_prefix("│ "));
    cells
        .map(|line| line.split("   ").next().unwrap_or_default().trim().to_owned())
        .filter(|c| !c.is_empty())
        .collect()
}

/// A page with new lines in place of some.
pub fn replaced(page: &[&str], mut new: Vec<(Range<usize>, Vec<String>)>) -> String {
    let mut lines: Vec<String> = page.iter().map(|&line| line.to_owned()).collect();
    new.sort_by_key(|(range, _)| std::cmp::Reverse(range.start));
    for (range, text) in new {
        lines.splice(range, text);
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::super::blocks::Run;
    use super::*;

    const TWO: &str = "training\n┌──────┐\n│ a   2 │\n└──────┘\n┌──────┐\n│ b   3 │\n└──────┘\nin 3 s";

    #[test]
    fn a_table_is_replaced_by_the_one_with_the_same_rows() {
        let printed: Vec<String> = TWO.lines().map(ToOwned::to_owned).collect();
        let what = What::Part(Run::new("losslab"));
        let shown: Vec<&str> = "┌──────┐\n│ b   9 │\n└──────┘".lines().collect();
        assert_eq!(rewritten(&what, &shown, &printed), Some(printed[4..7].to_vec()));
        assert_eq!(rewritten(&what, &["┌─┐", "│ c   9 │", "└─┘"], &printed), None);
        assert_eq!(rewritten(&What::All(Run::new("losslab")), &shown, &printed), Some(printed));
    }

    #[test]
    fn lines_of_a_page_are_replaced_and_the_others_kept() {
        let new = vec![(1..2, vec!["x".to_owned(), "y".to_owned()]), (3..4, Vec::new())];
        assert_eq!(replaced(&["a", "b", "c", "d"], new), "a\nx\ny\nc\n");
    }
}
