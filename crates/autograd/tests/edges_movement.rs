//! Transpose, slice, concat and gather: what they move where, empty parts, and misuse.

use crate::common::at;
use losslab_autograd::Tape;
use losslab_tensor::Shape;

const BLOCK: [f64; 6] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];

#[test]
fn transpose_moves_axes() {
    let tape = Tape::<f64>::new();
    let y = tape.constant([1, 2, 3], &BLOCK).transpose(&[2, 0, 1]);
    assert_eq!(y.shape(), Shape::from([3, 1, 2]));
    assert_eq!(*y.value(), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    assert_eq!(*y.transpose(&[1, 2, 0]).value(), BLOCK);
    assert_eq!(tape.constant([0, 3], &[]).transpose(&[1, 0]).shape(), Shape::from([3, 0]));
    assert_eq!(*tape.constant([], &[8.0]).transpose(&[]).value(), [8.0]);
}

#[test]
#[should_panic(expected = "transpose: axes [1], expected each axis of shape [2, 3] once")]
fn transpose_needs_every_axis() {
    Tape::<f64>::new().constant([2, 3], &BLOCK).transpose(&[1]);
}

#[test]
#[should_panic(expected = "transpose: axis 0 is named twice in [0, 0]")]
fn transpose_needs_every_axis_once() {
    Tape::<f64>::new().constant([2, 3], &BLOCK).transpose(&[0, 0]);
}

#[test]
fn slices() {
    let tape = Tape::<f64>::new();
    let x = tape.variable([2, 3], &BLOCK);
    assert_eq!(*x.slice(0, 1..2).value(), [4.0, 5.0, 6.0]);
    assert_eq!(*x.slice(1, 1..3).value(), [2.0, 3.0, 5.0, 6.0]);
    assert_eq!(x.slice(1, 2..2).shape(), Shape::from([2, 0]));
    x.slice(1, 2..2).backward_from(&[]);
    assert_eq!(x.grad().unwrap().data(), [0.0; 6]);
}

#[test]
#[should_panic(expected = "slice: 2..4 of axis 1 of shape [2, 3], which has 3")]
fn a_slice_past_the_end() {
    Tape::<f64>::new().constant([2, 3], &BLOCK).slice(1, 2..4);
}

#[test]
#[should_panic(expected = "slice: 2..1 of axis 1 of shape [2, 3], which has 3")]
fn a_slice_the_wrong_way_round() {
    let (start, end) = (2, 1);
    Tape::<f64>::new().constant([2, 3], &BLOCK).slice(1, start..end);
}

#[test]
fn concat_of_parts_is_the_whole() {
    let tape = Tape::<f64>::new();
    let x = tape.constant([2, 3], &BLOCK);
    for (axis, cut) in [(0, 1), (1, 2), (1, 0)] {
        let length = x.shape().dims()[axis];
        let parts = [x.slice(axis, 0..cut), x.slice(axis, cut..length)];
        assert_eq!(*parts[0].concat(&parts[1..], axis).value(), BLOCK);
    }
    let eight = x.concat(&[x; 7], 1);
    assert_eq!(eight.shape(), Shape::from([2, 24]));
    // One value in several places collects all its gradients.
    let (_, [dx]) = at([&[1.0, 2.0]], |[x]| x.concat(&[x, x], 0));
    assert_eq!(dx, [3.0, 3.0]);
}

#[test]
#[should_panic(expected = "concat: 9 inputs, at most 8")]
fn concat_of_too_many() {
    let tape = Tape::<f64>::new();
    let x = tape.constant([2, 3], &BLOCK);
    x.concat(&[x; 8], 0);
}

#[test]
#[should_panic(expected = "concat: shapes [2, 3] and [3, 2] (input 1) differ in more than axis 1")]
fn concat_of_shapes_that_do_not_fit() {
    let tape = Tape::<f64>::new();
    tape.constant([2, 3], &BLOCK).concat(&[tape.constant([3, 2], &BLOCK)], 1);
}

#[test]
fn gather_picks_rows_and_scatters_their_gradients() {
    let tape = Tape::<f64>::new();
    let x = tape.variable([3, 2], &BLOCK);
    let y = x.gather(tape.indices(&[2, 0, 2]));
    assert_eq!(y.shape(), Shape::from([3, 2]));
    assert_eq!(*y.value(), [5.0, 6.0, 1.0, 2.0, 5.0, 6.0]);
    y.backward_from(&[1.0, 2.0, 4.0, 8.0, 16.0, 32.0]);
    assert_eq!(x.grad().unwrap().data(), [4.0, 8.0, 0.0, 0.0, 17.0, 34.0]);
    assert_eq!(x.gather(tape.indices(&[])).shape(), Shape::from([0, 2]));
    let numbers = tape.variable([3], &BLOCK[..3]);
    assert_eq!(*numbers.gather(tape.indices(&[1, 1])).value(), [2.0, 2.0]);
}

#[test]
#[should_panic(expected = "gather: index 3 at position 1, but shape [3, 2] has 3 rows")]
fn gather_of_a_row_that_does_not_exist() {
    let tape = Tape::<f64>::new();
    tape.constant([3, 2], &BLOCK).gather(tape.indices(&[0, 3, 1]));
}

#[test]
#[should_panic(expected = "gather: a value of shape [] has no rows")]
fn gather_from_one_number() {
    let tape = Tape::<f64>::new();
    tape.constant([], &[1.0]).gather(tape.indices(&[0]));
}
