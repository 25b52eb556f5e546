//! Colours of charts, on light and on dark ground.
//!
//! A [`Picture`](super::Picture) carries classes, no colours: in a page they follow its custom properties, so
//! that one drawing serves both grounds; in a file of its own they are written out for white paper.

use std::fmt::Write;

/// A name, its colour on light ground, and its colour on dark ground.
type Colour = (&'static str, &'static str, &'static str);

/// The ground and what is written and drawn on it. Text has a contrast of at least 4.5 to 1.
const INKS: [Colour; 6] = [
    ("ground", "#ffffff", "#14171a"),
    ("ink", "#1c1f23", "#e8eaed"),
    ("quiet", "#565d66", "#a9b1bb"),
    ("grid", "#e3e6ea", "#2b3138"),
    ("frame", "#8b929b", "#69727d"),
    ("mark", "#b00040", "#ff8aa8"),
];

/// The lines, told apart by the colour-blind (after Okabe & Ito 2008), at least 3 to 1 against their ground.
const LINES: [(&str, &str); 7] = [
    ("#1b1b1b", "#f2f2f2"),
    ("#0060a8", "#62b0ff"),
    ("#c24e00", "#ff9d5c"),
    ("#00795b", "#43cfa6"),
    ("#a8327d", "#f18cca"),
    ("#8a6d00", "#dfbf45"),
    ("#5b52c7", "#b1a9ff"),
];

/// Dash patterns: one more than colours, so that 56 lines are all different.
pub(super) const DASHES: [&str; 8] =
    ["", "9 4", "2.5 3", "10 3 2.5 3", "16 4", "5 3", "12 3 2.5 3 2.5 3", "6 6"];

/// The class of the colour of line `index`.
pub(super) fn class(index: usize) -> String {
    format!("c{}", index % LINES.len())
}

/// The custom properties of one ground, as declarations: `--ground:#fff;--c0:#1b1b1b;`.
pub fn properties(dark: bool) -> String {
    let mut text = String::new();
    for (name, light, night) in INKS {
        let _ = write!(text, "--{name}:{};", if dark { night } else { light }); // a String takes everything
    }
    for (i, (light, night)) in LINES.iter().enumerate() {
        let _ = write!(text, "--c{i}:{};", if dark { night } else { light });
    }
    text
}

/// The rules that colour charts by custom properties.
pub fn rules() -> String {
    let mut text = String::from(
        ".plot text{fill:var(--ink);font:13px system-ui,'Segoe UI',Helvetica,Arial,sans-serif}\
         .plot .r{paint-order:stroke;stroke:var(--ground);stroke-width:4px}\
         .plot .q{fill:var(--quiet);font-size:12px}.plot .h{font-weight:600}\
         .plot .g{stroke:var(--grid)}\
         .plot .f{stroke:var(--frame);fill:none}.plot .d{stroke:var(--quiet);fill:none;stroke-dasharray:3 4}\
         .plot .l{fill:none;stroke-width:2;stroke-linejoin:round}.plot .b{stroke:none;opacity:.16}\
         .plot .m{stroke:var(--mark);fill:none;stroke-width:2}.plot .n{fill:var(--quiet);stroke:none}\
         .plot .p{fill:var(--mark);stroke:var(--ground);stroke-width:.7}\
         .plot .w{stroke:var(--ink);fill:none;stroke-width:1.8}",
    );
    for i in 0..LINES.len() {
        let _ =
            write!(text, ".plot .c{i}{{stroke:var(--c{i})}}.plot .b.c{i},.plot .o.c{i}{{fill:var(--c{i})}}");
    }
    text
}

/// The rules with the colours of white paper in place of the properties.
pub(super) fn printed_rules() -> String {
    let mut text = rules();
    for (name, light, _) in INKS {
        text = text.replace(&format!("var(--{name})"), light);
    }
    for (i, (light, _)) in LINES.iter().enumerate() {
        text = text.replace(&format!("var(--c{i})"), light);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance and contrast as WCAG 2 defines them.
    fn contrast(a: &str, b: &str) -> f64 {
        let luminance = |colour: &str| {
            let channel = |i: usize| {
                let value = f64::from(u8::from_str_radix(&colour[i..i + 2], 16).unwrap()) / 255.0;
                if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
        };
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_and_lines_stand_out_on_both_grounds() {
        assert!((contrast("#000000", "#ffffff") - 21.0).abs() < 1e-9);
        let (_, light, dark) = INKS[0];
        for (name, day, night) in INKS.iter().filter(|(name, ..)| ["ink", "quiet", "mark"].contains(name)) {
            assert!(contrast(day, light) >= 4.5 && contrast(night, dark) >= 4.5, "{name}");
        }
        for (day, night) in LINES {
            assert!(contrast(day, light) >= 3.0 && contrast(night, dark) >= 3.0, "{day} {night}");
        }
    }

    #[test]
    fn printed_rules_need_no_properties() {
        assert!(rules().contains("var(--c6)") && !printed_rules().contains("var("), "{}", printed_rules());
    }
}
