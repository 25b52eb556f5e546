//! The tests of this crate, as one program: each test program compiles the kernels that it uses anew.

mod checkpoint;
mod common;
mod detector;
mod divergence;
mod images;
mod lab;
mod model;
mod stopping;
mod threads;
