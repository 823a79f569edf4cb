//! Columns and their products for [`super::tile`]: windows of five by five.
//!
//! Rows of outputs come alone: five columns and their weights fill the registers. The weights of the last row are
//! loaded when they are met.

use core::arch::aarch64::*;

use super::epilogue::CHANNELS;
use super::products3::{Packer, begin, load, register, tap_offset, zip, zip_pairs};
use super::tile::{ChannelTap, MAX_ROWS, Packed, RowProducts};
use crate::arch::dotprod::sdot;
use crate::arch::{DotProd, Neon};

/// Taps across.
const TAPS: usize = 5;
/// The tap whose product stands alone.
const LAST: usize = TAPS * TAPS - 1;
/// Its weights, among the registers of either kernel, and those that all weights have in common.
const LAST_REGISTER: usize = 12;
const COMMON_REGISTER: usize = 13;

/// Dot products of four rows of a column, and of four columns of the last row.
pub(super) struct DotRows5<const TERMS: usize>;

/// Packs weights for [`DotRows5`]; also how many terms they need.
pub(super) fn pack_dot(taps: &[ChannelTap]) -> Option<(Packed, usize)> {
    let tap_offset = tap_offset(taps)?;
    let mut packer = Packer::new();
    for column in 0..TAPS {
        for channel in 0..CHANNELS {
            for row in 0..4 {
                packer.byte(taps[TAPS * row + column][channel] - tap_offset);
            }
        }
    }
    for channel in 0..CHANNELS {
        for column in 0..4 {
            packer.byte(taps[TAPS * 4 + column][channel] - tap_offset);
        }
    }
    for channel in 0..16 {
        packer.byte(taps[LAST][channel % CHANNELS] - tap_offset);
    }
    for _ in 0..16 {
        packer.byte(tap_offset);
    }
    Some((packer.lines, 1 + usize::from(tap_offset != 0)))
}

/// Four rows of four channels each, and the last row.
#[derive(Clone, Copy)]
pub(super) struct DotColumn {
    quads: [int8x16_t; 2],
    last: int8x16_t,
}

impl<const TERMS: usize> RowProducts<DotProd, TAPS, 1> for DotRows5<TERMS> {
    type Column = DotColumn;
    type Weights = [[int8x16_t; 2]; TAPS];
    const KEEPS: bool = false;
    const AHEAD: bool = TERMS == 1;

    #[inline(always)]
    fn weights(arch: DotProd, packed: &Packed) -> Self::Weights {
        let mut weights = [[arch.neon().zero_bytes(); 2]; TAPS];
        for (index, weights) in weights.as_flattened_mut().iter_mut().enumerate() {
            // SAFETY: a register has sixteen bytes.
            *weights = unsafe { vld1q_s8(register(packed, index)) };
        }
        weights
    }

    #[inline(always)]
    unsafe fn column(_: DotProd, sources: [*const u8; MAX_ROWS]) -> DotColumn {
        // SAFETY: the caller vouches for the bytes.
        unsafe {
            let [a, b, c, d] = [load(sources[0]), load(sources[1]), load(sources[2]), load(sources[3])];
            DotColumn { quads: zip_pairs(zip(a, b), zip(c, d)), last: load(sources[4]) }
        }
    }

    #[inline(always)]
    fn sums(
        _: DotProd,
        (bias, packed): (&[i32; CHANNELS], &Packed),
        columns: [DotColumn; TAPS],
        weights: Self::Weights,
    ) -> [[int32x4_t; 2]; 1] {
        let [mut sums] = begin::<1>(bias);
        // SAFETY: a register has sixteen bytes; the `DotProd` proves the CPU feature.
        unsafe {
            let common = vld1q_s8(register(packed, COMMON_REGISTER));
            let last = zip_pairs(zip(columns[0].last, columns[1].last), zip(columns[2].last, columns[3].last));
            for half in 0..2 {
                for (column, weights) in columns.into_iter().zip(weights) {
                    sums[half] = sdot(sums[half], column.quads[half], weights[half]);
                    if TERMS > 1 {
                        sums[half] = sdot(sums[half], column.quads[half], common);
                    }
                }
                sums[half] = sdot(sums[half], last[half], vld1q_s8(register(packed, 2 * TAPS + half)));
                if TERMS > 1 {
                    sums[half] = sdot(sums[half], last[half], common);
                }
            }
            // Both terms of a weight have nine bits, and a product seventeen with its sign: 255 times 128 at most.
            let lone = vget_low_s8(columns[4].last);
            let mut words = vmull_s8(lone, vld1_s8(register(packed, LAST_REGISTER)));
            if TERMS > 1 {
                words = vmlal_s8(words, lone, vget_low_s8(common));
            }
            [[vaddw_s16(sums[0], vget_low_s16(words)), vaddw_high_s16(sums[1], words)]]
        }
    }
}

/// Products of bytes in 16-bit lanes, two of them added there: pairs of rows of two columns, a pair of the last column
/// with the other, pairs of columns of the last row; and the last product alone. No weight is -128.
pub(super) struct ByteRows5;

/// Packs weights for [`ByteRows5`].
pub(super) fn pack_bytes(taps: &[ChannelTap]) -> Option<(Packed, usize)> {
    if taps.as_flattened().iter().any(|weight| weight.abs() > 127) {
        return None;
    }
    let mut packer = Packer::new();
    let pairs = [0, 2].map(|row| (0..TAPS).map(move |column| [TAPS * row + column, TAPS * (row + 1) + column]));
    let last = [0, 2].map(|column| [TAPS * 4 + column, TAPS * 4 + column + 1]);
    for [one, other] in pairs.into_iter().flatten().chain(last) {
        for channel in 0..CHANNELS {
            packer.byte(taps[one][channel]);
            packer.byte(taps[other][channel]);
        }
    }
    for channel in 0..CHANNELS {
        packer.byte(taps[LAST][channel]);
    }
    Some((packer.lines, 1))
}

/// Two pairs of rows side by side, and the last row.
#[derive(Clone, Copy)]
pub(super) struct ByteColumn5 {
    pairs: [int8x16_t; 2],
    last: int8x16_t,
}

impl RowProducts<Neon, TAPS, 1> for ByteRows5 {
    type Column = ByteColumn5;
    /// Of each pair of rows.
    type Weights = [[int8x16_t; TAPS]; 2];
    const KEEPS: bool = false;
    const AHEAD: bool = false;

    #[inline(always)]
    fn weights(arch: Neon, packed: &Packed) -> Self::Weights {
        let mut weights = [[arch.zero_bytes(); TAPS]; 2];
        for (index, weights) in weights.as_flattened_mut().iter_mut().enumerate() {
            // SAFETY: a register has sixteen bytes.
            *weights = unsafe { vld1q_s8(register(packed, index)) };
        }
        weights
    }

    #[inline(always)]
    unsafe fn column(arch: Neon, sources: [*const u8; MAX_ROWS]) -> ByteColumn5 {
        // SAFETY: the caller vouches for the bytes.
        unsafe {
            let [a, b, c, d] = [load(sources[0]), load(sources[1]), load(sources[2]), load(sources[3])];
            ByteColumn5 { pairs: [arch.whole(zip(a, b)), arch.whole(zip(c, d))], last: load(sources[4]) }
        }
    }

    #[inline(always)]
    fn sums(
        arch: Neon,
        (bias, packed): (&[i32; CHANNELS], &Packed),
        [a, b, c, d, e]: [ByteColumn5; TAPS],
        [first, second]: Self::Weights,
    ) -> [[int32x4_t; 2]; 1] {
        let [sums] = begin::<1>(bias);
        let sums = arch.begun(arch.add_pairs(sums, [a.pairs[0], b.pairs[0]], [first[0], first[1]]));
        let sums = arch.add_pairs(sums, [c.pairs[0], d.pairs[0]], [first[2], first[3]]);
        let sums = arch.add_pairs(sums, [e.pairs[0], a.pairs[1]], [first[4], second[0]]);
        let sums = arch.add_pairs(sums, [b.pairs[1], c.pairs[1]], [second[1], second[2]]);
        let sums = arch.add_pairs(sums, [d.pairs[1], e.pairs[1]], [second[3], second[4]]);
        let last = [arch.whole(zip(a.last, b.last)), arch.whole(zip(c.last, d.last))];
        // SAFETY: registers have sixteen bytes; `arch` proves Advanced SIMD.
        unsafe {
            let weights = [vld1q_s8(register(packed, 2 * TAPS)), vld1q_s8(register(packed, 2 * TAPS + 1))];
            let sums = arch.add_pairs(sums, last, weights);
            let words = vmull_s8(vget_low_s8(e.last), vld1_s8(register(packed, LAST_REGISTER)));
            [[vaddw_s16(sums[0], vget_low_s16(words)), vaddw_high_s16(sums[1], words)]]
        }
    }
}
