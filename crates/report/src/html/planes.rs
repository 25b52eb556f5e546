//! Decision boundaries side by side, for classifiers of two numbers.

use super::figures::{Figures, Numbers};
use super::story::{Story, number};
use crate::RunRecord;
use crate::plot::{Axis, Map};
use crate::views::table::found;
use losslab_train::tasks::table::{Classification, Plane};
use maud::{Markup, html};

/// A map per loss, of the first seed.
pub(crate) fn section(story: Story, figures: &mut Figures) -> Markup {
    let plane = |run: &RunRecord| found(run)?.plane.clone();
    let first = |loss| story.runs(loss).find_map(|run| Some((run, plane(run)?)));
    let maps: Vec<(&str, &RunRecord, Plane)> = story
        .losses()
        .into_iter()
        .filter_map(|loss| first(loss).map(|(run, plane)| (loss, run, plane)))
        .collect();
    if maps.is_empty() {
        return html! {};
    }
    html! {
        section aria-labelledby="planes" {
            h2 #planes { "Where the decisions fall" }
            p {
                "These data have two columns, so that a model can be seen as a whole: the stronger the \
                 colour, the higher the probability it reports. The solid line is where that is 0.5, the \
                 dashed one is the threshold with the best F1 on the validation part. Where the dashed lines \
                 of two losses agree, so do their decisions, whatever they report."
            }
            div.grid.four { @for (loss, run, plane) in &maps { (map(figures, loss, run, plane)) } }
        }
    }
}

fn map(figures: &mut Figures, loss: &str, run: &RunRecord, plane: &Plane) -> Markup {
    let values = Classification::Binary.scores(&plane.logits);
    let above = |level: f64| {
        let share = values.iter().filter(|&&p| p >= level).count() as f64 / values.len() as f64;
        format!("{:.1}\u{a0}%", 100.0 * share)
    };
    let mut levels = vec![0.5];
    levels.extend(run.threshold);
    let rows = levels.iter().map(|&level| vec![number(Some(level), 3), above(level)]).collect();
    let numbers =
        Numbers { head: vec!["threshold".into(), "share of the drawn plane called positive".into()], rows };
    let point = |p: &[f32; 2]| (f64::from(p[0]), f64::from(p[1]));
    let [negatives, positives] = &plane.points;
    let mut legend = vec!["solid: reported 0.5; large dots: positives".to_owned()];
    legend.extend(run.threshold.map(|t| format!("dashed: reported {t:.3}, the best F1")));
    let drawn = Map {
        title: loss.into(),
        description: format!(
            "Reported probability of the positive class over {} and {}, trained with {loss}, seed {}. {} of \
             the plane are above 0.5.",
            plane.names[0],
            plane.names[1],
            run.seed,
            above(0.5)
        ),
        x: Axis::new(&*plane.names[0], plane.x[0], plane.x[1]),
        y: Axis::new(&*plane.names[1], plane.y[0], plane.y[1]),
        columns: plane.cells,
        values,
        levels,
        points: [positives.iter().map(point).collect(), negatives.iter().map(point).collect()],
        legend,
    };
    figures.figure(
        "decisions",
        drawn.draw(),
        &format!("{loss}, seed {}, with test rows.", run.seed),
        &numbers,
    )
}
