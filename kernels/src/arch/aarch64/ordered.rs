//! Instructions of Armv8.0 that stay in the order in which a kernel lists them.
//!
//! Cores that issue in order wait where an instruction needs what the one before computes; how products and loads
//! take turns is then half of a kernel's speed. Compilers order intrinsics by the model of one core, so inner loops
//! use these `asm!` functions, which are not `pure` and so keep their order.

use core::arch::aarch64::*;
use core::arch::asm;

/// A load of a register from `base + index`; `$part` is what the template calls the part that is loaded.
macro_rules! load {
    ($(#[$documentation:meta])* $name:ident, $part:literal) => {
        $(#[$documentation])*
        ///
        /// # Safety
        /// They are readable.
        #[inline(always)]
        pub(crate) unsafe fn $name(base: *const i8, index: usize) -> int8x16_t {
            let bytes;
            // SAFETY: the caller vouches for the bytes.
            unsafe {
                asm!(
                    concat!("ldr {bytes:", $part, "}, [{base}, {index}]"),
                    bytes = lateout(vreg) bytes,
                    base = in(reg) base,
                    index = in(reg) index,
                    options(readonly, nostack, preserves_flags),
                );
            }
            bytes
        }
    };
}

load!(
    /// The sixteen bytes at `base + index`.
    load,
    "q"
);
load!(
    /// The eight bytes at `base + index`, and zeros.
    load_eight,
    "d"
);
load!(
    /// The four bytes at `base + index`, and zeros.
    load_four,
    "s"
);

/// Products of the low eight bytes.
#[inline(always)]
pub(crate) fn smull(a: int8x16_t, b: int8x16_t) -> int16x8_t {
    let products;
    // SAFETY: a register operation that every aarch64 CPU of this crate's targets has.
    unsafe {
        asm!(
            "smull {products:v}.8h, {a:v}.8b, {b:v}.8b",
            products = lateout(vreg) products,
            a = in(vreg) a,
            b = in(vreg) b,
            options(nomem, nostack, preserves_flags),
        );
    }
    products
}

/// `sums` and the products of the high eight bytes, modulo `2^16`.
#[inline(always)]
pub(crate) fn smlal_high(mut sums: int16x8_t, a: int8x16_t, b: int8x16_t) -> int16x8_t {
    // SAFETY: as in `smull`.
    unsafe {
        asm!(
            "smlal2 {sums:v}.8h, {a:v}.16b, {b:v}.16b",
            sums = inout(vreg) sums,
            a = in(vreg) a,
            b = in(vreg) b,
            options(nomem, nostack, preserves_flags),
        );
    }
    sums
}

/// Products of the high eight bytes.
#[inline(always)]
pub(crate) fn smull_high(a: int8x16_t, b: int8x16_t) -> int16x8_t {
    let products;
    // SAFETY: as in `smull`.
    unsafe {
        asm!(
            "smull2 {products:v}.8h, {a:v}.16b, {b:v}.16b",
            products = lateout(vreg) products,
            a = in(vreg) a,
            b = in(vreg) b,
            options(nomem, nostack, preserves_flags),
        );
    }
    products
}

/// `sums` and the sums of neighbouring pairs.
#[inline(always)]
pub(crate) fn sadalp(mut sums: int32x4_t, pairs: int16x8_t) -> int32x4_t {
    // SAFETY: as in `smull`.
    unsafe {
        asm!(
            "sadalp {sums:v}.4s, {pairs:v}.8h",
            sums = inout(vreg) sums,
            pairs = in(vreg) pairs,
            options(nomem, nostack, preserves_flags),
        );
    }
    sums
}
