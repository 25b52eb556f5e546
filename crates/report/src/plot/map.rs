//! A map of a plane: a value on a grid as shades, contours of it, and points.

use super::Axis;
use super::picture::Picture;
use super::svg::{Svg, path, pixel};
use std::fmt::Write;

/// Values on a plane.
#[derive(Clone, Debug)]
pub struct Map {
    /// What is drawn.
    pub title: String,
    /// What it shows, in a few sentences.
    pub description: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// Columns of the grid.
    pub columns: usize,
    /// Values from 0 to 1 at the middle of each cell, rows from bottom to top.
    pub values: Vec<f64>,
    /// Levels that are drawn as lines: the first solid, the second dashed.
    pub levels: Vec<f64>,
    /// Points that are marked strongly, and points that are marked faintly.
    pub points: [Vec<(f64, f64)>; 2],
    /// Lines below, in words.
    pub legend: Vec<String>,
}

const WIDTH: f64 = 340.0;
/// The panel's left, top, width and height.
const PANEL: (f64, f64, f64, f64) = (46.0, 34.0, 280.0, 280.0);
/// Shades of a value.
const SHADES: usize = 8;

impl Map {
    /// Draws the map.
    pub fn draw(&self) -> Picture {
        let (left, top, width, height) = PANEL;
        let mut svg = Svg::body();
        svg.text((2.0, 17.0), "start", "class=\"h\"", &self.title);
        svg.open("svg", &format!("x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\""));
        self.shades(&mut svg);
        for (points, look, radius) in [(&self.points[1], "n", "1.1"), (&self.points[0], "p", "3.2")] {
            for &(x, y) in points {
                let (x, y) = (self.x.place(x) * width, (1.0 - self.y.place(y)) * height);
                let place = format!("cx=\"{}\" cy=\"{}\"", pixel(x), pixel(y));
                svg.element("circle", &format!("class=\"{look}\" {place} r=\"{radius}\""));
            }
        }
        for (i, &level) in self.levels.iter().enumerate() {
            let dash = if i == 0 { "" } else { " stroke-dasharray=\"5 3\"" };
            svg.element("path", &format!("class=\"w\"{dash} d=\"{}\"", self.contour(level)));
        }
        svg.close("svg");
        for (value, text) in self.x.ticks() {
            let x = left + self.x.place(value) * width;
            svg.text((x, top + height + 17.0), "middle", "class=\"q\"", &text);
        }
        for (value, text) in self.y.ticks() {
            let y = top + (1.0 - self.y.place(value)) * height;
            svg.text((left - 6.0, y + 4.0), "end", "class=\"q\"", &text);
        }
        let frame = format!("x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\"");
        svg.element("rect", &format!("class=\"f\" {frame}"));
        let mut y = top + height + 40.0;
        for line in &self.legend {
            svg.text((2.0, y), "start", "class=\"q\"", line);
            y += 17.0;
        }
        Picture {
            size: (WIDTH, y - 6.0),
            title: self.title.clone(),
            description: self.description.clone(),
            body: svg.into_body(),
        }
    }

    fn rows(&self) -> usize {
        self.values.len() / self.columns
    }

    /// One path per shade, of runs of cells in a row.
    fn shades(&self, svg: &mut Svg) {
        let (_, _, width, height) = PANEL;
        let cell = (width / self.columns as f64, height / self.rows() as f64);
        let shade = |value: f64| ((value * SHADES as f64) as usize).min(SHADES - 1);
        let mut paths = vec![String::new(); SHADES];
        for (row, values) in self.values.chunks_exact(self.columns).enumerate() {
            let y = height - (row + 1) as f64 * cell.1;
            let mut start = 0;
            for run in values.chunk_by(|a, b| shade(*a) == shade(*b)) {
                let (x, w) = (pixel(start as f64 * cell.0), pixel(run.len() as f64 * cell.0));
                let h = pixel(cell.1 + 0.1); // no gaps between rows
                let _ = write!(paths[shade(run[0])], "M{x} {}h{w}v{h}h-{w}z", pixel(y));
                start += run.len();
            }
        }
        for (i, d) in paths.iter().enumerate().skip(1).filter(|(_, d)| !d.is_empty()) {
            let opacity = 0.7 * i as f64 / (SHADES - 1) as f64;
            let look = format!("style=\"fill:var(--c1,#0060a8);fill-opacity:{opacity:.2}\"");
            svg.element("path", &format!("{look} d=\"{d}\""));
        }
    }

    /// The lines along which the value is `level`, by marching squares: segments through cells between the
    /// middles of four neighbours.
    fn contour(&self, level: f64) -> String {
        let (_, _, width, height) = PANEL;
        let (columns, rows) = (self.columns, self.rows());
        let at = |i: usize, j: usize| self.values[j * columns + i];
        let place =
            |i: f64, j: f64| ((i + 0.5) / columns as f64 * width, height - (j + 0.5) / rows as f64 * height);
        let mut d = String::new();
        for j in 0..rows - 1 {
            for i in 0..columns - 1 {
                let corners = [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)];
                let mut crossings = Vec::with_capacity(4);
                for k in 0..4 {
                    let ((i0, j0), (i1, j1)) = (corners[k], corners[(k + 1) % 4]);
                    let (a, b) = (at(i0, j0), at(i1, j1));
                    if (a >= level) != (b >= level) {
                        let t = (level - a) / (b - a);
                        let between = |a: usize, b: usize| a as f64 + t * (b as f64 - a as f64);
                        crossings.push(place(between(i0, i1), between(j0, j1)));
                    }
                }
                for pair in crossings.chunks_exact(2) {
                    d += &path(pair);
                }
            }
        }
        d
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contour_runs_where_the_value_is() {
        // The value is the column's number / 4: it is 0.375 half way between columns 1 and 2, at 2/5 of the
        // width.
        let values = (0..5).flat_map(|_| (0..5).map(|i| f64::from(i) / 4.0)).collect();
        let map = Map {
            title: String::new(),
            description: String::new(),
            x: Axis::new("x", 0.0, 1.0),
            y: Axis::new("y", 0.0, 1.0),
            columns: 5,
            values,
            levels: vec![0.375],
            points: [vec![(0.5, 0.5)], Vec::new()],
            legend: Vec::new(),
        };
        let contour = map.contour(0.375);
        assert_eq!(contour.matches("112 ").count(), 8, "{contour}");
        assert_eq!(contour.matches('M').count(), 4, "{contour}");
        roxmltree::Document::parse(&map.draw().document()).unwrap();
    }
}
