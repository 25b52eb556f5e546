//! What the checks of the data found, above everything that rests on the data.

use super::story::Story;
use losslab_data::checks::Warning;
use maud::{Markup, html};

/// Severe warnings as they are, the notes folded away.
pub(super) fn section(story: Story) -> Markup {
    let (severe, notes): (Vec<&Warning>, Vec<&Warning>) =
        story.plan().warnings.iter().partition(|warning| warning.is_severe());
    html! {
        @if !severe.is_empty() {
            section.severe aria-labelledby="warnings" {
                h2 #warnings { "Warnings about the data" }
                p { "The numbers below are probably wrong." }
                ul { @for warning in &severe { li { strong { (warning.kind) } ": " (warning.text) "." } } }
            }
        }
        @if !notes.is_empty() {
            details class="notes" {
                summary { "Notes on the data (" (notes.len()) ")" }
                ul { @for note in &notes { li { (note.kind) ": " (note.text) "." } } }
            }
        }
    }
}
