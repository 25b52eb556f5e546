//! Figures of a report: a drawing, its caption, and the numbers behind it as a table.

use crate::plot::Picture;
use maud::{Markup, PreEscaped, html};

/// A table of text: its head, and rows whose first cell is their head.
#[derive(Clone, Debug, Default)]
pub(crate) struct Numbers {
    pub head: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

/// The figures made so far, to be written as files of their own.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    /// Names, unique, and drawings.
    pub made: Vec<(String, Picture)>,
}

impl Figures {
    /// A figure that is also written as `plots/NAME.svg`; a name that is taken gets a number.
    pub fn figure(&mut self, name: &str, picture: Picture, caption: &str, numbers: &Numbers) -> Markup {
        let taken = self.made.iter().filter(|(n, _)| n == name || n.starts_with(&format!("{name}-"))).count();
        let name = if taken == 0 { name.to_owned() } else { format!("{name}-{}", taken + 1) };
        let svg = picture.inline(&name);
        let title = picture.title.clone();
        self.made.push((name.clone(), picture));
        html! {
            div {
                figure {
                    (PreEscaped(svg))
                    figcaption { (caption) }
                }
                details {
                    summary { "Numbers: " (title) }
                    (table(&format!("Numbers of {name}"), numbers))
                }
            }
        }
    }
}

/// A table that scrolls by itself where it is too wide; `name` is for those who do not see it.
pub(crate) fn table(name: &str, numbers: &Numbers) -> Markup {
    html! {
        section.scroll aria-label=(name) tabindex="0" {
            table {
                thead { tr {
                    @for cell in &numbers.head {
                        th.spec[cell.contains(':')] scope="col" { (breakable(cell)) }
                    }
                } }
                tbody {
                    @for row in &numbers.rows {
                        tr {
                            @for (i, cell) in row.iter().enumerate() {
                                @if i == 0 { th scope="row" { (cell) } } @else { td { (cell) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A spec that may break after its name and between its parts.
pub(crate) fn breakable(spec: &str) -> Markup {
    html! { @for part in spec.split_inclusive([':', ',', '+', ' ']) { (part) wbr; } }
}
