//! Fails if a hot path executes over 5 % more instructions than it did: a guard that noise of the machine
//! cannot trip.
//!
//! `cargo bench --bench instructions` counts under valgrind's callgrind, one thread each; `-- --record` keeps
//! the counts as the new baseline in `benches/instructions.json`, which has one for each version of rustc,
//! since compilers differ by more. Valgrind knows AVX2 and FMA but not AVX-512, so it is the kernels of AVX2
//! that are counted; `vectorised.rs` guards those of AVX-512. Where valgrind is absent, or the compiler has
//! no baseline, it says so and passes.
//!
//! A path runs once, and in another process three times: half of the difference is one repetition, without
//! preparations.

#[path = "steps/detector.rs"]
mod detector_step;
#[path = "steps/gemm.rs"]
mod gemm;
#[path = "steps/losses.rs"]
mod loss_step;
#[path = "steps/mlp.rs"]
mod mlp_step;

use losslab_tensor::Isa;
use std::collections::BTreeMap;
use std::process::Command;

type Counts = BTreeMap<String, u64>;

/// What is counted.
const PATHS: [&str; 7] =
    ["detector", "mlp-784-momentum", "mlp-784-adam", "mlp-32-momentum", "gemm-256", "focal", "softmax-ce"];
/// Most instructions, of those of the baseline.
const MOST: f64 = 1.05;
const BASELINE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/instructions.json");
/// Tells a process that it is the one to be counted: a path, a blank, how often.
const ASK: &str = "LOSSLAB_COUNTED";

fn main() {
    if let Ok(asked) = std::env::var(ASK) {
        let (path, times) = asked.split_once(' ').expect("a path and a number");
        println!("{}", Isa::current().name());
        let mut work = work(path);
        return (0..times.parse().expect("a number")).for_each(|_| work());
    }
    if !Command::new("valgrind").arg("--version").output().is_ok_and(|output| output.status.success()) {
        println!("SKIPPED: valgrind is absent");
        return;
    }
    let version = Command::new("rustc").arg("--version").output().expect("rustc, which built this");
    let version = String::from_utf8_lossy(&version.stdout).trim().to_owned();
    let text = std::fs::read_to_string(BASELINE).expect("the baseline");
    let mut baselines: BTreeMap<String, Counts> = serde_json::from_str(&text).expect("a baseline");
    let counts: Counts =
        PATHS.iter().map(|&path| (path.to_owned(), (run(path, 3) - run(path, 1)) / 2)).collect();
    if std::env::args().any(|argument| argument == "--record") {
        println!("{version}: {counts:#?}");
        baselines.insert(version, counts);
        let text = serde_json::to_string_pretty(&baselines).expect("numbers");
        return std::fs::write(BASELINE, text + "\n").expect("the baseline can be written");
    }
    let Some(before) = baselines.get(&version) else {
        println!("SKIPPED: {BASELINE} has no counts of {version}; `-- --record` adds them");
        return println!("{counts:#?}");
    };
    compare(before, &counts);
}

/// Prints each count beside the baseline, and ends the process with 1 if one is too high.
fn compare(before: &Counts, counts: &Counts) {
    println!("{:<18} {:>14} {:>14} {:>7}", "instructions", "baseline", "now", "ratio");
    let mut more = Vec::new();
    for (path, &now) in counts {
        let Some(&then) = before.get(path) else {
            println!("{path:<18} {:>14} {now:>14}", "none");
            continue;
        };
        let ratio = now as f64 / then as f64;
        println!("{path:<18} {then:>14} {now:>14} {ratio:>7.3}");
        if ratio > MOST {
            more.push(&**path);
        }
    }
    if !more.is_empty() {
        eprintln!("over {MOST} of the instructions of the baseline: {}", more.join(", "));
        std::process::exit(1);
    }
}

/// The instructions of a process that runs a path so often, preparations and all.
fn run(path: &str, times: u32) -> u64 {
    let program = std::env::current_exe().expect("the program knows where it lies");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .env(ASK, format!("{path} {times}"))
        .env("RAYON_NUM_THREADS", "1")
        .output()
        .expect("valgrind can be run");
    let (isa, log) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{path}: {log}");
    assert_eq!(isa.trim(), Isa::Avx2Fma.name(), "{path}: the instruction set under valgrind");
    let count = log.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok());
    count.unwrap_or_else(|| panic!("{path}: no count in: {log}"))
}

/// A path, ready to be repeated.
fn work(path: &str) -> Box<dyn FnMut()> {
    match path {
        "detector" => {
            let mut step = detector_step::detector(1);
            Box::new(move || assert!(step().is_finite()))
        }
        "mlp-784-momentum" => Box::new(mlp_step::mlp(&[784, 256, 128, 10], 128, "momentum", 1)),
        "mlp-784-adam" => Box::new(mlp_step::mlp(&[784, 256, 128, 10], 128, "adam", 1)),
        "mlp-32-momentum" => Box::new(mlp_step::mlp(&[32, 64, 64, 1], 256, "momentum", 1)),
        "gemm-256" => Box::new(gemm::ours((256, 256, 256), [false, false])),
        "focal" => {
            let mut step = loss_step::sigmoid("focal:gamma=2,alpha=0.25", 100_000, 1);
            Box::new(move || assert!(step().is_finite()))
        }
        "softmax-ce" => {
            let mut step = loss_step::softmax_ce((4096, 10), 1);
            Box::new(move || assert!(step().is_finite()))
        }
        _ => panic!("no path is called {path}"),
    }
}
