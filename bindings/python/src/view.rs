//! What NumPy sees of a session's memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

/// The base of an array that shows a session's memory, which lives as long. The session counts them.
#[pyclass(frozen, module = "ottava._native")]
pub(crate) struct View {
    /// Whose memory it is, which keeps it.
    _owner: Py<PyAny>,
    live: Arc<AtomicUsize>,
    address: usize,
    typestr: String,
    shape: Vec<usize>,
}

impl View {
    pub(crate) fn new(
        owner: Py<PyAny>,
        live: Arc<AtomicUsize>,
        address: usize,
        typestr: String,
        shape: Vec<usize>,
    ) -> Self {
        live.fetch_add(1, Ordering::AcqRel);
        Self { _owner: owner, live, address, typestr, shape }
    }
}

#[pymethods]
impl View {
    /// NumPy's array interface, version 3.
    #[getter]
    fn __array_interface__<'py>(&self, python: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(python);
        dict.set_item("version", 3)?;
        dict.set_item("typestr", &self.typestr)?;
        dict.set_item("shape", PyTuple::new(python, &self.shape)?)?;
        dict.set_item("data", (self.address, false))?;
        Ok(dict)
    }
}

impl Drop for View {
    fn drop(&mut self) {
        self.live.fetch_sub(1, Ordering::AcqRel);
    }
}
