//! What is told while trainings run, on standard error: a live view on a terminal, a line per run elsewhere.

mod live;
mod state;

use live::Live;
use losslab_report::MetricDescription;
use losslab_train::{Event, Observer};
pub use state::Arm;
use state::State;
use std::io::{IsTerminal, Write};
use std::sync::{Mutex, PoisonError};

/// Tells how a comparison goes.
pub struct Progress {
    state: Mutex<State>,
    kind: Kind,
}

enum Kind {
    Silent,
    Live(Live),
    Lines,
}

impl Progress {
    /// For these arms, with so many trials for each of their runs, which `metric` decides.
    pub fn new(arms: Vec<Arm>, metric: Option<MetricDescription>, trials: usize, quiet: bool) -> Self {
        let state = State::new(arms, metric, trials);
        let kind = match (quiet, std::io::stderr().is_terminal()) {
            (true, _) => Kind::Silent,
            (false, true) => Kind::Live(Live::new(state.all_epochs())),
            (false, false) => Kind::Lines,
        };
        Self { state: Mutex::new(state), kind }
    }

    /// Removes the live view.
    pub fn finish(&self) {
        if let Kind::Live(live) = &self.kind {
            live.clear();
        }
    }
}

impl Observer for Progress {
    fn on(&self, event: Event<'_>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let line = state.take(&event);
        match &self.kind {
            Kind::Silent => {}
            Kind::Live(live) => live.show(&state),
            Kind::Lines => {
                if let Some(line) = line {
                    // Nobody reads what cannot be written; the training goes on.
                    let _ = std::io::stderr().write_all(line.as_bytes());
                }
            }
        }
    }
}
