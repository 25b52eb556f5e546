//! Every operation of the list on random cases: its whole Jacobian, in f64.
//!
//! `LOSSLAB_GRADIENT_CASES=1000` makes it the long check, `LOSSLAB_GRADIENT_SEED` draws other cases.

mod random;
#[path = "random/ops.rs"]
mod random_ops;

use losslab_autograd::GradCheck;
use losslab_autograd::ops::all;

#[test]
fn every_operation_on_random_cases() {
    let (ops, mut total) = (all(), 0);
    for (stream, op) in ops.iter().enumerate() {
        total += random::cases(25, stream, |draw, number| {
            let case = random_ops::case(op.name, draw);
            let result = GradCheck::default().jacobian(&case.call, &case.inputs, number);
            if let Err(mismatch) = result {
                panic!("{} case {number}, {:?} {}: {mismatch}", op.name, case.shapes(), case.what);
            }
        });
    }
    println!("checked {total} cases of {} operations", ops.len());
}
