//! The functions of `ottava.h`.

mod cancel;
mod options;
mod plan;
mod profile;
