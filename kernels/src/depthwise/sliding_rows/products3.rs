//! Columns and their products for [`super::tile`]: three ways that ARM multiplies windows of three by three.

use core::arch::aarch64::*;

use super::epilogue::CHANNELS;
use super::tile::{ChannelTap, MAX_ROWS, Packed, RowProducts};
use crate::arch::dotprod::sdot;
use crate::arch::{DotProd, Neon};
use crate::memory::Line;

/// Weights as they are packed.
pub(super) struct Packer {
    pub(super) lines: Packed,
    len: usize,
}

impl Packer {
    pub(super) fn new() -> Self {
        Self { lines: [Line::ZERO; 4], len: 0 }
    }

    /// Appends a weight, which fits a byte.
    pub(super) fn byte(&mut self, weight: i32) {
        self.lines[self.len / 64].0[self.len % 64] = weight as i8;
        self.len += 1;
    }
}

/// The address of a packed register.
#[inline(always)]
pub(super) fn register(packed: &Packed, index: usize) -> *const i8 {
    packed[index / 4].0[16 * (index % 4)..][..16].as_ptr()
}

/// Eight bytes in the low half of a register.
///
/// # Safety
/// They are readable.
#[inline(always)]
pub(super) unsafe fn load(source: *const u8) -> int8x16_t {
    // SAFETY: the caller vouches for the bytes; Advanced SIMD is there.
    unsafe { vcombine_s8(vld1_s8(source.cast()), vdup_n_s8(0)) }
}

/// Bytes of two registers' low halves in turn.
#[inline(always)]
pub(super) fn zip(a: int8x16_t, b: int8x16_t) -> int8x16_t {
    // SAFETY: a register operation; Advanced SIMD is there.
    unsafe { vzip1q_s8(a, b) }
}

/// Pairs of bytes in turn: four bytes for each of the first four channels, and of the others.
#[inline(always)]
pub(super) fn zip_pairs(a: int8x16_t, b: int8x16_t) -> [int8x16_t; 2] {
    // SAFETY: register operations; Advanced SIMD is there.
    unsafe {
        let (a, b) = (vreinterpretq_s16_s8(a), vreinterpretq_s16_s8(b));
        [vreinterpretq_s8_s16(vzip1q_s16(a, b)), vreinterpretq_s8_s16(vzip2q_s16(a, b))]
    }
}

/// The bias, for each row.
#[inline(always)]
pub(super) fn begin<const OUT: usize>(bias: &[i32; CHANNELS]) -> [[int32x4_t; 2]; OUT] {
    // SAFETY: the bias has eight values; Advanced SIMD is there.
    [unsafe { [vld1q_s32(bias.as_ptr()), vld1q_s32(bias.as_ptr().add(4))] }; OUT]
}

/// The number that taken off all weights leaves eight bits of nine; `None` where there is none of eight bits itself.
pub(super) fn tap_offset(taps: &[ChannelTap]) -> Option<i32> {
    let (mut low, mut high) = (0, 0);
    for &weight in taps.as_flattened() {
        (low, high) = (low.min(weight), high.max(weight));
    }
    let tap_offset = if high > 127 { high - 127 } else { (low + 128).min(0) };
    (tap_offset <= 127 && low - tap_offset >= -128).then_some(tap_offset)
}

/// Dot products of four rows of a column, the fourth with a weight of 0. Two rows of outputs that are one row of input
/// apart share what is interleaved, with weights of their own; those that are two apart share half of it.
///
/// Weights of nine bits are a number that all have in common and the rest, in a term each.
pub(super) struct DotRows3<const STEP: usize, const TERMS: usize>;

/// Registers of weights: columns by halves of channels, for each row of outputs; then the term in common.
const DOT_TERM: usize = 12;

/// Packs weights for [`DotRows3`]; also how many terms they need.
pub(super) fn pack_dot(taps: &[ChannelTap]) -> Option<(Packed, usize)> {
    let tap_offset = tap_offset(taps)?;
    let mut packer = Packer::new();
    for down in 0..2 {
        for column in 0..3 {
            for channel in 0..CHANNELS {
                for row in 0..4 {
                    let tap =
                        if (down..down + 3).contains(&row) { Some(taps[3 * (row - down) + column]) } else { None };
                    packer.byte(tap.map_or(0, |tap| tap[channel] - tap_offset));
                }
            }
        }
    }
    for down in 0..2 {
        for byte in 0..16 {
            packer.byte(if (down..down + 3).contains(&(byte % 4)) { tap_offset } else { 0 });
        }
    }
    Some((packer.lines, 1 + usize::from(tap_offset != 0)))
}

impl<const STEP: usize, const TERMS: usize> RowProducts<DotProd, 3, 2> for DotRows3<STEP, TERMS> {
    /// Four rows of four channels each, for each row of outputs; the same where they are shared.
    type Column = [[int8x16_t; 2]; 2];
    type Weights = ([[[int8x16_t; 2]; 3]; 2], [int8x16_t; 2]);
    const KEEPS: bool = true;
    const AHEAD: bool = true;

    #[inline(always)]
    fn weights(_: DotProd, packed: &Packed) -> Self::Weights {
        // SAFETY: a register has sixteen bytes.
        unsafe {
            let mut weights = [[[vld1q_s8(register(packed, 0)); 2]; 3]; 2];
            for index in 0..DOT_TERM {
                // Rows that share nothing have the same weights.
                let from = if STEP == 1 { index } else { index % 6 };
                weights[index / 6][index / 2 % 3][index % 2] = vld1q_s8(register(packed, from));
            }
            let first = vld1q_s8(register(packed, DOT_TERM));
            (weights, [first, if STEP == 1 { vld1q_s8(register(packed, DOT_TERM + 1)) } else { first }])
        }
    }

    #[inline(always)]
    unsafe fn column(_: DotProd, sources: [*const u8; MAX_ROWS]) -> Self::Column {
        // SAFETY: the caller vouches for the bytes.
        unsafe {
            let middle = zip(load(sources[2]), load(sources[3]));
            let shared = zip_pairs(zip(load(sources[0]), load(sources[1])), middle);
            if STEP == 1 {
                return [shared; 2];
            }
            let last = load(sources[4]);
            [shared, zip_pairs(middle, zip(last, last))]
        }
    }

    #[inline(always)]
    fn sums(
        _: DotProd,
        (bias, _): (&[i32; CHANNELS], &Packed),
        columns: [Self::Column; 3],
        (weights, common): Self::Weights,
    ) -> [[int32x4_t; 2]; 2] {
        let mut sums = begin::<2>(bias);
        for (index, column) in columns.into_iter().enumerate() {
            for (row, sums) in sums.iter_mut().enumerate() {
                for (half, sums) in sums.iter_mut().enumerate() {
                    // SAFETY: the `DotProd` proves the CPU feature.
                    *sums = unsafe { sdot(*sums, column[row][half], weights[row][index][half]) };
                    if TERMS > 1 {
                        // SAFETY: as above.
                        *sums = unsafe { sdot(*sums, column[row][half], common[row]) };
                    }
                }
            }
        }
        sums
    }
}

/// Products of bytes in 16-bit lanes, two of them added there: two rows of a column side by side for two columns, then
/// for the third one together with the last row of the first two; and the last product alone. No weight is -128.
pub(super) struct ByteRows3<const STEP: usize>;

/// Packs weights for [`ByteRows3`].
pub(super) fn pack_bytes(taps: &[ChannelTap]) -> Option<(Packed, usize)> {
    if taps.as_flattened().iter().any(|weight| weight.abs() > 127) {
        return None;
    }
    let mut packer = Packer::new();
    for [one, other] in [[0, 3], [1, 4], [2, 5], [6, 7]] {
        for channel in 0..CHANNELS {
            packer.byte(taps[one][channel]);
            packer.byte(taps[other][channel]);
        }
    }
    for channel in 0..CHANNELS {
        packer.byte(taps[8][channel]);
    }
    Some((packer.lines, 1))
}

/// Two rows of a column.
#[derive(Clone, Copy)]
pub(super) struct ByteColumn {
    /// The first two side by side.
    pair: int8x16_t,
    last: int8x16_t,
}

impl<const STEP: usize> RowProducts<Neon, 3, 2> for ByteRows3<STEP> {
    type Column = [ByteColumn; 2];
    type Weights = [int8x16_t; 5];
    const KEEPS: bool = true;
    const AHEAD: bool = true;

    #[inline(always)]
    fn weights(arch: Neon, packed: &Packed) -> Self::Weights {
        let mut weights = [arch.zero_bytes(); 5];
        for (index, weights) in weights.iter_mut().enumerate() {
            // SAFETY: a register has sixteen bytes.
            *weights = unsafe { vld1q_s8(register(packed, index)) };
        }
        weights
    }

    #[inline(always)]
    unsafe fn column(arch: Neon, sources: [*const u8; MAX_ROWS]) -> Self::Column {
        // SAFETY: the caller vouches for the bytes.
        unsafe {
            let [a, b, c, d] = [load(sources[0]), load(sources[1]), load(sources[2]), load(sources[3])];
            let first = ByteColumn { pair: arch.whole(zip(a, b)), last: c };
            if STEP == 1 {
                return [first, ByteColumn { pair: arch.whole(zip(b, c)), last: d }];
            }
            [first, ByteColumn { pair: arch.whole(zip(c, d)), last: load(sources[4]) }]
        }
    }

    #[inline(always)]
    fn sums(
        arch: Neon,
        (bias, _): (&[i32; CHANNELS], &Packed),
        columns: [Self::Column; 3],
        weights: Self::Weights,
    ) -> [[int32x4_t; 2]; 2] {
        let mut sums = begin::<2>(bias);
        for (row, sums) in sums.iter_mut().enumerate() {
            let [a, b, c] = [columns[0][row], columns[1][row], columns[2][row]];
            let last = arch.whole(zip(a.last, b.last));
            *sums = arch.begun(arch.add_pairs(*sums, [a.pair, b.pair], [weights[0], weights[1]]));
            *sums = arch.add_pairs(*sums, [c.pair, last], [weights[2], weights[3]]);
            // SAFETY: register operations; `arch` proves Advanced SIMD.
            unsafe {
                let words = vmull_s8(vget_low_s8(c.last), vget_low_s8(weights[4]));
                *sums = [vaddw_s16(sums[0], vget_low_s16(words)), vaddw_high_s16(sums[1], words)];
            }
        }
        sums
    }
}

/// Products of 16-bit lanes.
pub(super) struct WordRows3<const STEP: usize>;

/// Packs weights for [`WordRows3`].
pub(super) fn pack_words(taps: &[ChannelTap]) -> Option<(Packed, usize)> {
    let mut packer = Packer::new();
    for &weight in taps.as_flattened() {
        for byte in (weight as i16).to_le_bytes() {
            packer.byte(i32::from(byte.cast_signed()));
        }
    }
    Some((packer.lines, 1))
}

impl<const STEP: usize> RowProducts<Neon, 3, 2> for WordRows3<STEP> {
    type Column = [int16x8_t; MAX_ROWS];
    type Weights = [int16x8_t; 9];
    const KEEPS: bool = STEP == 1;
    const AHEAD: bool = true;

    #[inline(always)]
    fn weights(arch: Neon, packed: &Packed) -> Self::Weights {
        let mut weights = [arch.zero_words(); 9];
        for (index, weights) in weights.iter_mut().enumerate() {
            // SAFETY: a register has sixteen bytes.
            *weights = unsafe { vld1q_s16(register(packed, index).cast()) };
        }
        weights
    }

    #[inline(always)]
    unsafe fn column(arch: Neon, sources: [*const u8; MAX_ROWS]) -> Self::Column {
        let mut rows = [arch.zero_words(); MAX_ROWS];
        for (row, source) in rows.iter_mut().zip(sources).take(3 + STEP) {
            // SAFETY: the caller vouches for the bytes.
            *row = arch.whole_words(unsafe { vmovl_s8(vld1_s8(source.cast())) });
        }
        rows
    }

    #[inline(always)]
    fn sums(
        arch: Neon,
        (bias, _): (&[i32; CHANNELS], &Packed),
        columns: [Self::Column; 3],
        weights: Self::Weights,
    ) -> [[int32x4_t; 2]; 2] {
        let mut sums = begin::<2>(bias);
        for (index, weights) in weights.into_iter().enumerate() {
            for (row, sums) in sums.iter_mut().enumerate() {
                let words = columns[index % 3][index / 3 + row * STEP];
                *sums = arch.add_word_products(*sums, words, weights);
                if index == 0 {
                    *sums = arch.begun(*sums);
                }
            }
        }
        sums
    }
}
