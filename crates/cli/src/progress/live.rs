//! The live view on a terminal: a line for each run that is being trained, and a bar over all of them.

use super::state::State;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The live view.
pub struct Live {
    view: MultiProgress,
    bar: ProgressBar,
    start: Instant,
    lines: Mutex<Vec<ProgressBar>>,
}

impl Live {
    /// A view of a comparison of so many epochs.
    pub fn new(epochs: usize) -> Self {
        let view = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        let bar = view.add(ProgressBar::new(epochs as u64));
        bar.set_style(style("{bar:24} {percent:>3} %  {elapsed} gone, {eta} to go  {wide_msg}"));
        // Time goes on also while an epoch is long.
        bar.enable_steady_tick(Duration::from_millis(500));
        Self { view, bar, start: Instant::now(), lines: Mutex::new(Vec::new()) }
    }

    /// Shows the state.
    pub fn show(&self, state: &State) {
        let texts = state.lines();
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        while lines.len() > texts.len() {
            lines.pop().iter().for_each(|line| self.view.remove(line));
        }
        while lines.len() < texts.len() {
            let line = self.view.insert_before(&self.bar, ProgressBar::new_spinner());
            line.set_style(style("{wide_msg}"));
            lines.push(line);
        }
        for (line, text) in lines.iter().zip(texts) {
            line.set_message(text);
        }
        self.bar.set_position(state.passed() as u64);
        let rate = state.trained() as f64 / self.start.elapsed().as_secs_f64().max(1e-3);
        self.bar.set_message(format!("{rate:.1} epochs/s, {}", state.summary()));
    }

    /// Removes the view.
    pub fn clear(&self) {
        for line in self.lines.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            line.finish_and_clear();
        }
        self.bar.finish_and_clear();
    }
}

/// A template of this module always parses.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
