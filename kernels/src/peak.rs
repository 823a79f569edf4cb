//! What one core can do at most: the dot product of an instruction set with nothing around it.
//!
//! A tile of accumulators stays in registers while weights and activations of a few KiB pass by in
//! the first-level cache, over and over:
//!
//! ```text
//! for line in lines:                        # L1-resident, so loads are free beside the products
//!     weights[0..NV] = load(line)
//!     for row in 0..MR:
//!         quad = broadcast(line, row)
//!         for panel in 0..NV: sums[row][panel] += quad · weights[panel]
//! ```
//!
//! There are enough accumulators to hide the latency of the product, and no epilogue, no borders,
//! no memory traffic: a real layer can come close to this figure, and not above it.

use std::hint::black_box;
use std::time::{Duration, Instant};

#[cfg(target_arch = "x86_64")]
use crate::arch::{Avx2, Avx512Vnni, AvxVnni, PairDot};
use crate::arch::{Dot, InstructionSet, LANES, Scalar};
#[cfg(target_arch = "x86_64")]
use crate::gemm::MAX_GROUP_LINES;
use crate::isa::{Isa, IsaError};

#[cfg(target_arch = "aarch64")]
mod arm;

/// Weights and activations for one step of the tile, each aligned for every instruction set.
#[repr(C, align(64))]
struct Line<const MR: usize, const NV: usize> {
    weights: [[i8; 4 * LANES]; NV],
    quads: [[u8; 4]; MR],
}

impl<const MR: usize, const NV: usize> Line<MR, NV> {
    const NEW: Self = Self { weights: [[3; 4 * LANES]; NV], quads: [[5; 4]; MR] };
}

/// Lines that pass by; small enough for every first-level cache.
const LINES: usize = 32;
/// Passes over the lines between two looks at the clock.
const PASSES: usize = 64;
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_millis(5);

/// One call: multiplies all lines [`PASSES`] times and returns the multiply-accumulates done.
type PassFn = unsafe fn() -> u64;

/// The multiply-accumulates per second of one core, the caller's: the best of a few rounds, about
/// 25 milliseconds in all.
///
/// # Panics
/// The CPU lacks the instruction set, or the target a clock (`wasm32-unknown-unknown`).
pub fn measure(isa: Isa) -> f64 {
    let passes = bind(isa);
    (0..ROUNDS).map(|_| round(passes)).fold(0.0, f64::max)
}

fn round(passes: PassFn) -> f64 {
    let start = Instant::now();
    let mut macs = 0u64;
    loop {
        // SAFETY: `bind` checked that the CPU has the instruction set.
        macs += unsafe { passes() };
        let elapsed = start.elapsed();
        if elapsed >= ROUND {
            return macs as f64 / elapsed.as_secs_f64();
        }
    }
}

/// The loop of an instruction set that this CPU has.
fn bind(isa: Isa) -> PassFn {
    if let Err(error @ IsaError::Unavailable(_)) = isa.require() {
        panic!("{error}");
    }
    match isa {
        #[cfg(target_arch = "x86_64")]
        Isa::Amx => amx,
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512Vnni => avx512vnni,
        #[cfg(target_arch = "x86_64")]
        Isa::AvxVnni => avxvnni,
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => avx2,
        #[cfg(target_arch = "aarch64")]
        Isa::Neon => arm::neon,
        #[cfg(target_arch = "aarch64")]
        Isa::DotProd => arm::dotprod,
        #[cfg(target_arch = "aarch64")]
        Isa::I8mm => arm::i8mm,
        _ => scalar,
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn avx512vnni() -> u64 {
    // SAFETY: this function enables the features; the caller vouches for the CPU.
    passes::<_, 6, 4>(unsafe { Avx512Vnni::assume() })
}

#[cfg(target_arch = "x86_64")]
unsafe fn amx() -> u64 {
    use crate::arch::amx::{Sums, TILE_BYTES, TILE_ROWS, Tiles};
    let lines = black_box([[3u8; TILE_BYTES]; TILE_ROWS]);
    // SAFETY: the caller vouches for AMX; tiles are configured nowhere else.
    let mut tiles = unsafe { Tiles::configure() };
    tiles.clear_sums();
    // SAFETY: `lines` holds sixteen rows of 64 bytes.
    unsafe {
        tiles.load_activations::<0>(lines.as_ptr().cast(), TILE_BYTES);
        tiles.load_activations::<1>(lines.as_ptr().cast(), TILE_BYTES);
        tiles.load_weights::<0>(lines.as_ptr().cast());
        tiles.load_weights::<1>(lines.as_ptr().cast());
    }
    for _ in 0..PASSES * LINES {
        tiles.multiply::<2, 2>();
    }
    let mut sums = Sums::ZERO;
    tiles.store_sums::<2, 2>(&mut sums);
    black_box(&sums.0);
    (PASSES * LINES * 4 * TILE_ROWS * LANES * TILE_BYTES) as u64
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,avxvnni")]
unsafe fn avxvnni() -> u64 {
    // SAFETY: this function enables the features; the caller vouches for the CPU.
    passes::<_, 6, 1>(unsafe { AvxVnni::assume() })
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn avx2() -> u64 {
    // SAFETY: this function enables the feature; the caller vouches for the CPU.
    widening_passes::<_, 4>(unsafe { Avx2::assume() })
}

/// Rows of eight columns, with as many lines added up in 16 bits as tiles add.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn widening_passes<A: PairDot, const MR: usize>(arch: A) -> u64 {
    let lines = [[1i8; 2 * LANES]; LINES];
    let quads = [[[5u8; 4]; MR]; LINES];
    let (lines, quads) = (black_box(&lines), black_box(&quads));
    let by = arch.prepare_widen();
    let mut sums = [arch.half(arch.splat(0), 0); MR];
    let (groups, _) = lines.as_chunks::<MAX_GROUP_LINES>();
    let (quads, _) = quads.as_chunks::<MAX_GROUP_LINES>();
    for _ in 0..PASSES {
        for (lines, quads) in black_box(groups).iter().zip(quads) {
            for row in 0..MR {
                let mut words = None;
                for (line, quads) in lines.iter().zip(quads) {
                    // SAFETY: a quad is 4 bytes.
                    let quad = unsafe { arch.load_quad(quads[row].as_ptr()) };
                    let pairs = arch.pairs(quad, arch.load_half(line));
                    words = Some(match words {
                        Some(words) => arch.add_pairs(words, pairs),
                        None => pairs,
                    });
                }
                sums[row] = arch.widen(sums[row], words.expect("a group has lines"), by);
            }
        }
    }
    black_box(sums.map(|half| arch.whole([half; 2])));
    (PASSES * groups.len() * MAX_GROUP_LINES * MR * LANES / 2 * 4) as u64
}

unsafe fn scalar() -> u64 {
    // SAFETY: the scalar instruction set needs nothing of the CPU.
    passes::<_, 1, 1>(unsafe { Scalar::assume() })
}

#[inline(always)]
fn passes<A: Dot, const MR: usize, const NV: usize>(arch: A) -> u64 {
    let lines = [const { Line::<MR, NV>::NEW }; LINES];
    let lines = black_box(&lines);
    let mut sums = [[arch.zero(); NV]; MR];
    for _ in 0..PASSES {
        for line in black_box(lines) {
            step(arch, line, &mut sums);
        }
    }
    let mut total = arch.splat(0);
    for sum in sums.into_iter().flatten() {
        total = arch.add(total, arch.lanes(sum));
    }
    let mut lanes = [0; LANES];
    // SAFETY: `lanes` holds 16 values.
    unsafe { arch.store(lanes.as_mut_ptr(), total) };
    black_box(lanes);
    (PASSES * LINES * MR * NV * LANES * 4) as u64
}

/// The products of one line.
#[inline(always)]
fn step<A: Dot, const MR: usize, const NV: usize>(arch: A, line: &Line<MR, NV>, sums: &mut [[A::Sums; NV]; MR]) {
    // SAFETY: a line of weights is 64 bytes, and the panels follow one another in the array.
    let weights: [A::Weights; NV] =
        std::array::from_fn(|panel| unsafe { arch.load_weights(line.weights[panel].as_ptr()) });
    for (quad, sums) in line.quads.iter().zip(sums) {
        // SAFETY: a quad is 4 bytes.
        let quad = unsafe { arch.load_quad(quad.as_ptr()) };
        for (sum, weights) in sums.iter_mut().zip(weights) {
            *sum = arch.dot(*sum, quad, weights);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_available_instruction_set_has_a_peak() {
        for isa in Isa::available() {
            let macs_per_second = measure(isa);
            assert!(macs_per_second.is_finite() && macs_per_second > 1e6, "{isa}: {macs_per_second}");
        }
    }
}
