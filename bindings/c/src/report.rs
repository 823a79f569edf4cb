//! Error reporters: callbacks of the caller's that take a format and a `va_list`.

use std::ffi::{CString, c_char, c_void};
use std::ptr::null_mut;

/// `void (*)(void* user_data, const char* format, va_list arguments)`.
///
/// A `va_list` parameter is a pointer on all 64-bit targets of Linux: an array of one structure on x86-64, a structure of 32 bytes that
/// is passed by address on AArch64.
pub(crate) type Callback = unsafe extern "C" fn(*mut c_void, *const c_char, *mut c_void);

/// Where texts go: to the caller's function, or to standard error.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reporter {
    callback: Option<Callback>,
    user_data: *mut c_void,
}

// SAFETY: the user data is handed back to the caller's function and not looked at. That the function may be called by any thread that
// calls the API with what reports to it is the contract of the headers.
unsafe impl Send for Reporter {}
// SAFETY: likewise.
unsafe impl Sync for Reporter {}

impl Default for Reporter {
    fn default() -> Self {
        Self { callback: None, user_data: null_mut() }
    }
}

impl Reporter {
    pub(crate) fn new(callback: Option<Callback>, user_data: *mut c_void) -> Self {
        Self { callback, user_data }
    }

    /// Reports one line.
    pub(crate) fn report(&self, text: &str) {
        let Some(callback) = self.callback else {
            eprintln!("ERROR: {text}");
            return;
        };
        // The text is the format. Without conversions in it, nothing is read from the list of arguments.
        let format: Vec<u8> = text.replace('%', "%%").bytes().filter(|&byte| byte != 0).collect();
        let Ok(format) = CString::new(format) else { return };
        let mut no_arguments = [0_u64; 8];
        // SAFETY: the caller gave a function of this type with the user data that it takes, which outlives what reports to it; the list
        // of arguments points to zero bytes, more than any `va_list` has.
        unsafe { callback(self.user_data, format.as_ptr(), no_arguments.as_mut_ptr().cast()) };
    }
}
