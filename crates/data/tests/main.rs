//! The tests of this crate, as one program: each test program compiles what it uses anew.

mod checks;
mod exact;
mod files;
mod formats;
mod idx;
mod images;
mod mixed;
mod real;
mod tables;
