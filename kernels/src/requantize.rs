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
        let lanes = core::array::from_fn(|lane| (lane < channels.len()).then_some(channels.start + lane));
        Self::of_lanes(requantize, range, lanes, largest_sum)
    }

    /// As [`Requantizer::new`], with the channel of each lane; lanes without one are padding.
    pub(crate) fn of_lanes(
        requantize: Requantize<'_>,
        range: OutputRange,
        channels: [Option<usize>; LANES],
        largest_sum: i64,
    ) -> Self {
        let used = || channels.into_iter().enumerate().filter_map(|(lane, channel)| Some((lane, channel?)));
        let (mut mantissa, mut left, mut right) = (Lanes::ZERO, Lanes::ZERO, Lanes::ZERO);
        let finish = match requantize {
            Requantize::Fixed(multipliers) => {
                for (lane, channel) in used() {
                    let (value, shift) = multipliers[if multipliers.len() == 1 { 0 } else { channel }];
                    assert!((-31..=31).contains(&shift), "a multiplier's shift is {shift}");
                    mantissa.0[lane] = value;
                    left.0[lane] = shift.max(0);
                    right.0[lane] = (-shift).max(0);
                }
                let rectified = range.min == range.zero && range.max >= range.min && left == Lanes::ZERO;
                // A right shift leaves room for the zero point, whatever the sum is.
                let calm = largest_sum <= CALM || used().all(|(lane, _)| right.0[lane] >= 1);
                if rectified && calm { Finish::Rectified } else { Finish::Signed }
            }
            Requantize::Float(scales) => {
                let mut lanes = [0.0; LANES];
                for (lane, channel) in used() {
                    lanes[lane] = scales[if scales.len() == 1 { 0 } else { channel }];
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

    /// Requantizes and clamps `N` vectors of sums.
    ///
    /// There are no closures here or in the callers' loops: one that is not inlined would be compiled
    /// without the instruction set.
    #[inline(always)]
    pub(crate) fn apply<A: Arch, const N: usize>(&self, arch: A, mut lanes: [A::I32; N]) -> [A::I32; N] {
        let (zero, max) = (arch.splat(self.range.zero), arch.splat(self.range.max));
        match &self.finish {
            Finish::Rectified => {
                let by = self.prepare_rectified(arch);
                for lane in &mut lanes {
                    let scaled = arch.rescale_nonnegative(arch.max(*lane, arch.splat(0)), by);
                    *lane = arch.min(arch.add(scaled, zero), max);
                }
            }
            Finish::Signed => {
                let by = self.prepare_signed(arch);
                let (min, offset) = (arch.splat(self.range.min), arch.splat(self.range.offset));
                for lane in &mut lanes {
                    let scaled = arch.add(arch.rescale(*lane, by), zero);
                    *lane = arch.add(arch.min(arch.max(scaled, min), max), offset);
                }
            }
            Finish::Float(scales) => {
                for lane in &mut lanes {
                    let mut sums = Lanes::ZERO;
                    // SAFETY: the array has sixteen values.
                    unsafe { arch.store(sums.0.as_mut_ptr(), *lane) };
                    self.round_once(scales, &mut sums);
                    // SAFETY: as above.
                    *lane = unsafe { arch.load(sums.0.as_ptr()) };
                }
            }
        }
        lanes
    }

    /// One rounding of each product with a double.
    #[inline(never)]
    fn round_once(&self, scales: &[f64; LANES], sums: &mut Lanes) {
        for (sum, scale) in sums.0.iter_mut().zip(scales) {
            let scaled = truncate((f64::from(*sum) * scale).round());
            let moved = scaled.wrapping_add(self.range.zero);
            *sum = moved.max(self.range.min).min(self.range.max) + self.range.offset;
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
