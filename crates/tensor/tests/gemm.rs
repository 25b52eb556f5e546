//! Matrix products against matrixmultiply and against exact integers, on shapes that leave remainders.

use losslab_tensor::gemm::{Finish, Matrix, Start, Store, gemm, product};
use losslab_tensor::{Isa, Workers};
use std::sync::Mutex;

/// `Isa::force` is process-wide, and a product is not to change its tiles midway: tests take turns.
static ISA: Mutex<()> = Mutex::new(());

/// Asymmetric sizes around every tile edge: 1, 3, 6, 8 rows; 10, 16, 17, 32, 33 columns; depth past a panel;
/// more rows and more columns than a block; rows pages apart, read where they lie and packed.
#[cfg(not(miri))]
const SHAPES: [(usize, usize, usize); 19] = [
    (1, 1, 1),
    (1, 7, 5),
    (5, 7, 1),
    (33, 300, 1),
    (6, 3, 16),
    (8, 5, 32),
    (7, 9, 17),
    (13, 2, 33),
    (19, 257, 10),
    (9, 600, 40),
    (64, 1, 31),
    (3, 64, 65),
    (19, 1030, 130),
    (19, 1030, 390),
    (1040, 9, 129),
    (275, 300, 140),
    (9, 260, 1100),
    (140, 300, 1040),
    (140, 300, 16),
];
/// Under Miri a multiply-add takes a microsecond or more.
#[cfg(miri)]
const SHAPES: [(usize, usize, usize); 7] =
    [(1, 1, 1), (1, 7, 5), (6, 3, 16), (8, 2, 32), (7, 3, 17), (13, 2, 33), (2, 35, 3)];

/// Small integers: every sum is exact in f32, so any order of addition gives the same bits.
fn integers(n: usize, seed: usize) -> Vec<f32> {
    (0..n).map(|i| ((i * 7919 + seed * 104729) % 13) as f32 - 6.0).collect()
}

fn transposed(x: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    (0..rows * columns).map(|i| x[(i % rows) * columns + i / rows]).collect()
}

fn exact(m: usize, k: usize, n: usize, a: &[f32], b: &[f32]) -> Vec<f32> {
    let dot =
        |i: usize, j: usize| (0..k).map(|p| f64::from(a[i * k + p]) * f64::from(b[p * n + j])).sum::<f64>();
    (0..m * n).map(|i| dot(i / n, i % n) as f32).collect()
}

fn available() -> impl Iterator<Item = Isa> {
    Isa::ALL.into_iter().filter(|isa| isa.is_available())
}

#[test]
fn all_transpositions_on_every_instruction_set() {
    let _turn = ISA.lock().unwrap_or_else(|e| e.into_inner());
    for isa in available() {
        isa.force();
        for (m, k, n) in SHAPES {
            let (a, b) = (integers(m * k, 1), integers(k * n, 2));
            let (at, bt) = (transposed(&a, m, k), transposed(&b, k, n));
            let want = exact(m, k, n, &a, &b);
            let plain = |x| Matrix::new(x, m, k);
            let cases = [
                (plain(&a), Matrix::new(&b, k, n)),
                (Matrix::new(&at, k, m).t(), Matrix::new(&b, k, n)),
                (plain(&a), Matrix::new(&bt, n, k).t()),
                (Matrix::new(&at, k, m).t(), Matrix::new(&bt, n, k).t()),
            ];
            for (case, (a, b)) in cases.into_iter().enumerate() {
                let mut c = vec![f32::NAN; m * n];
                gemm(a, b, &mut c, Store::Overwrite);
                assert_eq!(c, want, "{isa:?} {m}x{k}x{n} case {case}");
                gemm(a, b, &mut c, Store::Accumulate);
                let twice: Vec<f32> = want.iter().map(|x| 2.0 * x).collect();
                assert_eq!(c, twice, "{isa:?} {m}x{k}x{n} case {case}, accumulated");
            }
        }
    }
}

#[test]
fn fused_instruction_sets_agree_bit_for_bit() {
    let _turn = ISA.lock().unwrap_or_else(|e| e.into_inner());
    let (m, k, n) = if cfg!(miri) { (7, 35, 17) } else { (37, 523, 45) };
    let a: Vec<f32> = (0..m * k).map(|i| (i as f32 * 0.37).fract() - 0.4).collect();
    let b: Vec<f32> = (0..k * n).map(|i| (i as f32 * 0.73).fract() - 0.6).collect();
    let mut results = Vec::new();
    for isa in available().filter(|&isa| isa > Isa::Baseline) {
        isa.force();
        let mut c = vec![0.0; m * n];
        gemm(Matrix::new(&a, m, k), Matrix::new(&b, k, n), &mut c, Store::Overwrite);
        // The chain of fused multiply-adds that the module documents, computed one by one.
        let chain = (0..k).fold(0.0f32, |sum, p| a[5 * k + p].mul_add(b[p * n + 7], sum));
        assert_eq!(c[5 * n + 7].to_bits(), chain.to_bits(), "{isa:?}");
        results.push(c);
    }
    assert!(results.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
#[cfg_attr(miri, ignore = "takes minutes, most of them in matrixmultiply")]
fn agrees_with_matrixmultiply() {
    let _turn = ISA.lock().unwrap_or_else(|e| e.into_inner());
    let (m, k, n) = (70, 130, 50);
    let a: Vec<f64> = (0..m * k).map(|i| (i as f64 * 0.37).fract() - 0.4).collect();
    let b: Vec<f64> = (0..k * n).map(|i| (i as f64 * 0.73).fract() - 0.6).collect();
    let (mut ours, mut theirs) = (vec![0.0; m * n], vec![0.0; m * n]);
    gemm(Matrix::new(&a, m, k), Matrix::new(&b, k, n), &mut ours, Store::Overwrite);
    let (k_stride, n_stride) = (k as isize, n as isize);
    // SAFETY: the buffers hold m*k, k*n and m*n numbers with these strides.
    #[allow(unsafe_code)]
    unsafe {
        matrixmultiply::dgemm(
            m,
            k,
            n,
            1.0,
            a.as_ptr(),
            k_stride,
            1,
            b.as_ptr(),
            n_stride,
            1,
            0.0,
            theirs.as_mut_ptr(),
            n_stride,
            1,
        );
    }
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert!((ours - theirs).abs() < 1e-13, "{ours} {theirs}");
    }
}

#[test]
fn sums_begin_at_the_bias_of_their_column() {
    let _turn = ISA.lock().unwrap_or_else(|e| e.into_inner());
    let shapes = if cfg!(miri) {
        [(3, 2, 5), (3, 2, 1), (3, 20, 5)]
    } else {
        [(9, 20, 1100), (9, 301, 1), (9, 601, 45)]
    };
    for isa in available() {
        isa.force();
        for (m, k, n) in shapes {
            let (a, b, bias) = (integers(m * k, 1), integers(k * n, 2), integers(n, 3));
            let mut want = exact(m, k, n, &a, &b);
            want.chunks_mut(n).for_each(|row| row.iter_mut().zip(&bias).for_each(|(x, b)| *x += b));
            assert_eq!(biased([m, k, n], &a, &b, &bias, Finish::Keep), want, "{isa:?} {m}x{k}x{n}");
            want.iter_mut().for_each(|x| *x = x.max(0.0));
            assert_eq!(biased([m, k, n], &a, &b, &bias, Finish::Relu), want, "{isa:?} {m}x{k}x{n}");
            // Sums that grow through 0 on the way: a ReLU of a part of them would lose what lay below.
            let mut want = exact(m, k, n, &a, &b);
            let late: Vec<f32> = want[..n].iter().map(|sum| -(0.6 * sum).round()).collect();
            want.chunks_mut(n)
                .for_each(|row| row.iter_mut().zip(&late).for_each(|(x, b)| *x = (*x + b).max(0.0)));
            assert!(want[..n].iter().any(|&x| x > 0.0), "{m}x{k}x{n}");
            assert_eq!(biased([m, k, n], &a, &b, &late, Finish::Relu), want, "{isa:?} {m}x{k}x{n}");
        }
    }
}

fn biased([m, k, n]: [usize; 3], a: &[f32], b: &[f32], bias: &[f32], finish: Finish) -> Vec<f32> {
    let mut c = vec![f32::NAN; m * n];
    let (a, b) = (Matrix::new(a, m, k), Matrix::new(b, k, n));
    product(Workers::alone(), a, b, &mut c, Start::Bias(bias), finish);
    c
}

/// Where there is nothing to add up, too; 0 has no sign behind a ReLU, and NaN stays NaN.
#[test]
fn a_relu_is_that_of_the_whole_sum() {
    let _turn = ISA.lock().unwrap_or_else(|e| e.into_inner());
    let bias = [-2.0, -0.0, 3.0, f32::NAN, f32::NEG_INFINITY, f32::INFINITY];
    for isa in available() {
        isa.force();
        let bits = biased([1, 0, 6], &[], &[], &bias, Finish::Relu).into_iter().map(f32::to_bits);
        let want = [0.0, 0.0, 3.0, f32::NAN, 0.0, f32::INFINITY].map(f32::to_bits);
        assert_eq!(bits.collect::<Vec<_>>(), want, "{isa:?}");
    }
}

#[test]
fn a_row_does_not_depend_on_the_rows_beside_it() {
    let _turn = ISA.lock().unwrap_or_else(|e| e.into_inner());
    let (m, k, n) = if cfg!(miri) { (9, 20, 5) } else { (300, 784, 20) };
    let (a, b, bias) = (vec![0.37f32; m * k], vec![0.73f32; k * n], vec![0.11f32; n]);
    let rows = |m: usize| {
        let mut c = vec![0.0; m * n];
        let (a, b) = (Matrix::new(&a[..m * k], m, k), Matrix::new(&b, k, n));
        product(Workers::alone(), a, b, &mut c, Start::Bias(&bias), Finish::Keep);
        c
    };
    let all = rows(m);
    assert!(all.chunks(n).all(|row| row == &rows(1)[..]));
    assert_eq!(all[..7 * n], rows(7)[..]);
}

/// Rows of B that begin with a line of the cache are read where they lie, others are packed.
#[test]
fn a_matrix_may_begin_anywhere() {
    let _turn = ISA.lock().unwrap_or_else(|e| e.into_inner());
    let (m, k) = if cfg!(miri) { (3, 3) } else { (13, 70) };
    let a: Vec<f32> = (0..m * k).map(|i| (i as f32 * 0.37).fract() - 0.4).collect();
    for (isa, n) in available().flat_map(|isa| [(isa, 16), (isa, 64)]) {
        isa.force();
        let results = [0, 1, 4, 16].map(|offset| {
            let mut room = vec![0.0f32; k * n + 64];
            let first = room.as_ptr().align_offset(64).min(16) + offset;
            let b = &mut room[first..first + k * n];
            b.iter_mut().enumerate().for_each(|(i, b)| *b = (i as f32 * 0.73).fract() - 0.6);
            let mut c = vec![0.0; m * n];
            gemm(Matrix::new(&a, m, k), Matrix::new(b, k, n), &mut c, Store::Overwrite);
            c
        });
        assert!(results.windows(2).all(|pair| pair[0] == pair[1]), "{isa:?}");
    }
}

#[test]
fn empty_dimensions() {
    let _turn = ISA.lock().unwrap_or_else(|e| e.into_inner());
    gemm::<f32>(Matrix::new(&[], 0, 3), Matrix::new(&[1.0; 6], 3, 2), &mut [], Store::Overwrite);
    let mut c = [5.0f32; 4];
    gemm(Matrix::new(&[], 2, 0), Matrix::new(&[], 0, 2), &mut c, Store::Accumulate);
    assert_eq!(c, [5.0; 4]);
    gemm(Matrix::new(&[], 2, 0), Matrix::new(&[], 0, 2), &mut c, Store::Overwrite);
    assert_eq!(c, [0.0; 4]);
}

#[test]
fn nan_reaches_its_row_and_only_its_row() {
    let _turn = ISA.lock().unwrap_or_else(|e| e.into_inner());
    let mut a = vec![1.0f32; 20 * 30];
    a[7 * 30 + 3] = f32::NAN;
    let b = vec![1.0f32; 30 * 40];
    let mut c = vec![0.0; 20 * 40];
    gemm(Matrix::new(&a, 20, 30), Matrix::new(&b, 30, 40), &mut c, Store::Overwrite);
    for (i, row) in c.chunks(40).enumerate() {
        assert!(row.iter().all(|x| if i == 7 { x.is_nan() } else { *x == 30.0 }), "row {i}");
    }
}

#[test]
#[should_panic(expected = "matmul: 2 x 3 times 4 x 5 into 10 numbers")]
fn shapes_that_do_not_fit_are_named() {
    gemm(Matrix::new(&[0.0f32; 6], 2, 3), Matrix::new(&[0.0; 20], 4, 5), &mut [0.0; 10], Store::Overwrite);
}
