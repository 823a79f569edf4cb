//! Macros for intrinsics of registers.

/// A register intrinsic, safe because `self` proves the CPU feature.
macro_rules! register {
    ($call:expr) => {
        // SAFETY: a register operation whose only condition is the CPU feature that `self` proves.
        unsafe { $call }
    };
}
pub(crate) use register;
