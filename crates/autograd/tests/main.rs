//! The tests of this crate, as one program: each test program compiles the operations that it uses anew, for
//! f32 and f64. Twenty programs took a processor 190 s, this one takes 60.
//!
//! `allocations.rs` stays apart, for it counts what a whole program allocates.

mod bias;
mod common;
mod conv;
mod dropout;
mod edges_binary;
mod edges_movement;
mod edges_pointwise;
mod edges_reduce;
mod gradients;
mod jacobian;
mod messages;
mod non_finite;
mod norm;
mod optim;
mod pool;
mod random;
mod relu;
mod tape;
mod threads;
mod torch;
mod torch_images;
