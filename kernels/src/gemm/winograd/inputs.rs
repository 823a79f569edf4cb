//! The input transform: `V = B^T d B` of each patch and channel.
//!
//! ```text
//!        4   0  -5   0   1   0
//!        0  -4  -4   1   1   0
//! B^T =  0   4  -4  -1   1   0
//!        0  -2  -1   2   1   0
//!        0   2  -1  -2   1   0
//!        0   4   0  -5   0   1
//! ```
//!
//! Lanes are channels. Columns are transformed first, then rows. Stored bytes are taken as they are: a patch of equal
//! pixels is 0 at every point but the one of both second rows, whose entries add up to -6, so the zero point is taken off
//! there, 36 times. Everything wraps in 16 bits, which the values themselves fit: at most 68 times a pixel less its
//! zero point.

use core::cell::Cell;

use super::patch::{POINTS, Patch, SPAN, Source};
use crate::arch::{Kernel, Lanes16};

/// The point at which pixels without their zero point differ from stored ones.
const ZERO_POINT: usize = SPAN + 1;
/// By how many zero points they do.
const ZERO_POINT_TIMES: i32 = 36;
/// Bytes of a pixel that no vector exceeds.
const WIDEST: usize = 32;

/// Patches to transform.
pub(super) struct InputCall<'a> {
    pub(super) source: Source<'a>,
    pub(super) zero_point: i32,
    pub(super) patches: &'a [Patch],
    /// Points, then patches, then channels.
    pub(super) values: &'a [Cell<i16>],
    pub(super) strides: Strides,
}

/// How transformed inputs lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Strides {
    /// Values from one patch to the next.
    pub(super) patch: usize,
    /// Values from one point to the next.
    pub(super) point: usize,
}

/// An entry point of [`InputTransform`].
///
/// # Safety
/// The CPU has the instruction set. The channels of every pixel of the image are readable, and nobody writes them.
pub(super) type InputFn = unsafe fn(&InputCall<'_>);

/// Transforms patches.
pub(super) struct InputTransform;

impl<A: Lanes16> Kernel<A> for InputTransform {
    type Call<'a> = InputCall<'a>;

    /// # Safety
    /// As [`InputFn`], in a function that enables the instruction set of `arch`.
    #[inline(always)]
    unsafe fn run(arch: A, call: &InputCall<'_>) {
        const { assert!(A::WIDTH16 <= WIDEST) };
        let channels = call.source.image.channels;
        let Strides { patch: patch_stride, point: point_stride } = call.strides;
        let lanes = channels.max(A::WIDTH16);
        assert!(call.source.padding.len() >= channels);
        assert!(patch_stride >= lanes && point_stride >= call.patches.len() * patch_stride);
        assert!(call.values.len() >= POINTS * point_stride);
        let zeros = arch.splat16((call.zero_point * ZERO_POINT_TIMES) as i16);
        let mut copies = [[0u8; WIDEST]; POINTS];
        for (index, patch) in call.patches.iter().enumerate() {
            let mut pixels = call.source.pixels(patch);
            if channels < A::WIDTH16 {
                // A vector would reach into the next pixel.
                for (pixel, copy) in pixels.iter_mut().zip(&mut copies) {
                    // SAFETY: the caller vouches for the pixel's channels, which are fewer than the copy has bytes.
                    unsafe { pixel.copy_to_nonoverlapping(copy.as_mut_ptr(), channels) };
                    *pixel = copy.as_ptr();
                }
            }
            let target = call.values[index * patch_stride..].as_ptr().cast::<i16>().cast_mut();
            let mut first = 0;
            while first < lanes {
                // The last vector ends with the last channel, and may repeat some of those before.
                let at = first.min(lanes - A::WIDTH16);
                // SAFETY: the vectors lie within the pixels' channels, or the copies; asserted above, the stores lie within
                // the values, whose cells may be written.
                unsafe { transform(arch, &pixels, at, zeros, target.add(at), point_stride) };
                first += A::WIDTH16;
            }
        }
    }
}

/// Transforms one vector of channels.
///
/// # Safety
/// In a function that enables the instruction set of `arch`. A vector is readable at `at` of every pixel, and one is writable
/// for every point at `target`.
#[expect(clippy::needless_range_loop, reason = "constant ranges unroll whole, which keeps the values in registers")]
#[inline(always)]
unsafe fn transform<A: Lanes16>(
    arch: A,
    pixels: &[*const u8; POINTS],
    at: usize,
    zeros: A::I16,
    target: *mut i16,
    point_stride: usize,
) {
    let nothing = arch.splat16(0);
    let mut columns = [[nothing; SPAN]; SPAN];
    for x in 0..SPAN {
        let mut column = [nothing; SPAN];
        for y in 0..SPAN {
            // SAFETY: the caller's promise.
            column[y] = unsafe { arch.load_bytes16(pixels[SPAN * y + x].add(at)) };
        }
        columns[x] = step(arch, column);
    }
    for y in 0..SPAN {
        let mut row = [nothing; SPAN];
        for x in 0..SPAN {
            row[x] = columns[x][y];
        }
        let row = step(arch, row);
        for x in 0..SPAN {
            let point = SPAN * y + x;
            let value = if point == ZERO_POINT { arch.sub16(row[x], zeros) } else { row[x] };
            // SAFETY: the caller's promise.
            unsafe { arch.store16(target.add(point * point_stride), value) }
        }
    }
}

/// `B^T d` of one column, or row.
#[inline(always)]
fn step<A: Lanes16>(arch: A, d: [A::I16; SPAN]) -> [A::I16; SPAN] {
    let (even, odd) = (arch.sub16(d[4], d[2]), arch.sub16(d[3], d[1]));
    let far_even = arch.sub16(d[4], arch.shift_left16::<2>(d[2]));
    let far_odd = arch.sub16(d[3], arch.shift_left16::<2>(d[1]));
    let twice_odd = arch.shift_left16::<1>(odd);
    [
        arch.add16(arch.shift_left16::<2>(arch.sub16(d[0], d[2])), even),
        arch.add16(far_even, far_odd),
        arch.sub16(far_even, far_odd),
        arch.add16(even, twice_odd),
        arch.sub16(even, twice_odd),
        arch.sub16(arch.sub16(d[5], d[3]), arch.shift_left16::<1>(twice_odd)),
    ]
}
