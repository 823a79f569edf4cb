//! What every function that the host calls goes through.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs the body of a function; `otherwise` is returned where it panics. The panic itself is told on standard error.
pub(crate) fn guarded<T>(otherwise: T, body: impl FnOnce() -> T) -> T {
    // A part whose run panicked is prepared anew or fails again; the engine's own sessions can be used again.
    catch_unwind(AssertUnwindSafe(body)).unwrap_or(otherwise)
}

/// A text as C wants it: without zero bytes, one zero byte at the end.
pub(crate) fn c_text(text: &str) -> Vec<u8> {
    text.bytes().filter(|&byte| byte != 0).chain([0]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_ends_at_the_border() {
        assert_eq!(guarded(7, || panic!("on purpose")), 7);
        assert_eq!(guarded(7, || 8), 8);
    }

    #[test]
    fn texts_end_once() {
        assert_eq!(c_text("a\0b"), b"ab\0");
    }
}
