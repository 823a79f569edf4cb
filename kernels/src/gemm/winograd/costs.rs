//! What the phases of a convolution cost.

use super::super::spec::ConvSpec;
use super::partition::Cut;
use super::patch::POINTS;
use crate::arch::LANES;
use crate::window::spans;

/// Costs of an instruction set, in dot products of the direct way: of four k of a row and panel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Costs {
    /// The products of a pair of channels at a point, of a patch and panel.
    pub(super) product: f64,
    /// The transform of sixteen input channels of a patch.
    pub(super) input: f64,
    /// The transform and the epilogue of a patch and panel.
    pub(super) output: f64,
    /// A line of transformed weights, once for each block of patches.
    pub(super) line: f64,
    /// The epilogue of a row and panel of the direct way.
    pub(super) direct_output: f64,
    /// A line of weights of the direct way, once for each border class.
    pub(super) direct_line: f64,
}

impl Costs {
    /// How many times the cost of computing by way of points the direct way costs.
    pub(super) fn gain(&self, spec: &ConvSpec<'_>, cut: &Cut) -> f64 {
        let panels: usize = spec.parts.iter().map(|part| part.channels.div_ceil(LANES)).sum();
        let (patches, panels) = (cut.patches as f64, panels as f64);
        let [quads, pairs, vectors] = [4, 2, LANES].map(|lanes| spec.input.channels.div_ceil(lanes) as f64);
        let batch = spec.input.batch as f64;
        let rows = batch * (spec.output[0] * spec.output[1]) as f64;
        // The direct way skips taps in the padding.
        let taps = batch * spec.window.taps_inside([spec.input.height, spec.input.width], spec.output) as f64;
        let border_taps = border_taps(spec) as f64;
        let direct = panels * (taps * quads + rows * self.direct_output + border_taps * quads * self.direct_line);
        let lines = POINTS as f64 * pairs;
        let of_panel = patches * (lines * self.product + self.output) + lines * self.line * cut.blocks() as f64;
        direct / (panels * of_panel + patches * vectors * self.input)
    }
}

/// Taps inside the image, over all border classes.
fn border_taps(spec: &ConvSpec<'_>) -> usize {
    let of_axis = |axis: usize, input| -> usize {
        spans(&spec.window, axis, input, spec.output[axis]).iter().map(|span| span.taps.len()).sum()
    };
    of_axis(0, spec.input.height) * of_axis(1, spec.input.width)
}
