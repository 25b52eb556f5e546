//! Reading a table: 100,000 rows of 30 numbers, a category of 12 levels and a label, from the file to the
//! encoded inputs.
//!
//! `cargo bench --bench csv`; the file, generated once, stays in `target/tmp`.

use divan::Bencher;
use divan::counter::BytesCount;
use losslab::data::{CsvOptions, Encoder, load_csv};
use losslab_tensor::rng::Rng;
use std::fmt::Write;
use std::path::{Path, PathBuf};

const ROWS: u32 = 100_000;
const NUMBERS: usize = 30;

fn main() {
    divan::main();
}

/// The file to a data set.
#[divan::bench(sample_count = 10, sample_size = 1)]
fn load(bencher: Bencher) {
    let path = file();
    let bytes = std::fs::metadata(&path).expect("the generated file").len();
    let options = CsvOptions::label("label");
    bencher
        .counter(BytesCount::new(bytes))
        .bench_local(|| load_csv(&path, &options).expect("a table without faults"));
}

/// The data set to the inputs of a model.
#[divan::bench(sample_count = 10, sample_size = 1)]
fn encode(bencher: Bencher) {
    let (dataset, _) = load_csv(&file(), &CsvOptions::label("label")).expect("a table without faults");
    let train: Vec<u32> = (0..ROWS).collect();
    bencher.bench_local(|| {
        let matrix = Encoder::fit(&dataset, &train).transform(&dataset);
        let mut row = vec![0.0; matrix.columns()];
        train.iter().for_each(|&i| matrix.gather(&[i], &mut row));
        row
    });
}

fn file() -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("csv-bench.csv");
    if !path.exists() {
        let mut random = Rng::seed(3);
        let mut text = String::new();
        (0..NUMBERS).for_each(|k| text += &format!("x{k},"));
        text += "city,label\n";
        for _ in 0..ROWS {
            for _ in 0..NUMBERS {
                write!(text, "{:.5},", random.normal()).expect("memory");
            }
            let label = if random.uniform() < 0.01 { "yes" } else { "no" };
            writeln!(text, "city{},{label}", random.below(12)).expect("memory");
        }
        std::fs::write(&path, text).expect("the generated file");
    }
    path
}
