//! `report.html`: a comparison as one page that needs nothing but itself.
//!
//! No network, no script but its own few lines, no font; light and dark; the numbers behind every drawing as
//! a table. It opens with the verdict, because that is what was asked, and says so if there is no difference
//! to be seen.
//!
//! | file | what |
//! |---|---|
//! | `story` | what a report is told from |
//! | `page` | the page around the parts, and the footer |
//! | `warnings` | what the checks of the data found |
//! | `opening` | the verdict, what was compared |
//! | `differences` | differences with intervals, and whether they matter |
//! | `metrics` | the table of all metrics |
//! | `ranking` | precision-recall and ROC curves |
//! | `calibration` | reliability curves, and what repairs probabilities |
//! | `training` | training curves; of detectors the shares of easy and hard examples |
//! | `tuning` | what tuning tried and chose |
//! | `boxes` | of detectors pictures and categories |
//! | `weights` | what gamma does to the examples: figure 4 of the paper, the slider |
//! | `planes` | decision boundaries of two-dimensional problems |
//! | `across` | comparisons on several data sets: a page of its own |
//! | `figures` | a drawing with its caption and table |

mod across;
pub(crate) mod boxes;
pub(crate) mod calibration;
mod differences;
mod figures;
mod metrics;
mod opening;
mod page;
pub(crate) mod planes;
pub(crate) mod ranking;
mod story;
pub(crate) mod training;
mod tuning;
mod warnings;
pub(crate) mod weights;

pub(crate) use figures::Figures;
pub use story::Story;
pub(crate) use story::{number, percent};

use crate::Across;
use losslab_base::shown;
use losslab_data::files::ConfinedFolder;
use std::io;
use std::path::Path;

/// Writes `report.html` into the folder, and each of its drawings as `plots/NAME.svg`. Returns the size of
/// the page.
///
/// # Errors
/// If the folder cannot be written.
pub fn write_html(folder: &Path, story: Story) -> io::Result<usize> {
    let mut figures = Figures::default();
    let page = page::page(story, &mut figures).into_string();
    write(&ConfinedFolder::new(folder), "report.html", &page, &figures)
}

/// Writes `across.html` and `across.json` into the folder, which need not be there, and each drawing as
/// `plots/NAME.svg`. Returns the size of the page. `command` is how it was asked for.
///
/// # Errors
/// If the folder cannot be written.
pub fn write_across(folder: &Path, across: &Across, command: &str, version: &str) -> io::Result<usize> {
    let mut figures = Figures::default();
    let page = across::page(across, command, version, &mut figures).into_string();
    let folder = ConfinedFolder::new(folder);
    let json = serde_json::to_string_pretty(across).map_err(io::Error::other)?;
    folder.write("across.json", format!("{json}\n").as_bytes())?;
    write(&folder, "across.html", &page, &figures)
}

/// Writes a page and its drawings, with what texts from files could do to a reader escaped.
fn write(folder: &ConfinedFolder, name: &str, page: &str, figures: &Figures) -> io::Result<usize> {
    for (name, picture) in &figures.made {
        folder.write(format!("plots/{name}.svg"), shown(&picture.document()).as_bytes())?;
    }
    let page = shown(page);
    folder.write(name, page.as_bytes())?;
    Ok(page.len())
}

/// The page alone.
pub(super) fn page_text(story: Story) -> String {
    page::page(story, &mut Figures::default()).into_string()
}
