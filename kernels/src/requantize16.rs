//! From sums of 16-bit activations to stored outputs: the end of every 16x8 operator, sixteen channels at a time.
//!
//! Plain loops over sixteen lanes, which become vector code where they are inlined into a `#[target_feature]` shell:
//! beside the products before them they are few. All zero points are 0.

use crate::arch::LANES;

/// From 64-bit sums to the output scale; one entry for all channels or one for each.
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

/// How the sums of sixteen channels are scaled.
#[derive(Clone, Debug)]
enum Scale {
    Wide { factor: [i64; LANES], round: [i64; LANES], shift: [u32; LANES] },
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
            Requantize16::Wide(list) => wide(|lane| pick(list, first + lane), used),
            Requantize16::Narrow(list) => narrow(|lane| pick(list, first + lane), used),
            Requantize16::WideFloat(list) => Scale::Float { factor: floats(list, first, used), wide: true },
            Requantize16::NarrowFloat(list) => Scale::Float { factor: floats(list, first, used), wide: false },
        };
        Self { bias: biases, scale, range }
    }

    /// Outputs of sums without bias.
    #[inline(always)]
    pub(crate) fn apply(&self, sums: &[i64; LANES]) -> [i16; LANES] {
        let mut values = [0_i32; LANES];
        let mut biased = [0_i64; LANES];
        for lane in 0..LANES {
            biased[lane] = sums[lane].wrapping_add(self.bias[lane]);
        }
        match &self.scale {
            Scale::Wide { factor, round, shift } => {
                for lane in 0..LANES {
                    let product = biased[lane].wrapping_mul(factor[lane]).wrapping_add(round[lane]);
                    values[lane] = (product >> shift[lane]) as i32;
                }
            }
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
        let mut outputs = [0_i16; LANES];
        for lane in 0..LANES {
            // A minimum after a maximum: the range may be inverted.
            outputs[lane] = values[lane].max(self.range.min).min(self.range.max) as i16;
        }
        outputs
    }
}

fn pick<T: Copy>(list: &[T], channel: usize) -> T {
    list[if list.len() == 1 { 0 } else { channel }]
}

fn wide(multiplier: impl Fn(usize) -> (i32, i32), used: usize) -> Scale {
    let (mut factor, mut round, mut shift) = ([0; LANES], [0; LANES], [1; LANES]);
    for lane in 0..used {
        let (mantissa, exponent) = multiplier(lane);
        assert!((-31..=14).contains(&exponent) && mantissa >= 0, "a multiplier of {mantissa}, {exponent}");
        factor[lane] = if mantissa < 0x7FFF_0000 { i64::from((mantissa + 0x8000) >> 16) } else { 0x7FFF };
        shift[lane] = (15 - exponent) as u32;
        round[lane] = 1_i64 << (shift[lane] - 1);
    }
    Scale::Wide { factor, round, shift }
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
