//! What the misuse of each operation says: its name, and the shapes that were found and expected.

use losslab_autograd::ops::all;
use losslab_autograd::{Conv2d, Dropout, Pool, Tape, Var};
use losslab_tensor::{Shape, Tensor};
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

type Misuse = for<'t> fn(&[Var<'t, f32>]) -> Var<'t, f32>;

/// Uses of this operation that it refuses, each with the shapes of its inputs. Elementwise operations of one
/// value take every shape.
fn misuses(name: &str) -> Vec<(&'static [&'static [usize]], Misuse)> {
    const TWO: &[&[usize]] = &[&[2, 3], &[4]];
    const IMAGES: &[&[usize]] = &[&[2, 5, 6, 4]];
    const FLAT: &[&[usize]] = &[&[2, 3]];
    match name {
        "add" => vec![(TWO, |x| x[0].add(x[1]))],
        "sub" => vec![(TWO, |x| x[0].sub(x[1]))],
        "mul" => vec![(TWO, |x| x[0].mul(x[1]))],
        "div" => vec![(TWO, |x| x[0].div(x[1]))],
        "maximum" => vec![(TWO, |x| x[0].maximum(x[1]))],
        "minimum" => vec![(TWO, |x| x[0].minimum(x[1]))],
        "select" => vec![(&[&[2, 3], &[4], &[]], |x| x[0].select(x[1], x[2]))],
        "smooth_l1" => vec![(FLAT, |x| x[0].smooth_l1(0.0))],
        "pow" => vec![(FLAT, |x| x[0].pow(f64::NAN))],
        "clamp" => vec![(FLAT, |x| x[0].clamp(2.0, 1.0))],
        "dropout" => vec![(FLAT, |x| x[0].dropout(Dropout { p: 1.0, ..Dropout::EVALUATION }))],
        "matmul" => {
            vec![(&[&[2, 3], &[4, 5]], |x| x[0].matmul(x[1])), (&[&[3], &[3, 5]], |x| x[0].matmul(x[1]))]
        }
        "linear" => vec![
            (&[&[2, 3], &[4, 5], &[5]], |x| x[0].linear(x[1], x[2])),
            (&[&[2, 3], &[3, 5], &[4]], |x| x[0].linear(x[1], x[2])),
        ],
        "linear_relu" => vec![(&[&[2, 3], &[4, 5], &[5]], |x| x[0].linear_relu(x[1], x[2]))],
        "conv2d_relu" => {
            vec![(&[&[5, 6, 4], &[3, 3, 4, 2], &[2]], |x| x[0].conv2d_relu(x[1], x[2], Conv2d::default()))]
        }
        "conv2d" => vec![
            (&[&[5, 6, 4], &[3, 3, 4, 2], &[2]], |x| x[0].conv2d(x[1], x[2], Conv2d::default())),
            (&[&[2, 5, 6, 4], &[3, 4, 2], &[2]], |x| x[0].conv2d(x[1], x[2], Conv2d::default())),
            (&[&[2, 5, 6, 4], &[3, 3, 3, 2], &[2]], |x| x[0].conv2d(x[1], x[2], Conv2d::default())),
            (&[&[2, 5, 6, 4], &[3, 3, 4, 2], &[3]], |x| x[0].conv2d(x[1], x[2], Conv2d::default())),
            (&[&[2, 5, 6, 4], &[7, 3, 4, 2], &[2]], |x| x[0].conv2d(x[1], x[2], Conv2d::default())),
            (&[&[2, 5, 6, 4], &[3, 3, 4, 2], &[2]], |x| {
                x[0].conv2d(x[1], x[2], Conv2d { stride: [0, 1], ..Conv2d::default() })
            }),
        ],
        "max_pool" => vec![
            (FLAT, |x| x[0].max_pool(Pool::new([2, 2]))),
            (IMAGES, |x| x[0].max_pool(Pool::new([6, 2]))),
            (IMAGES, |x| x[0].max_pool(Pool { padding: [2, 0], ..Pool::new([3, 2]) })),
        ],
        "avg_pool" => vec![(FLAT, |x| x[0].avg_pool(Pool::new([2, 2])))],
        "upsample" => vec![(FLAT, |x| x[0].upsample(2)), (IMAGES, |x| x[0].upsample(0))],
        "group_norm" => vec![
            (&[&[2, 4], &[3], &[4]], |x| x[0].group_norm(x[1], x[2], 2, 1e-5)),
            (&[&[2, 4], &[4], &[4]], |x| x[0].group_norm(x[1], x[2], 3, 1e-5)),
            (&[&[2, 4], &[4], &[4]], |x| x[0].group_norm(x[1], x[2], 2, 0.0)),
        ],
        "batch_norm" => vec![(&[&[2, 4], &[4], &[3]], |x| x[0].batch_norm(x[1], x[2], 1e-5))],
        "sum" => vec![(FLAT, |x| x[0].sum(&[2])), (FLAT, |x| x[0].sum(&[1, 1]))],
        "mean" => vec![(FLAT, |x| x[0].mean(&[2])), (&[&[0, 3]], |x| x[0].mean(&[0]))],
        "max" => vec![(FLAT, |x| x[0].max(&[2])), (&[&[2, 0]], |x| x[0].max(&[1]))],
        "reshape" => vec![(FLAT, |x| x[0].reshape([4, 2]))],
        "transpose" => vec![(FLAT, |x| x[0].transpose(&[0])), (FLAT, |x| x[0].transpose(&[0, 2]))],
        "slice" => vec![(FLAT, |x| x[0].slice(1, 2..4)), (FLAT, |x| x[0].slice(2, 0..1))],
        "concat" => vec![
            (&[&[2, 3], &[2, 4]], |x| x[0].concat(&x[1..], 0)),
            (FLAT, |x| x[0].concat(&[], 2)),
            (FLAT, |x| x[0].concat(&[x[0]; 8], 0)),
        ],
        "gather" => vec![
            (FLAT, |x| x[0].gather(x[0].tape().indices(&[0, 2]))),
            (&[&[]], |x| x[0].gather(x[0].tape().indices(&[0]))),
        ],
        "softmax" => vec![(&[&[2, 0]], |x| x[0].softmax())],
        "logsumexp" => vec![(&[&[2, 0]], |x| x[0].logsumexp())],
        "log_softmax" => vec![(&[&[2, 0]], |x| x[0].log_softmax())],
        "neg" | "exp" | "ln" | "relu" | "leaky_relu" | "gelu" | "silu" | "abs" | "sqrt" | "sigmoid"
        | "tanh" | "softplus" | "detach" => Vec::new(),
        _ => panic!("{name}: a new operation needs an entry here"),
    }
}

/// What a panic says, or that there was none.
fn message(use_it: impl FnOnce()) -> String {
    match catch_unwind(AssertUnwindSafe(use_it)) {
        Ok(()) => "NOT REFUSED".into(),
        Err(panic) => match panic.downcast::<String>() {
            Ok(text) => *text,
            Err(panic) => panic.downcast_ref::<&str>().map_or("?".into(), |text| (*text).into()),
        },
    }
}

#[test]
fn misuse_names_the_operation_and_the_shapes() {
    let mut said = String::new();
    for op in all() {
        for (shapes, misuse) in misuses(op.name) {
            let text = message(|| {
                let tape = Tape::new();
                let values: Vec<_> = shapes
                    .iter()
                    .map(|shape| tape.constant_with(Shape::new(shape), |x| x.fill(1.0)))
                    .collect();
                misuse(&values);
            });
            assert!(text.starts_with(op.name), "{}: {text}", op.name);
            writeln!(said, "{text}").unwrap();
        }
    }
    insta::assert_snapshot!("operations", said);

    let tapes: [(&str, fn()); 6] = [
        ("constant", || {
            Tape::<f32>::new().constant([2, 3], &[0.0; 5]);
        }),
        ("item", || {
            Tape::<f32>::new().constant([2], &[0.0; 2]).item();
        }),
        ("backward", || Tape::<f32>::new().variable([2], &[0.0; 2]).backward()),
        ("backward_from", || Tape::<f32>::new().variable([2], &[0.0; 2]).backward_from(&[1.0; 3])),
        ("another tape", || {
            let (a, b) = (Tape::<f32>::new(), Tape::new());
            a.constant([2], &[0.0; 2]).add(b.constant([2], &[0.0; 2]));
        }),
        ("late parameter", || {
            let mut tape = Tape::<f32>::new();
            tape.constant([2], &[0.0; 2]);
            tape.param("w", Tensor::zeros([2]));
        }),
    ];
    let said: Vec<String> = tapes.into_iter().map(|(what, f)| format!("{what}: {}", message(f))).collect();
    insta::assert_snapshot!("tapes", said.join("\n"));
}
