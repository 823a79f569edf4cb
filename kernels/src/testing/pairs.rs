//! Operands that repeat, for the suites of elementwise families of two operands.

use proptest::prelude::*;

use super::{Failures, Guarded, Random, as_bytes, as_signed, for_each_isa, overwrite, stored};
use crate::isa::Isa;
use crate::layer::{Layer, run_all};
use crate::pairs::{Dimension, Pairs};
use ottava_ref::Operand;

/// How an operand covers the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    Same,
    PerChannel,
    PerPixel,
    Scalar,
}

impl Repeat {
    pub(crate) const ALL: [Self; 4] = [Self::Same, Self::PerChannel, Self::PerPixel, Self::Scalar];
}

/// Where two operands and their output lie.
#[derive(Clone, Debug)]
pub(crate) struct PairLayout {
    pub(crate) pixels: usize,
    pub(crate) channels: usize,
    /// Bytes between the pixels of each operand and the output.
    pub(crate) gaps: [usize; 3],
    pub(crate) repeat: Repeat,
    /// Which operand repeats.
    pub(crate) repeated: usize,
    /// Whether the operand that repeats is a constant.
    pub(crate) constant: bool,
    pub(crate) signed: bool,
    pub(crate) threads: usize,
}

impl Default for PairLayout {
    fn default() -> Self {
        Self {
            pixels: 5,
            channels: 24,
            gaps: [0; 3],
            repeat: Repeat::Same,
            repeated: 1,
            constant: false,
            signed: true,
            threads: 1,
        }
    }
}

impl PairLayout {
    /// Every pair of bytes once.
    pub(crate) fn all_pairs(signed: bool) -> (Self, [Vec<u8>; 2]) {
        let layout = Self { pixels: 256, channels: 256, signed, threads: 3, ..Self::default() };
        let operand = |which: usize| (0..65_536).map(|index| [index >> 8, index][which] as u8).collect();
        (layout, [operand(0), operand(1)])
    }

    /// Every length and way of repeating, for a suite to add its parameters.
    pub(crate) fn small() -> Vec<Self> {
        let mut layouts = Vec::new();
        for channels in (1..=40).chain([63, 64, 65, 160]) {
            for (pixels, gaps) in [(1, [0; 3]), (3, [0; 3]), (4, [1, 2, 3]), (4, [0, 0, 16])] {
                for repeat in Repeat::ALL {
                    for signed in [true, false] {
                        let (repeated, constant) = (channels & 1, channels & 2 != 0);
                        layouts.push(Self { pixels, channels, gaps, repeat, repeated, constant, signed, threads: 1 });
                    }
                }
            }
        }
        layouts
    }

    /// Any.
    pub(crate) fn any() -> impl Strategy<Value = Self> {
        let gaps = prop_oneof![Just([0usize; 3]), [0..20usize, 0..20, 0..20]];
        (1..40usize, 1..150usize, gaps, 0..4usize, any::<[bool; 3]>(), 1..5usize).prop_map(
            |(pixels, channels, gaps, repeat, [second, constant, signed], threads)| Self {
                pixels,
                channels,
                gaps,
                repeat: Repeat::ALL[repeat],
                repeated: usize::from(second),
                constant,
                signed,
                threads,
            },
        )
    }

    /// Pixels and channels of each operand.
    fn sizes(&self) -> [[usize; 2]; 2] {
        let mut sizes = [[self.pixels, self.channels]; 2];
        sizes[self.repeated] = match self.repeat {
            Repeat::Same => [self.pixels, self.channels],
            Repeat::PerChannel => [1, self.channels],
            Repeat::PerPixel => [self.pixels, 1],
            Repeat::Scalar => [1, 1],
        };
        sizes
    }

    /// Random file bytes of both operands.
    pub(crate) fn inputs(&self, random: &mut Random, fills: [super::Fill; 2]) -> [Vec<u8>; 2] {
        let sizes = self.sizes();
        [0, 1].map(|i| random.bytes(sizes[i][0] * sizes[i][1], fills[i]))
    }

    /// What the reference makes of the operands, for either type.
    pub(crate) fn reference(
        &self,
        inputs: &[Vec<u8>; 2],
        of_signed: impl Fn([Operand<'_, i8>; 2], &mut [i8]),
        of_unsigned: impl Fn([Operand<'_, u8>; 2], &mut [u8]),
    ) -> Vec<u8> {
        let sizes = self.sizes();
        let count = self.pixels * self.channels;
        if self.signed {
            let mut output = vec![0; count];
            of_signed([0, 1].map(|i| Operand { shape: &sizes[i], values: as_signed(&inputs[i]) }), &mut output);
            as_bytes(&output).to_vec()
        } else {
            let mut output = vec![0; count];
            of_unsigned([0, 1].map(|i| Operand { shape: &sizes[i], values: &inputs[i] }), &mut output);
            output
        }
    }

    fn pairs(&self, inputs: &[Vec<u8>; 2], mask: u8) -> Pairs {
        let sizes = self.sizes();
        let stride = |i: usize, size: usize, stride: usize| if size == 1 { 0 } else { stride + self.gaps_of(i) };
        let [pixel, channel] = [0, 1].map(|axis| {
            [0, 1].map(|i| match axis {
                0 => stride(i, sizes[i][0], sizes[i][1]),
                _ => usize::from(sizes[i][1] > 1 || self.channels == 1),
            })
        });
        let mut constants = [None, None];
        if self.constant {
            constants[self.repeated] = Some(inputs[self.repeated].iter().map(|byte| byte ^ mask).collect());
        }
        Pairs {
            dimensions: vec![
                Dimension { size: self.pixels, strides: pixel, output_stride: self.channels + self.gaps[2] },
                Dimension { size: self.channels, strides: channel, output_stride: 1 },
            ],
            bytes: 1,
            constants,
            threads: self.threads,
        }
    }

    /// Constants have no gaps.
    fn gaps_of(&self, operand: usize) -> usize {
        if self.constant && operand == self.repeated { 0 } else { self.gaps[operand] }
    }

    /// Compares a layer with what is expected, for every instruction set.
    pub(crate) fn check(
        &self,
        failures: &mut Failures,
        inputs: &[Vec<u8>; 2],
        expected: &[u8],
        prepare: impl Fn(Isa, Pairs) -> Box<dyn Layer>,
        what: &str,
    ) {
        let sizes = self.sizes();
        for_each_isa(|isa| {
            let mask = isa.storage().xor_mask(self.signed);
            let layer = prepare(isa, self.pairs(inputs, mask));
            for poison in [0x00, 0xFF] {
                let views: Vec<Vec<u8>> = (0..2)
                    .filter(|&i| !(self.constant && i == self.repeated))
                    .map(|i| stored(&inputs[i], sizes[i][1], sizes[i][1] + self.gaps[i], mask, poison))
                    .collect();
                let views: Vec<&[u8]> = views.iter().map(Vec::as_slice).collect();
                let mut output = Guarded::new(self.pixels, self.channels, self.channels + self.gaps[2]);
                run_all(&*layer, &views, &mut [output.view()]);
                let name = || format!("{} {self:?} {what} poison {poison}", layer.kernel());
                failures.compare(output.dense(mask), expected, name);
                let in_storage: Vec<u8> = expected.iter().map(|byte| byte ^ mask).collect();
                overwrite::check(failures, &*layer, &views, &in_storage);
            }
        });
    }
}
