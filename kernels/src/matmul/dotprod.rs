//! Dot products of bytes: `sdot` by element. Other types as on Armv8.0.
//!
//! 32 registers: four rows of four registers of sums, sixteen bytes of each row, and weights.

use core::arch::aarch64::*;

use super::block::{Block, Kind};
use super::bytes::{self, Products, ROWS, STEP};
use super::pack::CHUNK;
use super::{Descriptor, neon};
use crate::arch::{Arch, DotProd, LANES, Neon, dotprod};
use crate::isa::Isa;

/// Adds the products of four k, of which the rows' are in element `LANE`.
///
/// # Safety
/// The CPU has the dot products; the panel has 64 bytes.
#[inline(always)]
unsafe fn add<const LANE: u8>(sums: &mut [[int32x4_t; 4]; ROWS], x: &[int8x16_t; ROWS], panel: *const i8) {
    for part in 0..4 {
        // SAFETY: the caller's promise.
        unsafe {
            let columns = vld1q_s8(panel.add(LANES * part));
            for row in 0..ROWS {
                sums[row][part] = dotprod::sdot_lane::<LANE>(sums[row][part], columns, x[row]);
            }
        }
    }
}

impl Products for DotProd {
    const GROUP: usize = 4;

    #[inline(always)]
    fn neon(self) -> Neon {
        self.neon()
    }

    #[inline(always)]
    unsafe fn add(self, rows: *const i8, panel: *const i8, depth: usize, totals: &mut [[i32; LANES]; ROWS]) {
        // SAFETY: a `DotProd` proves the feature; the caller vouches for rows and panel, and each row has sixteen sums.
        unsafe {
            let (mut sums, mut x) = ([[vdupq_n_s32(0); 4]; ROWS], [vdupq_n_s8(0); ROWS]);
            for row in 0..ROWS {
                sums[row] = self.neon().load(totals[row].as_ptr());
            }
            for k in (0..depth).step_by(STEP) {
                for row in 0..ROWS {
                    x[row] = vld1q_s8(rows.add(row * CHUNK + k));
                }
                let panel = panel.add(k * LANES);
                add::<0>(&mut sums, &x, panel);
                add::<1>(&mut sums, &x, panel.add(4 * LANES));
                add::<2>(&mut sums, &x, panel.add(8 * LANES));
                add::<3>(&mut sums, &x, panel.add(12 * LANES));
            }
            for row in 0..ROWS {
                self.neon().store(totals[row].as_mut_ptr(), sums[row]);
            }
        }
    }
}

/// See [`bytes::run`].
#[target_feature(enable = "neon")]
unsafe fn eight(call: &Block<'_>) {
    // SAFETY: the caller vouches for the CPU and the pointers.
    unsafe { bytes::run(DotProd::assume(), call) }
}

/// See [`super::block::BlockFn`].
unsafe fn block(call: &Block<'_>) {
    // SAFETY: the caller vouches for the CPU and the pointers.
    unsafe {
        match (call.left.kind, call.right.kind) {
            (Kind::S8, Kind::S8) => eight(call),
            _ => neon::block(call),
        }
    }
}

pub(super) static BLOCKS: Descriptor = Descriptor {
    isa: Isa::DotProd,
    names: ["matmul_s8_dotprod_4x16", "matmul_s16_dotprod_4x16", "matmul_f32_dotprod_4x16"],
    block,
    float: neon::float,
};
