//! The weight transform: `U = G g G^T` of each output and input channel.
//!
//! ```text
//! G = 6  0  0
//!     1  1  1
//!     1 -1  1        the first and the last row times six, for which the products' other factors lack it
//!     1  2  4
//!     1 -2  4
//!     0  0  6
//! ```
//!
//! Lanes are columns and channels. Entries of a row add up to at most 7 in magnitude, so values of weights less their zero
//! point, at most 255, have 49 times that at most, which 16 bits hold.

use core::cell::Cell;

use super::patch::{POINTS, SPAN};
use super::taps::{TAP_BYTES, TAPS};
use crate::arch::{Kernel, Lanes16};

/// Taps of a window along an axis.
const SIDE_TAPS: usize = 3;

/// A panel's weights to transform.
pub(super) struct WeightCall<'a> {
    /// Pairs of channels, then taps, then columns and channels.
    pub(super) taps: &'a [u8],
    /// What they are less by.
    pub(super) zero_point: i16,
    /// Pairs of channels.
    pub(super) pairs: usize,
    /// Points, then pairs of channels, then columns and channels.
    pub(super) points: &'a [Cell<i16>],
    /// Values from one point to the next.
    pub(super) point_stride: usize,
}

/// An entry point of [`WeightTransform`].
///
/// # Safety
/// The CPU has the instruction set.
pub(super) type WeightFn = unsafe fn(&WeightCall<'_>);

/// Transforms the weights of a panel.
pub(super) struct WeightTransform;

impl<A: Lanes16> Kernel<A> for WeightTransform {
    type Call<'a> = WeightCall<'a>;

    /// # Safety
    /// As [`WeightFn`], in a function that enables the instruction set of `arch`.
    #[inline(always)]
    unsafe fn run(arch: A, call: &WeightCall<'_>) {
        const { assert!(TAP_BYTES.is_multiple_of(A::WIDTH16)) };
        let point_stride = call.point_stride;
        assert!(call.taps.len() >= call.pairs * TAPS * TAP_BYTES && point_stride >= call.pairs * TAP_BYTES);
        assert!(call.points.len() >= POINTS * point_stride);
        let zeros = arch.splat16(call.zero_point);
        let points = call.points.as_ptr().cast::<i16>().cast_mut();
        for pair in 0..call.pairs {
            for first in (0..TAP_BYTES).step_by(A::WIDTH16) {
                // SAFETY: asserted above: the pair has so many bytes at each tap, and a place for as many values at each
                // point, whose cells may be written.
                unsafe {
                    let taps = call.taps.as_ptr().add(pair * TAPS * TAP_BYTES + first);
                    transform(arch, taps, zeros, points.add(pair * TAP_BYTES + first), point_stride);
                }
            }
        }
    }
}

/// Transforms one vector of columns and channels.
///
/// # Safety
/// In a function that enables the instruction set of `arch`. A vector is readable at every tap, and one is writable for every point
/// at `target`.
#[expect(clippy::needless_range_loop, reason = "constant ranges unroll whole, which keeps the values in registers")]
#[inline(always)]
unsafe fn transform<A: Lanes16>(arch: A, taps: *const u8, zeros: A::I16, target: *mut i16, point_stride: usize) {
    let nothing = arch.splat16(0);
    let mut columns = [[nothing; SPAN]; SIDE_TAPS];
    for x in 0..SIDE_TAPS {
        let mut column = [nothing; SIDE_TAPS];
        for y in 0..SIDE_TAPS {
            // SAFETY: the caller's promise.
            let stored = unsafe { arch.load_bytes16(taps.add((SIDE_TAPS * y + x) * TAP_BYTES)) };
            column[y] = arch.sub16(stored, zeros);
        }
        columns[x] = step(arch, column);
    }
    for y in 0..SPAN {
        let row = step(arch, [columns[0][y], columns[1][y], columns[2][y]]);
        for x in 0..SPAN {
            // SAFETY: the caller's promise.
            unsafe { arch.store16(target.add((SPAN * y + x) * point_stride), row[x]) }
        }
    }
}

/// `G g` of one column, or row.
#[inline(always)]
fn step<A: Lanes16>(arch: A, [a, b, c]: [A::I16; SIDE_TAPS]) -> [A::I16; SPAN] {
    let six_times = |x| arch.shift_left16::<1>(arch.add16(x, arch.shift_left16::<1>(x)));
    let (near, far) = (arch.add16(a, c), arch.add16(a, arch.shift_left16::<2>(c)));
    let twice = arch.shift_left16::<1>(b);
    [
        six_times(a),
        arch.add16(near, b),
        arch.sub16(near, b),
        arch.add16(far, twice),
        arch.sub16(far, twice),
        six_times(c),
    ]
}
