//! The page around the parts: head, navigation, and the footer from which anyone can run it again.

use super::figures::Figures;
use super::story::Story;
use super::{differences, metrics, opening, training, tuning, warnings};
use crate::plot::{properties, rules};
use crate::views;
use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");
/// Nothing may be loaded, from nowhere.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";

/// The whole page; drawings are left in `figures`.
pub(super) fn page(story: Story, figures: &mut Figures) -> Markup {
    let name = story.plan().data.get("name").and_then(serde_json::Value::as_str).unwrap_or("the data");
    let view = views::of(&story.plan().task).ok();
    let parts = html! {
        (warnings::section(story))
        (opening::verdict(story))
        (opening::subject(story))
        (metrics::section(story))
        (differences::differences(story, figures))
        @if let Some(view) = view { @for part in view.before_training(story, figures) { (part) } }
        (training::section(story, figures))
        (tuning::section(story, figures))
        @if let Some(view) = view { @for part in view.after_training(story, figures) { (part) } }
    };
    let head = Head {
        tab: &short(name),
        brand: "a comparison of losses",
        title: &format!("Which loss for {name}?"),
        version: story.results.environment.version,
    };
    frame(head, &parts, &footer(story))
}

/// What stands above the parts of a page.
pub(super) struct Head<'a> {
    /// For the tab of a browser.
    pub tab: &'a str,
    /// What kind of page it is.
    pub brand: &'a str,
    /// The heading.
    pub title: &'a str,
    /// The version of losslab.
    pub version: &'a str,
}

/// A page that needs nothing but itself, around its parts.
pub(super) fn frame(head: Head<'_>, parts: &Markup, footer: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="generator" content={ "losslab " (head.version) };
                meta name="color-scheme" content="light dark";
                title { (head.tab) " \u{2013} losslab" }
                style { (PreEscaped(style())) }
            }
            body {
                header {
                    p.brand { "losslab \u{b7} " (head.brand) }
                    h1 { (head.title) }
                    button #theme type="button" hidden { "Light or dark" }
                }
                main { (parts) }
                (footer)
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

/// For the tab of a browser: a specification without its parts.
fn short(name: &str) -> String {
    let family = name.split(':').next().unwrap_or(name);
    format!("Which loss for {}?", family.chars().take(40).collect::<String>())
}

/// Colours of both grounds, by the system's preference and by the button's; rules of charts; layout.
fn style() -> String {
    let (light, dark) = (properties(false), properties(true));
    format!(
        ":root{{color-scheme:light;{light}}}\
         @media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{color-scheme:dark;{dark}}}}}\
         :root[data-theme=dark]{{color-scheme:dark;{dark}}}\
         @media print{{:root,:root[data-theme]{{color-scheme:light;{light}}}}}\n{STYLE}\n{}",
        rules()
    )
}

/// Version, command, seeds, fingerprint, instruction set.
fn footer(story: Story) -> Markup {
    let environment = &story.results.environment;
    let seeds: Vec<String> = story.seeds().iter().map(u64::to_string).collect();
    let view = views::of(&story.plan().task).ok();
    let fingerprints = view.map(|view| view.fingerprints(story.plan())).unwrap_or_default();
    let notes = story.plan().notes();
    html! {
        footer {
            h2 { "To run it again" }
            dl.facts {
                dt { "Command" } dd { code { (story.plan().command) } }
                dt { "Version" } dd { "losslab " (environment.version) }
                dt { "Seeds" } dd { (seeds.join(", ")) }
                @for (what, print) in &fingerprints { dt { "Fingerprint " (what) } dd { code { (print) } } }
                dt { "Instruction set" } dd { (environment.instruction_set) }
                dt { "Machine" } dd { (environment.machine) ", " (environment.threads) " threads, " (format!(
                "{:.1}", environment.seconds)) " s" }
                dt { "Settings" } dd { code { (settings(story)) } }
            }
            @if !notes.is_empty() {
                h3 { "What the loader decided" }
                ul { @for note in &notes { li { (note) } } }
            }
            p.small {
                "The same command on the same data gives the same numbers. All of them are in "
                code { "results.json" } " beside this page, every drawing in the folder " code { "plots" } "."
            }
        }
    }
}

/// How models were trained, as in `results.json`.
fn settings(story: Story) -> String {
    let plan = story.plan();
    let mut settings = plan.settings.clone();
    if let Some(object) = settings.as_object_mut() {
        object.insert("trials".into(), plan.trials.into());
    }
    let models: Vec<&str> = plan.models.iter().map(|model| &*model.spec).collect();
    format!("{} {settings}", models.join(", "))
}
