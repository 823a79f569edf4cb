//! From accumulators to stored activations: the end of every convolution, sixteen channels at a time.

use core::ops::Range;

use crate::arch::{Arch, LANES};
use crate::gemm::Requantize;

/// Sixteen values, one for each channel, on a cache line of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(64))]
pub(crate) struct Lanes(pub(crate) [i32; LANES]);

impl Lanes {
    /// All 0.
    pub(crate) const ZERO: Self = Self([0; LANES]);
}

/// How accumulators become outputs.
#[derive(Clone, Debug)]
pub(crate) enum Finish {
    /// The clamp's lower end is the output zero point, so that negative sums all become it:
    /// requantization may assume sums of at least 0.
    Rectified,
    /// Both signs.
    Signed,
    /// One rounding of the product with a double, as FULLY_CONNECTED has it.
    Float(Box<[f64; LANES]>),
}

/// Zero point and range of an output, stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OutputRange {
    /// Zero point.
    pub(crate) zero: i32,
    /// Least value.
    pub(crate) min: i32,
    /// Greatest value.
    pub(crate) max: i32,
    /// What stored values have more than the file's.
    pub(crate) offset: i32,
}

/// Largest magnitude of a sum that certainly does not wrap once scaled down and moved by a zero point.
const CALM: i64 = 1 << 30;

/// The requantization of sixteen channels.
#[derive(Clone, Debug)]
pub(crate) struct Requantizer {
    mantissa: Lanes,
    left: Lanes,
    right: Lanes,
    /// Zero point, least and greatest output, and what is added last.
    ///
    /// The specification adds the file's zero point with wrap-around before it clamps, so a sum that
    /// may wrap is finished in the file's domain.
    range: OutputRange,
    finish: Finish,
}

impl Requantizer {
    /// Channels `channels`, at most sixteen, of sums whose magnitude is at most `largest_sum`; the
    /// other lanes are harmless padding.
    pub(crate) fn new(
        requantize: Requantize<'_>,
        range: OutputRange,
        channels: Range<usize>,
        largest_sum: i64,
    ) -> Self {
        let (first, count) = (channels.start, channels.len());
        let (mut mantissa, mut left, mut right) = (Lanes::ZERO, Lanes::ZERO, Lanes::ZERO);
        let finish = match requantize {
            Requantize::Fixed(multipliers) => {
                for lane in 0..count {
                    let (value, shift) = multipliers[if multipliers.len() == 1 { 0 } else { first + lane }];
                    assert!((-31..=31).contains(&shift), "a multiplier's shift is {shift}");
                    mantissa.0[lane] = value;
                    left.0[lane] = shift.max(0);
                    right.0[lane] = (-shift).max(0);
                }
                let rectified = range.min == range.zero && range.max >= range.min && left == Lanes::ZERO;
                // A right shift leaves room for the zero point, whatever the sum is.
                let calm = largest_sum <= CALM || right.0[..count].iter().all(|&right| right >= 1);
                if rectified && calm { Finish::Rectified } else { Finish::Signed }
            }
            Requantize::Float(scales) => {
                let mut lanes = [0.0; LANES];
                for (lane, scale) in lanes.iter_mut().enumerate().take(count) {
                    *scale = scales[if scales.len() == 1 { 0 } else { first + lane }];
                }
                Finish::Float(Box::new(lanes))
            }
        };
        let range = match finish {
            Finish::Rectified => OutputRange { offset: 0, ..range },
            _ => OutputRange {
                zero: range.zero - range.offset,
                min: range.min - range.offset,
                max: range.max - range.offset,
                offset: range.offset,
            },
        };
        Self { mantissa, left, right, range, finish }
    }

    /// Requantizes the sums `0..count` and hands each, clamped, to `store`.
    ///
    /// Which finish applies is decided once, outside the loop.
    #[inline(always)]
    pub(crate) fn apply<A: Arch>(
        &self,
        arch: A,
        count: usize,
        sum: impl Fn(usize) -> A::I32,
        mut store: impl FnMut(usize, A::I32),
    ) {
        let (zero, max) = (arch.splat(self.range.zero), arch.splat(self.range.max));
        match &self.finish {
            Finish::Rectified => {
                let by = self.prepare_rectified(arch);
                for i in 0..count {
                    let scaled = arch.rescale_nonnegative(arch.max(sum(i), arch.splat(0)), by);
                    store(i, arch.min(arch.add(scaled, zero), max));
                }
            }
            Finish::Signed => {
                let by = self.prepare_signed(arch);
                let (min, offset) = (arch.splat(self.range.min), arch.splat(self.range.offset));
                for i in 0..count {
                    let scaled = arch.add(arch.rescale(sum(i), by), zero);
                    store(i, arch.add(arch.min(arch.max(scaled, min), max), offset));
                }
            }
            Finish::Float(scales) => {
                for i in 0..count {
                    let mut lanes = Lanes::ZERO;
                    // SAFETY: the array has sixteen values.
                    unsafe { arch.store(lanes.0.as_mut_ptr(), sum(i)) };
                    for (lane, scale) in lanes.0.iter_mut().zip(scales.iter()) {
                        let scaled = truncate((f64::from(*lane) * scale).round());
                        let moved = scaled.wrapping_add(self.range.zero);
                        *lane = moved.max(self.range.min).min(self.range.max) + self.range.offset;
                    }
                    // SAFETY: as above.
                    store(i, unsafe { arch.load(lanes.0.as_ptr()) });
                }
            }
        }
    }

    #[inline(always)]
    fn prepare_rectified<A: Arch>(&self, arch: A) -> A::RescaleNonnegative {
        // SAFETY: the arrays have sixteen values each.
        unsafe {
            arch.prepare_rescale_nonnegative(arch.load(self.mantissa.0.as_ptr()), arch.load(self.right.0.as_ptr()))
        }
    }

    #[inline(always)]
    fn prepare_signed<A: Arch>(&self, arch: A) -> A::Rescale {
        // SAFETY: the arrays have sixteen values each.
        unsafe {
            arch.prepare_rescale(
                arch.load(self.mantissa.0.as_ptr()),
                arch.load(self.left.0.as_ptr()),
                arch.load(self.right.0.as_ptr()),
            )
        }
    }
}

/// The conversion of x86: what does not fit is the least value.
#[inline(always)]
fn truncate(value: f64) -> i32 {
    if (-2_147_483_648.0..2_147_483_648.0).contains(&value) { value as i32 } else { i32::MIN }
}
