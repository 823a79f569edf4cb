//! Weights without a zero point: it is taken off when they are packed.
//!
//! `w - wz` has nine bits, packed weights have eight. Where it fits, no sums of activations are needed.
//! In trained networks nearly all of it fits: a zero point lies near the middle of the range, and few weights
//! are near both ends. What a few weights have in excess of eight bits is multiplied apart, one k of a panel at
//! a time, and added before the sums are finished:
//!
//! ```text
//! Σ x·(w - wz) = Σ x·clamp(w - wz) + Σ x·excess
//!                dot products        a few k of a few panels
//! ```
//!
//! Where there are more than a few, the panel keeps its zero point, and its sums are corrected by `wz·Σx`.

use core::ops::Range;
use std::collections::BTreeMap;

use super::pack::PanelSource;
use super::{ConvSpec, Weights};
use crate::arch::Arch;
use crate::requantize::Lanes;

/// What the packed weights of a panel lack at one k.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Excess {
    pub(crate) panel: usize,
    /// Kernel row, tap across, channel.
    pub(crate) at: [usize; 3],
    pub(crate) weights: Lanes,
}

/// The same within a border class.
#[derive(Clone, Debug)]
pub(crate) struct Addend {
    weights: Lanes,
    /// Bytes from a row's pointer to the activation.
    offset: u32,
}

/// Most excesses that are less work than the sums of the activations: those cost about as much as a few of them,
/// one for every 128 k, and half of one for each panel.
fn limit(k: usize, panels: usize) -> usize {
    8 + k / 128 + panels / 2
}

/// Most addends of all border classes together: they bound how much memory a small file can ask for.
const MAX_ADDENDS: usize = 1 << 16;

/// Decides which panels are packed without a zero point; returns what their packed weights lack.
///
/// Of packed weights `least` is the least: -128, or -127.
pub(crate) fn take_off_zeros(
    spec: &ConvSpec<'_>,
    least: i32,
    classes: usize,
    sources: &mut [PanelSource],
) -> Vec<Excess> {
    let k = spec.window.taps[0] * spec.window.taps[1] * spec.input.channels / spec.groups;
    let limit = limit(k, sources.len()).min(MAX_ADDENDS / classes.max(1));
    let mut all = Vec::new();
    let mut few = true;
    for (panel, source) in sources.iter_mut().enumerate() {
        let zero = spec.parts[source.part].weights.signed_zero();
        match panel_excess(spec, *source, Kept { zero, least }, limit) {
            Some(excess) if excess.is_empty() => source.keep(Kept { zero, least }),
            Some(excess) if few && all.len() + excess.len() <= limit => {
                all.extend(excess.into_iter().map(|(at, weights)| Excess { panel, at, weights }));
            }
            _ => few = false,
        }
    }
    if !few {
        return Vec::new();
    }
    for source in sources {
        source.keep(Kept { zero: spec.parts[source.part].weights.signed_zero(), least });
    }
    all
}

/// What weights become when they are packed.
#[derive(Clone, Copy)]
struct Kept {
    /// Taken off.
    zero: i32,
    /// The least of what is packed; the greatest is 127.
    least: i32,
}

impl Kept {
    /// What a packed weight lacks.
    fn excess(self, weight: i8) -> i32 {
        let value = i32::from(weight) - self.zero;
        value - value.clamp(self.least, 127)
    }
}

impl PanelSource {
    fn keep(&mut self, kept: Kept) {
        (self.zero_taken, self.least) = (kept.zero, kept.least);
    }
}

/// The excesses of a panel; `None` if there are more than `limit`.
fn panel_excess(
    spec: &ConvSpec<'_>,
    source: PanelSource,
    kept: Kept,
    limit: usize,
) -> Option<BTreeMap<[usize; 3], Lanes>> {
    if !(-128..=127).contains(&kept.zero) {
        return None;
    }
    let [_, taps] = spec.window.taps;
    let channels = spec.input.channels / spec.groups;
    let k = spec.window.taps[0] * taps * channels;
    let weights = &spec.parts[source.part].weights;
    let mut found: BTreeMap<[usize; 3], Lanes> = BTreeMap::new();
    for column in 0..source.count {
        let first = (source.first + column) * k;
        if fits(weights, first..first + k, kept) {
            continue;
        }
        for at in 0..k {
            let excess = kept.excess(weights.signed(first + at));
            if excess != 0 {
                let at = [at / channels / taps, at / channels % taps, at % channels];
                found.entry(at).or_insert(Lanes::ZERO).0[column] = excess;
                if found.len() > limit {
                    return None;
                }
            }
        }
    }
    Some(found)
}

/// Whether nothing of all weights of a range is in excess.
fn fits(weights: &Weights<'_>, range: Range<usize>, kept: Kept) -> bool {
    let flip = if weights.signed { 0 } else { 0x80 };
    let mut ends = (i8::MAX, i8::MIN);
    for &byte in &weights.bytes[range] {
        let value = (byte ^ flip) as i8;
        ends = (ends.0.min(value), ends.1.max(value));
    }
    kept.excess(ends.0) >= 0 && kept.excess(ends.1) <= 0
}

/// The excesses whose tap is within a class's, for each panel; nothing at all where no panel has any.
pub(crate) fn of_class(
    spec: &ConvSpec<'_>,
    excess: &[Excess],
    taps: &[Range<usize>; 2],
    panels: usize,
) -> Vec<Vec<Addend>> {
    let mut addends = Vec::new();
    for Excess { panel, at: [row, tap, channel], weights } in excess {
        if taps[0].contains(row) && taps[1].contains(tap) {
            addends.resize_with(panels, Vec::new);
            let down = (row - taps[0].start) * spec.window.dilation[0];
            let across = (tap - taps[1].start) * spec.window.dilation[1];
            let offset = (down * spec.input.width + across) * spec.input.pixel_stride + channel;
            addends[*panel].push(Addend { weights: *weights, offset: offset as u32 });
        }
    }
    addends
}

/// Adds the excesses of a panel to the sums of a row.
///
/// # Safety
/// As for the class's segments: the row's activations are readable. Called in a function that enables the
/// instruction set of `arch`.
#[inline(always)]
pub(crate) unsafe fn add<A: Arch>(arch: A, addends: &[Addend], row: *const u8, mut sums: A::I32) -> A::I32 {
    for addend in addends {
        // SAFETY: lanes are sixteen values, and the activation lies within the class's segments.
        let (weights, byte) = unsafe { (arch.load(addend.weights.0.as_ptr()), row.add(addend.offset as usize).read()) };
        sums = arch.mul_add_i16(sums, arch.splat(A::ISA.storage().value(byte)), weights);
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::super::pack::panel_sources;
    use super::super::{ConvPart, Requantize};
    use super::*;
    use crate::quantization::Multiplier;
    use crate::window::{Image, Window};

    /// The excesses, and what was taken off each panel, of `channels` by `k` weights around a zero point.
    fn taken(channels: usize, bytes: &[u8], zero: i32) -> (Vec<Excess>, Vec<i32>) {
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
        let mut sources = panel_sources(&spec);
        let excess = take_off_zeros(&spec, -128, 1, &mut sources);
        (excess, sources.iter().map(|source| source.zero_taken).collect())
    }

    #[test]
    fn weights_that_fit_have_no_excess() {
        assert_eq!(taken(32, &[3; 64], 131), (vec![], vec![3; 2]));
        assert_eq!(taken(32, &[3; 64], 128), (vec![], vec![0; 2]));
        assert_eq!(taken(32, &[255; 64], 128), (vec![], vec![0; 2]));
    }

    #[test]
    fn a_weight_that_does_not_fit_keeps_what_eight_bits_lack() {
        for (zero, byte, lack) in [(0, 255, 128), (255, 0, -127), (100, 255, 28), (200, 0, -72)] {
            let mut bytes = [zero as u8; 64];
            // Channel 17 of two k, which is column 1 of panel 1.
            bytes[35] = byte;
            let mut weights = Lanes::ZERO;
            weights.0[1] = lack;
            let excess = Excess { panel: 1, at: [0, 0, 1], weights };
            assert_eq!(taken(32, &bytes, zero), (vec![excess], vec![zero - 128; 2]));
        }
    }

    #[test]
    fn a_panel_of_many_excesses_keeps_its_zero_point_and_others_lose_it() {
        let mut bytes = [100u8; 32 * 40];
        bytes[..20].fill(255);
        let (excess, taken) = taken(32, &bytes, 100);
        assert_eq!((excess, taken), (vec![], vec![0, -28]));
    }

    #[test]
    fn a_zero_point_out_of_range_stays() {
        assert_eq!(taken(16, &[3; 16], 256), (vec![], vec![0]));
    }
}
