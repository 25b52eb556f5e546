//! The gradient of a bias over many rows, which is summed shard by shard: exact on whole numbers.

use losslab_autograd::Tape;

#[test]
fn every_row_is_counted_once() {
    // One shard and several, narrow and wide rows, a last shard that is not full, more sums than stand on the
    // stack.
    for (rows, columns) in [(1, 5), (1000, 3), (32_768, 1), (32_769, 1), (3001, 30), (700, 200), (70, 3000)] {
        let tape = Tape::<f32>::new();
        let x = tape.constant([rows, 1], &vec![0.0; rows]);
        let weight = tape.constant([1, columns], &vec![0.0; columns]);
        let bias = tape.variable([columns], &vec![0.0; columns]);
        // Small whole numbers: every partial sum is exact in f32, in any order.
        let upstream: Vec<f32> = (0..rows * columns).map(|i| (i * 31 % 17) as f32 - 5.0).collect();
        x.linear(weight, bias).backward_from(&upstream);
        let found = bias.grad().expect("the bias took part");
        for (column, &found) in found.data().iter().enumerate() {
            let expected: f32 = upstream[column..].iter().step_by(columns).sum();
            assert_eq!(found, expected, "column {column} of {rows} x {columns}");
        }
    }
}
