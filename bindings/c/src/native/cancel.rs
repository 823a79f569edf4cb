//! Ending runs, also at a point in time and from signal handlers.

use std::time::{Duration, Instant};

use ottava::Cancel;

use crate::border::{action, guarded, status};
use crate::interpreter::TfLiteInterpreter;
use crate::status::TfLiteStatus;

/// What ends runs.
pub(crate) struct OttavaCancel(Cancel);

/// One that nobody has cancelled.
#[unsafe(no_mangle)]
extern "C" fn OttavaCancelCreate() -> Option<Box<OttavaCancel>> {
    guarded(None, || Some(Some(Box::new(OttavaCancel(Cancel::new())))))
}

/// One whose runs end so many nanoseconds from now.
#[unsafe(no_mangle)]
extern "C" fn OttavaCancelCreateWithTimeout(nanoseconds: u64) -> Option<Box<OttavaCancel>> {
    guarded(None, || {
        let cancel = match Instant::now().checked_add(Duration::from_nanos(nanoseconds)) {
            Some(deadline) => Cancel::new().with_deadline(deadline),
            None => Cancel::new(),
        };
        Some(Some(Box::new(OttavaCancel(cancel))))
    })
}

/// Ends all runs that have it, and those to come. It stores one atomic value, so that signal handlers may call it.
#[unsafe(no_mangle)]
extern "C" fn OttavaCancelCancel(cancel: Option<&OttavaCancel>) {
    if let Some(cancel) = cancel {
        cancel.0.cancel();
    }
}

/// Deletes it.
#[unsafe(no_mangle)]
extern "C" fn OttavaCancelDelete(cancel: Option<Box<OttavaCancel>>) {
    action(|| {
        drop(cancel);
        None
    });
}

/// `TfLiteInterpreterInvoke` that `cancel` can end.
#[unsafe(no_mangle)]
extern "C" fn OttavaInterpreterInvokeWith(
    interpreter: Option<&TfLiteInterpreter>,
    cancel: Option<&OttavaCancel>,
) -> TfLiteStatus {
    status(|| {
        let (interpreter, cancel) = (interpreter?, cancel?);
        Some(interpreter.status(interpreter.with(|state| state.invoke(Some(&cancel.0)))))
    })
}
