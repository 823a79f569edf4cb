//! The two functions by which hosts know a library with a delegate.

use std::ffi::{CStr, c_char};
use std::ptr::{null, null_mut};

use crate::abi::{ALLOW_DYNAMIC_TENSORS, Context, Delegate, REQUIRE_PROPAGATED_SHAPES, Status};
use crate::border::{c_text, guarded};
use crate::claim::claim;
use crate::host::Host;
use crate::kernel::{OurDelegate, registration};
use crate::options::Options;

type ReportError = unsafe extern "C" fn(*const c_char);

/// Makes a delegate. Where the options are wrong it is NULL, and `report_error` is told why, if it is there.
///
/// # Safety
/// `keys` and `values` have `count` strings each, or `count` is 0. `report_error` is NULL or takes a string.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn tflite_plugin_create_delegate(
    keys: *const *const c_char,
    values: *const *const c_char,
    count: usize,
    report_error: Option<ReportError>,
) -> *mut Delegate {
    guarded(null_mut(), || {
        // SAFETY: as the host promises.
        let options = unsafe { pairs(keys, values, count) }.and_then(|pairs| Options::parse(pairs.iter().copied()));
        match options {
            Ok(options) => {
                let base = Delegate {
                    data: null_mut(),
                    prepare: Some(prepare),
                    buffer_handles: [null(); 3],
                    flags: ALLOW_DYNAMIC_TENSORS | REQUIRE_PROPAGATED_SHAPES,
                    tail: [0; 10],
                };
                Box::into_raw(Box::new(OurDelegate { base, options })).cast()
            }
            Err(text) => {
                let text = c_text(&format!("Ottava: {text}"));
                match report_error {
                    // SAFETY: the host's function, with a string.
                    Some(report) => unsafe { report(text.as_ptr().cast()) },
                    None => eprintln!("{}", String::from_utf8_lossy(&text[..text.len() - 1])),
                }
                null_mut()
            }
        }
    })
}

/// Ends a delegate, after the interpreters that it was given to; NULL is none.
///
/// # Safety
/// It is NULL or what [`tflite_plugin_create_delegate`] returned, and was not ended before.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn tflite_plugin_destroy_delegate(delegate: *mut Delegate) {
    guarded((), || {
        if !delegate.is_null() {
            // SAFETY: as the host promises.
            drop(unsafe { Box::from_raw(delegate.cast::<OurDelegate>()) });
        }
    });
}

/// The pairs of key and value.
///
/// # Safety
/// As [`tflite_plugin_create_delegate`].
unsafe fn pairs<'a>(
    keys: *const *const c_char,
    values: *const *const c_char,
    count: usize,
) -> Result<Vec<(&'a str, &'a str)>, String> {
    if count > 0 && (keys.is_null() || values.is_null()) {
        return Err("options without keys or values".into());
    }
    let text = |list: *const *const c_char, index| {
        // SAFETY: one of `count` strings.
        let text = unsafe { *list.add(index) };
        // SAFETY: likewise; it ends with a zero byte.
        let text = (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_str().ok());
        text.flatten().ok_or_else(|| format!("option {index} is no text"))
    };
    (0..count).map(|index| Ok((text(keys, index)?, text(values, index)?))).collect()
}

/// Takes what Ottava runs of a graph. The host calls it once for each of its graphs.
unsafe extern "C" fn prepare(context: *mut Context, delegate: *mut Delegate) -> Status {
    guarded(Status::Error, || {
        // SAFETY: what the host gives this call; the delegate is the one that it was given.
        let (host, ours) = unsafe { (Host::new(context), delegate.cast::<OurDelegate>().as_ref()) };
        let (Some(mut host), Some(ours)) = (host, ours) else { return Status::Error };
        match claim(&mut host, (registration(), delegate), &ours.options) {
            Ok(()) => Status::Ok,
            Err(text) => {
                host.report(&text);
                Status::Error
            }
        }
    })
}
