//! One chart: lines with bands, small enough to be read on a phone.

use super::Axis;
use super::picture::Picture;
use super::simplify::simplify;
use super::svg::{Svg, path, pixel};
use super::theme::{DASHES, class};

/// A chart with one panel and its legend.
#[derive(Clone, Debug)]
pub struct Chart {
    /// What is drawn.
    pub title: String,
    /// What it shows, in a few sentences.
    pub description: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// The lines; the first lies on top.
    pub series: Vec<Series>,
    /// A thin dashed line for comparison, with its name.
    pub guide: Option<(Vec<(f64, f64)>, String)>,
}

/// A line of a chart.
#[derive(Clone, Debug)]
pub struct Series {
    /// Its name in the legend.
    pub name: String,
    /// Which colour and dash pattern it has; the same number looks the same in every chart.
    pub look: usize,
    /// Its points, left to right.
    pub points: Vec<(f64, f64)>,
    /// A band around it: x, low end, high end. May be empty.
    pub band: Vec<(f64, f64, f64)>,
    /// Whether points are marked.
    pub markers: bool,
}

const WIDTH: f64 = 460.0;
/// The panel's left, top, width and height.
const PANEL: (f64, f64, f64, f64) = (58.0, 34.0, 386.0, 270.0);
const LEGEND_ROW: f64 = 20.0;
/// Lines are true to this many pixels.
const TOLERANCE: f64 = 0.15;

impl Chart {
    /// Width and height of the panel in pixels.
    pub const PANEL_SIZE: (f64, f64) = (PANEL.2, PANEL.3);

    /// Draws the chart.
    pub fn draw(&self) -> Picture {
        let (left, top, width, height) = PANEL;
        let mut svg = Svg::body();
        svg.text((2.0, 17.0), "start", "class=\"h\"", &self.title);
        self.axes(&mut svg);
        // An inner image cuts off what lies outside; its coordinates are those of the panel.
        svg.open("svg", &format!("x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\""));
        if let Some((points, _)) = &self.guide {
            svg.element("path", &format!("class=\"d\" d=\"{}\"", path(&self.place(points))));
        }
        for series in self.series.iter().rev() {
            self.band(&mut svg, series);
        }
        for series in self.series.iter().rev() {
            self.line(&mut svg, series);
        }
        svg.close("svg");
        let height = self.legend(&mut svg, top + height + 62.0);
        Picture {
            size: (WIDTH, height),
            title: self.title.clone(),
            description: self.description.clone(),
            body: svg.into_body(),
        }
    }

    /// Points in pixels from the corner of the panel; what is far outside is drawn just outside.
    fn place(&self, points: &[(f64, f64)]) -> Vec<(f64, f64)> {
        let (_, _, width, height) = PANEL;
        let y = |value: f64| ((1.0 - self.y.place(value)) * height).clamp(-height, 2.0 * height);
        points.iter().map(|&(a, b)| (self.x.place(a) * width, y(b))).collect()
    }

    fn axes(&self, svg: &mut Svg) {
        let (left, top, width, height) = PANEL;
        for (value, text) in self.x.ticks() {
            let x = left + self.x.place(value) * width;
            svg.element("path", &format!("class=\"g\" d=\"{}\"", path(&[(x, top), (x, top + height)])));
            svg.text((x, top + height + 18.0), "middle", "class=\"q\"", &text);
        }
        for (value, text) in self.y.ticks() {
            let y = top + (1.0 - self.y.place(value)) * height;
            svg.element("path", &format!("class=\"g\" d=\"{}\"", path(&[(left, y), (left + width, y)])));
            svg.text((left - 7.0, y + 4.0), "end", "class=\"q\"", &text);
        }
        let frame = format!("x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\"");
        svg.element("rect", &format!("class=\"f\" {frame}"));
        svg.text((left + width / 2.0, top + height + 38.0), "middle", "", &self.x.label);
        let (x, y) = (13.0, top + height / 2.0);
        let turned = format!("transform=\"rotate(-90 {} {})\"", pixel(x), pixel(y));
        svg.text((x, y), "middle", &turned, &self.y.label);
    }

    fn band(&self, svg: &mut Svg, series: &Series) {
        if series.band.len() < 2 {
            return;
        }
        let edge = |of: fn(&(f64, f64, f64)) -> (f64, f64)| {
            let points: Vec<(f64, f64)> = series.band.iter().map(of).collect();
            simplify(&self.place(&points), 2.0 * TOLERANCE)
        };
        let mut outline = edge(|&(x, low, _)| (x, low));
        let upper = edge(|&(x, _, high)| (x, high));
        outline.extend(upper.into_iter().rev());
        svg.element("path", &format!("class=\"b {}\" d=\"{}Z\"", class(series.look), path(&outline)));
    }

    fn line(&self, svg: &mut Svg, series: &Series) {
        let points = self.place(&series.points);
        let d = path(&simplify(&points, TOLERANCE));
        svg.element("path", &format!("class=\"l {}\" {}d=\"{d}\"", class(series.look), dash(series.look)));
        if series.markers {
            for (x, y) in points {
                let (x, y) = (pixel(x), pixel(y));
                let look = class(series.look);
                svg.element("circle", &format!("class=\"o {look}\" cx=\"{x}\" cy=\"{y}\" r=\"3\""));
            }
        }
    }

    /// Draws the legend from `top` on and returns where it ends.
    fn legend(&self, svg: &mut Svg, top: f64) -> f64 {
        let mut y = top;
        let left = PANEL.0;
        for series in &self.series {
            let d = path(&[(left, y), (left + 38.0, y)]);
            svg.element(
                "path",
                &format!("class=\"l {}\" {}d=\"{d}\"", class(series.look), dash(series.look)),
            );
            svg.text((left + 48.0, y + 4.0), "start", "", &series.name);
            y += LEGEND_ROW;
        }
        if let Some((_, name)) = &self.guide {
            svg.element("path", &format!("class=\"d\" d=\"{}\"", path(&[(left, y), (left + 38.0, y)])));
            svg.text((left + 48.0, y + 4.0), "start", "", name);
            y += LEGEND_ROW;
        }
        y - 6.0
    }
}

/// The attribute of the dash pattern of line `look`, followed by a blank; nothing for a solid line.
fn dash(look: usize) -> String {
    match DASHES[look % DASHES.len()] {
        "" => String::new(),
        dash => format!("stroke-dasharray=\"{dash}\" "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart() -> Chart {
        let line = |look, name: &str, y| Series {
            name: name.into(),
            look,
            points: vec![(0.0, 0.0), (1.0, y)],
            band: vec![(0.0, 0.0, 0.1), (1.0, y - 0.1, y)],
            markers: false,
        };
        Chart {
            title: "A & B".into(),
            description: "two lines".into(),
            x: Axis::new("x", 0.0, 1.0),
            y: Axis::new("y", 0.0, 1.0),
            series: vec![line(0, "first", 1.0), line(1, "second", 0.5)],
            guide: Some((vec![(0.0, 0.0), (1.0, 1.0)], "chance".into())),
        }
    }

    #[test]
    fn a_chart_is_well_formed_in_a_page_and_alone() {
        let picture = chart().draw();
        let document = picture.document();
        let parsed = roxmltree::Document::parse(&document).unwrap();
        assert_eq!(parsed.root_element().attribute("role"), Some("img"));
        let inline = picture.inline("figure-3");
        assert!(inline.contains("id=\"figure-3-title\">A &amp; B<") && !inline.contains("xmlns"), "{inline}");
        roxmltree::Document::parse(&inline).unwrap();
        let lines = parsed.descendants().filter(|n| n.attribute("class") == Some("l c1")).count();
        assert_eq!(lines, 2, "the line and its legend");
    }

    #[test]
    fn the_middle_of_the_axes_is_the_middle_of_the_panel() {
        assert_eq!(chart().place(&[(0.5, 0.5), (1.0, 1.0)]), [(193.0, 135.0), (386.0, 0.0)]);
    }
}
