//! Weights without a zero point: it is subtracted when they are packed.
//!
//! `w - wz` has nine bits, packed weights have eight. Where it fits, no sums of activations are needed.
//! In trained networks nearly all of it fits: a zero point lies near the middle of the range, and few weights
//! are near both ends. What a few weights have beyond eight bits is an *outlier*: it is multiplied apart, one k of a panel
//! at a time, and added before the epilogue:
//!
//! ```text
//! Σ x·(w - wz) = Σ x·clamp(w - wz) + Σ x·outlier
//!                dot products        a few k of a few panels
//! ```
//!
//! Where there are more than a few, the panel keeps its zero point, and its sums are corrected by `wz·Σx`.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::ops::Range;

use super::class::Class;
use super::pack::{PackedRange, Panel, PanelSource};
use super::spec::ConvSpec;
use crate::arch::Arch;
use crate::quantization::Weights;
use crate::requantize::Lanes;

/// What the packed weights of a panel lack at one k.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outlier {
    pub(crate) panel: usize,
    /// Kernel row, tap across, channel.
    pub(crate) at: [usize; 3],
    pub(crate) weights: Lanes,
}

/// The same within a border class.
#[derive(Clone, Debug)]
pub(crate) struct ClassOutlier {
    weights: Lanes,
    /// Bytes from a row's pointer to the activation.
    offset: u32,
}

/// Most outliers that are less work than the sums of the activations: those cost about as much as a few of them,
/// one for every 128 k, and half of one for each panel.
pub(crate) fn limit(spec: &ConvSpec<'_>, panels: usize, classes: usize) -> usize {
    (8 + spec.depth() / 128 + panels / 2).min(MAX_OUTLIERS / classes.max(1))
}

/// Most outliers of all border classes together: they bound how much memory a small file can ask for.
const MAX_OUTLIERS: usize = 1 << 16;

/// Decides which panels are packed without a zero point, and with which outliers.
///
/// Of packed weights `least` is the least: -128, or -127.
pub(crate) fn subtract_zero_points(
    spec: &ConvSpec<'_>,
    least: i32,
    classes: usize,
    sources: &[PanelSource],
) -> (Vec<Panel>, Vec<Outlier>) {
    let limit = limit(spec, sources.len(), classes);
    let range = |source: &PanelSource| {
        let subtracted_zero = spec.parts[source.part].weights.signed_zero();
        PackedRange { subtracted_zero, least }
    };
    let mut outliers = Vec::new();
    let mut few = true;
    // The panels if outliers are more than a few, so that only those without any lose their zero point.
    let mut panels = Vec::with_capacity(sources.len());
    for (index, &source) in sources.iter().enumerate() {
        let mut panel = Panel { source, range: PackedRange::WHOLE };
        match panel_outliers(spec, source, range(&source), limit) {
            Some(found) if found.is_empty() => panel.range = range(&source),
            Some(found) if few && outliers.len() + found.len() <= limit => {
                outliers.extend(found.into_iter().map(|(at, weights)| Outlier { panel: index, at, weights }));
            }
            _ => few = false,
        }
        panels.push(panel);
    }
    if !few {
        return (panels, Vec::new());
    }
    (sources.iter().map(|&source| Panel { source, range: range(&source) }).collect(), outliers)
}

/// The outliers of a panel; `None` if there are more than `limit`.
fn panel_outliers(
    spec: &ConvSpec<'_>,
    source: PanelSource,
    range: PackedRange,
    limit: usize,
) -> Option<BTreeMap<[usize; 3], Lanes>> {
    if !(-128..=127).contains(&range.subtracted_zero) {
        return None;
    }
    let [_, taps] = spec.window.taps;
    let (channels, k) = (spec.group_channels(), spec.depth());
    let weights = &spec.parts[source.part].weights;
    let mut found: BTreeMap<[usize; 3], Lanes> = BTreeMap::new();
    for column in 0..source.count {
        let first = (source.first + column) * k;
        if fits(weights, first..first + k, range) {
            continue;
        }
        for at in 0..k {
            let lack = range.lacks(weights.signed(first + at));
            if lack != 0 {
                let at = [at / channels / taps, at / channels % taps, at % channels];
                found.entry(at).or_insert(Lanes::ZERO).0[column] = lack;
                if found.len() > limit {
                    return None;
                }
            }
        }
    }
    Some(found)
}

/// Whether a stretch of weights has no outlier.
fn fits(weights: &Weights<'_>, stretch: Range<usize>, range: PackedRange) -> bool {
    let [least, greatest] = weights.ends(stretch);
    range.lacks(least) >= 0 && range.lacks(greatest) <= 0
}

/// The outliers whose tap is within a class's, for each panel; nothing at all where no panel has any.
pub(crate) fn of_class(
    spec: &ConvSpec<'_>,
    outliers: &[Outlier],
    class: &Class,
    panels: usize,
) -> Vec<Vec<ClassOutlier>> {
    let mut of_class = Vec::new();
    for Outlier { panel, at: [row, tap, channel], weights } in outliers {
        if class.taps[0].contains(row) && class.taps[1].contains(tap) {
            of_class.resize_with(panels, Vec::new);
            let down = (row - class.taps[0].start) * spec.window.dilation[0];
            let across = (tap - class.taps[1].start) * spec.window.dilation[1];
            let offset = (down * spec.input.width + across) * spec.input.pixel_stride + channel;
            of_class[*panel].push(ClassOutlier { weights: *weights, offset: offset as u32 });
        }
    }
    of_class
}

/// Adds the outliers of a panel to the sums of a row.
///
/// # Safety
/// As for the class's segments: the row's activations are readable. Called in a function that enables the
/// instruction set of `arch`.
#[inline(always)]
pub(crate) unsafe fn add<A: Arch>(arch: A, outliers: &[ClassOutlier], row: *const u8, mut sums: A::I32) -> A::I32 {
    for outlier in outliers {
        // SAFETY: lanes are sixteen values, and the activation lies within the class's segments.
        let (weights, byte) =
            unsafe { (arch.load(outlier.weights.0.as_ptr()), row.add(outlier.offset as usize).read()) };
        sums = arch.mul_add_i16(sums, arch.splat(A::ISA.storage().value(byte)), weights);
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::super::pack::panel_sources;
    use super::super::spec::ConvPart;
    use super::*;
    use crate::quantization::{Multiplier, Requantize};
    use crate::window::{Image, Window};

    /// The outliers, and what was subtracted from each panel, of `channels` by `k` weights around a zero point.
    fn packed(channels: usize, bytes: &[u8], zero: i32) -> (Vec<Outlier>, Vec<i32>) {
        let k = bytes.len() / channels;
        let part = ConvPart {
            channels,
            weights: Weights { bytes, signed: false, zero },
            bias: &[],
            requantize: Requantize::Fixed(&[Multiplier { mantissa: 1 << 30, shift: -8 }]),
            output_zero: 0,
            output_min: 0,
            output_max: 255,
            output_offset: 0,
            pixel_stride: channels,
        };
        let spec = ConvSpec {
            input: Image { batch: 1, height: 1, width: 1, channels: k, pixel_stride: k },
            input_zero: 0,
            window: Window::POINT,
            output: [1; 2],
            groups: 1,
            parts: &[part],
            threads: 1,
        };
        let (panels, outliers) = subtract_zero_points(&spec, -128, 1, &panel_sources(&spec));
        (outliers, panels.iter().map(|panel| panel.range.subtracted_zero).collect())
    }

    #[test]
    fn weights_that_fit_have_no_outliers() {
        assert_eq!(packed(32, &[3; 64], 131), (vec![], vec![3; 2]));
        assert_eq!(packed(32, &[3; 64], 128), (vec![], vec![0; 2]));
        assert_eq!(packed(32, &[255; 64], 128), (vec![], vec![0; 2]));
    }

    #[test]
    fn a_weight_that_does_not_fit_keeps_what_eight_bits_lack() {
        for (zero, byte, lack) in [(0, 255, 128), (255, 0, -127), (100, 255, 28), (200, 0, -72)] {
            let mut bytes = [zero as u8; 64];
            // Channel 17 of two k, which is column 1 of panel 1.
            bytes[35] = byte;
            let mut weights = Lanes::ZERO;
            weights.0[1] = lack;
            let outlier = Outlier { panel: 1, at: [0, 0, 1], weights };
            assert_eq!(packed(32, &bytes, zero), (vec![outlier], vec![zero - 128; 2]));
        }
    }

    #[test]
    fn a_panel_of_many_outliers_keeps_its_zero_point_and_others_lose_it() {
        let mut bytes = [100u8; 32 * 40];
        bytes[..20].fill(255);
        let (outliers, subtracted) = packed(32, &bytes, 100);
        assert_eq!((outliers, subtracted), (vec![], vec![0, -28]));
    }

    #[test]
    fn a_zero_point_out_of_range_stays() {
        assert_eq!(packed(16, &[3; 16], 256), (vec![], vec![0]));
    }
}
