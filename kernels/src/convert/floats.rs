//! Floats to stored bytes: what a kernel works on, and the loop that every instruction set can run.

use crate::arch::{InstructionSet, Kernel};

/// What a quantization kernel needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quantization {
    pub(super) scale: f32,
    pub(super) zero: i32,
    /// Least and greatest file value.
    pub(super) range: [i32; 2],
    /// What stored values have more.
    pub(super) offset: i32,
}

/// Floats that become bytes.
pub(super) struct Floats<'a> {
    pub(super) by: &'a Quantization,
    /// Little-endian floats at any alignment.
    pub(super) input: *const u8,
    pub(super) output: *mut u8,
    pub(super) len: usize,
}

/// An entry point.
///
/// # Safety
/// The CPU has the instruction set. The input is readable for the floats, the output writable for as many bytes, which nobody
/// else touches.
pub(super) type FloatsFn = unsafe fn(&Floats<'_>);

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
pub(super) const BLOCK: usize = 16;

/// The loop that compilers make vectors of.
pub(super) struct Loops;

impl<A: InstructionSet> Kernel<A> for Loops {
    type Call<'a> = Floats<'a>;

    /// # Safety
    /// As [`FloatsFn`].
    #[inline(always)]
    unsafe fn run(_: A, call: &Floats<'_>) {
        // SAFETY: the caller's promise.
        unsafe { quantize(call, 0) }
    }
}

/// Quantizes the floats from `first` on.
///
/// # Safety
/// As [`FloatsFn`]; `first` is at most the floats.
#[inline(always)]
pub(super) unsafe fn quantize(call: &Floats<'_>, first: usize) {
    let by = *call.by;
    let len = call.len - first;
    // SAFETY: the caller's promise.
    let (input, output) = unsafe {
        (
            core::slice::from_raw_parts(call.input.add(4 * first), 4 * len),
            core::slice::from_raw_parts_mut(call.output.add(first), len),
        )
    };
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
