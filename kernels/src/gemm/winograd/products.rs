//! The products: at every point, transformed inputs times transformed weights, summed up over the channels.
//!
//! A tile is `MR` patches by `NV` panels at one point, with all sums in registers over all channels:
//!
//! ```text
//! for each point
//!     sums[MR][NV] = 0
//!     for each pair of channels
//!         load NV vectors of weights                   64 bytes each: [16 columns][2 channels]
//!         for each patch: broadcast 2 inputs, NV products of pairs
//!     store the sums: [MR][NV][36 points][16 columns]
//! ```
//!
//! Sums wrap; the output transform brings them back.

use core::cell::Cell;

use super::inputs::Strides;
use super::patch::POINTS;
use crate::arch::{Kernel, LANES, Pairs16};

/// What the products of a tile are made of.
pub(super) struct ProductsCall<'a> {
    /// Transformed inputs from the tile's first patch on: points, then patches, then channels.
    pub(super) values: &'a [i16],
    pub(super) strides: Strides,
    /// Transformed weights: panels, then points, then pairs of channels.
    pub(super) weights: &'a [i16],
    /// Weights from one point to the next.
    pub(super) weight_stride: usize,
    /// Pairs of channels.
    pub(super) pairs: usize,
    /// Patches, then panels, then points, then columns.
    pub(super) products: &'a [Cell<i32>],
}

/// A tile entry point.
///
/// # Safety
/// The CPU has the instruction set.
pub(super) type ProductsFn = unsafe fn(&ProductsCall<'_>);

/// The tile of `MR` patches by `NV` panels.
pub(super) struct ProductsTile<const MR: usize, const NV: usize>;

impl<A: Pairs16, const MR: usize, const NV: usize> Kernel<A> for ProductsTile<MR, NV> {
    type Call<'a> = ProductsCall<'a>;

    /// # Safety
    /// As [`ProductsFn`], in a function that enables the instruction set of `arch`.
    #[expect(clippy::needless_range_loop, reason = "constant ranges unroll whole, which keeps the sums in registers")]
    #[inline(always)]
    unsafe fn run(arch: A, call: &ProductsCall<'_>) {
        let Strides { patch: patch_stride, point: point_stride } = call.strides;
        let point_weights = call.weight_stride;
        assert!(point_weights >= call.pairs * 2 * LANES);
        assert!(patch_stride >= 2 * call.pairs && point_stride >= MR * patch_stride);
        assert!(call.values.len() >= (POINTS - 1) * point_stride + MR * patch_stride);
        assert_eq!(call.weights.len(), NV * POINTS * point_weights);
        assert!(call.products.len() >= MR * NV * POINTS * LANES);
        let products = call.products.as_ptr().cast::<i32>().cast_mut();
        for point in 0..POINTS {
            let mut rows = [call.values.as_ptr(); MR];
            for (patch, row) in rows.iter_mut().enumerate() {
                *row = row.wrapping_add(point * point_stride + patch * patch_stride);
            }
            let weights = call.weights.as_ptr().wrapping_add(point * point_weights);
            // SAFETY: asserted above: the rows and the weights have so many pairs.
            let sums = unsafe { sums::<A, MR, NV>(arch, &rows, weights, POINTS * point_weights, call.pairs) };
            for row in 0..MR {
                for panel in 0..NV {
                    let at = ((row * NV + panel) * POINTS + point) * LANES;
                    // SAFETY: asserted above: the products have these columns; their cells may be written.
                    unsafe { arch.store(products.add(at), sums[row][panel]) }
                }
            }
        }
    }
}

/// Sums of products of `MR` rows by `NV` panels over all channels.
///
/// # Safety
/// In a function that enables the instruction set of `arch`. Each row is valid for reads of two values for each pair, the
/// weights of 32 for each pair of each panel; panels are `panel_weights` apart.
#[expect(clippy::needless_range_loop, reason = "constant ranges unroll whole, which keeps the sums in registers")]
#[inline(always)]
unsafe fn sums<A: Pairs16, const MR: usize, const NV: usize>(
    arch: A,
    rows: &[*const i16; MR],
    weights: *const i16,
    panel_weights: usize,
    pairs: usize,
) -> [[A::I32; NV]; MR] {
    let mut sums = [[arch.splat(0); NV]; MR];
    if NV == 1 {
        let mut column = [arch.splat(0); MR];
        // SAFETY: the caller's promise.
        unsafe { arch.add_depth(&mut column, rows, weights, pairs) };
        for row in 0..MR {
            sums[row][0] = column[row];
        }
        return sums;
    }
    for pair in 0..pairs {
        // SAFETY: the caller vouches for the weights and the values of this pair.
        unsafe {
            let weights = weights.add(2 * LANES * pair);
            let mut columns = [arch.load_weights16(weights); NV];
            for panel in 1..NV {
                columns[panel] = arch.load_weights16(weights.add(panel * panel_weights));
            }
            for row in 0..MR {
                for panel in 0..NV {
                    sums[row][panel] = arch.add_pairs16(sums[row][panel], rows[row].add(2 * pair), columns[panel]);
                }
            }
        }
    }
    sums
}
