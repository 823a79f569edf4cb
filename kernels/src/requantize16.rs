//! From sums of 16-bit activations to stored outputs: the end of every 16x8 operator, sixteen channels at a time.
//!
//! The integer forms are an instruction set's own vectors, the float forms plain loops over sixteen lanes. Sums that fit 32
//! bits, as most do, are multiplied as such. All zero points are 0.

use alloc::boxed::Box;

use crate::arch::{LANES, Multipliers, Pairs16, WideMultipliers};
use crate::quantization::{Multiplier, of_channel};
use crate::requantize::{prepare_rescale, round};

/// From 64-bit sums, which some forms take the low 32 bits of, to the output scale; one entry for all channels or one for each.
#[derive(Clone, Copy, Debug)]
pub enum Requantize16<'a> {
    /// `(mantissa, shift)` as `QuantizeMultiplier` gives them, the shift within -31 to 14. The sum has 64 bits and is
    /// multiplied by the upper 16 bits of the mantissa, with one rounding.
    Wide(&'a [Multiplier]),
    /// The same with a shift within -31 to 31: the sum is cut to 32 bits and multiplied with two roundings.
    Narrow(&'a [Multiplier]),
    /// Real multipliers of a 64-bit sum, rounded once from `f64`.
    WideFloat(&'a [f64]),
    /// Real multipliers of a sum cut to 32 bits, rounded once from `f64`.
    NarrowFloat(&'a [f64]),
}

/// Range of an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range16 {
    /// Least value.
    pub min: i32,
    /// Greatest value.
    pub max: i32,
}

/// Sums cut to 32 bits of sixteen channels, scaled with two roundings.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
struct Narrow {
    /// Added first, wrapping.
    bias: [i32; LANES],
    multipliers: Multipliers,
}

/// Sums of sixteen channels times doubles, rounded once.
#[derive(Clone, Debug)]
struct Float {
    factor: [f64; LANES],
    /// Added first, wrapping.
    bias: [i64; LANES],
    /// Whether sums have 64 bits; else they are cut to 32.
    wide: bool,
}

/// How the sums of sixteen channels are scaled.
#[derive(Clone, Debug)]
enum Scale {
    Wide(Box<WideMultipliers>),
    Narrow(Box<Narrow>),
    Float(Box<Float>),
}

/// The requantization of sixteen channels.
#[derive(Clone, Debug)]
pub(crate) struct Requantizer16 {
    scale: Scale,
    range: Range16,
}

impl Requantizer16 {
    /// Channels from `first` on, as many as there are of the sixteen; other lanes are harmless. No bias means 0.
    ///
    /// # Panics
    /// A shift is out of range.
    pub(crate) fn new(
        requantize: Requantize16<'_>,
        bias: &[i64],
        range: Range16,
        first: usize,
        channels: usize,
    ) -> Self {
        let used = LANES.min(channels - first);
        let mut biases = [0; LANES];
        if !bias.is_empty() {
            biases[..used].copy_from_slice(&bias[first..first + used]);
        }
        let scale = match requantize {
            Requantize16::Wide(list) => wide(|lane| of_channel(list, first + lane), used, biases),
            Requantize16::Narrow(list) => narrow(|lane| of_channel(list, first + lane), used, biases),
            Requantize16::WideFloat(list) => float(list, [first, used], biases, true),
            Requantize16::NarrowFloat(list) => float(list, [first, used], biases, false),
        };
        Self { scale, range }
    }

    /// Outputs of sums without bias, all of 16 bits.
    #[inline(always)]
    pub(crate) fn apply<A: Pairs16>(&self, arch: A, sums: &[i64; LANES]) -> A::I32 {
        let scaled = match &self.scale {
            Scale::Wide(by) => arch.rescale_wide(sums, by),
            Scale::Narrow(by) => {
                let mut lanes = [0_i32; LANES];
                for (lane, &sum) in lanes.iter_mut().zip(sums) {
                    *lane = sum as i32;
                }
                by.apply(arch, &lanes)
            }
            Scale::Float(by) => by.apply(arch, sums),
        };
        self.clamp(arch, scaled)
    }

    /// [`Requantizer16::apply`] of sums that fit 32 bits.
    #[inline(always)]
    pub(crate) fn apply_narrow<A: Pairs16>(&self, arch: A, sums: &[i32; LANES]) -> A::I32 {
        let scaled = match &self.scale {
            // SAFETY: the array has sixteen values.
            Scale::Wide(by) => arch.rescale_narrow(unsafe { arch.load(sums.as_ptr()) }, by),
            Scale::Narrow(by) => by.apply(arch, sums),
            Scale::Float(by) => {
                let mut wider = [0_i64; LANES];
                for (wider, &sum) in wider.iter_mut().zip(sums) {
                    *wider = i64::from(sum);
                }
                by.apply(arch, &wider)
            }
        };
        self.clamp(arch, scaled)
    }

    /// A minimum after a maximum: the range may be inverted.
    #[inline(always)]
    fn clamp<A: Pairs16>(&self, arch: A, values: A::I32) -> A::I32 {
        arch.min(arch.max(values, arch.splat(self.range.min)), arch.splat(self.range.max))
    }
}

impl Narrow {
    #[inline(always)]
    fn apply<A: Pairs16>(&self, arch: A, sums: &[i32; LANES]) -> A::I32 {
        // SAFETY: the arrays have sixteen values each.
        let biased = unsafe { arch.add(arch.load(sums.as_ptr()), arch.load(self.bias.as_ptr())) };
        arch.rescale(biased, prepare_rescale(arch, &self.multipliers))
    }
}

impl Float {
    #[inline(always)]
    fn apply<A: Pairs16>(&self, arch: A, sums: &[i64; LANES]) -> A::I32 {
        let mut values = [0_i32; LANES];
        for lane in 0..LANES {
            let biased = sums[lane].wrapping_add(self.bias[lane]);
            let sum = if self.wide { biased as f64 } else { f64::from(biased as i32) };
            values[lane] = round(sum * self.factor[lane]);
        }
        // SAFETY: the array has sixteen values.
        unsafe { arch.load(values.as_ptr()) }
    }
}

fn wide(multiplier: impl Fn(usize) -> Multiplier, used: usize, bias: [i64; LANES]) -> Scale {
    let mut wide = WideMultipliers { offset: [0; LANES], shift: [1; LANES], factor: [0; LANES] };
    for (lane, &bias) in bias.iter().enumerate().take(used) {
        let Multiplier { mantissa, shift: exponent } = multiplier(lane);
        assert!((-31..=14).contains(&exponent) && mantissa >= 0, "a multiplier of {mantissa}, {exponent}");
        let factor = if mantissa < 0x7FFF_0000 { (mantissa + 0x8000) >> 16 } else { 0x7FFF };
        let shift = i64::from(15 - exponent);
        wide.factor[lane] = factor;
        wide.shift[lane] = shift;
        wide.offset[lane] = bias.wrapping_mul(i64::from(factor)).wrapping_add(1 << (shift - 1));
    }
    Scale::Wide(Box::new(wide))
}

fn narrow(multiplier: impl Fn(usize) -> Multiplier, used: usize, bias: [i64; LANES]) -> Scale {
    let mut narrow = Narrow { bias: bias.map(|bias| bias as i32), multipliers: Multipliers::default() };
    for lane in 0..used {
        let Multiplier { mantissa, shift } = multiplier(lane);
        assert!((-31..=31).contains(&shift) && mantissa > i32::MIN, "a multiplier of {mantissa}, {shift}");
        narrow.multipliers.set(lane, mantissa, shift);
    }
    Scale::Narrow(Box::new(narrow))
}

fn float(list: &[f64], [first, used]: [usize; 2], bias: [i64; LANES], wide: bool) -> Scale {
    let mut factor = [0.0; LANES];
    for (lane, factor) in factor.iter_mut().take(used).enumerate() {
        *factor = of_channel(list, first + lane);
    }
    Scale::Float(Box::new(Float { factor, bias, wide }))
}

/// Sums of sixteen channels as arrays.
#[inline(always)]
pub(crate) fn lanes<A: Pairs16, const N: usize>(arch: A, sums: &[A::I32; N]) -> [[i32; LANES]; N] {
    let mut lanes = [[0; LANES]; N];
    for (lanes, sums) in lanes.iter_mut().zip(sums) {
        // SAFETY: the array has sixteen values.
        unsafe { arch.store(lanes.as_mut_ptr(), *sums) }
    }
    lanes
}

/// Adds 32-bit sums to 64-bit ones. What is rarely done keeps to itself, so that loops around it need no registers for
/// the latter.
#[cold]
#[inline(never)]
pub(crate) fn add_to_totals(sums: &[[i32; LANES]], totals: &mut [[i64; LANES]]) {
    for (sums, totals) in sums.iter().zip(totals) {
        for (total, &sum) in totals.iter_mut().zip(sums) {
            *total += i64::from(sum);
        }
    }
}

/// Stores the first `count` of sixteen values.
///
/// # Safety
/// `target` is valid for writes of `count` values; `count <= 16`.
#[inline(always)]
pub(crate) unsafe fn store<T: Copy>(target: *mut T, values: &[T; LANES], count: usize) {
    // All sixteen at once are a vector, other counts a call.
    if count == LANES {
        // SAFETY: the caller vouches for sixteen values.
        unsafe { target.cast::<[T; LANES]>().write_unaligned(*values) }
    } else {
        // SAFETY: the caller vouches for `count` values.
        unsafe { core::ptr::copy_nonoverlapping(values.as_ptr(), target, count) }
    }
}
