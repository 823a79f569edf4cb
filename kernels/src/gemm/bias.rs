//! Biases with everything folded in that does not depend on the activations.
//!
//! Where outputs are float32 the zero point is not known before a run, and biases are no integers: then the sums of the weights are
//! folded, and the epilogue takes them off as often as the zero point says.

use alloc::vec::Vec;
use core::ops::Range;

use super::geometry::Geometry;
use super::pack::PanelSource;
use super::spec::ConvSpec;
use crate::arch::LANES;
use crate::packed::{PackedLayout, PackedSlice, Packing, Unfit};

const BIAS: PackedLayout = PackedLayout::new("gemm.bias", 1);

/// The folded biases of a convolution: classes, then panels.
pub(crate) struct FoldedBias {
    lanes: PackedSlice<[i32; LANES]>,
    panels: usize,
}

impl FoldedBias {
    /// Folds the biases of every class and panel, or takes those that were packed before.
    ///
    /// # Errors
    /// There are not as many.
    pub(crate) fn new(
        spec: &ConvSpec<'_>,
        geometry: &Geometry,
        sources: &[PanelSource],
        packing: &mut Packing,
    ) -> Result<Self, Unfit> {
        let count = geometry.classes.len() * sources.len();
        let lanes = packing.buffer_of(&BIAS, count, || {
            let tap_sums: Vec<Vec<i32>> = (0..spec.parts.len()).map(|part| tap_sums(spec, part)).collect();
            let mut lanes = Vec::with_capacity(count);
            for class in &geometry.classes {
                lanes.extend(sources.iter().map(|&source| fold(spec, source, &tap_sums[source.part], &class.taps)));
            }
            lanes
        })?;
        Ok(Self { lanes, panels: sources.len() })
    }

    /// Those of all panels in a class.
    pub(crate) fn of_class(&self, class: usize) -> &[[i32; LANES]] {
        &self.lanes[class * self.panels..(class + 1) * self.panels]
    }

    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&self.lanes[..])
    }
}

/// Σ(w - wz) over the input channels, `[O, KH * KW]`, of a part.
fn tap_sums(spec: &ConvSpec<'_>, part: usize) -> Vec<i32> {
    let weights = &spec.parts[part].weights;
    let channels = spec.group_channels();
    let zero = (channels as i32).wrapping_mul(weights.signed_zero());
    let tap_sum = |tap: usize| (weights.sum(tap * channels..(tap + 1) * channels) as i32).wrapping_sub(zero);
    (0..weights.bytes.len() / channels).map(tap_sum).collect()
}

/// The bias of a panel's columns less what the input's zero point brings with the taps; the sums of the weights of those taps where
/// outputs are float32.
fn fold(spec: &ConvSpec<'_>, source: PanelSource, tap_sums: &[i32], taps: &[Range<usize>; 2]) -> [i32; LANES] {
    let [kernel_rows, kernel_columns] = spec.window.taps;
    let mut folded = [0i32; LANES];
    for (column, folded) in folded.iter_mut().enumerate().take(source.count) {
        let channel = source.first + column;
        let mut sum = 0i32;
        for row in taps[0].clone() {
            let first = (channel * kernel_rows + row) * kernel_columns;
            sum = tap_sums[first..][taps[1].clone()].iter().fold(sum, |sum, &tap| sum.wrapping_add(tap));
        }
        let bias = spec.parts[source.part].bias.get(channel).copied().unwrap_or(0);
        *folded = if spec.is_real() { sum } else { bias.wrapping_sub(sum.wrapping_mul(spec.input_zero)) };
    }
    folded
}
