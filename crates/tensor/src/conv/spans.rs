//! Which outputs see which taps, along one axis.
//!
//! At the border of an image some taps of a window lie in the padding. Outputs that see the same taps form a
//! *span*; within one, what a tap reads moves evenly, from output to output and from tap to tap. A window of
//! 3 with padding 1 makes three spans of an axis: the first output, the last, and all between. The padding is
//! never read and nothing is multiplied by it: on images of 8 x 8 that saves 16 % of the work of a 3 x 3
//! window.

use crate::window::Windows;

/// Outputs `first`, `first + step`, .. (`count` of them), each of which sees the taps `tap`,
/// `tap + tap_step`, .. (`taps` of them). Output i sees, through tap t, element
/// `source + i * per_output + t * per_tap`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub first: usize,
    pub step: usize,
    pub count: usize,
    pub tap: usize,
    pub tap_step: isize,
    pub taps: usize,
    pub source: usize,
    pub per_output: usize,
    pub per_tap: usize,
}

impl Span {
    /// The number of tap t.
    #[inline(always)]
    pub fn tap(&self, t: usize) -> usize {
        self.tap.wrapping_add_signed(t as isize * self.tap_step)
    }

    /// The number within the span of this output, if it belongs to it.
    #[inline(always)]
    pub fn index(&self, output: usize) -> Option<usize> {
        let distance = output.checked_sub(self.first)?;
        let inside = distance % self.step == 0 && distance / self.step < self.count;
        inside.then(|| distance / self.step)
    }
}

/// One axis of a convolution.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    input: usize,
    output: usize,
    kernel: usize,
    stride: usize,
    padding: usize,
    dilation: usize,
}

impl Axis {
    /// Vertical (0) or horizontal (1).
    pub fn new(w: &Windows, axis: usize) -> Self {
        Self {
            input: w.input[axis],
            output: w.output[axis],
            kernel: w.window.kernel[axis],
            stride: w.window.stride[axis],
            padding: w.window.padding[axis],
            dilation: w.window.dilation[axis],
        }
    }

    /// The spans of the forward pass: outputs of the convolution, which read its input.
    pub fn for_each_forward(&self, visit: impl FnMut(Span)) {
        let Self { input, output, kernel, stride, padding, dilation } = *self;
        let seen = |o: usize| {
            // In coordinates of the padded image.
            let start = o * stride;
            let from = padding.saturating_sub(start).div_ceil(dilation);
            let to = (padding + input).saturating_sub(start).div_ceil(dilation).min(kernel);
            (from < to).then(|| (from, to - from, start + from * dilation - padding))
        };
        group(output, 1, stride, (1, dilation), seen, visit);
    }

    /// The spans of the gradient of the input: elements of the input, which read the gradient of the output.
    /// Element i gets a part of output o through tap k if `i + padding = o stride + k dilation`: with stride
    /// 2 the even elements see other taps than the odd ones.
    pub fn for_each_backward(&self, visit: impl FnMut(Span)) {
        let Self { input, output, kernel, stride, padding, dilation } = *self;
        let output_of = |i: usize, k: usize| {
            let distance = (i + padding).checked_sub(k * dilation)?;
            (distance % stride == 0 && distance / stride < output).then_some(distance / stride)
        };
        // Every so many taps lead to an output; the last of them to the first output.
        let tap_step = stride / gcd(stride, dilation);
        let seen = |i: usize| {
            let last = (0..kernel).rev().find(|&k| output_of(i, k).is_some())?;
            let taps = (0..=last).filter(|&k| output_of(i, k).is_some()).count();
            Some((last, taps, output_of(i, last)?))
        };
        group(input, stride, 1, (-(tap_step as isize), tap_step * dilation / stride), seen, visit);
    }
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Groups `outputs` elements, those a multiple of `step` apart, by what they have `seen`: first tap, number
/// of taps, and what the first tap reads.
fn group(
    outputs: usize,
    step: usize,
    per_output: usize,
    (tap_step, per_tap): (isize, usize),
    seen: impl Fn(usize) -> Option<(usize, usize, usize)>,
    mut visit: impl FnMut(Span),
) {
    for residue in 0..step.min(outputs) {
        let mut open: Option<Span> = None;
        for at in (residue..outputs).step_by(step) {
            let (tap, taps, source) = seen(at).unwrap_or_default();
            match &mut open {
                Some(span)
                    if (span.tap, span.taps) == (tap, taps)
                        && (taps == 0 || span.source + span.count * per_output == source) =>
                {
                    span.count += 1;
                }
                _ => {
                    let new =
                        Span { first: at, step, count: 1, tap, tap_step, taps, source, per_output, per_tap };
                    open.replace(new).into_iter().for_each(&mut visit);
                }
            }
        }
        open.into_iter().for_each(&mut visit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every (output, tap, source) of the spans, against the definition of a convolution.
    #[test]
    fn spans_list_each_product_once() {
        let mut cases = 0;
        for (input, kernel) in [(1, 1), (2, 3), (7, 3), (8, 2), (9, 4), (0, 2)] {
            for (stride, padding, dilation) in [
                (1, 0, 1),
                (1, 1, 1),
                (2, 1, 1),
                (3, 2, 1),
                (1, 2, 2),
                (2, 2, 2),
                (2, 3, 3),
                (4, 2, 6),
                (5, 0, 1),
            ] {
                let reach = dilation * (kernel - 1) + 1;
                if input + 2 * padding < reach {
                    continue;
                }
                let output = (input + 2 * padding - reach) / stride + 1;
                let axis = Axis { input, output, kernel, stride, padding, dilation };
                let mut expected = Vec::new();
                for o in 0..output {
                    for k in 0..kernel {
                        let at = o * stride + k * dilation;
                        if (padding..padding + input).contains(&at) {
                            expected.push((o, k, at - padding));
                        }
                    }
                }
                for backward in [false, true] {
                    let (mut found, mut outputs) = (Vec::new(), Vec::new());
                    let list = |span: Span| {
                        for i in 0..span.count {
                            let out = span.first + i * span.step;
                            assert_eq!(span.index(out), Some(i));
                            outputs.push(out);
                            for t in 0..span.taps {
                                let source = span.source + i * span.per_output + t * span.per_tap;
                                let (o, x) = if backward { (source, out) } else { (out, source) };
                                found.push((o, span.tap(t), x));
                            }
                        }
                    };
                    if backward {
                        axis.for_each_backward(list)
                    } else {
                        axis.for_each_forward(list)
                    }
                    found.sort_unstable();
                    assert_eq!(found, expected, "{axis:?}, backward {backward}");
                    outputs.sort_unstable();
                    assert_eq!(outputs, (0..if backward { input } else { output }).collect::<Vec<_>>());
                    cases += 1;
                }
            }
        }
        assert!(cases > 80, "{cases}");
    }
}
