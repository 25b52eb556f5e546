//! One work of the README's table at a time, when it is asked for: `benches/compare.py` lets ours and the
//! peers' take turns.
//!
//! `turns THREADS` reads the name of a work per line of its input, and answers with a line of the seconds
//! that it takes, by who does it: `{"losslab":0.0012}`. Without an argument, as under `cargo bench`, it does
//! nothing.

#[path = "steps/conv.rs"]
mod conv;
#[path = "steps/convnet.rs"]
mod convnet;
#[path = "steps/detector.rs"]
mod detector;
#[path = "steps/gemm.rs"]
mod gemm;
#[path = "steps/losses.rs"]
mod losses;
#[path = "steps/matrixmultiply.rs"]
mod matrixmultiply_step;
#[path = "steps/mlp.rs"]
mod mlp;

use std::collections::BTreeMap;
use std::time::Instant;

/// Seconds of a turn, and samples of one at least. As in `peers/common.py`.
const TURN: f64 = 0.25;
const SAMPLES: usize = 3;
/// Seconds of a sample, which the clock resolves well: short works run several times.
const SAMPLE: f64 = 2e-3;

type Step = Box<dyn FnMut()>;

fn main() {
    let Some(threads) = std::env::args().nth(1).and_then(|text| text.parse().ok()) else {
        return println!("works of benches/compare.py, which says which");
    };
    let mut steps: BTreeMap<String, Vec<(&str, Step)>> = BTreeMap::new();
    for name in std::io::stdin().lines() {
        let name = name.expect("text");
        let steps = steps.entry(name).or_insert_with_key(|name| work(name, threads));
        let seconds: BTreeMap<&str, f64> =
            steps.iter_mut().map(|(who, step)| (*who, seconds(step))).collect();
        println!("{}", serde_json::to_string(&seconds).expect("names and numbers"));
    }
}

/// Who does the work of this name, and how; nobody if there is none.
fn work(name: &str, threads: usize) -> Vec<(&'static str, Step)> {
    let (kind, what) = name.split_once(' ').unwrap_or((name, ""));
    let numbers: Vec<usize> = what.split([',', ' ']).filter_map(|text| text.parse().ok()).collect();
    let optimizer = what.split(' ').next_back().unwrap_or_default();
    let ours: Step = match (kind, &numbers[..]) {
        ("detector", []) => {
            let mut step = detector::detector(threads);
            Box::new(move || _ = step())
        }
        ("convnet", []) => {
            let mut step = convnet::convnet(threads);
            Box::new(move || _ = step())
        }
        ("mlp", [784]) => Box::new(mlp::mlp(&[784, 256, 128, 10], 128, optimizer, threads)),
        ("mlp", [32]) => Box::new(mlp::mlp(&[32, 64, 64, 1], 256, optimizer, threads)),
        ("conv", &[case]) if case < conv::CASES.len() => Box::new(conv::conv(case, threads, true)),
        ("gemm", &[m, k, n]) => {
            return vec![
                ("losslab", Box::new(gemm::ours((m, k, n), [false, false]))),
                ("matrixmultiply", Box::new(matrixmultiply_step::theirs((m, k, n)))),
            ];
        }
        ("focal", &[n]) => {
            let mut step = losses::sigmoid("focal:gamma=2,alpha=0.25", n, threads);
            Box::new(move || _ = step())
        }
        ("softmax", &[rows, classes]) => {
            let mut step = losses::softmax_ce((rows, classes), threads);
            Box::new(move || _ = step())
        }
        _ => return Vec::new(),
    };
    vec![("losslab", ours)]
}

/// The median time of a call in one turn.
fn seconds(step: &mut Step) -> f64 {
    step();
    let mut time = |calls: usize| {
        let start = Instant::now();
        (0..calls).for_each(|_| step());
        start.elapsed().as_secs_f64() / calls as f64
    };
    let once = time(1).max(1e-7);
    let calls = ((SAMPLE / once) as usize).max(1);
    let (mut samples, begun) = (Vec::new(), Instant::now());
    while samples.len() < SAMPLES || begun.elapsed().as_secs_f64() < TURN {
        samples.push(time(calls));
    }
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}
