//! The bugs: those that real frameworks shipped, and some that this code invites.

/// An edit that makes correct code wrong.
pub struct Bug {
    /// Its name in the figures.
    pub name: &'static str,
    /// What kind of mistake it is.
    pub class: &'static str,
    /// The file that it is made in, from the root of the tree.
    pub file: &'static str,
    /// What stands there, exactly once.
    pub search: &'static str,
    /// What the bug makes of it.
    pub replace: &'static str,
    /// The arguments of `cargo test` that must fail.
    pub tests: &'static str,
}

const TENSOR: &str = "-p losslab-tensor --tests";
const AUTOGRAD: &str = "-p losslab-autograd --tests";
const LOSSES: &str = "-p losslab-losses --tests";
const MODELS: &str = "-p losslab-models --tests";
const TRAIN: &str = "-p losslab-train --lib";

macro_rules! bugs {
    ($($name:literal, $class:literal, $file:literal, $tests:expr, $search:literal => $replace:literal;)*) => {
        /// All of them.
        pub const BUGS: &[Bug] = &[$(Bug {
            name: $name, class: $class, file: $file, search: $search, replace: $replace, tests: $tests,
        }),*];
    };
}

bugs! {
    "incomplete-window", "(H + 2p - k) not divisible by the stride", "crates/tensor/src/window.rs", AUTOGRAD,
    "output[axis] = (padded - reach) / stride[axis] + 1;"
        => "output[axis] = (padded - reach).div_ceil(stride[axis]) + 1;";
    "stride-for-padding", "stride and padding swapped", "crates/autograd/src/ops/conv.rs", AUTOGRAD,
    "Window { kernel: [kh, kw], stride, padding, dilation }"
        => "Window { kernel: [kh, kw], stride: padding.map(|p| p.max(1)), padding: stride, dilation }";
    "width-before-height", "height and width swapped", "crates/tensor/src/window.rs", AUTOGRAD,
    "let &[images, height, width, channels] = x.dims() else"
        => "let &[images, width, height, channels] = x.dims() else";
    "kernel-width-before-height", "height and width swapped", "crates/autograd/src/ops/conv.rs", AUTOGRAD,
    "let &[kh, kw, inside, features] = weight.dims() else"
        => "let &[kw, kh, inside, features] = weight.dims() else";
    "anchor-width-for-height", "height and width swapped",
    "crates/models/src/detection/box_coding.rs", MODELS,
    "ln_f32::<false>(w / wa), ln_f32::<false>(h / ha)]"
        => "ln_f32::<false>(h / ha), ln_f32::<false>(w / wa)]";
    "pointwise-without-stride", "1x1 kernels", "crates/autograd/src/ops/conv.rs", AUTOGRAD,
    "let Self { stride, padding, dilation, groups } = *self;"
        => "let Self { mut stride, padding, dilation, groups } = *self;\n        if kh * kw == 1 \
            {\n            stride = [1; 2];\n        }";
    "careless-conv-bias", "bias gradient that ignores the upstream gradient",
    "crates/autograd/src/ops/conv.rs", AUTOGRAD,
    "_ => sum_rows(x.workers(), at.dy, dx),"
        => "_ => dx.fill(T::lift(at.dy.len() as f64 / dx.len().max(1) as f64)),";
    "careless-bias", "bias gradient that ignores the upstream gradient",
    "crates/autograd/src/ops/linear.rs", AUTOGRAD,
    "_ => sum_rows(at.x.workers(), at.dy, dx)," => "_ => dx.fill(T::lift(rows as f64)),";
    "relu-of-a-part", "a ReLU before the sum is whole", "crates/tensor/src/gemm/part.rs", TENSOR,
    "let finish = if steps.end == a.columns { finish } else { Finish::Keep };" => "";
    "unmasked-upstream", "a ReLU that gradients pass by", "crates/autograd/src/ops/relu.rs", AUTOGRAD,
    "_ => self.0.vjp(i, At { dy: dz, ..at }, dx),"
        => "_ => self.0.vjp(i, At { dy: if i == 0 { at.dy } else { dz }, ..at }, dx),";
    "unsummed-broadcast", "missing sum over broadcast axes", "crates/autograd/src/ops/binary.rs", AUTOGRAD,
    "dx[0] += losslab_tensor::sum(terms);" => "dx[0] = terms[0];";
    "last-of-equals", "ties in max", "crates/autograd/src/ops/max.rs", AUTOGRAD,
    "candidate > *best" => "candidate >= *best";
    "last-of-equal-pixels", "ties in max", "crates/autograd/src/ops/pool.rs", AUTOGRAD,
    "let larger = (x > *y)" => "let larger = (x >= *y)";
    "both-of-equals", "ties in max", "crates/autograd/src/ops/binary.rs", AUTOGRAD,
    "R::select(Self::wins(other, own), none, half)" => "R::select(Self::wins(other, own), none, all)";
    "sigmoid-as-quotient", "sigmoid recovered as y/x", "crates/autograd/src/ops/pointwise.rs", AUTOGRAD,
    "R::select(x < R::lift(0.0), R::lift(0.0), x) - lost"
        => "(R::select(x < R::lift(0.0), R::lift(0.0), x) - lost) / x * x";
    "power-from-result", "pow's saved operand", "crates/autograd/src/ops/power.rs", AUTOGRAD,
    "R::lift(self.c) * power(R::load(x), exponent);"
        => "R::lift(self.c) * power(R::load(x), exponent + 1.0) / R::load(x);";
    "zero-times-infinity", "0 * exp(large)", "crates/autograd/src/ops/pointwise.rs", AUTOGRAD,
    "R::select(dy == R::lift(0.0), R::lift(0.0), dy * slope)" => "dy * slope";
    "softmax-overflow", "0 * exp(large)", "crates/autograd/src/ops/softmax.rs", AUTOGRAD,
    "let max = R::select(max.abs() <= R::largest(), max, R::lift(0.0));" => "let max = R::lift(0.0) * max;";
    "adam-from-zero", "Adam's step starting at 0", "crates/autograd/src/optim/adam.rs", AUTOGRAD,
    "1.0 - power(beta, *steps)" => "1.0 - power(beta, *steps - 1)";
    "adam-from-two", "Adam's step starting at 0", "crates/autograd/src/optim/adam.rs", AUTOGRAD,
    "1.0 - power(beta, *steps)" => "1.0 - power(beta, *steps + 1)";
    "idle-nesterov", "an option that changes nothing", "crates/autograd/src/optim/sgd.rs", AUTOGRAD,
    "if self.nesterov { momentum.mul_add(new_v, g) } else { new_v }" => "new_v";
    "idle-decoupling", "an option that changes nothing", "crates/autograd/src/optim/adam.rs", AUTOGRAD,
    "true => (0.0, 1.0 - learning_rate * self.weight_decay)," => "true => (self.weight_decay, 1.0),";
    "idle-tau", "an option that changes nothing", "crates/losses/src/modifiers/logit_adjust.rs", LOSSES,
    "map(|n| tau * log(n / total))" => "map(|n| tau.signum() * log(n / total))";
    "idle-gamma", "an option that changes nothing", "crates/losses/src/pt.rs", LOSSES,
    "if gamma.is_constant(2.0) { self.q.square() } else { (gamma * self.log_q).exp() }" => "self.q.square()";
    "weighted-p", "p_t computed from the weighted CE", "crates/losses/src/zoo/focal.rs", LOSSES,
    "fn eval<R: Real>([gamma]: [R; 1], t: Pt<R>, _side: Side) -> R {\n        -t.q_pow(gamma) * t.log_p"
        => "fn eval<R: Real>([gamma]: [R; 1], t: Pt<R>, side: Side) -> R {\n        \
            let weighted = side.pick(R::lift(0.75), R::lift(0.25)) * t.log_p;\n        \
            -(gamma * (R::lift(1.0) - weighted.exp()).ln()).exp() * t.log_p";
    "alpha-on-the-other-side", "p_t computed from the weighted CE", "crates/losses/src/criterion.rs", LOSSES,
    "criterion.class_weights = vec![1.0 - alpha, alpha];"
        => "criterion.class_weights = vec![alpha, 1.0 - alpha];";
    "ignored-are-counted", "loss divided by the wrong count", "crates/losses/src/evaluate.rs", LOSSES,
    "Normalizer::Elements => (0..losses).filter(|&i| counts(i)).count() as f64,"
        => "Normalizer::Elements => losses as f64,";
    "ignored-positives-are-counted", "loss divided by the wrong count",
    "crates/losses/src/evaluate.rs", LOSSES,
    "filter(|&i| counts(i) && batch.targets.is_positive(i))" => "filter(|&i| batch.targets.is_positive(i))";
    "coordinates-are-counted", "loss divided by the wrong count",
    "crates/train/src/tasks/boxes/loss.rs", TRAIN,
    "1.0 / positives as f64)" => "0.25 / positives as f64)";
    "clipped-p", "gradient exactly zero on confidently wrong inputs", "crates/losses/src/pt.rs", LOSSES,
    "log_p: Dual { value: log_p, slope: q },"
        => "log_p: Dual { value: log_p, slope: R::select(p < R::lift(1e-7), R::lift(0.0), q) },";
    "clipped-log", "gradient exactly zero on confidently wrong inputs", "crates/losses/src/pt.rs", LOSSES,
    "x, zero))).at_least(-R::largest())" => "x, zero))).at_least(R::lift(-16.0))";
    "log-of-difference", "log(1 - p) from p", "crates/losses/src/pt.rs", LOSSES,
    "log_q: excess(!wrong, x),"
        => "log_q: (R::lift(1.0) - R::select(wrong, unlikely, likely)).ln().at_least(-R::largest()),";
    "second-use-forgotten", "gradients that are not accumulated", "crates/autograd/src/tape.rs", AUTOGRAD,
    "for_each(|(sum, &dx)| *sum += dx);" => "for_each(|(sum, &dx)| *sum = dx);";
    "repeated-rows", "gradients that are not accumulated", "crates/autograd/src/ops/gather.rs", AUTOGRAD,
    "for_each(|(sum, &dy)| *sum += dy);" => "for_each(|(sum, &dy)| *sum = dy);";
    "constant-statistics", "statistics taken for constants", "crates/autograd/src/ops/norm.rs", AUTOGRAD,
    "(g - R::load(mean_g[i]) - z * R::load(mean_gz[i]))" => "(g - R::load(mean_g[i]))";
    "biased-running-variance", "statistics of another kind", "crates/autograd/src/ops/running.rs", AUTOGRAD,
    "*r = average(*r, b * unbiased)" => "*r = average(*r, b)";
    "padding-in-the-mean", "loss divided by the wrong count", "crates/autograd/src/ops/pool.rs", AUTOGRAD,
    "R::lift(cells as f64)" => "R::lift(w.taps().max(cells) as f64)";
    "unscaled-dropout", "an expectation that changes", "crates/autograd/src/ops/dropout.rs", AUTOGRAD,
    "scale: 1.0 / (1.0 - self.p)," => "scale: 1.0,";
    "prior-of-the-other-class", "a sign", "crates/models/src/linear.rs", MODELS,
    "-ln_f64((1.0 - pi) / pi)" => "ln_f64((1.0 - pi) / pi)";
    "anchors-at-corners", "half a pixel", "crates/models/src/detection/anchors.rs", MODELS,
    "(i as f64 + 0.5) * stride as f64" => "i as f64 * stride as f64";
    "shards-without-the-middle", "gradients that are not accumulated",
    "crates/tensor/src/gemm/mod.rs", TENSOR,
    "let steps = if shard == 0 { 0..k / 2 } else { k / 2..k };"
        => "let steps = if shard == 0 { 0..k / 2 } else { k - k / 2..k };";
    "bias-of-the-first-columns", "an offset that is forgotten", "crates/tensor/src/gemm/part.rs", TENSOR,
    "Start::Bias(&bias[columns])" => "Start::Bias(&bias[..columns.len()])";
    "first-images-twice", "gradients that are not accumulated", "crates/tensor/src/conv/mod.rs", AUTOGRAD,
    "let images = if shard == 0 { 0..half } else { half..w.images };"
        => "let images = if shard == 0 { 0..half } else { 0..half };";
    "sum-into-the-next-row", "a window that reaches too far", "crates/tensor/src/short_rows.rs", TENSOR,
    "_mm256_set1_epi32(width as i32 - 8 * k as i32)" => "_mm256_set1_epi32(width as i32 + 1 - 8 * k as i32)";
    "forgotten-parameters", "a parameter that is not updated",
    "crates/autograd/src/optim/update.rs", AUTOGRAD,
    "count += 1;" => "count = 1;";
}
