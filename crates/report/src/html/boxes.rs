//! What detectors found: pictures, and average precision by category.

use super::figures::{Numbers, table};
use super::story::{Story, number, over_seeds};
use crate::views::boxes::found;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, html};

/// Pictures of more bytes, all together, stay files beside the report.
const MOST_BYTES: usize = 1_200_000;

/// The pictures and the table of categories.
pub(crate) fn section(story: Story) -> Markup {
    html! {
        (pictures(story))
        section aria-labelledby="categories" {
            h2 #categories { "Category by category" }
            p { "COCO's average precision of each category on the test images, mean \u{b1} standard \
                 deviation over the seeds." }
            (table("Average precision by category", &categories(story)))
        }
    }
}

fn pictures(story: Story) -> Markup {
    let bytes: usize = story.pictures.iter().map(|(_, png)| png.len()).sum();
    html! {
        @if !story.pictures.is_empty() {
            section aria-labelledby="pictures" {
                h2 #pictures { "What was found" }
                p {
                    "Test images with true and found boxes, worst misses first: those in which the losses \
                     together missed the most objects. The legend is below each sheet. As many detections \
                     are shown as there are objects in the test set, those with the highest scores: a cut by \
                     rank, since losses report different scores for the same certainty."
                }
                @if bytes > MOST_BYTES {
                    p {
                        "The pictures are too large for this page; they are in the folder "
                        code { "pictures" } " beside it."
                    }
                } @else {
                    @for (loss, png) in story.pictures {
                        figure {
                            img src={ "data:image/png;base64," (STANDARD.encode(png)) } loading="lazy"
                                alt={ "Test images with the true boxes and those that the detector trained \
                                       with " (loss) " found." };
                            figcaption { (loss) ", first seed" }
                        }
                    }
                }
            }
        }
    }
}

fn categories(story: Story) -> Numbers {
    let losses = story.losses();
    let of_run = |run: &crate::RunRecord| found(run).map(|found| found.per_category.clone());
    let first = story.records.iter().find_map(of_run).unwrap_or_default();
    let rows = first.iter().map(|category| {
        let cell = |loss: &&str| {
            let values = story
                .runs(loss)
                .filter_map(of_run)
                .map(|all| all.iter().find(|c| c.id == category.id).and_then(|c| c.ap));
            let values: Vec<Option<f64>> = values.collect();
            match over_seeds(values.iter().copied(), (f64::MIN, f64::MAX)) {
                Some((mean, (_, high))) => {
                    format!("{} \u{b1} {}", number(Some(mean), 3), number(Some(high - mean), 3))
                }
                None => number(None, 3),
            }
        };
        std::iter::once(category.name.clone()).chain(losses.iter().map(cell)).collect()
    });
    Numbers {
        head: std::iter::once("category").chain(losses.iter().copied()).map(String::from).collect(),
        rows: rows.collect(),
    }
}
