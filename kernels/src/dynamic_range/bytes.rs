//! The bytes of a piece, or the whole numbers that they stand for.

use core::marker::PhantomData;

use crate::arch::{InstructionSet, Kernel};

/// Elements of a row that are rounded together: of the rest, ties and their neighbours are rounded in another way.
pub(super) const GROUP: usize = 8;
/// Elements that are quantized side by side.
const BLOCK: usize = 64;
/// Beyond it every zero point leaves the end of the range.
const LIMIT: f32 = 65536.0;

/// How elements become bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quantization {
    pub(super) inverse: f32,
    /// Stored.
    pub(super) zero: i32,
    /// Least and greatest stored value.
    pub(super) range: [i32; 2],
}

/// A piece that becomes bytes.
pub(super) struct BytesCall<'a> {
    pub(super) by: Quantization,
    /// Little-endian floats.
    pub(super) elements: &'a [[u8; 4]],
    /// How many of them are in whole groups of their row.
    pub(super) grouped: usize,
    /// As many bytes or floats, at any alignment, which nobody else touches.
    pub(super) output: *mut u8,
}

/// An entry point.
///
/// # Safety
/// The CPU has the instruction set; the output is writable.
pub(super) type BytesFn = unsafe fn(&BytesCall<'_>);

/// What an element becomes.
pub(super) trait Stored {
    /// Its bytes.
    type Bytes: Copy;

    /// From a stored value.
    fn of(by: Quantization, stored: i32) -> Self::Bytes;
}

/// A byte.
pub(super) struct Byte;
/// The value less the zero point, as a float.
pub(super) struct WholeNumber;

impl Stored for Byte {
    type Bytes = u8;

    #[inline(always)]
    fn of(_: Quantization, stored: i32) -> u8 {
        stored as u8
    }
}

impl Stored for WholeNumber {
    type Bytes = [u8; 4];

    #[inline(always)]
    fn of(by: Quantization, stored: i32) -> [u8; 4] {
        ((stored - by.zero) as f32).to_le_bytes()
    }
}

/// Quantizes a piece: loops that compilers make vectors of.
pub(super) struct QuantizePiece<S>(PhantomData<S>);

impl<A: InstructionSet, S: Stored> Kernel<A> for QuantizePiece<S> {
    type Call<'a> = BytesCall<'a>;

    /// # Safety
    /// As [`BytesFn`].
    #[inline(always)]
    unsafe fn run(_: A, call: &BytesCall<'_>) {
        let by = call.by;
        // SAFETY: the caller's promise.
        let output = unsafe { core::slice::from_raw_parts_mut(call.output.cast::<S::Bytes>(), call.elements.len()) };
        let (in_groups, rest) = call.elements.split_at(call.grouped);
        let (output, rest_output) = output.split_at_mut(call.grouped);
        let (blocks, few) = in_groups.as_chunks::<BLOCK>();
        let (output_blocks, few_output) = output.as_chunks_mut::<BLOCK>();
        for (out, block) in output_blocks.iter_mut().zip(blocks) {
            for lane in 0..BLOCK {
                out[lane] = grouped::<S>(by, f32::from_le_bytes(block[lane]));
            }
        }
        for (out, &x) in few_output.iter_mut().zip(few) {
            *out = grouped::<S>(by, f32::from_le_bytes(x));
        }
        for (out, &x) in rest_output.iter_mut().zip(rest) {
            *out = single::<S>(by, f32::from_le_bytes(x));
        }
    }
}

/// A number without its fraction, and the number: between the limits, 0 for NaN.
#[inline(always)]
fn whole(x: f32) -> (i32, f32) {
    let above = if x < -LIMIT { -LIMIT } else { x };
    let limited = if above > LIMIT { LIMIT } else { above };
    let number = if x.is_nan() { 0.0 } else { limited };
    // SAFETY: it is a number between the limits.
    (unsafe { number.to_int_unchecked() }, number)
}

/// What a rounded number becomes.
#[inline(always)]
fn stored<S: Stored>(by: Quantization, rounded: i32) -> S::Bytes {
    S::of(by, (rounded + by.zero).max(by.range[0]).min(by.range[1]))
}

/// An element of a whole group: half away from zero, as one rounded addition and a truncation.
#[inline(always)]
fn grouped<S: Stored>(by: Quantization, x: f32) -> S::Bytes {
    let scaled = x * by.inverse;
    let half = if scaled < 0.0 { -0.5 } else { 0.5 };
    stored::<S>(by, whole(scaled + half).0)
}

/// Another one: half away from zero.
#[inline(always)]
fn single<S: Stored>(by: Quantization, x: f32) -> S::Bytes {
    let (whole, number) = whole(x * by.inverse);
    // Truncation leaves an exact fraction.
    let fraction = number - whole as f32;
    stored::<S>(by, whole + i32::from(fraction >= 0.5) - i32::from(fraction <= -0.5))
}
