//! What the tests of every kernel family share: instruction sets, buffers with canaries, reports.

use std::fmt::Write as _;
use std::sync::LazyLock;

use crate::isa::{Isa, Storage};
use crate::kernel_id::KernelId;
use crate::memory::SLACK;
use crate::quantization::Multiplier;
use crate::registry;

pub(crate) mod overwrite;
pub(crate) mod pairs;
pub(crate) mod reals;

/// Calls `check` with every instruction set that this CPU has; see [`Isa::for_tests`] for the others.
pub(crate) fn for_each_isa(check: impl FnMut(Isa)) {
    Isa::for_tests().into_iter().for_each(check);
}

/// Asserts that the registry lists a layer's kernel.
pub(crate) fn assert_listed(kernel: &KernelId) {
    static ALL: LazyLock<Vec<KernelId>> = LazyLock::new(registry::all);
    assert!(ALL.contains(kernel), "the registry does not list {kernel:?}");
}

/// A small generator, so that runs repeat from their seed.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03)
    }

    pub(crate) fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mixed = self.0 ^ (self.0 >> 29);
        (mixed.wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 32) as u32
    }

    /// A value within `low..=high`.
    pub(crate) fn within(&mut self, low: i32, high: i32) -> i32 {
        let span = i64::from(high) - i64::from(low) + 1;
        (i64::from(low) + i64::from(self.next()) % span) as i32
    }

    /// One of `choices`.
    pub(crate) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.next() as usize % choices.len()]
    }

    pub(crate) fn bytes(&mut self, len: usize, fill: Fill) -> Vec<u8> {
        let byte = |random: &mut Self| match fill {
            Fill::Random => random.next() as u8,
            Fill::Ends => random.pick(&[0x00, 0x01, 0x7F, 0x80, 0x81, 0xFE, 0xFF]),
            Fill::Constant(byte) => byte,
        };
        (0..len).map(|_| byte(self)).collect()
    }

    /// As [`Random::bytes`]; a constant byte of an end of the range stands for that of 16 bits.
    pub(crate) fn words(&mut self, len: usize, fill: Fill) -> Vec<i16> {
        const ENDS: [i16; 12] = [i16::MIN, i16::MIN + 1, -129, -128, -1, 0, 1, 127, 128, 255, i16::MAX - 1, i16::MAX];
        let word = |random: &mut Self| match fill {
            Fill::Random => random.next() as i16,
            Fill::Ends => random.pick(&ENDS),
            Fill::Constant(0x80) => i16::MIN,
            Fill::Constant(0x7F) => i16::MAX,
            Fill::Constant(byte) => i16::from_ne_bytes([byte; 2]),
        };
        (0..len).map(|_| word(self)).collect()
    }

    /// A multiplier with a shift within `low..=high`, extremes included.
    pub(crate) fn multiplier(&mut self, low: i32, high: i32) -> Multiplier {
        let mantissa = match self.next() % 4 {
            0 => self.pick(&[1 << 30, (1 << 30) + 1, i32::MAX, 1_518_500_249]),
            _ => self.within(1 << 30, i32::MAX),
        };
        Multiplier { mantissa, shift: self.within(low, high) }
    }
}

/// A multiplier of the reference as kernels take it.
pub(crate) fn from_reference(multiplier: ottava_ref::Multiplier) -> Multiplier {
    let ottava_ref::Multiplier { mantissa, shift } = multiplier;
    Multiplier { mantissa, shift }
}

/// A multiplier as the reference takes it.
pub(crate) fn to_reference(multiplier: Multiplier) -> ottava_ref::Multiplier {
    let Multiplier { mantissa, shift } = multiplier;
    ottava_ref::Multiplier { mantissa, shift }
}

/// What test tensors hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fill {
    /// Any byte.
    Random,
    /// The ends of both value ranges and their neighbours.
    Ends,
    /// The same byte everywhere.
    Constant(u8),
}

impl Fill {
    /// Random bytes, ends, and all bytes at each end of both value ranges.
    pub(crate) const ALL: [Self; 6] = [
        Self::Random,
        Self::Ends,
        Self::Constant(0x00),
        Self::Constant(0xFF),
        Self::Constant(0x7F),
        Self::Constant(0x80),
    ];
}

/// Lays dense file values out as a kernel reads them: stored, with a pixel stride, with `poison` in
/// the gaps and in the slack.
pub(crate) fn stored(dense: &[u8], channels: usize, stride: usize, mask: u8, poison: u8) -> Vec<u8> {
    let pixels = dense.len() / channels;
    let span = if pixels == 0 { 0 } else { (pixels - 1) * stride + channels };
    let mut bytes = vec![poison; span + SLACK];
    for (pixel, values) in dense.chunks_exact(channels).enumerate() {
        for (byte, value) in bytes[pixel * stride..].iter_mut().zip(values) {
            *byte = value ^ mask;
        }
    }
    bytes
}

/// An output tensor between canaries, which must survive in the gaps between pixels too.
pub(crate) struct Guarded {
    bytes: Vec<u8>,
    pixels: usize,
    channels: usize,
    stride: usize,
}

const CANARY: u8 = 0xC5;
/// Bytes of canaries before and after.
const GUARD: usize = 96;

impl Guarded {
    pub(crate) fn new(pixels: usize, channels: usize, stride: usize) -> Self {
        let span = if pixels == 0 { 0 } else { (pixels - 1) * stride + channels };
        Self { bytes: vec![CANARY; span + 2 * GUARD], pixels, channels, stride }
    }

    /// The tensor's bytes, from its first value to just past its last.
    pub(crate) fn view(&mut self) -> &mut [u8] {
        let end = self.bytes.len() - GUARD;
        &mut self.bytes[GUARD..end]
    }

    /// The dense file values; an error where a byte outside the tensor has changed.
    pub(crate) fn dense(&self, mask: u8) -> Result<Vec<u8>, String> {
        let mut values = Vec::with_capacity(self.pixels * self.channels);
        for (index, &byte) in self.bytes.iter().enumerate() {
            let at = index.checked_sub(GUARD).map(|at| (at / self.stride.max(1), at % self.stride.max(1)));
            match at {
                Some((pixel, channel)) if pixel < self.pixels && channel < self.channels => values.push(byte ^ mask),
                _ if byte != CANARY => {
                    return Err(format!("byte {} outside the tensor became {byte}", index as isize - GUARD as isize));
                }
                _ => {}
            }
        }
        Ok(values)
    }
}

/// Collects the failing shapes of a suite, to report them together.
#[derive(Default)]
pub(crate) struct Failures {
    count: usize,
    report: String,
}

/// Failures that are reported in full.
const REPORTED: usize = 12;

impl Failures {
    /// Compares a run with the reference; `what` names kernel, shape and seed.
    pub(crate) fn compare(&mut self, got: Result<Vec<u8>, String>, expected: &[u8], what: impl FnOnce() -> String) {
        let problem = match got {
            Err(canary) => canary,
            Ok(got) if got.len() != expected.len() => format!("{} values instead of {}", got.len(), expected.len()),
            Ok(got) => match got.iter().zip(expected).position(|(got, expected)| got != expected) {
                None => return,
                Some(index) => format!("index {index} is {:#04x}, not {:#04x}", got[index], expected[index]),
            },
        };
        self.count += 1;
        if self.count <= REPORTED {
            let _ = write!(self.report, "\n  {}: {problem}", what());
        }
    }

    /// # Panics
    /// Anything has failed.
    pub(crate) fn finish(self) {
        assert!(self.count == 0, "{} cases differ from the reference:{}", self.count, self.report);
    }
}

/// Bytes seen as the signed file values that they are.
pub(crate) fn as_signed(bytes: &[u8]) -> &[i8] {
    bytemuck::cast_slice(bytes)
}

/// Signed file values seen as bytes.
pub(crate) fn as_bytes(values: &[i8]) -> &[u8] {
    bytemuck::cast_slice(values)
}

/// Storage types and file signednesses meet in all four ways.
#[test]
fn layouts_round_trip() {
    let mut random = Random::new(1);
    for storage in [Storage::U8, Storage::S8] {
        for signed in [true, false] {
            let mask = storage.xor_mask(signed);
            let dense = random.bytes(15, Fill::Random);
            let bytes = stored(&dense, 5, 7, mask, 0xAB);
            let mut output = Guarded::new(3, 5, 7);
            output.view().copy_from_slice(&bytes[..19]);
            assert!(output.dense(mask).is_err(), "a gap was written");
            for gap in [5, 6, 12, 13] {
                output.view()[gap] = CANARY;
            }
            assert_eq!(output.dense(mask), Ok(dense));
        }
    }
}
