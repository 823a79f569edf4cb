//! Products of pairs in 16-bit lanes.

use super::dot::Dot;
use super::multipliers::LANES;

/// Products of pairs in 16-bit lanes, eight columns at a time, for instruction sets without a dot product of four.
pub(crate) trait PairDot: Dot {
    /// Sums of eight columns.
    type Half: Copy;
    /// Four weights for each of eight columns.
    type HalfWeights: Copy;
    /// Two 16-bit sums for each of eight columns.
    type Pairs: Copy;
    /// What [`PairDot::widen`] wants to have at hand.
    type Widening: Copy;

    /// Once before a loop, so that it stays in a register.
    fn prepare_widen(self) -> Self::Widening;

    /// Eight of sixteen lanes.
    fn half(self, lanes: Self::I32, half: usize) -> Self::Half;
    /// Weights of 0.
    fn zero_half_weights(self) -> Self::HalfWeights;
    /// Weights from memory.
    fn load_half(self, weights: &[i8; 2 * LANES]) -> Self::HalfWeights;

    /// `quad[2i] * weights[column][2i] + quad[2i + 1] * weights[column][2i + 1]`, which saturates.
    fn pairs(self, quad: Self::Quad, weights: Self::HalfWeights) -> Self::Pairs;
    /// `a + b`, modulo `2^16`.
    fn add_pairs(self, a: Self::Pairs, b: Self::Pairs) -> Self::Pairs;
    /// `sums[column] + pairs[column][0] + pairs[column][1]`.
    fn widen(self, sums: Self::Half, pairs: Self::Pairs, by: Self::Widening) -> Self::Half;
    /// Columns 0 to 7 and 8 to 15, a lane for each.
    fn whole(self, halves: [Self::Half; 2]) -> Self::I32;
}
