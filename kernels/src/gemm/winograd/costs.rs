//! What the phases of a convolution cost.

use super::super::spec::ConvSpec;
use super::patch::{POINTS, Patches};
use crate::arch::LANES;
use crate::memory::Line;

/// Costs of an instruction set, in dot products of the direct way: of four k of a row and panel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Costs {
    /// The products of a pair of channels at a point, of a patch and panel.
    pub(super) product: f64,
    /// The transform of sixteen input channels of a patch.
    pub(super) input: f64,
    /// The transform and the epilogue of a patch and panel.
    pub(super) output: f64,
    /// A line of transformed weights that comes from beyond the second-level cache, once.
    pub(super) line: f64,
    /// The epilogue of a row and panel of the direct way.
    pub(super) direct_output: f64,
}

impl Costs {
    /// How many times the cost of computing by way of points the direct way costs.
    pub(super) fn gain(&self, spec: &ConvSpec<'_>) -> f64 {
        let panels: usize = spec.parts.iter().map(|part| part.channels.div_ceil(LANES)).sum();
        let (patches, panels) = (Patches::new(spec).len() as f64, panels as f64);
        let [quads, pairs, vectors] = [4, 2, LANES].map(|lanes| spec.input.channels.div_ceil(lanes) as f64);
        let batch = spec.input.batch as f64;
        let rows = batch * (spec.output[0] * spec.output[1]) as f64;
        // The direct way skips taps in the padding.
        let taps = batch * spec.window.taps_inside([spec.input.height, spec.input.width], spec.output) as f64;
        let direct = panels * (taps * quads + rows * self.direct_output);
        let lines = POINTS as f64 * pairs;
        let of_panel = patches * (lines * self.product + self.output) + lines * self.line;
        direct / (panels * of_panel + patches * vectors * self.input)
    }
}

/// Bytes of the transformed weights of a convolution.
pub(super) fn weight_bytes(spec: &ConvSpec<'_>) -> usize {
    let panels: usize = spec.parts.iter().map(|part| part.channels.div_ceil(LANES)).sum();
    panels * POINTS * spec.input.channels.div_ceil(2) * size_of::<Line>()
}
