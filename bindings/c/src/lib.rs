//! LiteRT's C API over Ottava, and what Ottava has beside it.
//!
//! The headers in `../include` are the contract with callers, `docs/embedding-c.md` is the guide.
//!
//! Handles are boxes and references here: `Option<&T>` and `Option<Box<T>>` are what C calls a pointer that may be NULL. So most
//! functions need no `unsafe`; that a pointer which is not NULL leads to what its type says is what a C caller vouches for. Each
//! function goes through `border`, which keeps panics on this side and turns what is missing into the status that says so.
//!
//! * `abi`: structures that callers read, byte for byte.
//! * `border`, `report`, `status`: panics, texts and numbers of failures.
//! * `model`, `options`, `interpreter`, `tensor`, `signature`: the functions of those handles.
//! * `state`, `tensors`, `memory`, `texts`: what an interpreter holds.
//! * `delegates`, `operators`: what is refused or ignored: code of others.
//! * `native`: the functions of `ottava.h`.

mod abi;
mod border;
mod delegates;
mod interpreter;
mod memory;
mod model;
mod native;
mod operators;
mod options;
mod report;
mod signature;
mod state;
mod status;
mod tensor;
mod tensors;
mod texts;
