//! Pooling and up-sampling where they are not smooth, and what they refuse.

use losslab_autograd::{Pool, Tape};

#[test]
fn ties_go_to_the_first_and_overlapping_windows_add_up() {
    let tape = Tape::<f64>::new();
    let x = tape.variable([1, 2, 3, 1], &[5.0, 5.0, 1.0, 5.0, 2.0, 1.0]);
    let y = x.max_pool(Pool { kernel: [2, 2], stride: [1, 1], padding: [0, 0] });
    assert_eq!(*y.value(), [5.0, 5.0]);
    y.backward_from(&[10.0, 3.0]);
    assert_eq!(x.grad().expect("a gradient").data(), [10.0, 3.0, 0.0, 0.0, 0.0, 0.0]);
}

#[test]
fn cells_in_the_padding_never_win_and_never_count() {
    let tape = Tape::<f64>::new();
    let x = tape.variable([1, 1, 3, 1], &[-4.0, f64::NEG_INFINITY, -8.0]);
    let wide = Pool { kernel: [3, 3], stride: [1, 1], padding: [1, 1] };
    let y = x.max_pool(wide);
    assert_eq!(*y.value(), [-4.0, -4.0, -8.0]);
    let even = tape.constant([1, 2, 2, 1], &[7.0; 4]);
    assert_eq!(*even.avg_pool(wide).value(), [7.0; 4]);
    // Nothing but -inf: the first cell wins.
    let lost = tape.variable([1, 1, 2, 1], &[f64::NEG_INFINITY; 2]);
    let y = lost.max_pool(Pool::new([1, 2]));
    assert_eq!(*y.value(), [f64::NEG_INFINITY]);
    y.backward_from(&[2.0]);
    assert_eq!(lost.grad().expect("a gradient").data(), [2.0, 0.0]);
}

#[test]
fn nan_reaches_the_result_wherever_it_stands() {
    let tape = Tape::<f32>::new();
    for place in 0..4 {
        let mut data = [1.0, 2.0, 3.0, 4.0];
        data[place] = f32::NAN;
        let x = tape.variable([1, 2, 2, 1], &data);
        assert!(x.avg_pool(Pool::new([2, 2])).item().is_nan());
        let y = x.max_pool(Pool::new([2, 2]));
        assert!(y.item().is_nan(), "place {place}");
        y.backward();
        assert_eq!(x.grad().expect("a gradient").data()[place], 1.0);
    }
}

#[test]
#[should_panic(expected = "max_pool: padding [2, 0] is more than half of kernel [3, 3]")]
fn padding_that_would_empty_a_window() {
    let pool = Pool { kernel: [3, 3], stride: [1, 1], padding: [2, 0] };
    Tape::<f32>::new().constant([1, 4, 4, 1], &[0.0; 16]).max_pool(pool);
}

#[test]
#[should_panic(expected = "avg_pool: images of shape [1, 0, 4, 1] have no pixels")]
fn images_without_pixels() {
    let pool = Pool { kernel: [2, 2], stride: [1, 1], padding: [1, 1] };
    Tape::<f32>::new().constant([1, 0, 4, 1], &[]).avg_pool(pool);
}

#[test]
#[should_panic(expected = "upsample: factor 0, expected at least 1")]
fn a_factor_of_zero() {
    Tape::<f32>::new().constant([1, 1, 1, 1], &[0.0]).upsample(0);
}
