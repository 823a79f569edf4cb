//! `ottava._native`: the engine's types for the Python package `ottava`, which has the interfaces that people use.
//!
//! A `Model`, a `Plan` and a `Session` here are those of the engine. Work that takes time is done without the interpreter's lock, and
//! the module needs none: what changes is behind locks of its own.

mod error;
mod image;
mod memory;
mod model;
mod plan;
mod session;
mod tensor;
mod view;

use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// Runs the command `ottava` with these arguments, the first of which is the name that it was called by; its exit code.
#[pyfunction]
fn command(python: Python<'_>, arguments: Vec<std::ffi::OsString>) -> u8 {
    python.detach(|| ottava_cli::run(arguments))
}

/// Names of the instruction sets that this CPU has kernels for, best first.
#[pyfunction]
fn instruction_sets() -> Vec<&'static str> {
    ottava::Isa::available().into_iter().map(ottava::Isa::name).collect()
}

/// A `.tflite` file of a random quantized network, which tests compare with the reference.
#[pyfunction]
fn random_network<'py>(python: Python<'py>, seed: u64) -> Bound<'py, PyBytes> {
    PyBytes::new(python, &ottava_models::random_network(seed))
}

#[pymodule(gil_used = false)]
mod _native {
    #[pymodule_export]
    use super::command;
    #[pymodule_export]
    use super::error::Error;
    #[pymodule_export]
    use super::image::Preprocessor;
    #[pymodule_export]
    use super::instruction_sets;
    #[pymodule_export]
    use super::model::Model;
    #[pymodule_export]
    use super::plan::Plan;
    #[pymodule_export]
    use super::random_network;
    #[pymodule_export]
    use super::session::{Cancel, Session};
    #[pymodule_export]
    use super::view::View;
    use pyo3::prelude::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
