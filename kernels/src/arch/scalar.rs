//! Portable lanes: arrays and loops. The other instruction sets compute what this file says.

use super::{
    Arch, Clamp, Divide, Dot, INTERLEAVED, InstructionSet, Interleave, Kernel, LANES, Mix, Multipliers, Scaled,
    Weighed, Wide,
};
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

#[inline(always)]
fn each(mut f: impl FnMut(usize) -> i32) -> [i32; LANES] {
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

impl Dot for Scalar {
    type Sums = [i32; LANES];
    type Weights = [[i8; 4]; LANES];
    type Quad = [u8; 4];

    #[inline(always)]
    fn zero(self) -> Self::Sums {
        [0; LANES]
    }

    #[inline(always)]
    fn begin(self, values: Self::I32) -> Self::Sums {
        values
    }

    #[inline(always)]
    unsafe fn load_weights(self, source: *const i8) -> Self::Weights {
        // SAFETY: the caller vouches for 64 readable bytes.
        unsafe { source.cast::<Self::Weights>().read() }
    }

    #[inline(always)]
    unsafe fn load_quad(self, source: *const u8) -> Self::Quad {
        // SAFETY: the caller vouches for 4 readable bytes.
        unsafe { source.cast::<Self::Quad>().read() }
    }

    #[inline(always)]
    fn dot(self, sums: Self::Sums, quad: Self::Quad, weights: Self::Weights) -> Self::Sums {
        // Widened to 16 bits and added in pairs: what baseline vector units multiply at once.
        let quad = quad.map(i16::from);
        let pair = |column: usize, k: usize| {
            let product = |k: usize| i32::from(quad[k]) * i32::from(i16::from(weights[column][k]));
            product(k) + product(k + 1)
        };
        each(|column| sums[column].wrapping_add(pair(column, 0) + pair(column, 2)))
    }

    #[inline(always)]
    fn lanes(self, sums: Self::Sums) -> Self::I32 {
        sums
    }
}

impl Wide for Scalar {
    type Bytes = [u8; LANES];
    type Words = [u16; LANES];
    type Divider = Divide;
    const WIDTH: usize = LANES;

    #[inline(always)]
    unsafe fn load_wide(self, source: *const u8) -> Self::Bytes {
        // SAFETY: the caller vouches for 16 readable bytes.
        unsafe { source.cast::<Self::Bytes>().read() }
    }

    #[inline(always)]
    unsafe fn store_wide(self, target: *mut u8, bytes: Self::Bytes, count: usize) {
        // SAFETY: the caller vouches for `count` writable bytes, at most 16.
        unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr(), target, count) }
    }

    #[inline(always)]
    fn splat_wide(self, byte: u8) -> Self::Bytes {
        [byte; LANES]
    }

    #[inline(always)]
    fn max_wide(self, a: Self::Bytes, b: Self::Bytes) -> Self::Bytes {
        core::array::from_fn(|i| a[i].max(b[i]))
    }

    #[inline(always)]
    fn min_wide(self, a: Self::Bytes, b: Self::Bytes) -> Self::Bytes {
        core::array::from_fn(|i| a[i].min(b[i]))
    }

    #[inline(always)]
    fn no_words(self) -> Self::Words {
        [0; LANES]
    }

    #[inline(always)]
    fn add_bytes(self, sums: Self::Words, bytes: Self::Bytes) -> Self::Words {
        core::array::from_fn(|i| sums[i].wrapping_add(u16::from(bytes[i])))
    }

    #[inline(always)]
    fn add_words(self, a: Self::Words, b: Self::Words) -> Self::Words {
        core::array::from_fn(|i| a[i].wrapping_add(b[i]))
    }

    #[inline(always)]
    fn prepare_divide(self, by: &Divide) -> Divide {
        *by
    }

    #[inline(always)]
    fn divide(self, sums: Self::Words, by: Divide) -> Self::Bytes {
        sums.map(|sum| {
            let lifted = sum.wrapping_add(by.lift);
            let rounded = lifted.wrapping_add(by.round).wrapping_sub(u16::from(lifted < by.ties_down_below));
            let product = u32::from(rounded) * u32::from(by.reciprocal);
            ((product >> 16) >> by.shift) as u8
        })
    }
}

impl Mix for Scalar {
    type Weights = Weighed;

    #[inline(always)]
    fn prepare_mix(self, by: &Weighed) -> Weighed {
        *by
    }

    #[inline(always)]
    fn mix(self, a: Self::Bytes, b: Self::Bytes, by: Weighed) -> Self::Bytes {
        let sum = |[first, second]: [i16; 2], i: usize| {
            i32::from(first) * i32::from(a[i]) + i32::from(second) * i32::from(b[i])
        };
        core::array::from_fn(|i| {
            let low = (sum(by.low, i) + by.round) >> 16;
            let sum = (sum(by.high, i) + low) >> by.shift;
            (sum.clamp(i16::MIN.into(), i16::MAX.into()) + i32::from(by.offset)).clamp(0, 255) as u8
        })
    }
}

impl Interleave for Scalar {
    type Taps = [[u8; 4]; LANES];

    #[inline(always)]
    fn channel(part: usize, lane: usize) -> usize {
        LANES * part + lane
    }

    #[inline(always)]
    unsafe fn load_taps(self, taps: [*const u8; 4]) -> [Self::Taps; 4] {
        let mut parts = [[[0; 4]; LANES]; 4];
        for (tap, source) in taps.into_iter().enumerate() {
            // SAFETY: the caller vouches for 64 readable bytes.
            let bytes = unsafe { source.cast::<[u8; INTERLEAVED]>().read() };
            for (channel, byte) in bytes.into_iter().enumerate() {
                parts[channel / LANES][channel % LANES][tap] = byte;
            }
        }
        parts
    }

    #[inline(always)]
    fn dot_taps(self, sums: Self::Sums, taps: Self::Taps, weights: Self::Weights) -> Self::Sums {
        each(|lane| {
            let products = taps[lane].iter().zip(weights[lane]).map(|(&x, w)| i32::from(x) * i32::from(w));
            sums[lane].wrapping_add(products.sum())
        })
    }

    #[inline(always)]
    fn sums(self, lanes: Self::I32) -> Self::Sums {
        lanes
    }

    #[inline(always)]
    unsafe fn store_scaled(self, target: *mut u8, parts: [Self::I32; 4], by: &Scaled, count: usize) {
        for (index, value) in parts.into_iter().flatten().take(count).enumerate() {
            let (part, lane) = (index / LANES, index % LANES);
            let scaled = by.slope[part][lane].mul_add(value as f32, by.offset[part][lane]).floor();
            let byte = (scaled as i32).max(i32::from(by.min[index])).min(i32::from(by.max[index]));
            // SAFETY: the caller vouches for `count` writable bytes.
            unsafe { target.add(index).write(byte as u8) }
        }
    }

    #[inline(always)]
    unsafe fn store_parts(self, target: *mut u8, parts: [Self::I32; 4], count: usize) {
        for (index, value) in parts.into_iter().flatten().take(count).enumerate() {
            // SAFETY: the caller vouches for `count` writable bytes.
            unsafe { target.add(index).write(value as u8) }
        }
    }
}
