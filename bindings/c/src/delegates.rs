//! Delegates of others, which are refused, and XNNPACK's, which is a name here: programs that ask for it get Ottava's kernels.

use std::ffi::{c_int, c_void};
use std::ptr::null_mut;

use crate::border::{action, guarded, status};
use crate::interpreter::TfLiteInterpreter;
use crate::options::TfLiteInterpreterOptions;
use crate::status::{Failure, TfLiteStatus};
use crate::tensors::TensorHandle;

const REFUSAL: &str = "Ottava runs whole networks itself: delegates of others cannot be applied";

/// What tells our delegate from those of others: its first field points here.
static MARK: u64 = 0;

/// `TfLiteDelegate`, of which we look at the first field, with room for what later versions add.
#[repr(C)]
pub(crate) struct TfLiteDelegate {
    data: *const u64,
    others: [u64; 31],
}

/// `TfLiteXNNPackDelegateOptions` of the oldest programs, 24 bytes: newer ones have more, and nobody reads it.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct XnnPackOptions {
    num_threads: i32,
    others: [i32; 5],
}

/// Options that ask for nothing.
#[unsafe(no_mangle)]
extern "C" fn TfLiteXNNPackDelegateOptionsDefault() -> XnnPackOptions {
    XnnPackOptions::default()
}

/// A delegate that interpreters accept and that does nothing.
#[unsafe(no_mangle)]
extern "C" fn TfLiteXNNPackDelegateCreate(_options: *const c_void) -> Option<Box<TfLiteDelegate>> {
    guarded(None, || Some(Some(Box::new(TfLiteDelegate { data: &raw const MARK, others: [0; 31] }))))
}

/// Deletes such a delegate, and nothing else.
#[unsafe(no_mangle)]
extern "C" fn TfLiteXNNPackDelegateDelete(delegate: *mut TfLiteDelegate) {
    action(|| {
        // SAFETY: the header wants a delegate or NULL, and a delegate begins with a pointer. Nothing beyond it is read.
        let data = unsafe { delegate.cast::<*const u64>().as_ref() }?;
        if std::ptr::eq(*data, &raw const MARK) {
            // SAFETY: the mark says that it came from the box of `TfLiteXNNPackDelegateCreate`; the caller deletes it once.
            drop(unsafe { Box::from_raw(delegate) });
        }
        Some(())
    });
}

/// A delegate of anybody's, of which only the first field is there for sure.
#[repr(transparent)]
pub(crate) struct AnyDelegate(*mut c_void);

impl AnyDelegate {
    /// Whether it is ours; `None` where it is NULL.
    fn is_ours(&self) -> Option<bool> {
        // SAFETY: the header wants a delegate or NULL, and a delegate begins with a pointer.
        let data = unsafe { self.0.cast::<*const u64>().as_ref() }?;
        Some(std::ptr::eq(*data, &raw const MARK))
    }
}

/// Accepts XNNPACK's, and notes that no interpreter can be made with another.
#[unsafe(no_mangle)]
extern "C" fn TfLiteInterpreterOptionsAddDelegate(
    options: Option<&mut TfLiteInterpreterOptions>,
    delegate: AnyDelegate,
) {
    action(|| {
        let options = options?;
        if !delegate.is_ours()? {
            options.refuse(REFUSAL);
        }
        Some(())
    });
}

/// Accepts XNNPACK's; all others are an error of the delegate, and the interpreter stays as it is.
#[unsafe(no_mangle)]
extern "C" fn TfLiteInterpreterModifyGraphWithDelegate(
    interpreter: Option<&TfLiteInterpreter>,
    delegate: AnyDelegate,
) -> TfLiteStatus {
    status(|| {
        let interpreter = interpreter?;
        if delegate.is_ours()? {
            return Some(TfLiteStatus::Ok);
        }
        Some(interpreter.fail(Failure { status: TfLiteStatus::DelegateError, text: REFUSAL.to_owned() }))
    })
}

/// Ignored: it is about Android.
#[unsafe(no_mangle)]
extern "C" fn TfLiteInterpreterOptionsSetUseNNAPI(_options: Option<&mut TfLiteInterpreterOptions>, _enable: bool) {}

/// Ignored: nothing is delegated.
#[unsafe(no_mangle)]
extern "C" fn TfLiteInterpreterOptionsSetEnableDelegateFallback(
    _options: Option<&mut TfLiteInterpreterOptions>,
    _enable: bool,
) {
}

/// Ignored: there are `OttavaSessionProfile*`.
#[unsafe(no_mangle)]
extern "C" fn TfLiteInterpreterOptionsSetTelemetryProfiler(
    _options: Option<&mut TfLiteInterpreterOptions>,
    _profiler: *mut c_void,
) {
}

/// An error: buffers belong to delegates.
#[unsafe(no_mangle)]
extern "C" fn TfLiteInterpreterSetBufferHandle(
    interpreter: Option<&TfLiteInterpreter>,
    _tensor: Option<TensorHandle>,
    _handle: c_int,
    _delegate: *mut c_void,
) -> TfLiteStatus {
    status(|| Some(interpreter?.fail(Failure::new(REFUSAL))))
}

/// No tensor has a buffer of a delegate's: -1 and NULL.
#[unsafe(no_mangle)]
extern "C" fn TfLiteInterpreterGetBufferHandle(
    interpreter: Option<&TfLiteInterpreter>,
    index: c_int,
    handle: Option<&mut c_int>,
    delegate: Option<&mut *mut c_void>,
) -> TfLiteStatus {
    status(|| {
        let interpreter = interpreter?;
        let (handle, delegate) = (handle?, delegate?);
        if interpreter.tensors.get(index).is_none() {
            return Some(interpreter.fail(Failure::new(format!("Invalid tensor index {index}"))));
        }
        (*handle, *delegate) = (-1, null_mut());
        Some(TfLiteStatus::Ok)
    })
}

/// Ignored: all outputs are in memory.
#[unsafe(no_mangle)]
extern "C" fn TfLiteSetAllowBufferHandleOutput(_interpreter: Option<&TfLiteInterpreter>, _allow: bool) {}
