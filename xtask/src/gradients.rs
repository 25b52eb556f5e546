//! Every operation, layer and loss against finite differences: the tests `jacobian` in their long mode.
//!
//! A round is 1000 random cases of everything, from a seed that no soak has used before. What fails says
//! which seed and case it was.

use crate::ledger::Ledger;
use anyhow::Context;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

const CASES: &str = "1000";
const CRATES: [&str; 3] = ["losslab-autograd", "losslab-losses", "losslab-models"];

/// Runs rounds until the deadline, at least one.
pub fn run(root: &Path, deadline: Instant, ledger: &mut Ledger) -> anyhow::Result<()> {
    loop {
        // The tests' own seed is 1.
        let seed = 2 + ledger.get("gradients", "rounds");
        let mut kinds = 0;
        for name in CRATES {
            let (cases, of) = test(root, name, seed)?;
            kinds += of;
            ledger.add("gradients", "cases", cases)?;
        }
        ledger.set("gradients", "operations, losses, modifiers and models", kinds)?;
        ledger.add("gradients", "rounds", 1)?;
        if Instant::now() >= deadline {
            return Ok(());
        }
    }
}

/// Runs the test of a crate; returns the number of cases, and of what they are cases.
fn test(root: &Path, name: &str, seed: u64) -> anyhow::Result<(u64, u64)> {
    let output = Command::new("cargo")
        .args(["test", "--quiet", "-p", name, "--test", "main", "jacobian::", "--", "--nocapture"])
        .env("LOSSLAB_GRADIENT_CASES", CASES)
        .env("LOSSLAB_GRADIENT_SEED", seed.to_string())
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()
        .context("cargo cannot be run")?;
    let printed = String::from_utf8_lossy(&output.stdout);
    anyhow::ensure!(
        output.status.success(),
        "{printed}\nagain: LOSSLAB_GRADIENT_CASES={CASES} LOSSLAB_GRADIENT_SEED={seed} cargo test -p {name} \
         --test main jacobian::"
    );
    let (cases, kinds) = count(&printed)?;
    println!("{name}, seed {seed}: {cases} cases of {kinds}");
    Ok((cases, kinds))
}

/// Sums the lines `checked 43000 cases of 43 operations`; `checked 1000 cases of the MLP` is one kind.
fn count(printed: &str) -> anyhow::Result<(u64, u64)> {
    let (mut cases, mut kinds) = (0, 0);
    for line in printed.lines() {
        let Some((_, rest)) = line.split_once("checked ") else { continue };
        let mut words = rest.split(' ');
        let found = words.next().and_then(|count| count.parse::<u64>().ok());
        cases += found.with_context(|| format!("expected a number after 'checked', found '{line}'"))?;
        kinds += words.nth(2).and_then(|count| count.parse::<u64>().ok()).unwrap_or(1);
    }
    anyhow::ensure!(cases > 0, "expected 'checked N cases of ..', found '{printed}'");
    Ok((cases, kinds))
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn what_the_tests_print_is_counted() {
        let printed = "\nchecked 50 cases of 43 operations\n.checked 7 cases of the MLP\n";
        assert_eq!(count(printed).unwrap(), (57, 44));
        assert!(count("running 0 tests").is_err());
    }
}
