//! The commands as a user meets them: what they print, what they write, and what they say of bad input.

mod across;
mod coco;
mod compare;
mod config;
mod detector;
mod eval;
mod eval_errors;
mod foreign_folders;
mod grid;
mod hostile_text;
mod killed;
mod losses;
mod memory;
mod metric;
mod model;
mod my_lab;
mod names;
mod overwrite;
mod owner;
mod power;
mod runs;
mod signals;
mod tune;
mod verdicts;
mod warnings;
