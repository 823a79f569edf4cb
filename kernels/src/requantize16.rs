//! From sums of 16-bit activations to stored outputs: the end of every 16x8 operator, sixteen channels at a time.
//!
//! Where sums have 64 bits, as they have by default, an instruction set's own vectors; else plain loops over sixteen
//! lanes. All zero points are 0.

use crate::arch::{LANES, Pairs16};

/// From 64-bit sums, which some forms take the low 32 bits of, to the output scale; one entry for all channels or one for each.
#[derive(Clone, Copy, Debug)]
pub enum Requantize16<'a> {
    /// `(mantissa, shift)` as `QuantizeMultiplier` gives them, the shift within -31 to 14. The sum has 64 bits and is
    /// multiplied by the upper 16 bits of the mantissa, with one rounding.
    Wide(&'a [(i32, i32)]),
    /// The same with a shift within -31 to 31: the sum is cut to 32 bits and multiplied with two roundings.
    Narrow(&'a [(i32, i32)]),
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

/// 64-bit sums of sixteen channels times 16-bit factors, rounded and shifted to the right.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub(crate) struct Wide {
    /// Added first.
    pub(crate) bias: [i64; LANES],
    /// 0 to 2^15.
    pub(crate) factor: [i64; LANES],
    /// Added to the products.
    pub(crate) round: [i64; LANES],
    /// 1 to 46.
    pub(crate) shift: [i64; LANES],
}

/// How the sums of sixteen channels are scaled.
#[derive(Clone, Debug)]
enum Scale {
    Wide(Box<Wide>),
    Narrow { mantissa: [i64; LANES], left: [u32; LANES], right: [u32; LANES] },
    Float { factor: [f64; LANES], wide: bool },
}

/// The end of sixteen channels.
#[derive(Clone, Debug)]
pub(crate) struct Ending16 {
    bias: [i64; LANES],
    scale: Scale,
    range: Range16,
}

impl Ending16 {
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
            Requantize16::Wide(list) => wide(|lane| pick(list, first + lane), used, biases),
            Requantize16::Narrow(list) => narrow(|lane| pick(list, first + lane), used),
            Requantize16::WideFloat(list) => Scale::Float { factor: floats(list, first, used), wide: true },
            Requantize16::NarrowFloat(list) => Scale::Float { factor: floats(list, first, used), wide: false },
        };
        Self { bias: biases, scale, range }
    }

    /// Outputs of sums without bias, all of 16 bits.
    #[inline(always)]
    pub(crate) fn apply<A: Pairs16>(&self, arch: A, sums: &[i64; LANES]) -> A::I32 {
        // A minimum after a maximum: the range may be inverted.
        let (least, greatest) = (arch.splat(self.range.min), arch.splat(self.range.max));
        if let Scale::Wide(by) = &self.scale {
            return arch.min(arch.max(arch.rescale_wide(sums, by), least), greatest);
        }
        let mut values = [0_i32; LANES];
        let mut biased = [0_i64; LANES];
        for lane in 0..LANES {
            biased[lane] = sums[lane].wrapping_add(self.bias[lane]);
        }
        match &self.scale {
            Scale::Wide(_) => {}
            Scale::Narrow { mantissa, left, right } => {
                for lane in 0..LANES {
                    let sum = i64::from((biased[lane] as i32).wrapping_shl(left[lane]));
                    // The high product's one overflow needs a mantissa of -2^31.
                    let high = (sum * mantissa[lane] + (1 << 30)) >> 31;
                    // Ties away from 0: those of negative values are pushed down by one where there is a shift.
                    let half = (1_i64 << right[lane]) >> 1;
                    let below = i64::from(high < 0) & half.min(1);
                    values[lane] = ((high + half - below) >> right[lane]) as i32;
                }
            }
            Scale::Float { factor, wide } => {
                for lane in 0..LANES {
                    let sum = if *wide { biased[lane] as f64 } else { f64::from(biased[lane] as i32) };
                    let rounded = (sum * factor[lane]).round();
                    let fits = rounded > -2_147_483_649.0 && rounded < 2_147_483_648.0;
                    values[lane] = if fits { rounded as i32 } else { i32::MIN };
                }
            }
        }
        // SAFETY: the array has sixteen values.
        let scaled = unsafe { arch.load(values.as_ptr()) };
        arch.min(arch.max(scaled, least), greatest)
    }
}

fn pick<T: Copy>(list: &[T], channel: usize) -> T {
    list[if list.len() == 1 { 0 } else { channel }]
}

fn wide(multiplier: impl Fn(usize) -> (i32, i32), used: usize, bias: [i64; LANES]) -> Scale {
    let mut wide = Wide { bias, factor: [0; LANES], round: [0; LANES], shift: [1; LANES] };
    for lane in 0..used {
        let (mantissa, exponent) = multiplier(lane);
        assert!((-31..=14).contains(&exponent) && mantissa >= 0, "a multiplier of {mantissa}, {exponent}");
        wide.factor[lane] = if mantissa < 0x7FFF_0000 { i64::from((mantissa + 0x8000) >> 16) } else { 0x7FFF };
        wide.shift[lane] = i64::from(15 - exponent);
        wide.round[lane] = 1_i64 << (wide.shift[lane] - 1);
    }
    Scale::Wide(Box::new(wide))
}

fn narrow(multiplier: impl Fn(usize) -> (i32, i32), used: usize) -> Scale {
    let (mut mantissa, mut left, mut right) = ([0; LANES], [0; LANES], [0; LANES]);
    for lane in 0..used {
        let (value, exponent) = multiplier(lane);
        assert!((-31..=31).contains(&exponent) && value > i32::MIN, "a multiplier of {value}, {exponent}");
        mantissa[lane] = i64::from(value);
        left[lane] = exponent.max(0) as u32;
        right[lane] = (-exponent).max(0) as u32;
    }
    Scale::Narrow { mantissa, left, right }
}

fn floats(list: &[f64], first: usize, used: usize) -> [f64; LANES] {
    let mut factors = [0.0; LANES];
    for (lane, factor) in factors.iter_mut().take(used).enumerate() {
        *factor = pick(list, first + lane);
    }
    factors
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
