//! Tiles of dot products: `sdot` by element, of low and high halves of activations.
//!
//! A product of 16 with 8 bits is two of 8 bits, and an instruction does sixteen of those: twice as much as `smlal`.
//!
//! 32 registers: 3 rows by four registers of sums of each half are 24 accumulators, a register of eight activations for
//! each row in halves, two constants to split them, and three for weights.

use core::arch::aarch64::*;

use super::halves::{self, Quarters};
use super::pack::Packing;
use super::tile::{self, Tile};
use super::{Descriptor, tile_rows};
use crate::arch::{DotProd, LANES, dotprod};
use crate::isa::Isa;

/// Channels that are packed together.
const GROUP: usize = 4;

/// Adds the products of four channels: element `LOW` of `x` holds their low halves, element `HIGH` the high ones.
///
/// # Safety
/// The CPU has the dot products; 64 weights are readable.
#[inline(always)]
unsafe fn add<const MR: usize, const LOW: u8, const HIGH: u8>(
    [low, high]: [&mut [Quarters; MR]; 2],
    x: &[int8x16_t; MR],
    weights: *const i8,
) {
    for part in 0..4 {
        // SAFETY: the caller's promise.
        unsafe {
            let columns = vld1q_s8(weights.add(LANES * part));
            for row in 0..MR {
                low[row][part] = dotprod::sdot_lane::<LOW>(low[row][part], columns, x[row]);
                high[row][part] = dotprod::sdot_lane::<HIGH>(high[row][part], columns, x[row]);
            }
        }
    }
}

/// Computes a tile.
///
/// # Safety
/// As [`tile::TileFn`].
#[inline(always)]
unsafe fn run<const MR: usize>(arch: DotProd, tile: &Tile<'_>) {
    // SAFETY: the panel is one of bytes; register operations.
    let (mut low, mut high, none) = unsafe { ([halves::first(tile); MR], [[vdupq_n_s32(0); 4]; MR], vdupq_n_s8(0)) };
    let mut weights = tile.weights.as_ptr().cast::<i8>().wrapping_add(4 * LANES);
    let groups = tile.pairs.div_ceil(2);
    for tap_y in 0..tile.window.taps[0] {
        for tap_x in 0..tile.window.taps[1] {
            let sources = tile::sources::<MR>(tile, [tap_y, tap_x]);
            let mut x = [none; MR];
            let mut group = 0;
            while group + 2 <= groups {
                // SAFETY: the caller vouches for the weights of all groups, and for whole groups of activations.
                unsafe {
                    for row in 0..MR {
                        x[row] = halves::split(vld1q_s16(sources[row].add(GROUP * group)));
                    }
                    add::<MR, 0, 2>([&mut low, &mut high], &x, weights);
                    add::<MR, 1, 3>([&mut low, &mut high], &x, weights.add(GROUP * LANES));
                }
                weights = weights.wrapping_add(2 * GROUP * LANES);
                group += 2;
            }
            if group < groups {
                // SAFETY: as above.
                unsafe {
                    for row in 0..MR {
                        let last = vld1_s16(sources[row].add(GROUP * group));
                        x[row] = halves::split(vcombine_s16(last, last));
                    }
                    add::<MR, 0, 2>([&mut low, &mut high], &x, weights);
                }
                weights = weights.wrapping_add(GROUP * LANES);
            }
        }
    }
    // SAFETY: the caller's promise.
    unsafe { halves::finish(arch.neon(), tile, &low, &high) }
}

/// See [`run`].
#[target_feature(enable = "neon")]
unsafe fn tile<const MR: usize>(call: &Tile<'_>) {
    // SAFETY: the caller vouches for the CPU and the pointers.
    unsafe { run::<MR>(DotProd::assume(), call) }
}

pub(super) static TILES: Descriptor = Descriptor {
    isa: Isa::DotProd,
    name: "gemm_s16s8_dotprod_3x16",
    packing: Packing::Bytes(GROUP),
    tiles: tile_rows![1, 2, 3],
};
