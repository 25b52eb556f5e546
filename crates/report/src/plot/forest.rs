//! A forest plot: differences with their intervals, one below the other.

use super::Axis;
use super::picture::Picture;
use super::svg::{Svg, path, pixel};

/// Differences to a reference.
#[derive(Clone, Debug)]
pub struct Forest {
    /// What is drawn.
    pub title: String,
    /// What it shows, in a few sentences.
    pub description: String,
    /// What a difference is.
    pub label: String,
    /// What stands left and right of 0.
    pub sides: (String, String),
    /// Differences of less than this do not matter: a band about 0.
    pub margin: Option<f64>,
    /// Top to bottom.
    pub rows: Vec<ForestRow>,
}

/// A row of a forest plot.
#[derive(Clone, Debug)]
pub struct ForestRow {
    /// What is compared.
    pub name: String,
    /// The difference, `None` where there is none.
    pub value: Option<f64>,
    /// Its interval.
    pub interval: Option<(f64, f64)>,
    /// The numbers and the verdict in words, at the end of the row's first line.
    pub note: String,
    /// What the interval is drawn as.
    pub mark: Mark,
}

/// What an interval of a forest plot is drawn as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mark {
    /// A line with a dot.
    #[default]
    Line,
    /// A diamond: a mean of the rows above.
    Diamond,
    /// A bar: a range that holds no single estimate.
    Bar,
}

const WIDTH: f64 = 460.0;
const LEFT: f64 = 24.0;
const PLOT: f64 = WIDTH - 2.0 * LEFT;
const TOP: f64 = 50.0;
const ROW: f64 = 50.0;

/// Where a number stands; beyond the axis its nearer end.
fn across(axis: &Axis, value: f64) -> f64 {
    LEFT + axis.place(value.clamp(axis.low, axis.high)) * PLOT
}

impl ForestRow {
    /// Draws the interval and the difference at this height.
    fn draw(&self, svg: &mut Svg, axis: &Axis, middle: f64) {
        let x = |value: f64| across(axis, value);
        let value = self.value.filter(|value| (axis.low..=axis.high).contains(value));
        match (self.mark, self.interval) {
            (_, None) => {}
            (Mark::Line, Some((low, high))) => {
                // An arrow where the interval goes on beyond the axis, else a whisker.
                let end = |value: f64, inward: f64| {
                    let beyond = value < axis.low || value > axis.high;
                    let (tip, foot) = (x(value), x(value) + if beyond { inward } else { 0.0 });
                    path(&[(foot, middle - 5.0), (tip, middle), (foot, middle + 5.0)])
                };
                let d = path(&[(x(low), middle), (x(high), middle)]) + &end(low, 6.0) + &end(high, -6.0);
                svg.element("path", &format!("class=\"l c1\" d=\"{d}\""));
            }
            (Mark::Diamond, Some((low, high))) => {
                let top = x(self.value.unwrap_or(0.5 * (low + high)));
                let corners = [(x(low), middle), (top, middle - 7.0), (x(high), middle), (top, middle + 7.0)];
                svg.element("path", &format!("class=\"o c2\" d=\"{}Z\"", path(&corners)));
            }
            (Mark::Bar, Some((low, high))) => {
                let (left, width) = (pixel(x(low)), pixel(x(high) - x(low)));
                let size = format!("width=\"{width}\" height=\"6\"");
                svg.element(
                    "rect",
                    &format!("class=\"o c2\" x=\"{left}\" y=\"{}\" {size}", pixel(middle - 3.0)),
                );
            }
        }
        if let Some(value) = value.filter(|_| self.mark == Mark::Line) {
            let (x, y) = (pixel(x(value)), pixel(middle));
            svg.element("circle", &format!("class=\"o c1\" cx=\"{x}\" cy=\"{y}\" r=\"4.5\""));
        }
    }

    /// The numbers that the axis is to hold.
    fn ends(&self) -> impl Iterator<Item = f64> {
        let (low, high) = self.interval.unzip();
        [self.value, low, high].into_iter().flatten()
    }
}

impl Forest {
    /// How far the axis reaches at most: four times the extent of the middle row, so that one loss that
    /// failed does not press all others into a point.
    fn limit(&self) -> f64 {
        let extent = |row: &ForestRow| row.ends().map(f64::abs).reduce(f64::max);
        let mut extents: Vec<f64> =
            self.rows.iter().filter_map(extent).filter(|extent| *extent > 0.0).collect();
        extents.sort_by(f64::total_cmp);
        extents.get(extents.len() / 2).map_or(f64::MAX, |middle| 4.0 * middle)
    }

    /// Draws the plot.
    pub fn draw(&self) -> Picture {
        let margin = self.margin.into_iter().flat_map(|margin| [-margin, margin]);
        let ends = self.rows.iter().flat_map(ForestRow::ends).chain(margin);
        let limit = self.limit();
        let axis = Axis::around(&*self.label, ends.flat_map(|v| [v, -0.15 * v]), (-limit, limit));
        let x = |value: f64| across(&axis, value);
        let bottom = TOP + ROW * self.rows.len() as f64;
        let mut svg = Svg::body();
        svg.text((2.0, 17.0), "start", "class=\"h\"", &self.title);
        let (worse, better) = &self.sides;
        if x(0.0) - LEFT > 90.0 {
            svg.text((x(0.0) - 8.0, 40.0), "end", "class=\"q\"", &format!("\u{2190} {worse}"));
        }
        if LEFT + PLOT - x(0.0) > 90.0 {
            svg.text((x(0.0) + 8.0, 40.0), "start", "class=\"q\"", &format!("{better} \u{2192}"));
        }
        // Labels of five ticks have room.
        let ticks = axis.ticks();
        let every = ticks.len().div_ceil(7);
        for (i, (value, text)) in ticks.into_iter().enumerate() {
            let x = x(value);
            svg.element("path", &format!("class=\"g\" d=\"{}\"", path(&[(x, TOP), (x, bottom)])));
            if i % every == 0 {
                svg.text((x, bottom + 18.0), "middle", "class=\"q\"", &text);
            }
        }
        if let Some(margin) = self.margin {
            let (left, right) = (x(-margin), x(margin));
            let (at, width) = (pixel(left), pixel(right - left));
            let height = pixel(bottom - TOP);
            svg.element(
                "rect",
                &format!("class=\"b c3\" x=\"{at}\" y=\"{TOP}\" width=\"{width}\" height=\"{height}\""),
            );
        }
        svg.element("path", &format!("class=\"w\" d=\"{}\"", path(&[(x(0.0), TOP - 6.0), (x(0.0), bottom)])));
        for (i, row) in self.rows.iter().enumerate() {
            let y = TOP + ROW * i as f64;
            svg.text((LEFT, y + 18.0), "start", "class=\"r\"", &row.name);
            svg.text((LEFT + PLOT, y + 18.0), "end", "class=\"q r\"", &row.note);
            let middle = y + 34.0;
            row.draw(&mut svg, &axis, middle);
        }
        svg.text((LEFT + PLOT / 2.0, bottom + 38.0), "middle", "", &self.label);
        Picture {
            size: (WIDTH, bottom + 48.0),
            title: self.title.clone(),
            description: self.description.clone(),
            body: svg.into_body(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_that_failed_is_an_arrow_and_leaves_the_others_their_room() {
        let row = |value: f64| ForestRow {
            name: "loss".into(),
            value: Some(value),
            interval: Some((value - 0.01, value + 0.01)),
            note: String::new(),
            mark: Mark::Line,
        };
        let forest = |values: &[f64]| Forest {
            title: String::new(),
            description: String::new(),
            label: String::new(),
            sides: (String::new(), String::new()),
            margin: None,
            rows: values.iter().copied().map(row).collect(),
        };
        assert!((forest(&[0.01, -0.02, -0.7]).limit() - 4.0 * 0.03).abs() < 1e-12);
        // The row beyond the axis has no dot.
        let dots = |values: &[f64]| forest(values).draw().body.matches("<circle").count();
        assert_eq!((dots(&[0.01, -0.02, -0.03]), dots(&[0.01, -0.02, -0.7])), (3, 2));
        assert_eq!(forest(&[]).limit(), f64::MAX);
    }
}
