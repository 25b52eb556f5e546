//! `losslab curves`: draws losses and their derivatives as SVG.

use super::emit;
use anyhow::{Context, ensure};
use clap::Args;
use losslab_base::counted;
use losslab_data::write_atomically;
use losslab_losses::{Registry, Spec};
use losslab_report::curves::{curves, figure};
use std::path::PathBuf;

/// The curves of the paper's figure 1; gamma = 0 is cross-entropy.
const DEFAULT_LOSSES: [&str; 5] =
    ["focal:gamma=0", "focal:gamma=0.5", "focal:gamma=1", "focal:gamma=2", "focal:gamma=5"];

/// The arguments of `losslab curves`.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Loss to draw; repeat for more [default: focal loss with gamma 0, 0.5, 1, 2 and 5]
    #[arg(long, value_name = "SPEC")]
    loss: Vec<String>,
    /// The SVG file to write
    #[arg(long, value_name = "FILE.svg")]
    out: PathBuf,
}

/// Runs the command.
pub fn run(registry: &Registry, arguments: Arguments) -> anyhow::Result<()> {
    let out = &arguments.out;
    ensure!(
        out.extension().is_some_and(|e| e.eq_ignore_ascii_case("svg")),
        "--out {}: expected a file name that ends in .svg",
        out.display()
    );
    let given: Vec<&str> = arguments.loss.iter().map(String::as_str).collect();
    let given = if given.is_empty() { &DEFAULT_LOSSES[..] } else { &given };
    let mut all = Vec::new();
    for text in given {
        let spec = Spec::parse(text, registry).context("--loss")?;
        for curve in curves(&spec, registry)? {
            ensure!(
                all.iter().all(|c: &losslab_report::curves::Curve| c.name != curve.name),
                "--loss {text}: {spec} is given twice"
            );
            all.push(curve);
        }
    }
    write_atomically(out, figure(&all).svg().as_bytes())
        .with_context(|| format!("--out {}: cannot be written", out.display()))?;
    emit(&format!("{} written to {}\n", counted(all.len(), "curve"), out.display()))
}
