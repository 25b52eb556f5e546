//! What is told while a comparison runs: a bar on a terminal, a line per run elsewhere.

use crate::experiment::{Event, Observer};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Tells how a comparison goes, on standard error.
pub struct Progress {
    losses: Vec<String>,
    runs: usize,
    epochs: usize,
    done: AtomicUsize,
    kind: Kind,
}

enum Kind {
    Silent,
    Bar(ProgressBar),
    Lines,
}

impl Progress {
    /// For a comparison of these losses, with so many runs of at most so many epochs.
    pub fn new(losses: Vec<String>, runs: usize, epochs: usize, quiet: bool) -> Self {
        let kind = match (quiet, std::io::stderr().is_terminal()) {
            (true, _) => Kind::Silent,
            (false, true) => Kind::Bar(bar((runs * epochs) as u64)),
            (false, false) => Kind::Lines,
        };
        Self { losses, runs, epochs, done: AtomicUsize::new(0), kind }
    }

    /// Removes the bar.
    pub fn finish(&self) {
        if let Kind::Bar(bar) = &self.kind {
            bar.finish_and_clear();
        }
    }
}

fn bar(length: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{bar:30} {percent:>3} %  {msg}  {elapsed} gone, {eta} to go");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

impl Observer for Progress {
    fn on(&self, event: Event<'_>) {
        match (&self.kind, event) {
            (Kind::Silent, _) | (Kind::Lines, Event::Epoch { .. }) => {}
            (Kind::Bar(bar), Event::Epoch { loss, seed, epoch }) => {
                bar.inc(1);
                let ap = epoch.validation_ap.unwrap_or(f64::NAN);
                bar.set_message(format!("{}, seed {seed}: validation AP {ap:.3}", self.losses[loss]));
            }
            (Kind::Bar(bar), Event::Done { end, .. }) => {
                // Epochs that early stopping spared.
                let run = end.map_or(0, |(epochs_run, _)| epochs_run);
                bar.inc((self.epochs - run) as u64);
            }
            (Kind::Lines, Event::Done { loss, seed, end }) => {
                let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
                let loss = &self.losses[loss];
                let what = match end {
                    Ok((epochs_run, best_epoch)) => format!("{epochs_run} epochs, best {best_epoch}"),
                    Err(error) => error.to_string(),
                };
                let line = format!("[{done}/{}] {loss}, seed {seed}: {what}\n", self.runs);
                let _ = std::io::stderr().write_all(line.as_bytes());
            }
        }
    }
}
