//! Which channels the interleaving tile takes, and what it needs for them.
//!
//! It takes whole groups of 64 channels and a last one that is more than half full. Tensors of at most
//! 32 channels without gaps are taken several pixels at a time, where outputs are neighbours as their
//! inputs are: the channels of neighbouring pixels then are the channels of one *wide pixel*.

use core::ops::Range;

use super::DepthwiseSpec;
use super::pack::{Band, weight};
use super::quad_tile::{LINES, PARTS, QuadTile, QuadTileFn, Run};
use crate::arch::{INTERLEAVED, LANES};
use crate::memory::Line;
use crate::quantization::OutputRange;
use crate::requantize::{Lanes, Requantizer};

/// Most summands of eight bits of a weight.
pub(super) const MAX_LAYERS: usize = 3;
/// Most taps of a run that two outputs share.
const SHARED_TAPS: usize = 3;
/// Most taps of a run otherwise.
const LONE_TAPS: usize = 4;

/// The instruction set's part in the interleaving tile.
#[derive(Clone, Copy)]
pub(super) struct QuadKernel {
    pub(super) name: &'static str,
    /// For weights in one, two and three layers.
    pub(super) tiles: [QuadTileFn; MAX_LAYERS],
    /// The channel of a lane of a part.
    pub(super) channel: fn(usize, usize) -> usize,
}

/// The border class that a tile is in.
struct Class {
    runs: Vec<Run>,
    /// First of the biases, one for each group.
    bias: usize,
}

/// Up to 64 channels.
struct Group {
    first: usize,
    /// Channels of a wide pixel to store.
    count: usize,
    /// First line of weights.
    line: usize,
    /// Layers that the channels' weights need.
    layers: usize,
    requantizers: [Requantizer; PARTS],
}

/// The channels that the interleaving tile takes.
pub(super) struct Quads {
    kernel: QuadKernel,
    /// Channels taken, from the first on.
    pub(super) channels: usize,
    /// Pixels of a wide pixel.
    fold: usize,
    shares: bool,
    /// Bytes of input from one tap, and from one (wide) output pixel, to the next.
    tap_step: usize,
    input_step: usize,
    output_step: usize,
    groups: Vec<Group>,
    lines: Vec<Line>,
    /// Runs of one group.
    group_runs: usize,
    bias: Vec<[Lanes; PARTS]>,
    /// Bands, then their classes.
    classes: Vec<Vec<Class>>,
}

/// Where a row of a class begins.
pub(super) struct Row {
    /// Address of the first tap.
    pub(super) input: *const u8,
    /// Address of the first output.
    pub(super) output: *mut u8,
    /// Output pixels.
    pub(super) pixels: usize,
}

impl Quads {
    /// The channels of a specification that the tile takes; `None` where it takes none.
    pub(super) fn new(
        kernel: QuadKernel,
        spec: &DepthwiseSpec<'_>,
        (bands, folded): (&[Band], &[Lanes]),
        (range, largest_sum): (OutputRange, i64),
    ) -> Option<Self> {
        let channels = spec.channels;
        if channels != spec.input.channels {
            return None;
        }
        let dense = spec.input.pixel_stride == channels && spec.pixel_stride == channels && spec.window.stride[1] == 1;
        let fold = if dense && channels <= INTERLEAVED / 2 { INTERLEAVED / channels } else { 1 };
        let rest = channels % INTERLEAVED;
        let taken = if fold > 1 || rest > INTERLEAVED / 2 { channels } else { channels - rest };
        if taken == 0 || spec.window.taps[0] * spec.window.taps[1] == 1 {
            return None;
        }
        let tap_step = spec.window.dilation[1] * spec.input.pixel_stride;
        let input_step = if fold > 1 { fold * channels } else { spec.window.stride[1] * spec.input.pixel_stride };
        let mut quads = Self {
            kernel,
            channels: taken,
            fold,
            shares: input_step == tap_step,
            tap_step,
            input_step,
            output_step: fold * spec.pixel_stride,
            groups: Vec::new(),
            lines: Vec::new(),
            group_runs: 0,
            bias: Vec::new(),
            classes: Vec::new(),
        };
        let variants = quads.classes(spec, bands);
        for first in (0..taken).step_by(INTERLEAVED) {
            let count = (fold * channels).min(INTERLEAVED).min(fold * channels - first);
            let line = quads.lines.len();
            let layers = quads.layers(spec, [first, count]);
            quads.pack(spec, &variants, [first, count], layers);
            let requantizers = core::array::from_fn(|part| {
                let lanes = core::array::from_fn(|lane| quads.channel(spec, [first, count], part, lane));
                Requantizer::of_lanes(spec.requantize, range, lanes, largest_sum)
            });
            quads.groups.push(Group { first, count, line, layers, requantizers });
        }
        quads.fold_biases(spec, bands, folded);
        Some(quads)
    }

    /// The channel in a lane of a group's part; `None` for padding.
    fn channel(&self, spec: &DepthwiseSpec<'_>, [first, count]: [usize; 2], part: usize, lane: usize) -> Option<usize> {
        let at = (self.kernel.channel)(part, lane);
        (at < count).then_some((first + at) % spec.channels)
    }

    /// The runs of a range of taps across, as (first tap, taps).
    fn cut(&self, across: &Range<usize>) -> Vec<[usize; 2]> {
        let most = if self.shares { SHARED_TAPS } else { LONE_TAPS };
        across.clone().step_by(most).map(|tap| [tap, most.min(across.end - tap)]).collect()
    }

    /// Layers that the weights of a group need.
    fn layers(&self, spec: &DepthwiseSpec<'_>, [first, count]: [usize; 2]) -> usize {
        let channels = first..first + if self.fold > 1 { spec.channels } else { count };
        let taps = 0..spec.window.taps[0] * spec.window.taps[1];
        let of_tap = |tap| channels.clone().map(move |channel| layers(weight(spec, tap, channel))).max();
        taps.filter_map(of_tap).max().unwrap_or(1)
    }

    /// Fills in the classes; returns the ranges of taps across whose weights are needed.
    fn classes(&mut self, spec: &DepthwiseSpec<'_>, bands: &[Band]) -> Vec<Range<usize>> {
        let mut variants: Vec<Range<usize>> = Vec::new();
        let mut starts = Vec::new();
        for band in bands {
            let mut classes = Vec::new();
            for class in &band.classes {
                let variant = variants.iter().position(|known| *known == class.columns).unwrap_or_else(|| {
                    starts.push(self.group_runs);
                    self.group_runs += spec.window.taps[0] * self.cut(&class.columns).len();
                    variants.push(class.columns.clone());
                    variants.len() - 1
                });
                let cut = self.cut(&class.columns);
                let mut runs = Vec::new();
                for row in class.rows.clone() {
                    let down = (row - class.rows.start) * spec.window.dilation[0] * spec.input.width;
                    for (index, &[tap, taps]) in cut.iter().enumerate() {
                        let offset = down * spec.input.pixel_stride + (tap - class.columns.start) * self.tap_step;
                        runs.push(Run { offset, taps, index: starts[variant] + row * cut.len() + index });
                    }
                }
                classes.push(Class { runs, bias: 0 });
            }
            self.classes.push(classes);
        }
        variants
    }

    /// Packs the weights of one group.
    fn pack(&mut self, spec: &DepthwiseSpec<'_>, variants: &[Range<usize>], group: [usize; 2], layers: usize) {
        for across in variants {
            for row in 0..spec.window.taps[0] {
                for [tap, taps] in self.cut(across) {
                    for layer in 0..layers {
                        for output in 0..2 {
                            for part in 0..PARTS {
                                let mut line = Line::ZERO;
                                for lane in 0..LANES {
                                    let Some(channel) = self.channel(spec, group, part, lane) else {
                                        continue;
                                    };
                                    for index in (0..taps).filter(|index| index + output < 4) {
                                        let at = row * spec.window.taps[1] + tap + index;
                                        line.0[4 * lane + index + output] = split(weight(spec, at, channel))[layer];
                                    }
                                }
                                self.lines.push(line);
                            }
                        }
                    }
                }
            }
        }
    }

    /// Brings the folded biases of channel blocks into the order of lanes.
    fn fold_biases(&mut self, spec: &DepthwiseSpec<'_>, bands: &[Band], folded: &[Lanes]) {
        for (band, quad_band) in bands.iter().enumerate() {
            for (index, class) in quad_band.classes.iter().enumerate() {
                self.classes[band][index].bias = self.bias.len();
                for group in &self.groups {
                    let parts = core::array::from_fn(|part| {
                        Lanes(core::array::from_fn(|lane| {
                            let channel = self.channel(spec, [group.first, group.count], part, lane);
                            channel.map_or(0, |channel| folded[class.bias + channel / LANES].0[channel % LANES])
                        }))
                    });
                    self.bias.push(parts);
                }
            }
        }
    }

    /// The kernel's name.
    pub(super) fn name(&self) -> &'static str {
        self.kernel.name
    }

    /// Bytes of packed weights and biases.
    pub(super) fn packed_bytes(&self) -> usize {
        size_of_val(&self.lines[..]) + size_of_val(&self.bias[..])
    }

    /// Bytes past the first channel of an output's any tap that tiles may read.
    pub(super) fn reach(&self) -> usize {
        self.groups.last().map_or(0, |group| group.first + INTERLEAVED)
    }

    /// Runs one row of one class.
    ///
    /// # Safety
    /// The CPU has the instruction set; [`Quads::reach`] bytes are readable at every pixel's every tap,
    /// and the outputs are writable, which nobody else touches.
    pub(super) unsafe fn run(&self, [band, class]: [usize; 2], row: &Row) {
        let class = &self.classes[band][class];
        for (index, group) in self.groups.iter().enumerate() {
            let tile = |first: usize, pixels: usize, channels: usize| QuadTile {
                input: row.input.wrapping_add(first * self.input_step + group.first),
                input_step: self.input_step,
                tap_step: self.tap_step,
                runs: &class.runs,
                lines: &self.lines[group.line..group.line + self.group_runs * group.layers * LINES],
                layers: group.layers,
                shares: self.shares,
                bias: &self.bias[class.bias + index],
                requantizers: &group.requantizers,
                output: row.output.wrapping_add(first * self.output_step + group.first),
                output_step: self.output_step,
                pixels,
                channels,
            };
            let (whole, rest) = (row.pixels / self.fold, row.pixels % self.fold);
            // SAFETY: the caller's promise; a last wide pixel stores the channels that exist.
            unsafe {
                (self.kernel.tiles[group.layers - 1])(&tile(0, whole, group.count));
                if rest > 0 {
                    (self.kernel.tiles[group.layers - 1])(&tile(whole, 1, group.count / self.fold * rest));
                }
            }
        }
    }
}

/// A weight as summands of eight bits: 255 takes three, what lies between -256 and 254 two.
pub(super) fn split(weight: i32) -> [i8; MAX_LAYERS] {
    let first = weight.clamp(-128, 127);
    let second = (weight - first).clamp(-128, 127);
    [first as i8, second as i8, (weight - first - second) as i8]
}

/// Layers that a weight needs.
pub(super) fn layers(weight: i32) -> usize {
    split(weight).iter().rposition(|&summand| summand != 0).map_or(1, |last| last + 1)
}
