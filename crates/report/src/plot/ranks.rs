//! A critical-difference diagram: average ranks on a line, and bars over arms that cannot be told apart
//! (Demsar 2006, figure 1).

use super::Axis;
use super::picture::Picture;
use super::svg::{Svg, path, pixel};

/// Average ranks of several arms.
#[derive(Clone, Debug)]
pub struct RankPlot {
    /// What is drawn.
    pub title: String,
    /// What it shows, in a few sentences.
    pub description: String,
    /// Each arm with its average rank, the best first.
    pub arms: Vec<(String, f64)>,
    /// Bars from an arm to another, as indices of `arms`.
    pub bars: Vec<(usize, usize)>,
}

const WIDTH: f64 = 460.0;
const LEFT: f64 = 24.0;
const LINE: f64 = WIDTH - 2.0 * LEFT;
/// Where the line of ranks lies.
const TOP: f64 = 62.0;
const BAR: f64 = 9.0;
const ROW: f64 = 25.0;

impl RankPlot {
    /// Draws the diagram: the better half of the arms is named on the left, the others on the right, each in
    /// a row of its own.
    pub fn draw(&self) -> Picture {
        let count = self.arms.len().max(2);
        let axis = Axis::new("average rank", 1.0, count as f64);
        let x = |rank: f64| LEFT + axis.place(rank.clamp(axis.low, axis.high)) * LINE;
        let mut svg = Svg::body();
        svg.text((2.0, 17.0), "start", "class=\"h\"", &self.title);
        svg.element("path", &format!("class=\"w\" d=\"{}\"", path(&[(x(1.0), TOP), (x(count as f64), TOP)])));
        let every = count.div_ceil(12);
        for rank in (1..=count).step_by(every) {
            let x = x(rank as f64);
            svg.element("path", &format!("class=\"f\" d=\"{}\"", path(&[(x, TOP - 5.0), (x, TOP)])));
            svg.text((x, TOP - 10.0), "middle", "class=\"q\"", &rank.to_string());
        }
        svg.text((LEFT, TOP - 26.0), "start", "class=\"q\"", "\u{2190} better");
        svg.text((LEFT + LINE, TOP - 26.0), "end", "class=\"q\"", "worse \u{2192}");
        let names = TOP + 14.0 + BAR * self.bars.len() as f64;
        let row = |place: usize| names + ROW * (place as f64 + 0.8);
        for (place, (_, rank)) in self.arms.iter().enumerate() {
            let (x, edge) = (x(*rank), if self.is_left(place) { LEFT } else { LEFT + LINE });
            let y = row(self.place(place));
            svg.element("path", &format!("class=\"f\" d=\"{}\"", path(&[(x, TOP), (x, y), (edge, y)])));
        }
        for (i, &(from, to)) in self.bars.iter().enumerate() {
            let (y, ends) = (TOP + 10.0 + BAR * i as f64, [self.arms[from].1, self.arms[to].1]);
            let (left, width) = (x(ends[0]) - 4.0, x(ends[1]) - x(ends[0]) + 8.0);
            let place = format!("x=\"{}\" y=\"{}\"", pixel(left), pixel(y - 2.5));
            let size = format!("width=\"{}\" height=\"5\"", pixel(width));
            svg.element("rect", &format!("class=\"o c1\" {place} {size}"));
        }
        for (place, (name, rank)) in self.arms.iter().enumerate() {
            let y = row(self.place(place)) - 5.0;
            let (edge, anchor) = if self.is_left(place) { (LEFT, "start") } else { (LEFT + LINE, "end") };
            svg.text((edge, y), anchor, "class=\"r\"", &format!("{name}  {rank:.2}"));
        }
        Picture {
            size: (WIDTH, row(self.arms.len().saturating_sub(1)) + 12.0),
            title: self.title.clone(),
            description: self.description.clone(),
            body: svg.into_body(),
        }
    }

    fn is_left(&self, arm: usize) -> bool {
        arm < self.arms.len().div_ceil(2)
    }

    /// The row of an arm: from the outside in on both sides, so that no line to a name crosses another's.
    fn place(&self, arm: usize) -> usize {
        let left = self.arms.len().div_ceil(2);
        if arm < left { arm } else { left + self.arms.len() - 1 - arm }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_arm_has_a_row_and_every_run_a_bar() {
        let arms = ["a", "b", "c", "d", "e"].iter().zip([1.0, 2.5, 2.5, 4.0, 5.0]);
        let plot = RankPlot {
            title: "ranks".into(),
            description: "five".into(),
            arms: arms.map(|(name, rank)| ((*name).to_owned(), rank)).collect(),
            bars: vec![(1, 2), (3, 4)],
        };
        let places: Vec<usize> = (0..5).map(|arm| plot.place(arm)).collect();
        assert_eq!(places, [0, 1, 2, 4, 3]);
        let document = plot.draw().document();
        let parsed = roxmltree::Document::parse(&document).unwrap();
        let bars = parsed.descendants().filter(|n| n.attribute("class") == Some("o c1")).count();
        assert_eq!(bars, 2);
        // Rank 2.5 of five is three eighths along the line.
        assert!(document.contains("M178.5 62L178.5 "), "{document}");
    }
}
