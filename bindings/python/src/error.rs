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
        self.map_err(|error| {
            let exception = Error::new_err(error.to_string());
            // An exception that takes no attribute is still the exception.
            let _ = exception.value(python).setattr("kind", kind(error.kind()));
            let _ = exception.value(python).setattr("operator", error.operator());
            exception
        })
    }
}

/// An error of this module's own: the caller gave what cannot be.
pub(crate) fn invalid(python: Python<'_>, text: String) -> PyErr {
    let exception = Error::new_err(text);
    let _ = exception.value(python).setattr("kind", kind(ErrorKind::InvalidArgument));
    let _ = exception.value(python).setattr("operator", python.None());
    exception
}

/// The stable name of a kind.
fn kind(kind: ErrorKind) -> String {
    format!("{kind:?}")
}
