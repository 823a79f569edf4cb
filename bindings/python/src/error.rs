//! Errors of the engine as exceptions.

use ottava::ErrorKind;
use pyo3::prelude::*;
use pyo3::{create_exception, exceptions::PyException};

create_exception!(
    ottava,
    Error,
    PyException,
    "What the engine refuses or could not do: `kind` and `operator`, an index in the file and a name where there is one, are for \
     programs, the text for people."
);

/// Makes results of the engine results of Python.
pub(crate) trait IntoPython<T> {
    fn into_python(self, python: Python<'_>) -> PyResult<T>;
}

impl<T> IntoPython<T> for ottava::Result<T> {
    fn into_python(self, python: Python<'_>) -> PyResult<T> {
        self.map_err(|error| exception(python, error.to_string(), error.kind(), error.operator()))
    }
}

/// An error of this module's own: the caller gave what cannot be.
pub(crate) fn invalid(python: Python<'_>, text: String) -> PyErr {
    exception(python, text, ErrorKind::InvalidArgument, None)
}

fn exception(python: Python<'_>, text: String, kind: ErrorKind, operator: Option<(usize, &str)>) -> PyErr {
    let exception = Error::new_err(text);
    let value = exception.value(python);
    // An exception that takes no attribute is still the exception.
    let _ = value.setattr("kind", format!("{kind:?}"));
    let _ = value.setattr("operator", operator);
    exception
}
