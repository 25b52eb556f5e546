//! Convolution against the seven loops of its definition, on shapes large enough to be cut into blocks of
//! positions and of taps, in f64 and f32; and what it refuses.

use losslab_autograd::{Conv2d, Tape};
use losslab_tensor::{Float, Shape};

/// Numbers in [-1, 1] with 8 binary places.
fn numbers<T: Float>(shape: Shape, seed: usize) -> Vec<T> {
    let number = |i: usize| T::lift(((i * 7919 + seed * 104_729) % 513) as f64 / 256.0 - 1.0);
    (0..shape.elements()).map(number).collect()
}

/// Calls `visit(x, w, y)` with the elements of each product in the definition of the convolution.
fn products(c: Conv2d, x: Shape, w: Shape, y: Shape, mut visit: impl FnMut(usize, usize, usize)) {
    let (&[images, height, width, channels], &[kh, kw, inside, features]) = (x.dims(), w.dims()) else {
        unreachable!("four dimensions");
    };
    let (ho, wo) = (y.dims()[1], y.dims()[2]);
    for n in 0..images {
        for oy in 0..ho {
            for ox in 0..wo {
                for f in 0..features {
                    for ky in 0..kh {
                        for kx in 0..kw {
                            for i in 0..inside {
                                let iy =
                                    (oy * c.stride[0] + ky * c.dilation[0]) as isize - c.padding[0] as isize;
                                let ix =
                                    (ox * c.stride[1] + kx * c.dilation[1]) as isize - c.padding[1] as isize;
                                let inner =
                                    (0..height as isize).contains(&iy) && (0..width as isize).contains(&ix);
                                if inner {
                                    let channel = f / (features / c.groups) * inside + i;
                                    let pixel = (n * height + iy as usize) * width + ix as usize;
                                    let tap = (ky * kw + kx) * inside + i;
                                    let out = ((n * ho + oy) * wo + ox) * features + f;
                                    visit(pixel * channels + channel, tap * features + f, out);
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The largest errors of y, dx, dw and db, relative to the largest number of each, against the definition in
/// f64.
fn errors<T: Float>(c: Conv2d, x: [usize; 4], w: [usize; 4]) -> [f64; 4] {
    let tape = Tape::<T>::new();
    let shapes = [Shape::from(x), Shape::from(w), Shape::from([w[3]])];
    let data = [0, 1, 2].map(|i| numbers::<T>(shapes[i], i));
    let vars = [0, 1, 2].map(|i| tape.variable(shapes[i], &data[i]));
    let y = vars[0].conv2d(vars[1], vars[2], c);
    let dy = numbers::<T>(y.shape(), 3);
    y.backward_from(&dy);

    let [x, w, b] = data.map(|d| d.iter().map(|v| v.to_f64()).collect::<Vec<f64>>());
    let dy: Vec<f64> = dy.iter().map(|v| v.to_f64()).collect();
    let mut expected_y: Vec<f64> = b.iter().copied().cycle().take(dy.len()).collect();
    let (mut dx, mut dw, mut db) = (vec![0.0; x.len()], vec![0.0; w.len()], vec![0.0; b.len()]);
    products(c, shapes[0], shapes[1], y.shape(), |i, k, o| {
        expected_y[o] += x[i] * w[k];
        dx[i] += dy[o] * w[k];
        dw[k] += dy[o] * x[i];
    });
    dy.iter().enumerate().for_each(|(i, &dy)| db[i % b.len()] += dy);

    let error = |found: &[T], expected: &[f64]| {
        assert_eq!(found.len(), expected.len());
        let largest = expected.iter().fold(0.0f64, |largest, e| largest.max(e.abs()));
        let worst = found.iter().zip(expected).map(|(f, e)| (f.to_f64() - e).abs());
        // A NaN is larger than everything here.
        worst.fold(0.0, |worst, e| if e <= worst { worst } else { e }) / largest
    };
    let grad = |i: usize| vars[i].grad().expect("a gradient").into_data();
    [error(&y.value(), &expected_y), error(&grad(0), &dx), error(&grad(1), &dw), error(&grad(2), &db)]
}

const PLAIN: Conv2d = Conv2d { stride: [1; 2], padding: [0; 2], dilation: [1; 2], groups: 1 };

#[test]
fn the_definition() {
    let cases = [
        (Conv2d { padding: [1, 1], ..PLAIN }, [2, 17, 33, 16], [3, 3, 16, 20]),
        // 3 * 3 * 300 numbers a row: the taps are cut in parts.
        (Conv2d { padding: [1, 2], ..PLAIN }, [1, 9, 11, 300], [3, 3, 300, 5]),
        (
            Conv2d { stride: [2, 3], padding: [2, 0], dilation: [3, 2], ..PLAIN },
            [2, 20, 19, 130],
            [2, 5, 130, 3],
        ),
        (Conv2d { stride: [2, 2], ..PLAIN }, [2, 7, 10, 40], [1, 1, 40, 33]),
        (PLAIN, [2, 7, 10, 40], [1, 1, 40, 33]),
        // A window larger than the image, most of it in the padding.
        (Conv2d { padding: [4, 5], ..PLAIN }, [1, 2, 3, 2], [5, 6, 2, 3]),
        (Conv2d { padding: [1, 0], groups: 4, ..PLAIN }, [2, 9, 8, 12], [3, 2, 3, 8]),
        (Conv2d { stride: [2, 1], padding: [0, 1], groups: 37, ..PLAIN }, [2, 10, 9, 37], [3, 3, 1, 37]),
        (Conv2d { groups: 3, ..PLAIN }, [1, 4, 5, 3], [2, 2, 1, 6]),
    ];
    for (c, x, w) in cases {
        let (double, single) = (errors::<f64>(c, x, w), errors::<f32>(c, x, w));
        assert!(double.iter().all(|&e| e <= 1e-14), "{c:?} on {x:?} by {w:?}: {double:?}");
        // Products are exact; f32 rounds their sums, at most 2700 deep here.
        assert!(single.iter().all(|&e| e <= 2e-6), "f32, {c:?} on {x:?} by {w:?}: {single:?}");
    }
}

#[test]
fn no_images() {
    let tape = Tape::<f32>::new();
    let x = tape.variable([0, 4, 5, 2], &[]);
    let weight = tape.variable([3, 3, 2, 4], &[1.0; 72]);
    let y = x.conv2d(weight, tape.constant([4], &[0.0; 4]), PLAIN);
    assert_eq!(y.shape(), Shape::from([0, 2, 3, 4]));
    y.backward_from(&[]);
    assert_eq!(weight.grad().expect("a gradient").data(), [0.0; 72]);
}

#[test]
fn no_channels_and_no_features() {
    let tape = Tape::<f32>::new();
    let conv = Conv2d { padding: [1; 2], ..Conv2d::default() };
    let [weight, bias] = [tape.variable([3, 3, 0, 4], &[]), tape.variable([4], &[1.0, 2.0, 3.0, 4.0])];
    let y = tape.variable([1, 2, 2, 0], &[]).conv2d(weight, bias, conv);
    assert_eq!(y.value()[..], [1.0, 2.0, 3.0, 4.0].repeat(4));
    y.backward_from(&[1.0; 16]);
    assert_eq!(bias.grad().expect("a gradient").data(), [4.0; 4]);

    let x = tape.variable([1, 2, 2, 2], &[1.0; 8]);
    let [weight, bias] = [tape.variable([3, 3, 2, 0], &[]), tape.variable([0], &[])];
    x.conv2d(weight, bias, conv).backward_from(&[]);
    assert_eq!(x.grad().expect("a gradient").data(), [0.0; 8]);
}

#[track_caller]
fn refused(c: Conv2d, shapes: [&[usize]; 3]) {
    let tape = Tape::<f32>::new();
    let [x, w, b] = shapes.map(|dims| tape.constant_with(Shape::new(dims), |x| x.fill(0.0)));
    x.conv2d(w, b, c);
}

#[test]
#[should_panic(expected = "conv2d: images of shape [4, 5, 2], expected [N, H, W, C]")]
fn images_need_four_dimensions() {
    refused(PLAIN, [&[4, 5, 2], &[3, 3, 2, 4], &[4]]);
}

#[test]
#[should_panic(expected = "smaller than kernel [5, 3] with dilation [1, 1]")]
fn a_window_larger_than_the_padded_image() {
    refused(PLAIN, [&[1, 4, 5, 2], &[5, 3, 2, 4], &[4]]);
}

#[test]
#[should_panic(expected = "conv2d: images [1, 4, 5, 2], weight [3, 3, 3, 4], 1 groups")]
fn channels_must_agree() {
    refused(PLAIN, [&[1, 4, 5, 2], &[3, 3, 3, 4], &[4]]);
}

#[test]
#[should_panic(expected = "kernel [3, 3], stride [0, 1], dilation [1, 1] must be at least 1")]
fn a_stride_of_zero() {
    refused(Conv2d { stride: [0, 1], ..PLAIN }, [&[1, 4, 5, 2], &[3, 3, 2, 4], &[4]]);
}

#[test]
#[should_panic(expected = "conv2d: weight [3, 3, 2, 4] and bias [2], expected bias [4]")]
fn a_bias_of_another_size() {
    refused(PLAIN, [&[1, 4, 5, 2], &[3, 3, 2, 4], &[2]]);
}
