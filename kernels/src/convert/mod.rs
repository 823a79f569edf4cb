//! Conversions at the borders of a graph: file bytes, stored bytes and 32-bit floats.
//!
//! Floats are dense little-endian bytes without alignment.

use std::borrow::Cow;

use crate::bound::{Bound, Described, list};
use crate::isa::Isa;
use crate::kernel_id::KernelId;
use crate::layer::{Failure, Layer, Task, row_tasks};
use crate::strided::{Runs, Strided};

#[cfg(target_arch = "aarch64")]
mod neon;

/// The family of what every CPU runs, as the registry lists it.
const CONVERSION: &str = "conversion";

/// Names of the family's portable kernels, which serve every instruction set.
static PORTABLE: &[&str] = &[XOR, DEQUANTIZE];

/// The kernels, as the registry lists them.
pub(crate) fn kernels() -> Vec<KernelId> {
    let portable = PORTABLE.iter().map(|&name| KernelId::portable(CONVERSION, name));
    portable.chain(list(FAMILY, KERNELS)).collect()
}

const XOR: &str = "xor_8_portable";
const DEQUANTIZE: &str = "dequantize_f32_portable";

/// What a change of signedness is to do: file bytes to stored ones or back.
#[derive(Clone, Copy, Debug)]
pub struct XorSpec {
    /// Where the elements are.
    pub shape: Strided,
    /// Bits to flip: [`crate::Storage::xor_mask`].
    pub mask: u8,
    /// How many threads will share the work; shapes the tasks, never the results.
    pub threads: usize,
}

/// A change of signedness, ready to run. Input 0 goes to output 0.
pub struct Xor {
    mask: u8,
    runs: Runs<1>,
}

/// Prepares a change of signedness.
///
/// # Panics
/// Pixels overlap.
pub fn prepare_xor(spec: &XorSpec) -> Xor {
    Xor { mask: spec.mask, runs: Runs::new(spec.shape, 1, spec.threads) }
}

impl Layer for Xor {
    fn kernel(&self) -> KernelId {
        KernelId::portable(CONVERSION, XOR)
    }

    fn tasks(&self) -> usize {
        self.runs.tasks()
    }

    unsafe fn run(&self, task: Task<'_>) -> Result<(), Failure> {
        let Task { index: task, inputs, outputs, .. } = task;
        self.runs.check(inputs, outputs, 0);
        for run in self.runs.of_task(task) {
            // SAFETY: runs lie inside the asserted views; the caller vouches that nobody writes the
            // input and that nobody else touches the output bytes of this task.
            let (input, output) =
                unsafe { (inputs[0].run(run.inputs[0], run.len), outputs[0].run(run.output, run.len)) };
            for (out, &byte) in output.iter_mut().zip(input) {
                *out = byte ^ self.mask;
            }
        }
        Ok(())
    }
}

/// What QUANTIZE from 32-bit floats is to do.
#[derive(Clone, Copy, Debug)]
pub struct QuantizeSpec {
    /// Elements, dense on both sides.
    pub elements: usize,
    /// Scale of the output.
    pub scale: f32,
    /// Zero point of the output, in the file's domain.
    pub zero: i32,
    /// Whether the file's tensor is `int8` (else `uint8`).
    pub file_is_signed: bool,
    /// How many threads will share the work; shapes the tasks, never the results.
    pub threads: usize,
}

/// What a quantization kernel needs.
#[derive(Clone, Copy, Debug)]
struct Quantization {
    scale: f32,
    zero: i32,
    /// Least and greatest file value.
    range: [i32; 2],
    /// What stored values have more.
    offset: i32,
}

type QuantizeFn = unsafe fn(&Quantization, &[u8], &mut [u8]);

/// The family, as the registry lists it.
const FAMILY: &str = "quantize";

/// QUANTIZE from 32-bit floats for one instruction set.
pub(crate) struct Descriptor {
    isa: Isa,
    name: &'static str,
    quantize: QuantizeFn,
}

/// QUANTIZE of every instruction set of this build, best first.
static KERNELS: &[&Descriptor] = &[
    #[cfg(target_arch = "x86_64")]
    &Descriptor { isa: Isa::Avx512Vnni, name: "quantize_f32_avx512vnni", quantize: quantize_avx512 },
    #[cfg(target_arch = "x86_64")]
    &Descriptor { isa: Isa::Avx2, name: "quantize_f32_avx2", quantize: quantize_avx2 },
    #[cfg(target_arch = "aarch64")]
    &Descriptor { isa: Isa::Neon, name: "quantize_f32_neon_x16", quantize: neon::quantize },
    &Descriptor { isa: Isa::Scalar, name: "quantize_f32_scalar", quantize },
];

impl Described for Descriptor {
    fn isa(&self) -> Isa {
        self.isa
    }

    fn names(&self) -> Vec<Cow<'static, str>> {
        vec![self.name.into()]
    }
}

/// The file value of a float: division, rounding half away from zero, zero point, clamp. NaN becomes
/// the zero point.
#[inline(always)]
fn quantize_one(by: &Quantization, x: f32) -> i32 {
    /// Beyond it every zero point leaves the end of the range.
    const LIMIT: f32 = 65536.0;
    let quotient = x / by.scale;
    let above = if quotient < -LIMIT { -LIMIT } else { quotient };
    let limited = if above > LIMIT { LIMIT } else { above };
    let within = if quotient.is_nan() { 0.0 } else { limited };
    // SAFETY: it is a number between -LIMIT and LIMIT.
    let whole: i32 = unsafe { within.to_int_unchecked() };
    // Truncation leaves an exact fraction, whose ties go away from zero.
    let fraction = within - whole as f32;
    let rounded = whole + i32::from(fraction >= 0.5) - i32::from(fraction <= -0.5);
    (rounded + by.zero).max(by.range[0]).min(by.range[1])
}

/// Floats that are converted side by side.
const BLOCK: usize = 16;

#[inline(always)]
fn quantize(by: &Quantization, input: &[u8], output: &mut [u8]) {
    let by = *by;
    let (floats, _) = input.as_chunks::<4>();
    let (blocks, rest) = output.as_chunks_mut::<BLOCK>();
    let (float_blocks, float_rest) = floats.as_chunks::<BLOCK>();
    for (out, floats) in blocks.iter_mut().zip(float_blocks) {
        let mut values = [0i32; BLOCK];
        for (value, &float) in values.iter_mut().zip(floats) {
            *value = quantize_one(&by, f32::from_le_bytes(float)) + by.offset;
        }
        for (out, value) in out.iter_mut().zip(values) {
            *out = value as u8;
        }
    }
    for (out, &float) in rest.iter_mut().zip(float_rest) {
        *out = (quantize_one(&by, f32::from_le_bytes(float)) + by.offset) as u8;
    }
}

/// [`quantize`] compiled for AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn quantize_avx2(by: &Quantization, input: &[u8], output: &mut [u8]) {
    quantize(by, input, output);
}

/// [`quantize`] compiled for AVX-512.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn quantize_avx512(by: &Quantization, input: &[u8], output: &mut [u8]) {
    quantize(by, input, output);
}

/// QUANTIZE from 32-bit floats, ready to run. Input 0 holds floats, output 0 stored bytes.
pub struct Quantize {
    bound: Bound<Descriptor>,
    by: Quantization,
    elements: usize,
    share: usize,
}

/// Prepares QUANTIZE from 32-bit floats for an instruction set.
///
/// # Panics
/// The CPU lacks the instruction set.
pub fn prepare_quantize(isa: Isa, spec: &QuantizeSpec) -> Quantize {
    let range = if spec.file_is_signed { [-128, 127] } else { [0, 255] };
    let offset = isa.storage().offset_from(spec.file_is_signed);
    Quantize {
        bound: Bound::new(KERNELS, isa),
        by: Quantization { scale: spec.scale, zero: spec.zero, range, offset },
        elements: spec.elements,
        share: row_tasks(spec.elements, 4, spec.threads),
    }
}

impl Layer for Quantize {
    fn kernel(&self) -> KernelId {
        self.bound.kernel(FAMILY, self.bound.descriptor().name)
    }

    fn tasks(&self) -> usize {
        self.elements.div_ceil(self.share).max(1)
    }

    unsafe fn run(&self, task: Task<'_>) -> Result<(), Failure> {
        let Task { index: task, inputs, outputs, .. } = task;
        assert!(task < self.tasks(), "task {task} of {}", self.tasks());
        assert!(inputs[0].len() >= 4 * self.elements, "input view of {} bytes", inputs[0].len());
        assert!(outputs[0].len() >= self.elements, "output view of {} bytes", outputs[0].len());
        let first = task * self.share;
        let len = self.share.min(self.elements - first);
        // SAFETY: the ranges lie inside the asserted views; the caller vouches that nobody writes the
        // input and that nobody else touches the output bytes of this task; the bound descriptor proves
        // the CPU feature.
        unsafe {
            let (input, output) = (inputs[0].run(4 * first, 4 * len), outputs[0].run(first, len));
            (self.bound.descriptor().quantize)(&self.by, input, output);
        }
        Ok(())
    }
}

/// What DEQUANTIZE to 32-bit floats is to do.
#[derive(Clone, Copy, Debug)]
pub struct DequantizeSpec<'a> {
    /// Pixels and channels of the input; the floats are dense.
    pub pixels: usize,
    /// Channels of each pixel.
    pub channels: usize,
    /// Bytes from one input pixel to the next; at least the channels.
    pub pixel_stride: usize,
    /// The float of each stored byte.
    pub table: &'a [f32; 256],
    /// How many threads will share the work; shapes the tasks, never the results.
    pub threads: usize,
}

/// DEQUANTIZE to 32-bit floats, ready to run. Input 0 holds stored bytes, output 0 floats.
pub struct Dequantize {
    table: Box<[[u8; 4]; 256]>,
    shape: [usize; 3],
    share: usize,
}

/// Prepares DEQUANTIZE to 32-bit floats.
///
/// # Panics
/// Pixels overlap.
pub fn prepare_dequantize(spec: &DequantizeSpec<'_>) -> Dequantize {
    assert!(spec.pixel_stride >= spec.channels || spec.pixels <= 1, "input pixels do not overlap");
    let dense = spec.pixels <= 1 || spec.pixel_stride == spec.channels;
    let shape = match dense {
        true => [spec.pixels * spec.channels, 1, 1],
        false => [spec.pixels, spec.channels, spec.pixel_stride],
    };
    let share = row_tasks(shape[0], 4 * shape[1], spec.threads);
    Dequantize { table: Box::new(spec.table.map(f32::to_le_bytes)), shape, share }
}

impl Layer for Dequantize {
    fn kernel(&self) -> KernelId {
        KernelId::portable(CONVERSION, DEQUANTIZE)
    }

    fn tasks(&self) -> usize {
        self.shape[0].div_ceil(self.share).max(1)
    }

    fn packed_bytes(&self) -> usize {
        size_of_val(&*self.table)
    }

    unsafe fn run(&self, task: Task<'_>) -> Result<(), Failure> {
        let Task { index: task, inputs, outputs, .. } = task;
        assert!(task < self.tasks(), "task {task} of {}", self.tasks());
        let [pixels, channels, stride] = self.shape;
        let needed = if pixels == 0 { 0 } else { (pixels - 1) * stride + channels };
        assert!(inputs[0].len() >= needed, "input view of {} bytes", inputs[0].len());
        assert!(outputs[0].len() >= 4 * pixels * channels, "output view of {} bytes", outputs[0].len());
        for pixel in task * self.share..pixels.min((task + 1) * self.share) {
            // SAFETY: pixels lie inside the asserted views; the caller vouches that nobody writes the
            // input and that nobody else touches the output bytes of this task.
            let (input, output) = unsafe {
                (inputs[0].run(pixel * stride, channels), outputs[0].run(4 * pixel * channels, 4 * channels))
            };
            let (floats, _) = output.as_chunks_mut::<4>();
            for (out, &byte) in floats.iter_mut().zip(input) {
                *out = self.table[usize::from(byte)];
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
