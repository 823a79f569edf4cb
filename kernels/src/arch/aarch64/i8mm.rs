//! Matrix products of Armv8.6: two rows of eight signed bytes times two columns of eight.
//!
//! The intrinsics are unstable up to the least toolchain that this crate supports, so the instruction is an
//! `asm!` function, as in [`super::dotprod`].

use core::arch::aarch64::*;
use core::arch::asm;

use super::dotprod::DotProd;
use super::neon::Neon;
use crate::arch::{InstructionSet, Kernel};
use crate::isa::Isa;

/// Proof that the CPU has Advanced SIMD, the dot products and the matrix products.
#[derive(Clone, Copy)]
pub(crate) struct I8mm(DotProd);

impl InstructionSet for I8mm {
    const ISA: Isa = Isa::I8mm;

    #[inline(always)]
    unsafe fn assume() -> Self {
        // SAFETY: the caller's promise includes the dot products.
        Self(unsafe { DotProd::assume() })
    }

    // The instructions beyond Advanced SIMD are `asm!`, which needs nothing enabled.
    #[target_feature(enable = "neon")]
    unsafe fn enter<K: Kernel<Self>>(call: &K::Call<'_>) {
        // SAFETY: this function enables the features; the caller vouches for the CPU and the call.
        unsafe { K::run(Self::assume(), call) }
    }
}

impl I8mm {
    /// The instruction set that both build on.
    #[inline(always)]
    pub(crate) fn neon(self) -> Neon {
        self.0.neon()
    }
}

/// Adds a product of matrices: lane `2·i + j` of `sums` gains the eight products of half `i` of `a` with half `j`
/// of `b`.
///
/// # Safety
/// The CPU has the matrix products.
#[inline(always)]
pub(crate) unsafe fn smmla(mut sums: int32x4_t, a: int8x16_t, b: int8x16_t) -> int32x4_t {
    // SAFETY: a register operation whose only condition is the CPU feature that the caller vouches for.
    unsafe {
        asm!(
            ".arch_extension i8mm",
            "smmla {sums:v}.4s, {a:v}.16b, {b:v}.16b",
            sums = inlateout(vreg) sums,
            a = in(vreg) a,
            b = in(vreg) b,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_are_rows_times_columns() {
        if !Isa::I8mm.is_available() {
            eprintln!("SKIPPED: this CPU has no i8mm");
            return;
        }
        for salt in 0..200i32 {
            let a: [i8; 16] =
                core::array::from_fn(|i| if i % 3 == 0 { -128 } else { (salt * 31 + i as i32 * 97) as i8 });
            let b: [i8; 16] =
                core::array::from_fn(|i| if i % 4 == 0 { -128 } else { (salt * 57 - i as i32 * 41) as i8 });
            let begin = [i32::MAX, i32::MIN, salt, -1];
            // SAFETY: the CPU has the feature; the arrays are as long as a register.
            let got: [i32; 4] = unsafe {
                let (sums, x, y) = (vld1q_s32(begin.as_ptr()), vld1q_s8(a.as_ptr()), vld1q_s8(b.as_ptr()));
                core::mem::transmute(smmla(sums, x, y))
            };
            for lane in 0..4 {
                let products = (0..8).map(|i| i32::from(a[lane / 2 * 8 + i]) * i32::from(b[lane % 2 * 8 + i]));
                assert_eq!(got[lane], begin[lane].wrapping_add(products.sum()));
            }
        }
    }
}
