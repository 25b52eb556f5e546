//! Boxes relative to anchors: what the box subnet learns.

use losslab_tensor::math::{exp_f32, ln_f32};

/// The most that a decoded box may be larger than its anchor, as a logarithm: ln(1000 / 16), as in Detectron.
/// A wild output of an untrained net would otherwise overflow.
pub const MAX_LOG_SCALE: f32 = 4.135_166_5;

/// `[(x - xa) / wa, (y - ya) / ha, ln(w / wa), ln(h / ha)]` with x, y, w, h the box's centre, width and
/// height, and xa, ya, wa, ha the anchor's (Ren et al. 2015, eq. 2).
///
/// A side of 0 gives -inf; [`assign`](super::assign) makes no anchor positive for a box without area. NaN
/// stays NaN.
pub fn encode(bbox: [f32; 4], anchor: [f32; 4]) -> [f32; 4] {
    let ([x, y, w, h], [xa, ya, wa, ha]) = (centred(bbox), centred(anchor));
    [(x - xa) / wa, (y - ya) / ha, ln_f32::<false>(w / wa), ln_f32::<false>(h / ha)]
}

/// The box of which `code` is the [`encode`]d form; its logarithms are cut off at [`MAX_LOG_SCALE`]. NaN
/// stays NaN.
pub fn decode(code: [f32; 4], anchor: [f32; 4]) -> [f32; 4] {
    let [xa, ya, wa, ha] = centred(anchor);
    let scale = |log: f32| exp_f32::<false>(if log > MAX_LOG_SCALE { MAX_LOG_SCALE } else { log });
    let (x, y) = (xa + code[0] * wa, ya + code[1] * ha);
    let (w, h) = (scale(code[2]) * wa, scale(code[3]) * ha);
    [x - 0.5 * w, y - 0.5 * h, x + 0.5 * w, y + 0.5 * h]
}

/// Centre, width and height.
fn centred([x1, y1, x2, y2]: [f32; 4]) -> [f32; 4] {
    [0.5 * (x1 + x2), 0.5 * (y1 + y2), x2 - x1, y2 - y1]
}
