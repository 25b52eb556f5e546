//! What holds of the whole project: its sources, its examples and the commands of its README.

mod engine;
mod invariants;
mod readme;
