//! Dot products of Armv8.2: four signed bytes times four signed bytes, added to each 32-bit lane.
//!
//! The intrinsics (`vdotq_s32`, `vdotq_laneq_s32`) are unstable up to the least toolchain that this crate
//! supports, so each instruction is an `asm!` function. The assembler takes them in any function once
//! `.arch_extension` has named the feature, so no caller needs it enabled to compile, only to run.

use core::arch::aarch64::*;
use core::arch::asm;

use super::neon::Neon;
use crate::arch::{InstructionSet, Kernel};
use crate::isa::Isa;

/// Proof that the CPU has Advanced SIMD and the dot products.
#[derive(Clone, Copy)]
pub(crate) struct DotProd(Neon);

impl InstructionSet for DotProd {
    const ISA: Isa = Isa::DotProd;

    #[inline(always)]
    unsafe fn assume() -> Self {
        // SAFETY: a CPU with the dot products has Advanced SIMD.
        Self(unsafe { Neon::assume() })
    }

    // The instructions beyond Advanced SIMD are `asm!`, which needs nothing enabled.
    #[target_feature(enable = "neon")]
    unsafe fn enter<K: Kernel<Self>>(call: &K::Call<'_>) {
        // SAFETY: this function enables the features; the caller vouches for the CPU and the call.
        unsafe { K::run(Self::assume(), call) }
    }
}

impl DotProd {
    /// The instruction set that this one builds on.
    #[inline(always)]
    pub(crate) fn neon(self) -> Neon {
        self.0
    }
}

/// Each lane of `sums` plus the sum of its four products.
///
/// # Safety
/// The CPU has the dot products.
#[inline(always)]
pub(crate) unsafe fn sdot(mut sums: int32x4_t, a: int8x16_t, b: int8x16_t) -> int32x4_t {
    // SAFETY: a register operation whose only condition is the CPU feature that the caller vouches for.
    unsafe {
        asm!(
            ".arch_extension dotprod",
            "sdot {sums:v}.4s, {a:v}.16b, {b:v}.16b",
            sums = inlateout(vreg) sums,
            a = in(vreg) a,
            b = in(vreg) b,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sums
}

/// [`sdot`] with the four bytes of `b`'s 32-bit lane `LANE` for every lane.
///
/// Not `pure`, so that the products of a tile stay in the order in which it lists them, among themselves and with
/// [`super::ordered::load`]: that order is chosen for cores that issue in order.
///
/// # Safety
/// The CPU has the dot products.
#[inline(always)]
pub(crate) unsafe fn sdot_lane<const LANE: u8>(mut sums: int32x4_t, a: int8x16_t, b: int8x16_t) -> int32x4_t {
    const { assert!(LANE < 4, "a register has four lanes") };
    // SAFETY: as in `sdot`.
    unsafe {
        asm!(
            ".arch_extension dotprod",
            "sdot {sums:v}.4s, {a:v}.16b, {b:v}.4b[{lane}]",
            sums = inlateout(vreg) sums,
            a = in(vreg) a,
            b = in(vreg) b,
            lane = const LANE,
            options(nomem, nostack, preserves_flags),
        );
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that include both ends of the range.
    fn bytes(salt: u32) -> [i8; 16] {
        core::array::from_fn(|i| match (i as u32 + salt) % 5 {
            0 => -128,
            1 => 127,
            _ => ((i as u32 + 1).wrapping_mul(2_654_435_761).wrapping_add(salt.wrapping_mul(40_503)) >> 13) as i8,
        })
    }

    #[test]
    fn lanes_add_up_four_products() {
        if !Isa::DotProd.is_available() {
            eprintln!("SKIPPED: this CPU has no dotprod");
            return;
        }
        for salt in 0..200 {
            let (a, b) = (bytes(salt), bytes(3 * salt + 1));
            let begin = [i32::MAX, i32::MIN, salt as i32, -1];
            let product = |lane: usize, of: usize| {
                (0..4).map(|i| i32::from(a[4 * lane + i]) * i32::from(b[4 * of + i])).sum::<i32>()
            };
            // SAFETY: the CPU has the feature; the arrays are as long as a register.
            let got: [[i32; 4]; 5] = unsafe {
                let (sums, x, y) = (vld1q_s32(begin.as_ptr()), vld1q_s8(a.as_ptr()), vld1q_s8(b.as_ptr()));
                core::mem::transmute([
                    sdot(sums, x, y),
                    sdot_lane::<0>(sums, x, y),
                    sdot_lane::<1>(sums, x, y),
                    sdot_lane::<2>(sums, x, y),
                    sdot_lane::<3>(sums, x, y),
                ])
            };
            for lane in 0..4 {
                assert_eq!(got[0][lane], begin[lane].wrapping_add(product(lane, lane)));
                for of in 0..4 {
                    assert_eq!(got[1 + of][lane], begin[lane].wrapping_add(product(lane, of)), "lane {of}");
                }
            }
        }
    }
}
