//! The tile kernel on every instruction set: stretches of any length and distance against their sums; and
//! what its checks refuse.

use losslab_tensor::gemm::{Finish, Row, Start, Steps, Stretch, TileProduct};
use losslab_tensor::{Float, Isa};
use std::sync::Mutex;

/// `Isa::force` is process-wide: tests take turns.
static ISA: Mutex<()> = Mutex::new(());

/// Rounds of four steps and what is left over, none at all, and one that begins before the one that it
/// follows.
const STRETCHES: [Stretch; 7] = [
    Stretch { a: 40, b: 96, count: 9 },
    Stretch { a: 3, b: 0, count: 1 },
    Stretch { a: u32::MAX, b: u32::MAX, count: 0 },
    Stretch { a: 0, b: 7, count: 2 },
    Stretch { a: 11, b: 64, count: 4 },
    Stretch { a: 100, b: 33, count: 3 },
    Stretch { a: 5, b: 200, count: 6 },
];

/// Small integers: every sum is exact in f32.
fn integers(n: usize) -> Vec<f32> {
    (0..n).map(|i| (i * 7919 % 13) as f32 - 6.0).collect()
}

#[test]
fn stretches_of_any_length_and_distance() {
    let _turn = ISA.lock().unwrap_or_else(|e| e.into_inner());
    for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
        isa.force();
        // Under Miri a multiply-add takes a microsecond or more.
        let counts: &[usize] = if cfg!(miri) { &[9] } else { &[1, 5, 6, 8, 13, 48] };
        let strides: &[[usize; 2]] =
            if cfg!(miri) { &[[7, 32]] } else { &[[1, 16], [6, 16], [7, 32], [1, 40]] };
        for &count in counts {
            for &strides in strides {
                for columns in [16, 11, 8, 3] {
                    check::<16>(isa, count, strides, columns);
                }
                for columns in [32, 17] {
                    check::<32>(isa, count, strides, columns);
                }
            }
        }
    }
}

/// The product of `count` rows, from each start to each finish, against the sums that it stands for.
fn check<const NR: usize>(isa: Isa, count: usize, [a_stride, b_stride]: [usize; 2], columns: usize) {
    let (a, panel, bias) = (integers(700), integers(700), integers(NR));
    let rows: Vec<Row> = (0..count).map(|i| Row { a: i * 17 % 401, c: (count - 1 - i) * NR }).collect();
    let steps = Steps::new(&STRETCHES, a_stride, b_stride);
    let old = integers(count * NR);
    for start in [Start::Zero, Start::Old, Start::Bias(&bias[..])] {
        for finish in [Finish::Keep, Finish::Relu] {
            let mut c = old.clone();
            let tile = TileProduct { a: &a, rows: &rows, steps, panel: &panel, start, finish, columns };
            f32::multiply_tile::<NR>(tile, &mut c);
            for (i, row) in rows.iter().enumerate() {
                for j in 0..columns {
                    let mut sum = match start {
                        Start::Zero => 0.0,
                        Start::Old => old[row.c + j],
                        Start::Bias(bias) => bias[j],
                    };
                    for stretch in &STRETCHES {
                        for s in 0..stretch.count as usize {
                            let a = a[row.a + stretch.a as usize + s * a_stride];
                            sum += a * panel[stretch.b as usize + s * b_stride + j];
                        }
                    }
                    let want = if finish == Finish::Relu { sum.max(0.0) } else { sum };
                    let found = c[row.c + j];
                    assert_eq!(
                        found, want,
                        "{isa:?} {NR}: row {i} of {count}, column {j} of {columns}, {a_stride} {b_stride}"
                    );
                }
            }
        }
    }
}

/// Four steps of a stretch, 3 and 16 numbers apart, over so many numbers of A and of the panel.
fn four_steps(a: usize, panel: usize, a_stride: usize, b_stride: usize) {
    let stretches = [Stretch { a: 1, b: 16, count: 4 }];
    let (a, panel, mut c) = (vec![1.0; a], vec![1.0; panel], [0.0; 16]);
    f32::multiply_tile::<16>(
        TileProduct {
            a: &a,
            rows: &[Row { a: 2, c: 0 }],
            steps: Steps::new(&stretches, a_stride, b_stride),
            panel: &panel,
            start: Start::Zero,
            finish: Finish::Keep,
            columns: 16,
        },
        &mut c,
    );
    assert_eq!(c, [4.0; 16]);
}

#[test]
fn the_last_step_may_be_the_last_there_is() {
    four_steps(2 + 1 + 3 * 3 + 1, 16 + 3 * 16 + 16, 3, 16);
}

#[test]
#[should_panic(expected = "tile leaves A")]
fn a_step_beyond_a_is_refused() {
    four_steps(2 + 1 + 3 * 3, 16 + 3 * 16 + 16, 3, 16);
}

#[test]
#[should_panic(expected = "tile leaves B")]
fn a_step_beyond_the_panel_is_refused() {
    four_steps(2 + 1 + 3 * 3 + 1, 16 + 3 * 16 + 15, 3, 16);
}

#[test]
#[should_panic(expected = "tile leaves A")]
fn distances_that_wrap_around_are_refused() {
    four_steps(100, 100, usize::MAX / 3 + 1, 0);
}
