//! A random use of each operation of the list.

mod case;
mod ops;

pub use ops::case;
