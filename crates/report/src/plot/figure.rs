//! Panels with axes and lines, and the legend below them.

use super::Axis;
use super::simplify::simplify;
use super::svg::{Svg, path, pixel};

/// Panels, two side by side, whose lines share a legend.
#[derive(Clone, Debug)]
pub struct Figure {
    /// What the figure is, in a line.
    pub title: String,
    /// The same in a few sentences, for those who do not see it.
    pub description: String,
    /// Row by row.
    pub panels: Vec<Panel>,
    /// The name of line i of every panel.
    pub legend: Vec<String>,
}

/// One chart.
#[derive(Clone, Debug)]
pub struct Panel {
    /// What is drawn.
    pub title: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// A region that is marked.
    pub band: Option<Band>,
    /// Points (x, y) of each line; what lies outside the axes is cut off.
    pub lines: Vec<Vec<(f64, f64)>>,
}

/// A shaded region between two numbers of the horizontal axis.
#[derive(Clone, Debug)]
pub struct Band {
    /// Where it begins.
    pub from: f64,
    /// Where it ends.
    pub to: f64,
    /// What it is; stands at the top of the panel.
    pub label: Option<String>,
}

/// Dark enough for white paper, told apart by the colour-blind (after Okabe & Ito 2008, darkened).
const COLOURS: [&str; 7] = ["#1b1b1b", "#0060a8", "#c24e00", "#00795b", "#a8327d", "#8a6d00", "#5b52c7"];
/// Eight patterns against seven colours: 56 different lines.
const DASHES: [&str; 8] = ["", "9 4", "2.5 3", "10 3 2.5 3", "16 4", "5 3", "12 3 2.5 3 2.5 3", "6 6"];

/// Size and place of everything, in pixels.
const WIDTH: f64 = 960.0;
const TOP: f64 = 44.0;
const PANEL: (f64, f64) = (400.0, 264.0);
/// From the left edge, and from one panel to the next.
const LEFT: f64 = 66.0;
const PITCH: (f64, f64) = (478.0, 346.0);
const LEGEND_ROW: f64 = 22.0;
/// Lines are true to this many pixels.
const TOLERANCE: f64 = 0.05;

impl Figure {
    /// The figure as an SVG document.
    pub fn svg(&self) -> String {
        let rows = self.panels.len().div_ceil(2) as f64;
        let legend_top = TOP + rows * PITCH.1 - 8.0;
        // Two columns, to be read from top to bottom.
        let legend_rows = self.legend.len().div_ceil(2).max(1);
        let height = legend_top + legend_rows as f64 * LEGEND_ROW + 2.0;
        let mut svg = Svg::new(WIDTH, height, &self.title, &self.description);
        svg.element("rect", &format!("width=\"{WIDTH}\" height=\"{height}\" fill=\"#fff\""));
        for (i, panel) in self.panels.iter().enumerate() {
            let corner = (LEFT + (i % 2) as f64 * PITCH.0, TOP + (i / 2) as f64 * PITCH.1);
            panel.draw(&mut svg, corner, &format!("panel{i}"));
        }
        for (i, name) in self.legend.iter().enumerate() {
            let (column, row) = ((i / legend_rows) as f64, (i % legend_rows) as f64);
            let (x, y) = (LEFT + column * PITCH.0, legend_top + row * LEGEND_ROW);
            svg.element("path", &format!("d=\"{}\" {}", path(&[(x, y), (x + 44.0, y)]), stroke(i)));
            svg.text((x + 54.0, y + 4.5), "start", "", name);
        }
        svg.finish()
    }
}

/// The look of line i.
fn stroke(i: usize) -> String {
    let (colour, dash) = (COLOURS[i % COLOURS.len()], DASHES[i % DASHES.len()]);
    let dash = if dash.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{dash}\"") };
    format!("fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" stroke-linejoin=\"round\"{dash}")
}

impl Panel {
    fn draw(&self, svg: &mut Svg, (left, top): (f64, f64), id: &str) {
        let (width, height) = PANEL;
        let x = |value: f64| left + self.x.place(value) * width;
        let y = |value: f64| top + (1.0 - self.y.place(value)) * height;
        let frame = format!("x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\"");
        svg.text((left, top - 14.0), "start", "font-size=\"15\" font-weight=\"600\"", &self.title);

        if let Some(band) = &self.band {
            let (from, to) = (x(band.from), x(band.to));
            let size = format!("width=\"{}\" height=\"{height}\"", pixel(to - from));
            svg.element("rect", &format!("x=\"{}\" y=\"{top}\" {size} fill=\"#eef2e6\"", pixel(from)));
            if let Some(label) = &band.label {
                let look = "font-size=\"12\" fill=\"#55603c\"";
                svg.text(((from + to) / 2.0, top + 20.0), "middle", look, label);
            }
        }
        for (value, text) in self.x.ticks() {
            let x = x(value);
            svg.element("path", &format!("d=\"{}\" stroke=\"#ddd\"", path(&[(x, top), (x, top + height)])));
            svg.text((x, top + height + 18.0), "middle", "", &text);
        }
        for (value, text) in self.y.ticks() {
            let y = y(value);
            svg.element("path", &format!("d=\"{}\" stroke=\"#ddd\"", path(&[(left, y), (left + width, y)])));
            svg.text((left - 8.0, y + 4.5), "end", "", &text);
        }
        svg.element("rect", &format!("{frame} fill=\"none\" stroke=\"#666\""));
        svg.text((left + width / 2.0, top + height + 40.0), "middle", "", &self.x.label);
        let (label_x, label_y) = (left - 50.0, top + height / 2.0);
        let turned = format!("transform=\"rotate(-90 {} {})\"", pixel(label_x), pixel(label_y));
        svg.text((label_x, label_y), "middle", &turned, &self.y.label);

        svg.open("clipPath", &format!("id=\"{id}\""));
        svg.element("rect", &frame);
        svg.close("clipPath");
        svg.open("g", &format!("clip-path=\"url(#{id})\""));
        // What is far outside is drawn just outside.
        let visible = |value: f64| value.clamp(top - height, top + 2.0 * height);
        // The first line, which others are compared with, lies on top of them.
        for (i, line) in self.lines.iter().enumerate().rev() {
            let points: Vec<(f64, f64)> = line.iter().map(|&(a, b)| (x(a), visible(y(b)))).collect();
            let d = path(&simplify(&points, TOLERANCE));
            svg.element("path", &format!("d=\"{d}\" {}", stroke(i)));
        }
        svg.close("g");
    }
}
