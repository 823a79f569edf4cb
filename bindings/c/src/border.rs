//! What every function of the API goes through, and arguments that are no handles.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::slice;

use crate::status::TfLiteStatus;

/// Runs the body of a function. Where it has nothing to return, or panics, `otherwise` is returned.
pub(crate) fn guarded<T>(otherwise: T, body: impl FnOnce() -> Option<T>) -> T {
    // What a panic leaves half done is behind locks, which are taken over as they are, and no memory depends on it.
    catch_unwind(AssertUnwindSafe(body)).ok().flatten().unwrap_or(otherwise)
}

/// [`guarded`] for functions that return a status: an error where something is missing.
pub(crate) fn status(body: impl FnOnce() -> Option<TfLiteStatus>) -> TfLiteStatus {
    guarded(TfLiteStatus::Error, body)
}

/// [`guarded`] for functions that return nothing.
pub(crate) fn action(body: impl FnOnce() -> Option<()>) {
    guarded((), body);
}

/// A string of the caller's, or NULL.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub(crate) struct Text(*const c_char);

impl Text {
    /// The string; `None` where it is NULL or no UTF-8.
    pub(crate) fn get(&self) -> Option<&str> {
        if self.0.is_null() {
            return None;
        }
        // SAFETY: the headers want a string that ends with a zero byte and stays as it is during the call; the argument, and with it
        // this reference, does not outlive the call.
        unsafe { CStr::from_ptr(self.0) }.to_str().ok()
    }
}

/// Memory of the caller's to be read, or NULL.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub(crate) struct Bytes(*const c_void);

impl Bytes {
    /// The first `size` bytes; `None` where there are none.
    pub(crate) fn get(&self, size: usize) -> Option<&[u8]> {
        if self.0.is_null() || size > isize::MAX as usize {
            return None;
        }
        // SAFETY: the headers want as many readable bytes as the caller says, which nobody changes during the call.
        Some(unsafe { slice::from_raw_parts(self.0.cast(), size) })
    }
}

/// Dimensions of the caller's, or NULL.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub(crate) struct Dims(*const c_int);

impl Dims {
    /// Those at an address.
    pub(crate) fn at(start: *const c_int) -> Self {
        Self(start)
    }

    /// The first `count`; `None` where there are none.
    pub(crate) fn get(&self, count: i32) -> Option<&[c_int]> {
        let count = usize::try_from(count).ok()?;
        if count == 0 {
            return Some(&[]);
        }
        if self.0.is_null() {
            return None;
        }
        // SAFETY: as in `Bytes::get`; `count` of at most 31 bits is no more than a slice can have on 64 bits, and on 32 bits the
        // caller could not have such memory.
        Some(unsafe { slice::from_raw_parts(self.0, count) })
    }
}

/// The element of an index, which may be none.
pub(crate) fn element<T>(list: &[T], index: i32) -> Option<&T> {
    list.get(usize::try_from(index).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_ends_at_the_border() {
        assert_eq!(guarded(7, || panic!("on purpose")), 7);
        assert_eq!(status(|| panic!("on purpose")), TfLiteStatus::Error);
        action(|| panic!("on purpose"));
    }

    #[test]
    fn what_is_missing_is_an_error() {
        assert_eq!(guarded(7, || None), 7);
        assert_eq!(status(|| None), TfLiteStatus::Error);
        assert_eq!(status(|| Some(TfLiteStatus::Ok)), TfLiteStatus::Ok);
    }
}
