//! Where the time of the last run went.

use std::ffi::{CString, c_char};
use std::ptr::null;
use std::time::Duration;

use ottava::Session;

use crate::border::guarded;
use crate::interpreter::TfLiteInterpreter;
use crate::texts::LayerTexts;

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Something of the session, `otherwise` where there is none.
fn look<T>(interpreter: Option<&TfLiteInterpreter>, otherwise: T, look: impl FnOnce(&Session) -> Option<T>) -> T {
    guarded(otherwise, || interpreter?.with(|state| look(state.session()?)))
}

/// A text of a layer, NULL where there is none.
fn text(
    interpreter: Option<&TfLiteInterpreter>,
    layer: usize,
    choose: impl FnOnce(&LayerTexts) -> &CString,
) -> *const c_char {
    guarded(null(), || interpreter?.with(|state| Some(choose(state.layer_texts()?.get(layer)?).as_ptr())))
}

/// How many layers there are; 0 where tensors are not allocated.
#[unsafe(no_mangle)]
extern "C" fn OttavaSessionProfileLayerCount(interpreter: Option<&TfLiteInterpreter>) -> usize {
    look(interpreter, 0, |session| Some(session.plan().layers().len()))
}

/// Nanoseconds of the last run.
#[unsafe(no_mangle)]
extern "C" fn OttavaSessionProfileTotalNanoseconds(interpreter: Option<&TfLiteInterpreter>) -> u64 {
    look(interpreter, 0, |session| Some(nanoseconds(session.profile().total)))
}

/// The operators of a layer, such as `CONV_2D #12`.
#[unsafe(no_mangle)]
extern "C" fn OttavaSessionProfileLayerName(interpreter: Option<&TfLiteInterpreter>, layer: usize) -> *const c_char {
    text(interpreter, layer, |texts| &texts.name)
}

/// The kernel of a layer.
#[unsafe(no_mangle)]
extern "C" fn OttavaSessionProfileLayerKernel(interpreter: Option<&TfLiteInterpreter>, layer: usize) -> *const c_char {
    text(interpreter, layer, |texts| &texts.kernel)
}

/// The instruction set of that kernel; an empty text where all CPUs run the same code.
#[unsafe(no_mangle)]
extern "C" fn OttavaSessionProfileLayerIsa(interpreter: Option<&TfLiteInterpreter>, layer: usize) -> *const c_char {
    text(interpreter, layer, |texts| &texts.isa)
}

/// Multiply-accumulates of a layer, padding included.
#[unsafe(no_mangle)]
extern "C" fn OttavaSessionProfileLayerMacs(interpreter: Option<&TfLiteInterpreter>, layer: usize) -> u64 {
    look(interpreter, 0, |session| Some(session.plan().layers().get(layer)?.macs))
}

/// Nanoseconds of a layer in the last run.
#[unsafe(no_mangle)]
extern "C" fn OttavaSessionProfileLayerNanoseconds(interpreter: Option<&TfLiteInterpreter>, layer: usize) -> u64 {
    look(interpreter, 0, |session| session.profile().layers.get(layer).copied().map(nanoseconds))
}

/// Nanoseconds that the layer kept threads busy, summed over the threads.
#[unsafe(no_mangle)]
extern "C" fn OttavaSessionProfileLayerBusyNanoseconds(interpreter: Option<&TfLiteInterpreter>, layer: usize) -> u64 {
    look(interpreter, 0, |session| session.profile().busy.get(layer).copied().map(nanoseconds))
}
