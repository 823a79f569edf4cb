//! Options of interpreters.

use std::ffi::c_void;

use ottava::PlanOptions;

use crate::border::{action, guarded, status};
use crate::report::{Callback, Reporter};
use crate::status::TfLiteStatus;

/// How to make an interpreter.
#[derive(Clone, Default)]
pub(crate) struct TfLiteInterpreterOptions {
    pub(crate) plan: PlanOptions,
    pub(crate) reporter: Reporter,
    /// Whether runs can be cancelled.
    pub(crate) cancellable: bool,
    /// Why no interpreter can be made with them, the first reason of several.
    pub(crate) refusal: Option<String>,
}

impl TfLiteInterpreterOptions {
    /// Notes why no interpreter can be made. Functions that ask for what cannot be return nothing, so the next that can fail tells.
    pub(crate) fn refuse(&mut self, why: &str) {
        self.refusal.get_or_insert_with(|| why.to_owned());
    }
}

/// Options that ask for nothing.
#[unsafe(no_mangle)]
extern "C" fn TfLiteInterpreterOptionsCreate() -> Option<Box<TfLiteInterpreterOptions>> {
    guarded(None, || Some(Some(Box::default())))
}

/// The same options again.
#[unsafe(no_mangle)]
extern "C" fn TfLiteInterpreterOptionsCopy(
    options: Option<&TfLiteInterpreterOptions>,
) -> Option<Box<TfLiteInterpreterOptions>> {
    guarded(None, || Some(Some(Box::new(options?.clone()))))
}

/// Deletes options.
#[unsafe(no_mangle)]
extern "C" fn TfLiteInterpreterOptionsDelete(options: Option<Box<TfLiteInterpreterOptions>>) {
    action(|| {
        drop(options);
        None
    });
}

/// Sets the number of threads; 0 is one, and -1 as many as are useful.
#[unsafe(no_mangle)]
extern "C" fn TfLiteInterpreterOptionsSetNumThreads(options: Option<&mut TfLiteInterpreterOptions>, threads: i32) {
    action(|| {
        let options = options?;
        match usize::try_from(threads) {
            Ok(threads) => options.plan.threads = Some(threads.max(1)),
            Err(_) if threads == -1 => options.plan.threads = None,
            Err(_) => options.reporter.report("num_threads should be >= -1"),
        }
        Some(())
    });
}

/// Sets where texts of errors go.
#[unsafe(no_mangle)]
extern "C" fn TfLiteInterpreterOptionsSetErrorReporter(
    options: Option<&mut TfLiteInterpreterOptions>,
    reporter: Option<Callback>,
    user_data: *mut c_void,
) {
    action(|| {
        options?.reporter = Reporter::new(reporter, user_data);
        Some(())
    });
}

/// Sets whether runs can be cancelled.
#[unsafe(no_mangle)]
extern "C" fn TfLiteInterpreterOptionsEnableCancellation(
    options: Option<&mut TfLiteInterpreterOptions>,
    enable: bool,
) -> TfLiteStatus {
    status(|| {
        options?.cancellable = enable;
        Some(TfLiteStatus::Ok)
    })
}
