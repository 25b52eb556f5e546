//! `losslab eval` against PyTorch and against itself.

use crate::common::eval::run;
use losslab_losses::{Alpha, Batch, Criterion, Head, Normalizer, Reduction, Registry, Spec, Targets};
use losslab_tensor::Isa;
use serde_json::{Value, json};

fn eval(arguments: &[&str], input: &Value) -> Value {
    let output = run(arguments, input.to_string().as_bytes());
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty() && output.stdout.ends_with(b"}\n"));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// All numbers of a list or of rows.
fn flat(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(items) => items.iter().flat_map(flat).collect(),
        _ => vec![value.as_f64().unwrap_or_else(|| panic!("{value} is not a finite number"))],
    }
}

#[track_caller]
fn assert_close(found: &Value, expected: &Value, tolerance: f64, what: &str) {
    let (found, expected) = (flat(found), flat(expected));
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (a, b)) in found.iter().zip(&expected).enumerate() {
        let close = (a - b).abs() <= tolerance * a.abs().max(b.abs());
        assert!(close, "{what}, number {i}: {a} and {b}");
    }
}

const LOGITS: [f64; 6] = [0.3, -1.7, 4.0, -6.5, 0.0, 2.25];
const TARGETS: [f64; 6] = [1.0, 1.0, 0.0, 0.0, 1.0, 0.0];

fn binary() -> Value {
    json!({"logits": LOGITS, "targets": TARGETS})
}

fn rows() -> Value {
    let logits = json!([[1.0, -2.0, 0.5], [0.0, 3.0, -1.0], [-4.0, 2.5, 2.0], [0.1, 0.2, 0.3]]);
    json!({"logits": logits, "targets": [0, 2, 1, 2]})
}

fn with(mut input: Value, key: &str, value: Value) -> Value {
    input[key] = value;
    input
}

/// Compares with PyTorch: loss and gradient in f64 to 1e-11, because PyTorch itself loses digits in 1 - p_t,
/// and in f32 to 2e-6.
#[track_caller]
fn against_torch(arguments: &str, input: &Value, loss: Value, grad: Value) {
    for (dtype, tolerance) in [("f64", 1e-11), ("f32", 2e-6)] {
        let mut all: Vec<&str> = arguments.split(' ').collect();
        all.extend(["--dtype", dtype]);
        let out = eval(&all, input);
        assert_close(&out["loss"], &loss, tolerance, &format!("{arguments}, loss in {dtype}"));
        assert_close(&out["grad"], &grad, tolerance, &format!("{arguments}, gradient in {dtype}"));
        let rows = |value: &Value| value[0].as_array().map(Vec::len);
        assert_eq!(
            rows(&out["grad"]),
            rows(&input["logits"]),
            "{arguments}: the gradient has the logits' shape"
        );
    }
}

// PyTorch 2.15.0 and torchvision 0.29.2, float64.

#[test]
fn sigmoid_losses_agree_with_pytorch() {
    // torchvision.ops.sigmoid_focal_loss(z, y, alpha=.25, gamma=2, reduction="mean")
    let focal = "--loss focal:gamma=2,alpha=0.25";
    let grad = [
        -0.008017018304803423,
        -0.042375952039371986,
        0.13579948163560443,
        1.2679848188442942e-09,
        -0.012428616464166096,
        0.1383935026640018,
    ];
    against_torch(focal, &binary(), json!(0.7918296280565073), json!(grad));
    // .. and its sum divided by the three positives
    let doubled = json!(grad.map(|g| 2.0 * g));
    let normalized = format!("{focal} --normalizer positives");
    against_torch(&normalized, &binary(), json!(1.5836592561130145), doubled);
    // alpha=-1, gamma=1.5, reduction="none", gradient of the sum
    let loss = json!([
        0.1538953537058298,
        1.4521928782921525,
        3.9102319241831305,
        8.73795368054921e-08,
        0.2450645358671368,
        2.022214874659066
    ]);
    let grad = json!([
        -0.25074567411597326,
        -0.9938684224625586,
        1.0611346007822355,
        2.181864803713958e-07,
        -0.36057509719698955,
        1.067624375592801
    ]);
    against_torch("--loss focal:gamma=1.5 --reduction none", &binary(), loss, grad);
    // torch.nn.functional.binary_cross_entropy_with_logits(z, y)
    let grad = json!([
        -0.07092624719805683,
        -0.14092245581941087,
        0.16366896500631808,
        0.00025019704278949863,
        -0.08333333333333333,
        0.15077508918348176
    ]);
    against_torch("--loss ce", &binary(), json!(1.5808578752348417), grad);
    // .. with weight=w, reduction="sum"
    let weighted = with(binary(), "weights", json!([1, 2, 0.5, 3, 0.25, 1.5]));
    let grad = json!([
        -0.42555748318834097,
        -1.6910694698329305,
        0.4910068950189542,
        0.0045035467702109755,
        -0.125,
        1.3569758026513359
    ]);
    against_torch("--loss ce --reduction sum", &weighted, json!(10.002105831194331), grad);
    // .. with soft targets
    let soft = with(binary(), "targets", json!([0.2, 0.9, 0, 0.5, 1, 0.75]));
    let grad = json!([
        0.062407086135276506,
        -0.12425578915274423,
        0.16366896500631808,
        -0.08308313629054383,
        -0.08333333333333333,
        0.02577508918348176
    ]);
    against_torch("--loss ce", &soft, json!(1.852941208568175), grad);
}

#[test]
fn softmax_losses_agree_with_pytorch() {
    // torch.nn.functional.cross_entropy(z, t, reduction="none"), gradient of the sum
    let loss = json!([0.5045969023422835, 4.065883903757429, 0.4750123763190066, 1.001942848229244]);
    let grad = json!([
        [-0.3962511038513742, 0.030058887569574023, 0.3661922162818002],
        [0.04661262257797389, 0.9362395518765058, -0.9828521744544796],
        [0.0009349547960461639, -0.37812264013519625, 0.3771876853391501],
        [0.30060960535572734, 0.33222499353334733, -0.6328345988890745]
    ]);
    against_torch("--loss ce --head softmax --reduction none", &rows(), loss, grad);
    // .. label_smoothing=.1
    let grad = json!([
        [-0.08239610929617688, -0.0008186114409398275, 0.08321472073711672],
        [0.0033198223111601394, 0.2257265546357931, -0.22904637694695323],
        [-0.008099594634321793, -0.0778639933671324, 0.08596358800145419],
        [0.0668190680055985, 0.0747229150500035, -0.14154198305560195]
    ]);
    against_torch("--loss ce+smooth:eps=0.1 --head softmax", &rows(), json!(1.5601923409953242), grad);
    // .. weight=N / (C n_c) for 60, 30 and 10 examples; a mean there divides by the weights
    let counted = with(rows(), "class_counts", json!([60, 30, 10]));
    let grad = json!([
        [-0.02641674025675828, 0.0020039258379716015, 0.02441281441878668],
        [0.018645049031189558, 0.37449582075060234, -0.39314086978179186],
        [0.00012466063947282185, -0.05041635201802617, 0.05029169137855335],
        [0.12024384214229095, 0.13288999741333893, -0.2531338395556298]
    ]);
    let arguments = "--loss ce+inverse-freq --head softmax --normalizer weight-sum";
    against_torch(arguments, &counted, json!(2.1241054777933557), grad);
    // .. of z + log(.6, .3, .1), reduction="sum"
    let grad = json!([
        [-0.11188631788984194, 0.02210828830482691, 0.08977802958501509],
        [0.09005697426009404, 0.9044213408458402, -0.9944783151059343],
        [0.002494954274515011, -0.17025101973903733, 0.16775606546452224],
        [0.5694266024005269, 0.31465686047584346, -0.8840834628763703]
    ]);
    let arguments = "--loss ce+logit-adjust --head softmax --reduction sum";
    against_torch(arguments, &counted, json!(7.6592446663797515), grad);
    // .. ignore_index=-100 in the second row
    let marked = with(with(rows(), "targets", json!([0, -100, 1, 2])), "valid", json!([1, false, true, 1]));
    let grad = json!([
        [-0.13208370128379138, 0.010019629189858006, 0.1220640720939334],
        [0.0, 0.0, 0.0],
        [0.0003116515986820546, -0.12604088004506542, 0.12572922844638335],
        [0.10020320178524245, 0.11074166451111578, -0.21094486629635817]
    ]);
    against_torch("--loss ce --head softmax", &marked, json!(0.6605173756301781), grad);
}

#[test]
fn rows_of_binary_logits_keep_their_shape() {
    let logits = json!([[0.3, -1.7, 4.0], [-6.5, 0.0, 2.25]]);
    let input = json!({"logits": logits, "targets": [[1, 1, 0], [0, 1, 0]]});
    // torchvision.ops.sigmoid_focal_loss(z, y, alpha=.25, gamma=2, reduction="none")
    let loss = json!([
        [0.025098318872149264, 0.3338335939241881, 2.9061804284680104],
        [2.539146231146102e-09, 0.04332169878499658, 1.4425437257505525]
    ]);
    let grad = json!([
        [-0.048102109828820544, -0.25425571223623195, 0.8147968898136266],
        [7.607908913065766e-09, -0.07457169878499659, 0.8303610159840108]
    ]);
    let arguments = "--loss focal:gamma=2,alpha=0.25 --reduction none";
    against_torch(arguments, &input, loss, grad);
    let out = eval(&["--loss", "ce", "--normalizer", "samples"], &input);
    let sum = eval(&["--loss", "ce", "--reduction", "sum"], &binary());
    assert_close(&out["loss"], &json!(sum["loss"].as_f64().unwrap() / 2.0), 1e-6, "two samples");
}

#[test]
fn parameters_have_derivatives() {
    // torch.autograd.grad of the mean of alpha_t (1 - p_t)^gamma (-log p_t) in gamma and alpha, f64
    let out = eval(&["--loss", "focal:gamma=2,alpha=0.25", "--dtype", "f64"], &binary());
    assert_close(&out["dparams"]["gamma"], &json!(-0.05079718859524232), 1e-11, "gamma");
    assert_close(&out["dparams"]["alpha"], &json!(-0.6982140715586017), 1e-11, "alpha");
    let names = |spec: &str| {
        let out = eval(&["--loss", spec], &binary());
        out["dparams"].as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names("ce"), "");
    assert_eq!(names("focal"), "gamma");
    assert_eq!(names("alpha-ce"), "alpha");
}

#[test]
fn derivatives_in_parameters_agree_with_finite_differences() {
    let softmax = json!({"logits": [[0.4, -1.1], [2.0, 0.1], [-3.0, 1.2]], "targets": [1, 0, 0]});
    for loss in Registry::standard().losses() {
        // Off the defaults, which may lie at the end of a range.
        let mut params: Vec<(&str, f64)> =
            loss.params().iter().map(|p| (p.name, p.default + 0.125)).collect();
        if loss.alpha() != Alpha::None {
            params.push(("alpha", 0.25));
        }
        for head in [Head::Sigmoid, Head::Softmax].into_iter().filter(|&head| loss.heads().contains(head)) {
            let input = if head == Head::Sigmoid { binary() } else { softmax.clone() };
            let input = with(input, "class_counts", json!([90, 10]));
            let at = |moved: usize, by: f64| {
                let pair = |(i, (name, value)): (usize, &(&str, f64))| {
                    format!("{name}={}", if i == moved { value + by } else { *value })
                };
                let pairs: Vec<String> = params.iter().enumerate().map(pair).collect();
                let spec = if pairs.is_empty() {
                    loss.name().into()
                } else {
                    format!("{}:{}", loss.name(), pairs.join(","))
                };
                eval(&["--loss", &spec, "--head", &head.to_string(), "--dtype", "f64"], &input)
            };
            for (i, (name, _)) in params.iter().enumerate() {
                let h = 1e-5;
                let value = |by: f64| at(i, by)["loss"].as_f64().unwrap();
                let numeric = (value(h) - value(-h)) / (2.0 * h);
                let analytic = at(i, 0.0)["dparams"][*name].as_f64().unwrap();
                let close = (analytic - numeric).abs() <= 1e-8 + 1e-7 * numeric.abs();
                assert!(
                    close,
                    "{}, {head}, {name}: {analytic}, finite differences say {numeric}",
                    loss.name()
                );
            }
        }
    }
}

/// The values are those that crates/losses/tests/second.rs checks in f64; printed as f32 they are rounded.
#[test]
fn second_derivatives_on_a_grid_with_extremes() {
    let text = include_str!("../../crates/losses/tests/fixtures/second.txt");
    let cases: Vec<&str> = text.split("\ncase ").skip(1).collect();
    assert!(cases.len() > 30);
    for case in cases {
        let (title, points) = case.split_once('\n').unwrap();
        let (head, spec) = title.split_once(' ').unwrap();
        let numbers = |text: &str| text.split(' ').map(|x| x.parse().unwrap()).collect::<Vec<f64>>();
        let (mut logits, mut targets, mut expected) = (Vec::new(), Vec::new(), Vec::new());
        for point in points.lines() {
            let mut parts = point.split("; ").map(numbers);
            let point = parts.next().unwrap();
            targets.push(if head == "softmax" { json!(point[0] as u32) } else { json!([point[0]]) });
            logits.push(json!(point[1..]));
            expected.extend(parts.map(|numbers| numbers[0]));
        }
        let counts = if head == "softmax" { json!([40, 7, 3]) } else { json!([90, 10]) };
        let input = json!({"logits": logits, "targets": targets, "class_counts": counts});
        let out = eval(&["--loss", spec, "--head", head, "--reduction", "sum", "--dtype", "f32"], &input);
        for (found, expected) in flat(&out["hess"]).into_iter().zip(expected) {
            // What is printed is the shortest that reads back as the same f32.
            let found = f64::from(found as f32);
            let tolerance = 1e-7 * expected.abs() + f64::from(f32::MIN_POSITIVE);
            assert!((found - expected).abs() <= tolerance, "{title}: {found:e}, expected {expected:e}");
        }
        let shape = |value: &Value| (value.as_array().unwrap().len(), value[0].as_array().unwrap().len());
        assert_eq!(shape(&out["hess"]), shape(&input["logits"]), "{title}");
    }
}

#[test]
fn a_loss_of_a_whole_batch_has_no_second_derivatives() {
    let out = eval(&["--loss", "dice"], &binary());
    assert_eq!((&out["hess"], flat(&out["grad"]).len()), (&Value::Null, 6));
}

#[test]
fn confident_mistakes_have_a_gradient() {
    let input = json!({"logits": [100, -100, 0], "targets": [0, 1, 1]});
    let grad = flat(&eval(&["--loss", "focal:gamma=0.5,alpha=0.25"], &input)["grad"]);
    // At x_t = -100 the derivative in x_t is -alpha_t but for e^-100; a mean over 3 elements, of alpha_t =
    // .75, .25, .25.
    assert_eq!([grad[0] as f32, grad[1] as f32], [0.25, -0.25 / 3.0]);
    // At 0: (alpha / 3) (gamma q^gamma p log p - q^(gamma + 1)) with p = q = 1/2.
    let (p, gamma) = (0.5f64, 0.5);
    let expected = 0.25 / 3.0 * (gamma * p.powf(gamma) * p * p.ln() - p.powf(gamma + 1.0));
    assert!((grad[2] / expected - 1.0).abs() < 1e-6, "{} {expected}", grad[2]);
}

#[test]
fn non_finite_numbers_go_both_ways() {
    let input = json!({"logits": ["NaN", "inf", "-inf", "inf"], "targets": [1, 1, 0, 0]});
    let out = eval(&["--loss", "ce", "--reduction", "none"], &input);
    // An infinite logit counts as the largest finite number.
    assert_eq!(out["loss"], json!(["NaN", 0.0, 0.0, 3.4028235e38]));
    assert_eq!(out["grad"][0], "NaN");
    assert_eq!(out["grad"][3], 1.0);
    // What comes out goes in again.
    let again = json!({"logits": out["loss"], "targets": [1, 1, 1, 1]});
    assert_eq!(eval(&["--loss", "ce"], &again)["loss"], "NaN");
    // Two of the largest numbers: the sum overflows.
    let input = json!({"logits": ["-inf", "-inf"], "targets": [1, 1]});
    for dtype in ["f32", "f64"] {
        let out = eval(&["--loss", "ce", "--reduction", "sum", "--dtype", dtype], &input);
        assert_eq!(out["loss"], "inf", "{dtype}");
    }
    let input = json!({"logits": [0], "targets": [1], "weights": ["-inf"]});
    assert_eq!(eval(&["--loss", "ce", "--reduction", "sum"], &input)["loss"], "-inf");
    // What is not valid is not looked at.
    let input = json!({"logits": ["NaN", 0], "targets": [1, 1], "valid": [0, 1]});
    let out = eval(&["--loss", "ce"], &input);
    assert_eq!((out["loss"].as_f64().unwrap() as f32, &out["grad"]), (2f32.ln(), &json!([0.0, -0.5])));
}

/// The bits that the command prints, read as the type that it computed in.
fn bits(value: &Value) -> Vec<u32> {
    flat(value).iter().map(|&x| (x as f32).to_bits()).collect()
}

fn many() -> (Vec<f32>, Vec<f32>) {
    let logit = |k: i32| ((k * 7919 % 2003) as f32 / 1001.0 - 1.0) * if k % 5 == 0 { 100.0 } else { 8.0 };
    let logits = (0..203).map(logit).collect();
    (logits, (0..203).map(|k| if k % 3 == 0 { 1.0 } else { 0.0 }).collect())
}

#[test]
fn what_is_printed_reads_back_as_what_was_computed() {
    let (logits, targets) = many();
    let spec = "focal:gamma=1.5,alpha=0.3";
    let out = eval(&["--loss", spec], &json!({"logits": logits, "targets": targets}));
    let spec = Spec::parse(spec, &Registry::standard()).unwrap();
    let mean = Reduction::Mean(Normalizer::Elements);
    let criterion = Criterion::new(&spec, Head::Sigmoid, &[1, 1], mean).unwrap();
    let targets = Targets::Sigmoid { targets: &targets, columns: 1 };
    let batch = Batch { logits: &logits, targets, weights: None, valid: None };
    let mut grad = vec![0.0f32; logits.len()];
    let loss: f32 = criterion.evaluate(&batch, None, &mut grad).unwrap();
    assert_eq!(bits(&out["loss"]), [loss.to_bits()]);
    assert_eq!(bits(&out["grad"]), grad.iter().map(|g| g.to_bits()).collect::<Vec<_>>());
}

#[test]
fn instruction_sets_agree() {
    let (logits, targets) = many();
    let input = json!({"logits": logits, "targets": targets, "class_counts": [135, 68]});
    for loss in Registry::standard().losses() {
        let on = |isa: &str| eval(&["--loss", loss.name(), "--isa", isa], &input);
        let baseline = on("baseline");
        let exact = eval(&["--loss", loss.name(), "--dtype", "f64"], &input);
        assert_close(&baseline["loss"], &exact["loss"], 1e-5, loss.name());
        if !Isa::Avx2Fma.is_available() {
            continue;
        }
        let avx2 = on("avx2");
        assert_close(&avx2["loss"], &baseline["loss"], 1e-6, loss.name());
        if Isa::Avx512.is_available() {
            let avx512 = on("avx512");
            assert_eq!(bits(&avx512["loss"]), bits(&avx2["loss"]), "{}", loss.name());
            assert_eq!(bits(&avx512["grad"]), bits(&avx2["grad"]), "{}", loss.name());
        }
    }
}

#[test]
fn an_instruction_set_that_is_not_there_is_refused() {
    for isa in Isa::ALL.into_iter().filter(|isa| !isa.is_available()) {
        let output = run(&["--loss", "ce", "--isa", isa.name()], b"{}");
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8(output.stderr).unwrap().contains("this machine's best is"));
    }
}
