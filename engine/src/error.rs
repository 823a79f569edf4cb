//! The one error type of the library.

use std::error::Error as StdError;
use std::fmt;

use crate::exec::Stop;

/// Result of everything in this library that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of failure an [`Error`] is: stable, to be matched on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The file could not be opened or mapped.
    Io,
    /// The bytes are not a `.tflite` file at all.
    NotAModel,
    /// The file is one, but its tables point outside it or contradict each other.
    Corrupt,
    /// The model is sound but uses something that Ottava does not run.
    Unsupported,
    /// The model breaks a rule of its own operators: shapes, scales, types; in a run, the values that reach an operator.
    InvalidModel,
    /// The caller asked for something that cannot be: a wrong length, type or index.
    InvalidArgument,
    /// The instruction set is unknown or not available on this CPU.
    Isa,
    /// A run was ended by [`Cancel::cancel`](crate::Cancel::cancel) before it was done.
    Cancelled,
    /// A run was ended by its deadline before it was done.
    DeadlineExceeded,
    /// A defect of Ottava.
    Internal,
}

/// What went wrong, where, and where possible what to do about it.
///
/// Displays as one line: file, operator, cause. [`Error::kind`] is for programs.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    file: Option<String>,
    operator: Option<(usize, String)>,
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// The kind of failure.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Path or name of the model, where the failure is about one.
    pub fn file(&self) -> Option<&str> {
        self.0.file.as_deref()
    }

    /// Index in the file and name of the operator at fault, where there is one.
    pub fn operator(&self) -> Option<(usize, &str)> {
        self.0.operator.as_ref().map(|(index, name)| (*index, name.as_str()))
    }

    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, file: None, operator: None, message: message.into(), source: None }))
    }

    pub(crate) fn corrupt(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Corrupt, message)
    }

    pub(crate) fn unsupported(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unsupported, message)
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidModel, message)
    }

    pub(crate) fn argument(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidArgument, message)
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }

    pub(crate) fn stopped(stop: Stop) -> Self {
        match stop {
            Stop::Cancelled => Self::new(ErrorKind::Cancelled, "the run was cancelled"),
            Stop::DeadlineExceeded => {
                Self::new(ErrorKind::DeadlineExceeded, "the run was not done before its deadline")
            }
        }
    }

    pub(crate) fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.0.source = Some(Box::new(source));
        self
    }

    /// Names the operator at fault, unless an inner call already did.
    pub(crate) fn at_operator(mut self, index: usize, name: &str) -> Self {
        self.0.operator.get_or_insert_with(|| (index, name.to_owned()));
        self
    }

    /// Names the model, unless an inner call already did.
    pub(crate) fn in_file(mut self, name: &str) -> Self {
        self.0.file.get_or_insert_with(|| name.to_owned());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { file, operator, message, .. } = &*self.0;
        if let Some(file) = file {
            write!(f, "{file}: ")?;
        }
        if let Some((index, name)) = operator {
            write!(f, "operator #{index} {name}: ")?;
        }
        f.write_str(message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({self})", self.0.kind)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

impl From<planus::Error> for Error {
    fn from(error: planus::Error) -> Self {
        Self::corrupt(format!("the file is damaged: {error}")).with_source(error)
    }
}

impl From<ottava_ref::Error> for Error {
    fn from(error: ottava_ref::Error) -> Self {
        Self::invalid(error.to_string()).with_source(error)
    }
}

impl From<ottava_kernels::Unfit> for Error {
    fn from(error: ottava_kernels::Unfit) -> Self {
        Self::corrupt(error.to_string()).with_source(error)
    }
}

impl From<ottava_kernels::IsaError> for Error {
    fn from(error: ottava_kernels::IsaError) -> Self {
        Self::new(ErrorKind::Isa, error.to_string()).with_source(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_line_from_file_to_cause() {
        let error = Error::invalid("the stride is 0").at_operator(3, "CONV_2D").at_operator(9, "X").in_file("m.tflite");
        assert_eq!(error.to_string(), "m.tflite: operator #3 CONV_2D: the stride is 0");
        assert_eq!(error.kind(), ErrorKind::InvalidModel);
        assert_eq!(error.operator(), Some((3, "CONV_2D")));
        assert_eq!(error.file(), Some("m.tflite"));
    }

    #[test]
    fn errors_travel_between_threads_and_keep_their_source() {
        fn check<T: Send + Sync + 'static>(_: &T) {}
        let error = Error::from(ottava_ref::Error::MultiplierNotFinite(f64::NAN));
        check(&error);
        assert!(error.source().is_some());
    }
}
