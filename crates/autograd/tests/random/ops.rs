//! A random use of each operation of the list, by its name.

use super::case::Case;
use losslab_autograd::{Conv2d, Dropout, Pool, Tape, Var};
use losslab_tensor::{Shape, Tensor};
use losslab_testing::random::Draw;

/// A random use of the operation.
///
/// # Panics
/// If it has none here: a new operation needs an entry.
pub fn case(name: &str, draw: &mut Draw) -> Case {
    let gap = 0.05;
    match name {
        "add" => broadcast(draw, |x| x[0].add(x[1])),
        "sub" => broadcast(draw, |x| x[0].sub(x[1])),
        "mul" => broadcast(draw, |x| x[0].mul(x[1])),
        "div" => {
            let shapes = draw.broadcast(2);
            let inputs =
                vec![draw.tensor(&shapes[0], (-3.0, 3.0), 0.0), draw.tensor(&shapes[1], (-3.0, 3.0), 0.5)];
            Case::new(inputs, String::new(), |x| x[0].div(x[1]))
        }
        "maximum" => extreme(draw, |x| x[0].maximum(x[1])),
        "minimum" => extreme(draw, |x| x[0].minimum(x[1])),
        "select" => select(draw),
        "neg" => elementwise(draw, (-3.0, 3.0), 0.0, |x| x[0].neg()),
        "exp" => elementwise(draw, (-8.0, 8.0), 0.0, |x| x[0].exp()),
        "ln" => elementwise(draw, (0.2, 9.0), 0.0, |x| x[0].ln()),
        "relu" => elementwise(draw, (-3.0, 3.0), gap, |x| x[0].relu()),
        "leaky_relu" => {
            let slope = draw.uniform(-0.5, 1.5);
            elementwise(draw, (-3.0, 3.0), gap, move |x| x[0].leaky_relu(slope))
        }
        "gelu" => elementwise(draw, (-6.0, 6.0), 0.0, |x| x[0].gelu()),
        "silu" => elementwise(draw, (-9.0, 9.0), 0.0, |x| x[0].silu()),
        "abs" => elementwise(draw, (-3.0, 3.0), gap, |x| x[0].abs()),
        "smooth_l1" => smooth_l1(draw),
        "sqrt" => elementwise(draw, (0.2, 9.0), 0.0, |x| x[0].sqrt()),
        "pow" => pow(draw),
        "clamp" => clamp(draw),
        "dropout" => {
            let dropout = Dropout {
                p: draw.uniform(0.0, 0.9),
                seed: draw.seed(),
                step: draw.seed(),
                ..Dropout::EVALUATION
            };
            elementwise(draw, (-3.0, 3.0), 0.0, move |x| x[0].dropout(dropout))
        }
        "sigmoid" => elementwise(draw, (-9.0, 9.0), 0.0, |x| x[0].sigmoid()),
        "tanh" => elementwise(draw, (-5.0, 5.0), 0.0, |x| x[0].tanh()),
        "softplus" => elementwise(draw, (-9.0, 9.0), 0.0, |x| x[0].softplus()),
        "matmul" => {
            let [m, k, n] = [(); 3].map(|()| draw.length_or_none());
            Case::new(draw.numbers(&[vec![m, k], vec![k, n]]), String::new(), |x| x[0].matmul(x[1]))
        }
        "linear" => {
            let (x, n) = (draw.shape(1, 3), draw.length());
            let shapes = [x.clone(), vec![x[x.len() - 1], n], vec![n]];
            Case::new(draw.numbers(&shapes), String::new(), |x| x[0].linear(x[1], x[2]))
        }
        "linear_relu" => clear_relu(draw, |draw| {
            let (x, n) = (draw.full_shape(1, 3), draw.length());
            let shapes = [x.clone(), vec![x[x.len() - 1], n], vec![n]];
            let inputs = draw.numbers(&shapes);
            let fused = Case::new(inputs.clone(), String::new(), |x| x[0].linear_relu(x[1], x[2]));
            (Case::new(inputs, String::new(), |x| x[0].linear(x[1], x[2])), fused)
        }),
        "conv2d" => {
            let (inputs, conv) = conv2d(draw);
            Case::new(inputs, format!("{conv:?}"), move |x| x[0].conv2d(x[1], x[2], conv))
        }
        "conv2d_relu" => clear_relu(draw, |draw| {
            let (inputs, conv) = conv2d(draw);
            let plain = Case::new(inputs.clone(), String::new(), move |x| x[0].conv2d(x[1], x[2], conv));
            (plain, Case::new(inputs, format!("{conv:?}"), move |x| x[0].conv2d_relu(x[1], x[2], conv)))
        }),
        "max_pool" => pool(draw, |x, pool| x[0].max_pool(pool)),
        "avg_pool" => pool(draw, |x, pool| x[0].avg_pool(pool)),
        "upsample" => {
            let factor = draw.between(1, 3);
            let shape = [draw.between(1, 2), draw.between(1, 3), draw.between(1, 3), draw.between(1, 3)];
            Case::new(draw.numbers(&[shape.to_vec()]), format!("factor {factor}"), move |x| {
                x[0].upsample(factor)
            })
        }
        "group_norm" => {
            let (groups, mut shape) = (draw.between(1, 3), draw.full_shape(1, 3));
            shape.push(groups * draw.between(1, 3));
            let epsilon = draw.uniform(0.1, 1.0);
            norm(draw, shape, format!("{groups} groups"), move |x| {
                x[0].group_norm(x[1], x[2], groups, epsilon)
            })
        }
        "batch_norm" => {
            let (shape, epsilon) = (draw.full_shape(2, 4), draw.uniform(0.1, 1.0));
            norm(draw, shape, String::new(), move |x| x[0].batch_norm(x[1], x[2], epsilon))
        }
        "sum" => {
            let shape = draw.shape(0, 4);
            over_axes(draw, shape, false, |x, axes| x.sum(axes))
        }
        "mean" => {
            let shape = draw.full_shape(0, 4);
            over_axes(draw, shape, false, |x, axes| x.mean(axes))
        }
        "max" => {
            let shape = draw.full_shape(0, 4);
            over_axes(draw, shape, true, |x, axes| x.max(axes))
        }
        "reshape" => {
            let shape = draw.shape(0, 4);
            let mut to = shape.clone();
            draw.shuffle(&mut to);
            if draw.chance(0.3) {
                to = vec![shape.iter().product(), 1];
            }
            let what = format!("to {to:?}");
            Case::new(draw.numbers(&[shape]), what, move |x| x[0].reshape(Shape::new(&to)))
        }
        "transpose" => {
            let shape = draw.shape(0, 5);
            let mut axes: Vec<usize> = (0..shape.len()).collect();
            draw.shuffle(&mut axes);
            Case::new(draw.numbers(&[shape]), format!("{axes:?}"), move |x| x[0].transpose(&axes))
        }
        "slice" => {
            let shape = draw.shape(1, 4);
            let axis = draw.below(shape.len());
            let start = draw.between(0, shape[axis]);
            let end = draw.between(start, shape[axis]);
            let what = format!("{start}..{end} of axis {axis}");
            Case::new(draw.numbers(&[shape]), what, move |x| x[0].slice(axis, start..end))
        }
        "concat" => {
            let shape = draw.shape(1, 4);
            let (axis, count) = (draw.below(shape.len()), draw.between(1, 5));
            let mut shapes = vec![shape; count];
            shapes.iter_mut().for_each(|shape| shape[axis] = draw.length_or_none());
            Case::new(draw.numbers(&shapes), format!("axis {axis}"), move |x| x[0].concat(&x[1..], axis))
        }
        "gather" => {
            let shape = draw.full_shape(1, 3);
            let rows: Vec<u32> = (0..draw.below(7)).map(|_| draw.below(shape[0]) as u32).collect();
            let what = format!("rows {rows:?}");
            Case::new(draw.numbers(&[shape]), what, move |x| x[0].gather(x[0].tape().indices(&rows)))
        }
        "softmax" => elementwise_full(draw, |x| x[0].softmax()),
        "logsumexp" => elementwise_full(draw, |x| x[0].logsumexp()),
        "log_softmax" => elementwise_full(draw, |x| x[0].log_softmax()),
        // Only a constant 0 has the derivative of what it is made of: none.
        "detach" => elementwise(draw, (-3.0, 3.0), 0.0, |x| x[0].mul(x[0].add(x[0].sub(x[0]).detach()))),
        _ => panic!("{name}: a new operation needs an entry in tests/random/ops.rs"),
    }
}

type Fixed = for<'t> fn(&[Var<'t, f64>]) -> Var<'t, f64>;

fn broadcast(draw: &mut Draw, call: Fixed) -> Case {
    let shapes = draw.broadcast(2);
    Case::new(draw.numbers(&shapes), String::new(), call)
}

fn extreme(draw: &mut Draw, call: Fixed) -> Case {
    let shapes = draw.broadcast(2);
    Case::new(draw.apart(&shapes), String::new(), call)
}

fn elementwise(
    draw: &mut Draw,
    interval: (f64, f64),
    gap: f64,
    call: impl for<'t> Fn(&[Var<'t, f64>]) -> Var<'t, f64> + 'static,
) -> Case {
    let shape = draw.shape(0, 4);
    Case::new(vec![draw.tensor(&shape, interval, gap)], String::new(), call)
}

/// Rows of classes: there is at least one, and there may be no row.
fn elementwise_full(draw: &mut Draw, call: Fixed) -> Case {
    let mut shape = draw.shape(1, 4);
    let classes = shape.len() - 1;
    shape[classes] = draw.length();
    let offset = draw.uniform(-30.0, 30.0);
    Case::new(vec![draw.tensor(&shape, (offset - 4.0, offset + 4.0), 0.0)], String::new(), call)
}

fn select(draw: &mut Draw) -> Case {
    let shapes = draw.broadcast(3);
    let chosen: Vec<f64> = (0..shapes[2].iter().product()).map(|_| f64::from(draw.chance(0.5))).collect();
    let shape = Shape::new(&shapes[2]);
    Case::new(draw.numbers(&shapes[..2]), format!("by {shape}"), move |x| {
        x[0].tape().constant(shape, &chosen).select(x[0], x[1])
    })
}

/// Whether no number lies near any of the bounds.
fn clear_of(x: &Tensor<f64>, bounds: &[f64]) -> bool {
    x.data().iter().all(|x| bounds.iter().all(|bound| (x - bound).abs() > 0.01))
}

fn smooth_l1(draw: &mut Draw) -> Case {
    let shape = draw.shape(0, 3);
    loop {
        let (x, beta) = (draw.tensor(&shape, (-3.0, 3.0), 0.0), draw.uniform(0.05, 3.5));
        if clear_of(&x, &[beta, -beta]) {
            return Case::new(vec![x], format!("beta {beta}"), move |x| x[0].smooth_l1(beta));
        }
    }
}

fn clamp(draw: &mut Draw) -> Case {
    let shape = draw.shape(0, 3);
    loop {
        let (x, low) = (draw.tensor(&shape, (-3.0, 3.0), 0.0), draw.uniform(-4.0, 3.0));
        let high = low + draw.uniform(0.0, 3.0);
        if clear_of(&x, &[low, high]) {
            return Case::new(vec![x], format!("{low} to {high}"), move |x| x[0].clamp(low, high));
        }
    }
}

fn pow(draw: &mut Draw) -> Case {
    let shape = draw.shape(0, 3);
    let whole = draw.chance(0.5);
    let exponent = if whole { draw.below(8) as f64 - 3.0 } else { draw.uniform(-3.0, 4.0) };
    let (low, gap) = if whole { (-3.0, if exponent < 0.0 { 0.5 } else { 0.0 }) } else { (0.3, 0.0) };
    Case::new(vec![draw.tensor(&shape, (low, 3.0), gap)], format!("exponent {exponent}"), move |x| {
        x[0].pow(exponent)
    })
}

fn norm(
    draw: &mut Draw,
    shape: Vec<usize>,
    what: String,
    call: impl for<'t> Fn(&[Var<'t, f64>]) -> Var<'t, f64> + 'static,
) -> Case {
    let channels = vec![shape[shape.len() - 1]];
    Case::new(draw.numbers(&[shape, channels.clone(), channels]), what, call)
}

fn over_axes(
    draw: &mut Draw,
    shape: Vec<usize>,
    apart: bool,
    call: impl for<'t> Fn(Var<'t, f64>, &[usize]) -> Var<'t, f64> + 'static,
) -> Case {
    let (axes, shapes) = (draw.axes(shape.len()), [shape]);
    let inputs = if apart { draw.apart(&shapes) } else { draw.numbers(&shapes) };
    Case::new(inputs, format!("axes {axes:?}"), move |x| call(x[0], &axes))
}

/// A layer with its ReLU, from a pair of it without and with: none of the sums is near 0, where the ReLU has
/// a kink.
fn clear_relu(draw: &mut Draw, pair: impl Fn(&mut Draw) -> (Case, Case)) -> Case {
    loop {
        let (plain, fused) = pair(draw);
        let tape = Tape::new();
        let inputs: Vec<_> = plain.inputs.iter().map(|x| tape.constant(x.shape(), x.data())).collect();
        let sums = (plain.call)(&tape, &inputs).value().to_vec();
        if sums.iter().all(|sum| sum.abs() > 0.01) {
            return fused;
        }
    }
}

fn conv2d(draw: &mut Draw) -> (Vec<Tensor<f64>>, Conv2d) {
    let mut pair = |low, high| [draw.between(low, high), draw.between(low, high)];
    let (mut image, kernel, stride, padding, dilation) =
        (pair(1, 5), pair(1, 3), pair(1, 3), pair(0, 2), pair(1, 2));
    for axis in 0..2 {
        // An image that the window fits on, with what is left over by the stride.
        let reach = dilation[axis] * (kernel[axis] - 1) + 1;
        image[axis] = image[axis].max(reach.saturating_sub(2 * padding[axis]));
    }
    let groups = if draw.chance(0.3) { draw.between(2, 3) } else { 1 };
    let (inputs, features) = (draw.between(1, 2), groups * draw.between(1, 2));
    let shapes = [
        vec![draw.between(1, 2), image[0], image[1], groups * inputs],
        vec![kernel[0], kernel[1], inputs, features],
        vec![features],
    ];
    let conv = Conv2d { stride, padding, dilation, groups };
    (draw.numbers(&shapes), conv)
}

fn pool(draw: &mut Draw, call: for<'t> fn(&[Var<'t, f64>], Pool) -> Var<'t, f64>) -> Case {
    let mut pair = |low, high| [draw.between(low, high), draw.between(low, high)];
    let (mut image, kernel, stride, mut padding) = (pair(1, 5), pair(1, 3), pair(1, 3), pair(0, 1));
    for axis in 0..2 {
        padding[axis] = padding[axis].min(kernel[axis] / 2);
        image[axis] = image[axis].max(kernel[axis].saturating_sub(2 * padding[axis]));
    }
    let pool = Pool { kernel, stride, padding };
    let shape = vec![draw.between(1, 2), image[0], image[1], draw.between(1, 2)];
    Case::new(draw.apart(&[shape]), format!("{pool:?}"), move |x| call(x, pool))
}
