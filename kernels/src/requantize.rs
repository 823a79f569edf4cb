//! From accumulators to stored activations: the end of every convolution, sixteen channels at a time.

use alloc::boxed::Box;
use core::ops::Range;

use crate::arch::{Arch, Clamp, FloatMultipliers, LANES, Multipliers};
#[cfg(not(any(feature = "std", test)))]
use crate::float::Float;
use crate::float_scale::fit;
use crate::quantization::{Multiplier, OutputRange, Requantize, of_channel};

/// Sixteen values, one for each channel, on a cache line of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(64))]
pub(crate) struct Lanes(pub(crate) [i32; LANES]);

impl Lanes {
    /// All 0.
    pub(crate) const ZERO: Self = Self([0; LANES]);
}

/// How accumulators become outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// The clamp's lower end is the output zero point, so that negative sums all become it.
    Clamped,
    /// Both signs, sums of at most [`MAX_NON_WRAPPING`] in magnitude, no left shift.
    Rounded,
    /// Whatever the specification allows.
    General,
    /// One rounding of the product with a double, as FULLY_CONNECTED has it.
    Float,
    /// One multiplication and addition of floats, which is proven to give the same; see [`Requantizer::proven_floats`].
    ProvenFloat,
    /// The same, where what is added depends on the sign of the sum.
    ProvenSigned,
    /// None: outputs are float32, and the epilogue of convolutions makes them.
    Real,
}

/// Largest magnitude of a sum whose double does not wrap, and that certainly does not wrap either once scaled
/// down and moved by a zero point.
pub(crate) const MAX_NON_WRAPPING: i64 = (1 << 30) - 1;

/// The requantization of sixteen channels.
#[derive(Clone, Debug)]
pub(crate) struct Requantizer {
    multipliers: Multipliers,
    /// Zero point, least and greatest output, and what is added last.
    ///
    /// The specification adds the file's zero point with wrap-around before it clamps, so a sum that
    /// may wrap is finished in the file's domain.
    range: OutputRange,
    form: Form,
    /// Real multipliers of [`Form::Float`]; none in the other forms.
    factors: Box<[f64]>,
    /// Whether [`Form::Rounded`] would do.
    small: bool,
    /// What [`Form::ProvenFloat`] multiplies with and adds; none in the other forms.
    floats: Option<Box<FloatMultipliers>>,
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
        let mut small = largest_sum <= MAX_NON_WRAPPING;
        let mut factors = Box::default();
        let form = match requantize {
            Requantize::Fixed(fixed) => {
                for (lane, channel) in used() {
                    let Multiplier { mantissa: value, shift } = of_channel(fixed, channel);
                    assert!((-31..=31).contains(&shift), "a multiplier's shift is {shift}");
                    multipliers.set(lane, value, shift);
                }
                small &= multipliers.left == [0; LANES];
                let clamped = range.min == range.zero && range.max >= range.min;
                if clamped && multipliers.right.iter().all(|&right| right >= 1) {
                    // A right shift leaves room for the zero point, whatever the sum is.
                    multipliers.round_clamped();
                    Form::Clamped
                } else if small {
                    multipliers.round_small();
                    Form::Rounded
                } else {
                    Form::General
                }
            }
            Requantize::Float(scales) => {
                let mut lanes = [0.0; LANES];
                for (lane, channel) in used() {
                    lanes[lane] = of_channel(scales, channel);
                }
                factors = Box::new(lanes);
                Form::Float
            }
            Requantize::Real(_) => Form::Real,
        };
        let range = match form {
            Form::Clamped | Form::Rounded | Form::ProvenFloat | Form::ProvenSigned => {
                OutputRange { offset: 0, ..range }
            }
            Form::General | Form::Float | Form::Real => OutputRange {
                zero: range.zero - range.offset,
                min: range.min - range.offset,
                max: range.max - range.offset,
                offset: range.offset,
            },
        };
        Self {
            multipliers,
            range,
            small: small && !matches!(form, Form::Float | Form::Real),
            form,
            factors,
            floats: None,
        }
    }

    /// The floats that give the same output for every sum that a channel can have, of at most `largest_sums` in magnitude, one for
    /// each channel; `None` where there is no proof. Stored values are unsigned.
    pub(crate) fn proven_floats(
        &self,
        requantize: Requantize<'_>,
        channels: Range<usize>,
        largest_sums: &[i64],
    ) -> Option<FloatMultipliers> {
        let Requantize::Fixed(multipliers) = requantize else { return None };
        if !matches!(self.form, Form::Clamped | Form::Rounded) {
            return None;
        }
        let mut floats = FloatMultipliers::ZERO;
        for (lane, (channel, &largest)) in channels.zip(largest_sums).enumerate() {
            let found = fit(of_channel(multipliers, channel), self.range, largest)?;
            floats.scale[lane] = found.scale;
            for (offsets, offset) in floats.offsets.iter_mut().zip(found.offsets) {
                offsets[lane] = offset;
            }
        }
        Some(floats)
    }

    /// Changes to [`Form::ProvenFloat`] or [`Form::ProvenSigned`] where there are floats for it.
    pub(crate) fn scale_in_floats(&mut self, floats: Option<FloatMultipliers>) {
        self.floats = floats.filter(|_| matches!(self.form, Form::Clamped | Form::Rounded)).map(Box::new);
    }

    /// Whether sums are scaled in floats that are proven.
    pub(crate) fn in_floats(&self) -> bool {
        self.floats.is_some()
    }

    /// Goes back to the form in integers.
    pub(crate) fn forget_floats(&mut self) {
        self.floats = None;
    }

    /// What [`Requantizer::scale`] leaves to do.
    pub(crate) fn clamp(&self) -> Clamp {
        let OutputRange { zero, min, max, offset } = self.range;
        match self.form {
            // In floats, the zero point is in what is added already.
            _ if self.in_floats() => Clamp { zero: 0, min, max },
            Form::Clamped | Form::Rounded | Form::ProvenFloat | Form::ProvenSigned => Clamp { zero, min, max },
            Form::General | Form::Float | Form::Real => Clamp { zero: 0, min: min + offset, max: max + offset },
        }
    }

    /// Requantizes `N` vectors of sums in integers, up to the zero point and the clamp of [`Requantizer::clamp`]. Only the
    /// epilogue that asked for proofs knows the forms in floats: code for them would take registers here.
    ///
    /// There are no closures here or in the callers' loops: one that is not inlined would be compiled
    /// without the instruction set.
    #[inline(always)]
    pub(crate) fn scale<A: Arch, const N: usize>(&self, arch: A, lanes: [A::I32; N]) -> [A::I32; N] {
        debug_assert!(!self.in_floats(), "an epilogue that knows the forms in floats");
        match self.form {
            Form::Clamped => self.scale_clamped(arch, lanes),
            Form::Rounded | Form::ProvenFloat | Form::ProvenSigned => self.scale_rounded(arch, lanes),
            Form::General => self.scale_general(arch, lanes),
            Form::Float => self.scale_float(arch, lanes),
            Form::Real => lanes,
        }
    }

    /// How sums are scaled.
    pub(crate) fn form(&self) -> Form {
        match &self.floats {
            None => self.form,
            Some(floats) if floats.offsets[0] == floats.offsets[1] => Form::ProvenFloat,
            Some(_) => Form::ProvenSigned,
        }
    }

    /// Gives up what [`Form::Clamped`] makes of negative sums; returns whether the form is [`Form::Rounded`] now.
    pub(crate) fn round_both_signs(&mut self) -> bool {
        if self.small {
            self.multipliers.round_small();
            self.form = Form::Rounded;
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

    /// [`Requantizer::scale`] for [`Form::ProvenSigned`], and without `SIGNED` for [`Form::ProvenFloat`].
    #[inline(always)]
    pub(crate) fn scale_proven<A: Arch, const N: usize, const SIGNED: bool>(
        &self,
        arch: A,
        mut lanes: [A::I32; N],
    ) -> [A::I32; N] {
        let floats = self.floats.as_ref().expect("a form with floats");
        for lane in &mut lanes {
            *lane = arch.rescale_float::<SIGNED>(*lane, floats);
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
        let by = prepare_rescale(arch, &self.multipliers);
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
    fn scale_float<A: Arch, const N: usize>(&self, arch: A, lanes: [A::I32; N]) -> [A::I32; N] {
        let mut copies = lanes;
        for lane in &mut copies {
            let mut sums = Lanes::ZERO;
            // SAFETY: the array has sixteen values.
            unsafe { arch.store(sums.0.as_mut_ptr(), *lane) };
            self.round_once(&mut sums);
            // SAFETY: as above.
            *lane = unsafe { arch.load(sums.0.as_ptr()) };
        }
        copies
    }

    /// One rounding of each product with a double.
    #[inline(never)]
    fn round_once(&self, sums: &mut Lanes) {
        for (sum, factor) in sums.0.iter_mut().zip(&self.factors) {
            let scaled = round(f64::from(*sum) * factor);
            let moved = scaled.wrapping_add(self.range.zero);
            *sum = moved.max(self.range.min).min(self.range.max) + self.range.offset;
        }
    }
}

/// Multipliers in the form of [`Arch::rescale`].
#[inline(always)]
pub(crate) fn prepare_rescale<A: Arch>(arch: A, multipliers: &Multipliers) -> A::Rescale {
    let Multipliers { mantissa, left, right, .. } = multipliers;
    // SAFETY: the arrays have sixteen values each.
    let [mantissa, left, right] =
        unsafe { [arch.load(mantissa.as_ptr()), arch.load(left.as_ptr()), arch.load(right.as_ptr())] };
    arch.prepare_rescale(mantissa, left, right)
}

/// One rounding, and the conversion of x86: what does not fit is the least value.
#[inline(always)]
pub(crate) fn round(value: f64) -> i32 {
    let rounded = value.round();
    if (-2_147_483_648.0..2_147_483_648.0).contains(&rounded) { rounded as i32 } else { i32::MIN }
}
