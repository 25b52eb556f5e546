//! Writing SVG elements: coordinates, text, and what must be escaped.

use std::fmt::Write;

const NAMESPACE: &str = "xmlns=\"http://www.w3.org/2000/svg\"";

/// A document, or a part of one, under construction.
pub(super) struct Svg {
    text: String,
}

impl Svg {
    /// A document of this size in pixels, which scales, with a title and a description for those who do not
    /// see it.
    pub fn new(width: f64, height: f64, title: &str, description: &str) -> Self {
        let look = "font-family=\"system-ui, 'Segoe UI', Helvetica, Arial, sans-serif\" font-size=\"13\" \
                    fill=\"#222\"";
        let size = format!("{NAMESPACE} width=\"{width}\" height=\"{height}\" {look}");
        Self::opened((width, height), &size, "", title, description)
    }

    /// The same, coloured by classes.
    pub fn styled((width, height): (f64, f64), title: &str, description: &str) -> Self {
        let size = format!("{NAMESPACE} width=\"{width}\" height=\"{height}\" class=\"plot\"");
        Self::opened((width, height), &size, "", title, description)
    }

    /// A part of a page, as wide as there is room; `id` is the beginning of its ids.
    pub fn inline(size: (f64, f64), id: &str, title: &str, description: &str) -> Self {
        Self::opened(size, "class=\"plot\"", &format!("{id}-"), title, description)
    }

    /// Without a head, to be put into one.
    pub fn body() -> Self {
        Self { text: String::new() }
    }

    fn opened(
        (width, height): (f64, f64),
        attributes: &str,
        id: &str,
        title: &str,
        description: &str,
    ) -> Self {
        let text = format!(
            "<svg {attributes} viewBox=\"0 0 {width} {height}\" role=\"img\" \
             aria-labelledby=\"{id}title {id}description\">\n\
             <title id=\"{id}title\">{}</title>\n<desc id=\"{id}description\">{}</desc>\n",
            escape(title),
            escape(description)
        );
        Self { text }
    }

    /// What was drawn so far, without an end.
    pub fn into_body(self) -> String {
        self.text
    }

    /// Text that is SVG already.
    pub fn raw(&mut self, svg: &str) {
        self.text.push_str(svg);
    }

    /// One element without content; `attributes` is written as it is.
    pub fn element(&mut self, name: &str, attributes: &str) {
        let _ = writeln!(self.text, "<{name} {attributes}/>"); // a String takes everything
    }

    /// Opens an element, to be closed by [`Svg::close`].
    pub fn open(&mut self, name: &str, attributes: &str) {
        let _ = writeln!(self.text, "<{name} {attributes}>");
    }

    /// Closes an element.
    pub fn close(&mut self, name: &str) {
        let _ = writeln!(self.text, "</{name}>");
    }

    /// Text at (x, y), its baseline; `anchor` is start, middle or end. `_t` becomes a subscript.
    pub fn text(&mut self, (x, y): (f64, f64), anchor: &str, attributes: &str, text: &str) {
        let subscript = "<tspan dy=\"3\" font-size=\"75%\">t</tspan>";
        let text = escape(text).split("_t").enumerate().fold(String::new(), |all, (i, part)| match i {
            0 => part.into(),
            _ if part.is_empty() => format!("{all}{subscript}"),
            // White space at the start of a span may be dropped: it is a distance instead.
            _ => {
                let space = if part.starts_with(' ') { " dx=\"4\"" } else { "" };
                format!("{all}{subscript}<tspan{space} dy=\"-3\">{}</tspan>", part.trim_start())
            }
        });
        let (x, y) = (pixel(x), pixel(y));
        let _ = writeln!(
            self.text,
            "<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\" {attributes}>{text}</text>"
        );
    }

    /// The document.
    pub fn finish(mut self) -> String {
        self.text.push_str("</svg>\n");
        self.text
    }
}

/// A coordinate, to a tenth of a pixel.
pub(super) fn pixel(x: f64) -> String {
    let text = format!("{x:.1}");
    text.strip_suffix(".0").map(str::to_string).unwrap_or(text)
}

/// The `d` attribute of a line through these points.
pub(super) fn path(points: &[(f64, f64)]) -> String {
    let mut d = String::new();
    for (i, &(x, y)) in points.iter().enumerate() {
        let _ = write!(d, "{}{} {}", if i == 0 { "M" } else { "L" }, pixel(x), pixel(y));
    }
    d
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_subscripts_end() {
        let mut svg = Svg::new(10.0, 10.0, "a < b", "\"d\" & e");
        svg.text((1.0, 2.25), "end", "", "dL/dp_t < x");
        let text = svg.finish();
        assert!(text.contains("<title id=\"title\">a &lt; b</title>"), "{text}");
        assert!(text.contains("&quot;d&quot; &amp; e"), "{text}");
        let expected =
            "dL/dp<tspan dy=\"3\" font-size=\"75%\">t</tspan><tspan dx=\"4\" dy=\"-3\">&lt; x</tspan></text>";
        assert!(text.contains(expected), "{text}");
    }

    #[test]
    fn a_path_moves_and_draws() {
        assert_eq!(path(&[(0.0, 1.26), (10.0, -2.0)]), "M0 1.3L10 -2");
    }
}
