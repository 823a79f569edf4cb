//! From accumulators to stored activations: the end of every convolution, sixteen channels at a time.

use core::ops::Range;

use crate::arch::{Arch, Clamp, LANES, Multipliers};
use crate::quantization::{Multiplier, OutputRange, Requantize};

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
    /// The clamp's lower end is the output zero point, so that negative sums all become it.
    Clamped,
    /// Both signs, sums of at most [`CALM`] in magnitude, no left shift.
    Rounded,
    /// Whatever the specification allows.
    General,
    /// One rounding of the product with a double, as FULLY_CONNECTED has it.
    Float(Box<[f64; LANES]>),
}

/// What decides how a vector of sums is scaled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// [`Requantizer::scale_clamped`].
    Clamped,
    /// [`Requantizer::scale_rounded`].
    Rounded,
    /// Only [`Requantizer::scale`].
    Any,
}

/// Largest magnitude of a sum whose double does not wrap, and that certainly does not wrap either once scaled
/// down and moved by a zero point.
pub(crate) const CALM: i64 = (1 << 30) - 1;

/// The requantization of sixteen channels.
#[derive(Clone, Debug)]
pub(crate) struct Requantizer {
    multipliers: Multipliers,
    /// Zero point, least and greatest output, and what is added last.
    ///
    /// The specification adds the file's zero point with wrap-around before it clamps, so a sum that
    /// may wrap is finished in the file's domain.
    range: OutputRange,
    finish: Finish,
    /// Whether [`Finish::Rounded`] would do.
    small: bool,
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
        let mut multipliers = Multipliers::default();
        let mut small = largest_sum <= CALM;
        let finish = match requantize {
            Requantize::Fixed(fixed) => {
                for (lane, channel) in used() {
                    let Multiplier { mantissa: value, shift } = fixed[if fixed.len() == 1 { 0 } else { channel }];
                    assert!((-31..=31).contains(&shift), "a multiplier's shift is {shift}");
                    multipliers.set(lane, value, shift);
                }
                small &= multipliers.left == [0; LANES];
                let clamped = range.min == range.zero && range.max >= range.min;
                if clamped && multipliers.right.iter().all(|&right| right >= 1) {
                    // A right shift leaves room for the zero point, whatever the sum is.
                    multipliers.round_clamped();
                    Finish::Clamped
                } else if small {
                    multipliers.round_small();
                    Finish::Rounded
                } else {
                    Finish::General
                }
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
            Finish::Clamped | Finish::Rounded => OutputRange { offset: 0, ..range },
            Finish::General | Finish::Float(_) => OutputRange {
                zero: range.zero - range.offset,
                min: range.min - range.offset,
                max: range.max - range.offset,
                offset: range.offset,
            },
        };
        Self { multipliers, range, small: small && !matches!(finish, Finish::Float(_)), finish }
    }

    /// What [`Requantizer::scale`] leaves to do.
    pub(crate) fn clamp(&self) -> Clamp {
        let OutputRange { zero, min, max, offset } = self.range;
        match self.finish {
            Finish::Clamped | Finish::Rounded => Clamp { zero, min, max },
            Finish::General | Finish::Float(_) => Clamp { zero: 0, min: min + offset, max: max + offset },
        }
    }

    /// Requantizes `N` vectors of sums, up to the zero point and the clamp of [`Requantizer::clamp`].
    ///
    /// There are no closures here or in the callers' loops: one that is not inlined would be compiled
    /// without the instruction set.
    #[inline(always)]
    pub(crate) fn scale<A: Arch, const N: usize>(&self, arch: A, lanes: [A::I32; N]) -> [A::I32; N] {
        match &self.finish {
            Finish::Clamped => self.scale_clamped(arch, lanes),
            Finish::Rounded => self.scale_rounded(arch, lanes),
            Finish::General => self.scale_general(arch, lanes),
            Finish::Float(scales) => self.scale_float(arch, scales, lanes),
        }
    }

    /// Which of the two fast forms may be asked for.
    pub(crate) fn form(&self) -> Form {
        match self.finish {
            Finish::Clamped => Form::Clamped,
            Finish::Rounded => Form::Rounded,
            Finish::General | Finish::Float(_) => Form::Any,
        }
    }

    /// Gives up what [`Finish::Clamped`] makes of negative sums; returns whether the form is [`Form::Rounded`] now.
    pub(crate) fn round_both_signs(&mut self) -> bool {
        if self.small {
            self.multipliers.round_small();
            self.finish = Finish::Rounded;
        }
        self.small
    }

    /// [`Requantizer::scale`] for [`Form::Clamped`].
    #[inline(always)]
    pub(crate) fn scale_clamped<A: Arch, const N: usize>(&self, arch: A, mut lanes: [A::I32; N]) -> [A::I32; N] {
        let by = arch.prepare_rescale_fast(&self.multipliers);
        for lane in &mut lanes {
            *lane = arch.rescale_clamped(*lane, by);
        }
        lanes
    }

    /// [`Requantizer::scale`] for [`Form::Rounded`].
    #[inline(always)]
    pub(crate) fn scale_rounded<A: Arch, const N: usize>(&self, arch: A, mut lanes: [A::I32; N]) -> [A::I32; N] {
        let by = arch.prepare_rescale_fast(&self.multipliers);
        for lane in &mut lanes {
            *lane = arch.rescale_small(*lane, by);
        }
        lanes
    }

    /// Requantizes and clamps `N` vectors of sums.
    #[inline(always)]
    pub(crate) fn apply<A: Arch, const N: usize>(&self, arch: A, lanes: [A::I32; N]) -> [A::I32; N] {
        let clamp = self.clamp();
        let (zero, min, max) = (arch.splat(clamp.zero), arch.splat(clamp.min), arch.splat(clamp.max));
        let mut lanes = self.scale(arch, lanes);
        for lane in &mut lanes {
            *lane = arch.min(arch.max(arch.add(*lane, zero), min), max);
        }
        lanes
    }

    /// The vectors are copied, so that only the copy lies in memory for the loop, which is not unrolled.
    #[inline(always)]
    fn scale_general<A: Arch, const N: usize>(&self, arch: A, lanes: [A::I32; N]) -> [A::I32; N] {
        let Multipliers { mantissa, left, right, .. } = &self.multipliers;
        // SAFETY: the arrays have sixteen values each.
        let (mantissa, left, right) =
            unsafe { (arch.load(mantissa.as_ptr()), arch.load(left.as_ptr()), arch.load(right.as_ptr())) };
        let by = arch.prepare_rescale(mantissa, left, right);
        let (zero, offset) = (arch.splat(self.range.zero), arch.splat(self.range.offset));
        let (min, max) = (arch.splat(self.range.min), arch.splat(self.range.max));
        let mut copies = lanes;
        for lane in &mut copies {
            let moved = arch.add(arch.rescale(*lane, by), zero);
            *lane = arch.add(arch.min(arch.max(moved, min), max), offset);
        }
        copies
    }

    #[inline(always)]
    fn scale_float<A: Arch, const N: usize>(&self, arch: A, scales: &[f64; LANES], lanes: [A::I32; N]) -> [A::I32; N] {
        let mut copies = lanes;
        for lane in &mut copies {
            let mut sums = Lanes::ZERO;
            // SAFETY: the array has sixteen values.
            unsafe { arch.store(sums.0.as_mut_ptr(), *lane) };
            self.round_once(scales, &mut sums);
            // SAFETY: as above.
            *lane = unsafe { arch.load(sums.0.as_ptr()) };
        }
        copies
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
}

/// The conversion of x86: what does not fit is the least value.
#[inline(always)]
fn truncate(value: f64) -> i32 {
    if (-2_147_483_648.0..2_147_483_648.0).contains(&value) { value as i32 } else { i32::MIN }
}
