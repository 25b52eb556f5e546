//! Files from outside: models that go to PyTorch and come back, and inputs of the fuzz targets.

mod fuzz_corpus;
mod interop;
