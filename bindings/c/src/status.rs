//! How functions of the API say that they failed.

use ottava::{Error, ErrorKind};

/// `TfLiteStatus`, as far as it is returned here.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TfLiteStatus {
    /// `kTfLiteOk`.
    Ok = 0,
    /// `kTfLiteError`.
    Error = 1,
    /// `kTfLiteDelegateError`.
    DelegateError = 2,
    /// `kTfLiteCancelled`, also of runs that their deadline ended.
    Cancelled = 8,
}

/// A status and the text for the error reporter.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) status: TfLiteStatus,
    pub(crate) text: String,
}

impl Failure {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { status: TfLiteStatus::Error, text: text.into() }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let status = match error.kind() {
            ErrorKind::Cancelled | ErrorKind::DeadlineExceeded => TfLiteStatus::Cancelled,
            _ => TfLiteStatus::Error,
        };
        Self { status, text: error.to_string() }
    }
}
