//! Requantization multipliers of sixteen channels and the constants that make both of their roundings one floor.
//!
//! The specification rounds twice: with `h = (x·m + 2^30) >> 31`, the result is
//! `(h + 2^(e-1) - [h < 0]) >> e`, and `h` when `e = 0`. All shifts are floors, and floors of floors are one:
//!
//! ```text
//! x >= 0, e >= 1:   (x·m + 2^30 + 2^(30+e)) >> (31 + e)              its high half, shifted by e - 1
//! any x:            (high half of (2x·m + 2^31 + 2^(31+e)) - [x < 0]) >> e       e = 0: without 2^(31+e) and [x < 0]
//! ```
//!
//! `[x < 0]` stands for `[h < 0]`: they differ only where `h` is 0, and then the result is 0 with either.

/// Lanes of every vector.
pub(crate) const LANES: usize = 16;

/// Multipliers of sixteen channels.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub(crate) struct Multipliers {
    /// Mantissas, 0 or from `2^30` up.
    pub(crate) mantissa: [i32; LANES],
    /// Left shifts.
    pub(crate) left: [i32; LANES],
    /// Right shifts, `e` above.
    pub(crate) right: [i32; LANES],
    /// What is added to the 64-bit products of even lanes, and of odd ones.
    pub(crate) round: [[i64; LANES / 2]; 2],
    /// How far the high halves are shifted.
    pub(crate) shift: [i32; LANES],
}

/// Requantization of sixteen channels in floats, where that is proven to be exact: see [`super::Arch::rescale_float`].
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub(crate) struct FloatMultipliers {
    /// What sums are multiplied with.
    pub(crate) scale: [f32; LANES],
    /// What is added, the zero point included: to sums of at least 0, and to those below.
    pub(crate) offsets: [[f32; LANES]; 2],
}

impl FloatMultipliers {
    /// Lanes that nobody uses: any sum becomes 0.
    pub(crate) const ZERO: Self = Self { scale: [0.0; LANES], offsets: [[0.0; LANES]; 2] };
}

impl Default for Multipliers {
    /// Lanes that nobody uses: any sum becomes 0.
    fn default() -> Self {
        let zeros = [0; LANES];
        Self { mantissa: zeros, left: zeros, right: [1; LANES], round: [[0; LANES / 2]; 2], shift: zeros }
    }
}

impl Multipliers {
    /// Sets a lane's multiplier; a positive shift is to the left.
    pub(crate) fn set(&mut self, lane: usize, mantissa: i32, shift: i32) {
        self.mantissa[lane] = mantissa;
        self.left[lane] = shift.max(0);
        self.right[lane] = (-shift).max(0);
    }

    /// Chooses the rounding of [`super::vector::Arch::rescale_clamped`].
    pub(crate) fn round_clamped(&mut self) {
        for lane in 0..LANES {
            let right = self.right[lane];
            assert!(right >= 1, "a right shift is {right}");
            self.round[lane % 2][lane / 2] = (1 << 30) + (1i64 << (30 + right));
            self.shift[lane] = right - 1;
        }
    }

    /// Chooses the rounding of [`super::vector::Arch::rescale_small`].
    pub(crate) fn round_small(&mut self) {
        for lane in 0..LANES {
            let right = self.right[lane];
            self.round[lane % 2][lane / 2] = (1 << 31) + if right == 0 { 0 } else { 1i64 << (31 + right) };
            self.shift[lane] = right;
        }
    }
}
