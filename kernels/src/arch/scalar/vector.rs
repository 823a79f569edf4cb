//! Portable lanes: arrays and loops. The other instruction sets compute what this file says.

use crate::arch::{Arch, Clamp, InstructionSet, Kernel, LANES, Multipliers};
use crate::isa::Isa;

/// Portable Rust; needs nothing of the CPU.
#[derive(Clone, Copy)]
pub(crate) struct Scalar(());

/// Multipliers of sixteen channels.
#[derive(Clone, Copy)]
pub(crate) struct Rescale {
    mantissa: [i32; LANES],
    left: [i32; LANES],
    right: [i32; LANES],
}

/// Lanes by a function of their index.
#[inline(always)]
pub(super) fn each(mut f: impl FnMut(usize) -> i32) -> [i32; LANES] {
    let mut lanes = [0; LANES];
    for (i, lane) in lanes.iter_mut().enumerate() {
        *lane = f(i);
    }
    lanes
}

impl InstructionSet for Scalar {
    const ISA: Isa = Isa::Scalar;

    #[inline(always)]
    unsafe fn assume() -> Self {
        Self(())
    }

    unsafe fn enter<K: Kernel<Self>>(call: &K::Call<'_>) {
        // SAFETY: portable code needs nothing of the CPU; the caller vouches for the call.
        unsafe { K::run(Self::assume(), call) }
    }
}

impl Arch for Scalar {
    type I32 = [i32; LANES];
    type Rescale = Rescale;
    type RescaleFast = Rescale;
    type Clamp = Clamp;
    type Narrow = [u8; 4 * LANES];

    #[inline(always)]
    fn splat(self, value: i32) -> Self::I32 {
        [value; LANES]
    }

    #[inline(always)]
    unsafe fn load(self, source: *const i32) -> Self::I32 {
        // SAFETY: the caller vouches for 16 readable values; an unaligned read needs no more.
        unsafe { source.cast::<Self::I32>().read_unaligned() }
    }

    #[inline(always)]
    unsafe fn store(self, target: *mut i32, values: Self::I32) {
        // SAFETY: the caller vouches for 16 writable values; an unaligned write needs no more.
        unsafe { target.cast::<Self::I32>().write_unaligned(values) }
    }

    #[inline(always)]
    unsafe fn load_bytes(self, source: *const u8) -> Self::I32 {
        // SAFETY: the caller vouches for 16 readable bytes.
        let bytes = unsafe { source.cast::<[u8; LANES]>().read() };
        each(|i| i32::from(bytes[i]))
    }

    #[inline(always)]
    unsafe fn load_bytes_in_order(self, source: *const u8, order: &[u8; LANES]) -> Self::I32 {
        // SAFETY: the caller vouches for 16 readable bytes.
        let bytes = unsafe { source.cast::<[u8; LANES]>().read() };
        each(|i| i32::from(bytes[usize::from(order[i]) % LANES]))
    }

    #[inline(always)]
    unsafe fn sum_bytes(self, source: *const u8, count: usize) -> i32 {
        // SAFETY: the caller vouches for `count` readable bytes.
        let bytes = unsafe { core::slice::from_raw_parts(source, count) };
        bytes.iter().map(|&byte| i32::from(byte)).sum()
    }

    #[inline(always)]
    unsafe fn store_bytes(self, target: *mut u8, values: Self::I32, count: usize) {
        for (i, value) in values.into_iter().enumerate().take(count) {
            // SAFETY: the caller vouches for `count` writable bytes.
            unsafe { target.add(i).write(value as u8) }
        }
    }

    #[inline(always)]
    fn add(self, a: Self::I32, b: Self::I32) -> Self::I32 {
        each(|i| a[i].wrapping_add(b[i]))
    }

    #[inline(always)]
    fn sub(self, a: Self::I32, b: Self::I32) -> Self::I32 {
        each(|i| a[i].wrapping_sub(b[i]))
    }

    #[inline(always)]
    fn shift_left<const BITS: u32>(self, a: Self::I32) -> Self::I32 {
        each(|i| a[i] << BITS)
    }

    #[inline(always)]
    fn min(self, a: Self::I32, b: Self::I32) -> Self::I32 {
        each(|i| a[i].min(b[i]))
    }

    #[inline(always)]
    fn max(self, a: Self::I32, b: Self::I32) -> Self::I32 {
        each(|i| a[i].max(b[i]))
    }

    #[inline(always)]
    fn mul_add_i16(self, sum: Self::I32, a: Self::I32, b: Self::I32) -> Self::I32 {
        each(|i| sum[i].wrapping_add(a[i].wrapping_mul(b[i])))
    }

    #[inline(always)]
    fn prepare_rescale(self, mantissa: Self::I32, left: Self::I32, right: Self::I32) -> Rescale {
        Rescale { mantissa, left, right }
    }

    #[inline(always)]
    fn rescale(self, x: Self::I32, by: Rescale) -> Self::I32 {
        each(|i| {
            let product = i64::from(x[i].wrapping_shl(by.left[i] as u32)) * i64::from(by.mantissa[i]);
            let high = ((product + (1 << 30)) >> 31) as i32;
            let mask = ((1i64 << by.right[i]) - 1) as i32;
            let threshold = (mask >> 1) + i32::from(high < 0);
            (high >> by.right[i]) + i32::from(high & mask > threshold)
        })
    }

    #[inline(always)]
    fn prepare_rescale_fast(self, multipliers: &Multipliers) -> Rescale {
        let Multipliers { mantissa, left, right, .. } = multipliers;
        Rescale { mantissa: *mantissa, left: *left, right: *right }
    }

    #[inline(always)]
    fn rescale_clamped(self, x: Self::I32, by: Rescale) -> Self::I32 {
        each(|i| {
            let round = (1 << 30) + (1i64 << (30 + by.right[i]));
            ((i64::from(x[i]) * i64::from(by.mantissa[i]) + round) >> (31 + by.right[i])) as i32
        })
    }

    #[inline(always)]
    fn rescale_small(self, x: Self::I32, by: Rescale) -> Self::I32 {
        self.rescale(x, by)
    }

    #[inline(always)]
    fn prepare_clamp(self, clamp: Clamp) -> Clamp {
        clamp
    }

    #[inline(always)]
    fn narrow(self, values: [Self::I32; 4], clamp: Clamp) -> [u8; 4 * LANES] {
        let mut bytes = [0; 4 * LANES];
        for (byte, value) in bytes.iter_mut().zip(values.as_flattened()) {
            *byte = (value + clamp.zero).max(clamp.min).min(clamp.max) as u8;
        }
        bytes
    }

    #[inline(always)]
    unsafe fn store_narrow<const PARTS: usize>(self, targets: [*mut u8; PARTS], bytes: Self::Narrow, count: usize) {
        for (target, part) in targets.into_iter().zip(bytes.chunks_exact(4 * LANES / PARTS)) {
            // SAFETY: the slice has `count` bytes, and the caller vouches for as many of each target.
            unsafe { core::ptr::copy_nonoverlapping(part[..count].as_ptr(), target, count) }
        }
    }
}
