//! A finished drawing: as a part of a page, or as a file of its own.

use super::svg::Svg;
use super::theme::printed_rules;

/// A drawing with words for those who do not see it.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Width and height in pixels; it scales.
    pub size: (f64, f64),
    /// What it is, in a line.
    pub title: String,
    /// What it shows, in a few sentences.
    pub description: String,
    pub(super) body: String,
}

impl Picture {
    /// An `<svg>` element for a page that has [`rules`](super::rules); `id` must be unique in it.
    pub fn inline(&self, id: &str) -> String {
        let mut svg = Svg::inline(self.size, id, &self.title, &self.description);
        svg.raw(&self.body);
        svg.finish()
    }

    /// A document, black on white.
    pub fn document(&self) -> String {
        let mut svg = Svg::styled(self.size, &self.title, &self.description);
        svg.raw(&format!("<style>{}</style>\n", printed_rules()));
        svg.element("rect", "width=\"100%\" height=\"100%\" fill=\"#fff\"");
        svg.raw(&self.body);
        svg.finish()
    }
}
