//! Requantization and destination of panels.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::facts;
use super::pack::{Panel, PanelSource};
use super::real_epilogue::RealPanel;
use super::spec::ConvSpec;
use crate::arch::LANES;
use crate::packed::{Packing, Unfit};
use crate::quantization::OutputRange;
use crate::requantize::{Form, Requantizer};

/// What becomes of sixteen output channels of one part.
#[derive(Clone, Debug)]
pub(crate) struct PanelEpilogue {
    pub(crate) requantizer: Requantizer,
    /// From sums to float32, where outputs are that.
    pub(crate) reals: Option<Box<RealPanel>>,
    /// Weight zero point, in the packed weights' domain.
    pub(crate) weight_zero: i32,
    /// Channels that exist; the others are padding.
    pub(crate) count: usize,
    /// Which part the channels belong to.
    pub(crate) part: usize,
    /// Bytes of an output.
    pub(crate) output_bytes: usize,
    /// Byte of the first channel within the part's output.
    pub(crate) offset: usize,
    /// Bytes between the part's output pixels.
    pub(crate) pixel_stride: usize,
}

impl PanelEpilogue {
    /// Bytes from the first pixel of an output to what the panel writes last in pixel `last`.
    pub(crate) fn output_end(&self, last: usize) -> usize {
        last * self.pixel_stride + self.offset + self.count * self.output_bytes
    }
}

/// Neighbouring panels that one tile computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PanelGroup {
    pub(crate) first: usize,
    pub(crate) panels: usize,
    /// Channel group that the panels read.
    pub(crate) group: usize,
    /// How all panels are scaled.
    pub(crate) form: Form,
    /// Whether a pixel of all panels is stored at once.
    pub(crate) contiguous: bool,
}

impl PanelEpilogue {
    /// The epilogue of a panel, in integers.
    fn new(spec: &ConvSpec<'_>, panel: &Panel) -> Self {
        let PanelSource { part: index, first, count, .. } = panel.source;
        let part = &spec.parts[index];
        let range = OutputRange {
            zero: part.output_zero,
            min: part.output_min,
            max: part.output_max,
            offset: part.output_offset,
        };
        Self {
            requantizer: Requantizer::new(part.requantize, range, first..first + count, largest_sum(spec, index)),
            reals: part.reals().map(|reals| Box::new(RealPanel::new(reals, first..first + count))),
            weight_zero: part.weights.signed_zero() - panel.range.subtracted_zero,
            count,
            part: index,
            output_bytes: part.output_bytes(),
            offset: first * part.output_bytes(),
            pixel_stride: part.pixel_stride,
        }
    }

    /// The epilogues of all panels; those of a K up to `float_depth` are scaled in floats where that is proven to be exact.
    ///
    /// # Errors
    /// What was packed before is not of such a convolution.
    pub(crate) fn all(
        spec: &ConvSpec<'_>,
        panels: &[Panel],
        float_depth: usize,
        packing: &mut Packing,
    ) -> Result<Vec<Self>, Unfit> {
        let mut epilogues: Vec<Self> = panels.iter().map(|panel| Self::new(spec, panel)).collect();
        if spec.depth() > float_depth {
            return Ok(epilogues);
        }
        let prove = |panel: usize| {
            let PanelSource { part, first, count, .. } = panels[panel].source;
            let channels = first..first + count;
            let largest: Vec<i64> = channels.clone().map(|channel| spec.largest_sum(part, channel)).collect();
            epilogues[panel].requantizer.proven_floats(spec.parts[part].requantize, channels, &largest)
        };
        let proven = facts::floats(panels.len(), packing, prove)?;
        for (epilogue, floats) in epilogues.iter_mut().zip(proven) {
            epilogue.requantizer.scale_in_floats(floats);
        }
        Ok(epilogues)
    }

    /// Whether panels write next to each other and clamp alike, so that a pixel of all can be stored at once.
    fn contiguous(panels: &[Self]) -> bool {
        panels.windows(2).all(|pair| {
            let [a, b] = [&pair[0], &pair[1]];
            let adjoin = a.part == b.part && a.count == LANES && a.offset + LANES == b.offset && a.reals.is_none();
            adjoin && a.requantizer.clamp() == b.requantizer.clamp()
        })
    }

    /// Brings panels to one form of scaling, so that a tile need not choose for each.
    fn unite(panels: &mut [Self]) -> Form {
        let common = |panels: &[Self]| {
            let form = panels[0].requantizer.form();
            panels.iter().all(|panel| panel.requantizer.form() == form).then_some(form)
        };
        if let Some(form) = common(panels) {
            return form;
        }
        if panels.iter().all(|panel| panel.requantizer.in_floats()) {
            // What one offset is enough for has it twice.
            return Form::ProvenSigned;
        }
        panels.iter_mut().for_each(|panel| panel.requantizer.forget_floats());
        if let Some(form) = common(panels) {
            return form;
        }
        let rounded = panels.iter_mut().all(|panel| panel.requantizer.round_both_signs());
        if rounded { Form::Rounded } else { Form::General }
    }
}

/// Groups panels that read the same channels to tiles of at most `widest` panels.
///
/// Wide tiles load fewer activations for each dot product; a last narrow one would waste
/// accumulators, so the panels are shared out evenly among as few tiles as possible.
pub(crate) fn panel_groups(panels: &[Panel], epilogues: &mut [PanelEpilogue], widest: usize) -> Vec<PanelGroup> {
    let mut groups = Vec::new();
    let mut first = 0;
    for of_group in panels.chunk_by(|a, b| a.source.group == b.source.group) {
        let group = of_group[0].source.group;
        let tiles = of_group.len().div_ceil(widest);
        for tile in 0..tiles {
            let panels = of_group.len() * (tile + 1) / tiles - of_group.len() * tile / tiles;
            let epilogues = &mut epilogues[first..first + panels];
            let form = PanelEpilogue::unite(epilogues);
            groups.push(PanelGroup { first, panels, group, form, contiguous: PanelEpilogue::contiguous(epilogues) });
            first += panels;
        }
    }
    groups
}

/// What no sum of a part exceeds in magnitude.
fn largest_sum(spec: &ConvSpec<'_>, part: usize) -> i64 {
    let bias = spec.parts[part].bias.iter().map(|&bias| i64::from(bias).abs()).max().unwrap_or(0);
    // Activations and weights less their zero points are at most 255.
    spec.depth() as i64 * 255 * 255 + bias
}
