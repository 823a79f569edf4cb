//! The loop over products of pairs, with as many lines added up in 16 bits as tiles add.

use core::hint::black_box;

use super::passes::{Counted, LINES, PASSES};
use crate::arch::{Kernel, LANES, PairDot};
use crate::gemm::MAX_GROUP_LINES;

/// `MR` rows of eight columns.
pub(super) struct WideningPasses<const MR: usize>;

impl<const MR: usize> Counted for WideningPasses<MR> {
    const MACS: usize = PASSES * (LINES / MAX_GROUP_LINES * MAX_GROUP_LINES) * MR * LANES / 2 * 4;
}

impl<A: PairDot, const MR: usize> Kernel<A> for WideningPasses<MR> {
    type Call<'a> = ();

    /// # Safety
    /// In a function that enables the instruction set of `arch`.
    #[inline(always)]
    unsafe fn run(arch: A, (): &()) {
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
    }
}
