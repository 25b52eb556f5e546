//! The tests of this crate, as one program: each test program compiles the operations that it uses anew.
//! Seven programs took a processor 80 s, this one takes 36.

mod anchors;
mod boxes;
mod convnet;
mod detector;
mod jacobian;
mod messages;
mod mlp;
mod torch_convnet;
mod torch_detector;
