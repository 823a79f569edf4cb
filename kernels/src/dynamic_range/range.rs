//! The range of a piece.

use crate::arch::{InstructionSet, Kernel};

/// Elements that are looked at side by side.
const BLOCK: usize = 64;

/// What a piece holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct PieceRange {
    /// The least number, at most 0.
    pub(super) min: f32,
    /// The greatest number, at least 0.
    pub(super) max: f32,
    /// Whether all elements are zeros. Those of other pieces with the range of 0 are NaN.
    pub(super) is_zero: bool,
}

impl PieceRange {
    /// Of no elements.
    pub(super) const EMPTY: Self = Self { min: 0.0, max: 0.0, is_zero: true };
    /// Bytes in memory.
    pub(super) const BYTES: usize = 12;

    /// Of the elements of both.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            min: if other.min < self.min { other.min } else { self.min },
            max: if other.max > self.max { other.max } else { self.max },
            is_zero: self.is_zero && other.is_zero,
        }
    }

    /// As bytes.
    pub(super) fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..4].copy_from_slice(&self.min.to_le_bytes());
        bytes[4..8].copy_from_slice(&self.max.to_le_bytes());
        bytes[8] = u8::from(self.is_zero);
        bytes
    }

    /// From [`PieceRange::to_bytes`].
    pub(super) fn of_bytes(bytes: &[u8; Self::BYTES]) -> Self {
        let word = |at: usize| f32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        Self { min: word(0), max: word(4), is_zero: bytes[8] != 0 }
    }
}

/// Elements whose range is wanted.
pub(super) struct RangeCall<'a> {
    /// Little-endian floats.
    pub(super) elements: &'a [[u8; 4]],
    /// The range.
    pub(super) range: &'a core::cell::Cell<PieceRange>,
}

/// An entry point.
///
/// # Safety
/// The CPU has the instruction set.
pub(super) type RangeFn = unsafe fn(&RangeCall<'_>);

/// The range of a piece: loops that compilers make vectors of.
pub(super) struct FindRange;

impl<A: InstructionSet> Kernel<A> for FindRange {
    type Call<'a> = RangeCall<'a>;

    /// # Safety
    /// As [`RangeFn`].
    #[inline(always)]
    unsafe fn run(_: A, call: &RangeCall<'_>) {
        let (mut min, mut max, mut bits) = ([0.0f32; BLOCK], [0.0f32; BLOCK], [0u32; BLOCK]);
        let (blocks, rest) = call.elements.as_chunks::<BLOCK>();
        for block in blocks {
            for lane in 0..BLOCK {
                let x = f32::from_le_bytes(block[lane]);
                min[lane] = if x < min[lane] { x } else { min[lane] };
                max[lane] = if x > max[lane] { x } else { max[lane] };
                bits[lane] |= x.to_bits();
            }
        }
        for (lane, &x) in rest.iter().enumerate() {
            let x = f32::from_le_bytes(x);
            min[lane] = if x < min[lane] { x } else { min[lane] };
            max[lane] = if x > max[lane] { x } else { max[lane] };
            bits[lane] |= x.to_bits();
        }
        let mut range = PieceRange::EMPTY;
        for lane in 0..BLOCK {
            // Without the sign, the bits of zeros are none.
            range = range.and(PieceRange { min: min[lane], max: max[lane], is_zero: bits[lane] << 1 == 0 });
        }
        call.range.set(range);
    }
}
