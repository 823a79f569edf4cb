//! The end of a tile whose outputs are float32: convolutions of dynamic range.
//!
//! The activations' scale and zero point are known in a run alone. Sums come without any zero point; it is taken off with the sum of
//! the weights of the border class. Then each step of floats is rounded once, in the order that the operator has
//! ([`RealOrder`]). Lanes are columns, and the loops over them become vector code.

use core::ops::Range;

use crate::activation_scale::ActivationScale;
use crate::arch::LANES;
use crate::memory::Input;
use crate::quantization::{RealOrder, RealScales, of_channel};

/// From sums to float32, of the columns of a panel.
#[derive(Clone, Debug)]
pub(crate) struct RealPanel {
    weights: [f32; LANES],
    /// -0 where there is none that is added, as that changes no number.
    bias: [f32; LANES],
    /// Added before the bias.
    start: f32,
    order: RealOrder,
    range: [f32; 2],
}

impl RealPanel {
    /// That of channels `channels`, at most sixteen; the other lanes are harmless padding.
    pub(crate) fn new(scales: RealScales<'_>, channels: Range<usize>) -> Self {
        let RealScales { weights, bias, order, range } = scales;
        let absent = if order == RealOrder::Rows { 0.0 } else { -0.0 };
        let start = if order == RealOrder::Together { 0.0 } else { -0.0 };
        let mut panel = Self { weights: [1.0; LANES], bias: [absent; LANES], start, order, range };
        for (lane, channel) in channels.enumerate() {
            panel.weights[lane] = of_channel(weights, channel);
            panel.bias[lane] = bias.get(channel).copied().unwrap_or(absent);
        }
        panel
    }
}

/// How activations were quantized, and what zero points are multiplied with.
#[derive(Clone, Copy)]
pub(crate) struct Reals<'a> {
    /// Of rows of as many output pixels each; empty where outputs are no floats.
    scales: &'a [[u8; ActivationScale::BYTES]],
    row_pixels: usize,
    /// Sums of the weights, of each panel; empty where sums have no zero point in them.
    weight_sums: &'a [[i32; LANES]],
}

impl<'a> Reals<'a> {
    /// For outputs that are no floats.
    pub(crate) const NONE: Self = Self { scales: &[], row_pixels: 1, weight_sums: &[] };

    /// `count` scales for `pixels` output pixels, which they share evenly.
    ///
    /// # Panics
    /// They cannot.
    pub(crate) fn new(scales: Input<'a>, [count, pixels]: [usize; 2], weight_sums: &'a [[i32; LANES]]) -> Self {
        let bytes = count * ActivationScale::BYTES;
        assert!(scales.len() >= bytes, "scales of {} bytes", scales.len());
        assert!(count > 0 && pixels.is_multiple_of(count), "{count} scales for {pixels} pixels");
        // SAFETY: inside the view; the caller of the layer vouches that nobody writes its inputs.
        let scales = unsafe { scales.run(0, bytes) }.as_chunks().0;
        Self { scales, row_pixels: pixels / count, weight_sums }
    }

    /// Whether outputs are no floats.
    pub(crate) fn is_none(&self) -> bool {
        self.scales.is_empty()
    }

    /// With the sums of these panels alone.
    #[inline]
    pub(crate) fn of_panels(self, panels: Range<usize>) -> Self {
        Self { weight_sums: self.weight_sums.get(panels).unwrap_or(&[]), ..self }
    }

    /// That of an output pixel.
    #[inline(always)]
    pub(crate) fn of_pixel(&self, pixel: usize) -> ActivationScale {
        let row = if self.scales.len() == 1 { 0 } else { pixel / self.row_pixels };
        ActivationScale::of_bytes(self.scales[row])
    }
}

/// Where the floats of a row and a panel go.
pub(crate) struct Target {
    /// Output pixel.
    pub(crate) pixel: usize,
    /// Position of the panel among those of the tile.
    pub(crate) panel: usize,
    /// The panel's first column of the pixel.
    pub(crate) address: *mut u8,
    /// Columns.
    pub(crate) count: usize,
}

/// Makes the sums of a row and a panel floats, and stores them.
///
/// # Safety
/// The target's columns are writable, and nobody else touches them.
#[inline(always)]
pub(crate) unsafe fn store(by: &RealPanel, reals: &Reals<'_>, target: &Target, mut sums: [i32; LANES]) {
    let ActivationScale { scale, zero } = reals.of_pixel(target.pixel);
    if let Some(weight_sums) = reals.weight_sums.get(target.panel) {
        for (sum, weights) in sums.iter_mut().zip(weight_sums) {
            *sum = sum.wrapping_sub(zero.wrapping_mul(*weights));
        }
    }
    let values = match by.order {
        RealOrder::WeightsFirst => scale_weights_first(by, scale, sums),
        // What is left is the bias: nothing is added to it but -0.
        RealOrder::Rows if scale.is_nan() => finish(by, [-0.0; LANES]),
        RealOrder::Rows | RealOrder::Together => scale_together(by, scale, sums),
    };
    // SAFETY: the caller vouches for the output.
    unsafe {
        if target.count == LANES {
            target.address.cast::<[f32; LANES]>().write_unaligned(values);
        } else {
            let bytes = size_of::<f32>() * target.count;
            values.as_ptr().cast::<u8>().copy_to_nonoverlapping(target.address, bytes);
        }
    }
}

/// `acc · (s · sw)`, and what follows.
#[inline(always)]
fn scale_together(by: &RealPanel, scale: f32, sums: [i32; LANES]) -> [f32; LANES] {
    let mut values = by.weights;
    for (value, sum) in values.iter_mut().zip(sums) {
        *value = sum as f32 * (scale * *value);
    }
    finish(by, values)
}

/// `(acc · sw) · s`, and what follows.
#[inline(always)]
fn scale_weights_first(by: &RealPanel, scale: f32, sums: [i32; LANES]) -> [f32; LANES] {
    let mut values = by.weights;
    for (value, sum) in values.iter_mut().zip(sums) {
        *value = sum as f32 * *value * scale;
    }
    finish(by, values)
}

/// Adds the bias and clamps; NaN becomes the one NaN.
#[inline(always)]
fn finish(by: &RealPanel, mut values: [f32; LANES]) -> [f32; LANES] {
    let [low, high] = by.range;
    for (value, bias) in values.iter_mut().zip(by.bias) {
        let sum = by.start + *value + bias;
        let number = if sum.is_nan() { f32::NAN } else { sum };
        let above = if low > number { low } else { number };
        *value = if high < above { high } else { above };
    }
    values
}
